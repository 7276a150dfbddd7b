"""The charts as SVG: well-formed, honest, the same every time, whatever the names are."""

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import pytest

from advisor.output.charts.canvas import WIDTH
from advisor.output.charts.data import (
    AmongReferences,
    Chart,
    Headroom,
    LatencyHistogram,
    MethodRates,
    TpsOverClients,
)
from advisor.output.charts.draw import draw
from advisor.output.charts.lettering import SIZE, fitted, width_of
from advisor.output.charts.scales import linear_ticks, log_limits, log_ticks, wants_log
from tests.support.paths import CHECKOUT

SVG: Final = "{http://www.w3.org/2000/svg}"

HISTOGRAM: Final = LatencyHistogram(
    "overwrite-fdatasync-8k",
    ((0.0, 500.0, 1), (500.0, 1000.0, 40), (1000.0, 2000.0, 900), (2000.0, 4000.0, 58)),
    (("p50", 1000.0), ("p90", 1900.0), ("p99", 2628.8)),
)
METHODS: Final = MethodRates(
    (("fsync", 200.0, 2.0), ("fdatasync", 608.64, 5.0), ("open_sync", 100.0, None))
)
CLIENTS: Final = TpsOverClients(
    "mysql 8.4", ((1, 600.0), (2, 1100.0), (4, 2000.0), (8, 3600.0)), 608.64, 2000.0
)
REFERENCES: Final = AmongReferences(
    4096, (("PM983", 10_000.0, False), ("this drive", 1000.0, True), ("KC3000", 100.0, False))
)
HEADROOM: Final = Headroom((("order", 500.0, 200.0), ("trade", 300.0, 400.0), ("cart", 50.0, None)))

USUAL: Final[dict[str, Chart]] = {
    "histogram": HISTOGRAM,
    "methods": METHODS,
    "clients": CLIENTS,
    "references": REFERENCES,
    "headroom": HEADROOM,
}
each_chart = pytest.mark.parametrize("chart", USUAL.values(), ids=USUAL)

HOSTILE: Final = {
    "10 kB": "x" * 10_000,
    "markup": "</text><script>alert(1)</script>",
    "quotes": "\"'><img src=x onerror=alert(1)> ]]> --> &amp; &#0;",
    "mathematics": r"$\frac{1}{0}$ $ \\$",
    "template": "{{ 7 * 7 }} {% for %}",
    "right to left": "\u202e\u05e9\u05dc\u05d5\u05dd \u0639\u0631\u0628\u2066",
    "emoji": "\N{PILE OF POO}\N{ZERO WIDTH JOINER}\N{REGIONAL INDICATOR SYMBOL LETTER D} 漢字",
    "lines": "one\ntwo\r\n\ttree\N{LINE SEPARATOR}four",
    "no XML": "\x00\x0b\x1b[31m\ufffe\uffff\U0001fffe\ud800",
    "colour": "#000001 style='fill: #000003' url(#a)",
    "nothing": "",
}
hostile_names = pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)


def drawn(chart: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(draw(chart, "Title", "What it shows."))


def texts(chart: Chart) -> list[str]:
    return ["".join(text.itertext()) for text in drawn(chart).iter(f"{SVG}text")]


def tick(chart: Chart, wanted: str) -> float:
    """The x of this figure under the axis."""
    found = [
        float(text.attrib["x"])
        for text in drawn(chart).iter(f"{SVG}text")
        if (text.text, text.get("text-anchor")) == (wanted, "middle")
    ]
    (x,) = found
    return x


def boxes(chart: Chart, colour: str) -> list[tuple[float, float, float]]:
    """(left, right, height) of every path in this colour, in the order of drawing."""
    found = []
    for path in drawn(chart).iter(f"{SVG}path"):
        if f"{colour}, #" in path.get("style", "") and (d := path.get("d")):
            numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", d)]
            xs, ys = numbers[::2], numbers[1::2]
            found.append((min(xs), max(xs), max(ys) - min(ys)))
    return found


def dots(chart: Chart) -> list[float]:
    """The x of every marker, in the order of drawing."""
    return [float(use.attrib["x"]) for use in drawn(chart).iter(f"{SVG}use")]


# What it is


@each_chart
def test_a_chart_is_one_svg_that_names_and_describes_itself(chart: Chart) -> None:
    svg = draw(chart, "A & B", "5 < 6")
    assert svg.startswith("<svg ")
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    title, desc = list(root)[:2]
    assert (title.tag, title.text) == (f"{SVG}title", "A & B")
    assert (desc.tag, desc.text) == (f"{SVG}desc", "5 < 6")
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"


@each_chart
def test_a_chart_is_as_wide_as_the_page_lets_it(chart: Chart) -> None:
    root = drawn(chart)
    assert "width" not in root.attrib
    assert "height" not in root.attrib
    assert re.fullmatch(r"0 0 380 \d+(\.\d+)?", root.attrib["viewBox"])


@each_chart
def test_a_chart_reaches_nothing_beyond_itself(chart: Chart) -> None:
    root = drawn(chart)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        *("svg", "title", "desc", "defs", "clipPath", "rect", "g", "path", "use", "text")
    }
    ids = {element.get("id") for element in root.iter()}
    links = [one for element in root.iter() if (one := element.get("href"))]
    assert [link for link in links if link[0] != "#" or link[1:] not in ids] == []


@each_chart
def test_every_colour_is_the_pages(chart: Chart) -> None:
    styles = " ".join(element.get("style", "") for element in drawn(chart).iter())
    assert re.sub(r"var\(--[a-z]+, #[0-9a-f]{6}\)", "", styles).count("#") == 0
    assert set(re.findall(r"var\((--[a-z]+)", styles)) <= {"--muted", "--accent", "--line", "--bad"}


@each_chart
def test_no_font_is_named(chart: Chart) -> None:
    assert "font-family" not in draw(chart, "t", "d")


def test_two_charts_share_no_id() -> None:
    charts: list[Chart] = [*USUAL.values(), MethodRates((("fsync", 200.0, 2.0),))]
    svgs = [draw(chart, "t", "d") for chart in charts]
    svgs.append(draw(METHODS, "another title", "d"))
    svgs.append(draw(METHODS, "t", "d", 2))  # the same again, further down the page
    ids = [re.findall(r' id="([^"]+)"', svg) for svg in svgs]
    assert all(ids)
    every = [one for some in ids for one in some]
    assert len(every) == len(set(every))


# The same every time, on every host


def test_the_same_bytes_elsewhere_and_no_word_on_stderr(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text(
        "savefig.bbox: tight\nfigure.dpi: 300\nlines.linewidth: 9\nsvg.fonttype: path\n"
        "axes.xmargin: 0.4\npatch.edgecolor: red\npath.sketch: 5, 5, 5\n"
    )
    program = (
        "from tests.unit import test_charts\n"
        "print('\\n'.join(test_charts.draw(c, 't', 'd') for c in test_charts.USUAL.values()))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(CHECKOUT), *sys.path]),
            "PYTHONHASHSEED": "7",
            "MPLCONFIGDIR": str(tmp_path),  # no list of fonts there, and a rude matplotlibrc
            "TZ": "Asia/Tokyo",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stderr == ""
    assert run.stdout.splitlines() == [draw(chart, "t", "d") for chart in USUAL.values()]


def test_a_host_without_a_home_is_drawn_for_in_silence() -> None:
    environment = {**os.environ, "HOME": "/nonexistent"}
    for name in ("MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        environment.pop(name, None)
    environment["MPLCONFIGDIR"] = "/proc/nonexistent"  # root cannot write here either
    run = subprocess.run(
        [sys.executable, "-c", "import advisor.output.charts.draw"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stderr == ""


# What it says: figures typed by hand, as units.py formats them


def test_what_the_histogram_says() -> None:
    said = texts(HISTOGRAM)
    assert {"p50 1 ms", "p90 1.9 ms", "p99 2.63 ms"} <= set(said)
    assert {"samples per bucket", "0", "250", "500", "750", "1 000"} <= set(said)
    assert "overwrite-fdatasync-8k: latency of a sync, log scale" in said


def test_what_the_methods_say() -> None:
    said = texts(METHODS)
    names = [text for text in said if text in ("fsync", "fdatasync", "open_sync")]
    assert names == ["fdatasync", "fsync", "open_sync"]  # the fastest first
    assert {"609/s ± 5 %", "200/s ± 2 %", "100/s"} <= set(said)
    assert "syncs per second; whiskers: 95 % confidence" in said


def test_what_the_clients_say() -> None:
    assert texts(CLIENTS)[5:] == [
        "transactions per second",
        "the model: 3 600/s at 8 clients",
        "one connection, syncs alone: 609/s",
        "target: 2 000/s",
        *("1", "2", "4", "8"),
        "mysql 8.4: clients at once, log scale",
    ]


def test_without_bound_and_target_none_is_spoken_of() -> None:
    said = texts(TpsOverClients("mysql", ((1, 600.0),), None, None))
    assert "the model: 600/s at 1 client" in said
    assert not [text for text in said if "target" in text or "one connection" in text]


def test_what_the_references_say() -> None:
    assert texts(REFERENCES)[:6] == [
        "10 000/s",
        "PM983",
        "1 000/s",
        "this drive",
        "100/s",
        "KC3000",
    ]
    assert texts(REFERENCES)[-1] == "classic test, blocks of 4 kB: syncs per second, log scale"


def test_what_the_headroom_says() -> None:
    assert texts(HEADROOM)[:6] == [
        *("200 of 500/s: enough", "order"),
        *("400 of 300/s: short", "trade"),
        *("50/s", "cart"),
    ]
    assert texts(HEADROOM)[-1] == "sustainable per second; diamond: wanted"


# What it shows


def test_bars_are_as_long_as_their_figures() -> None:
    lengths = [right - left for left, right, _ in boxes(METHODS, "--accent")]
    longest = lengths[0]
    assert [length / longest for length in lengths] == pytest.approx(
        [1, 200 / 608.64, 100 / 608.64]
    )
    assert {left for left, _, _ in boxes(METHODS, "--accent")} == {0}


def test_whiskers_reach_over_the_interval() -> None:
    bar = boxes(METHODS, "--accent")[0][1]
    whiskers = [
        sorted(float(x) for x in re.findall(r"[ML] ([\d.]+) ", path.attrib["d"]))
        for path in drawn(METHODS).iter(f"{SVG}path")
        if "currentColor" in path.get("style", "")
    ]
    assert whiskers[0] == pytest.approx([bar * 0.95, bar * 1.05])  # 608.64 a second, 5 %


def test_a_method_far_slower_is_still_seen() -> None:
    far = MethodRates((("fsync", 1.0, None), ("none", 1_000_000.0, None), ("sync", 1000.0, None)))
    fast, middle, slow = dots(far)
    assert fast - middle == pytest.approx(middle - slow)  # a thousand times each
    assert texts(far)[-1] == "syncs per second, log scale"


def test_dots_among_the_references_stand_at_their_logarithm() -> None:
    fast, this, slow = dots(REFERENCES)
    assert fast - this == pytest.approx(this - slow)
    assert this == pytest.approx(tick(REFERENCES, "1 000/s"), abs=0.1)


def test_this_drive_is_told_by_more_than_its_colour() -> None:
    bold = [
        text.text
        for text in drawn(REFERENCES).iter(f"{SVG}text")
        if "font-weight" in text.attrib["style"]
    ]
    assert bold == ["1 000/s", "this drive"]


def test_what_is_wanted_stands_where_it_belongs() -> None:
    order, trade = dots(HEADROOM)
    (order_bar, *_), (trade_bar,) = boxes(HEADROOM, "--accent"), boxes(HEADROOM, "--bad")
    assert order / order_bar[1] == pytest.approx(200 / 500)
    assert trade / trade_bar[1] == pytest.approx(400 / 300)


def test_zero_stands_at_the_edge_of_an_axis_that_has_none() -> None:
    apart = Headroom((("a", 5.0, 50_000.0), ("b", 0.0, 0.0)))
    sustained, nothing_sustained, wanted, nothing_wanted = dots(apart)
    assert 0 < sustained < wanted < WIDTH
    assert (nothing_sustained, nothing_wanted) == (0, 0)


def test_a_long_name_in_bold_leaves_its_figure_room() -> None:
    (figure, name) = texts(AmongReferences(4096, (("this drive " * 9, 1000.0, True),)))[:2]
    assert name.endswith("\N{HORIZONTAL ELLIPSIS}")
    assert 1.13 * width_of(name) + width_of(figure) <= WIDTH  # so much wider is DejaVu Sans Bold


def test_a_percentile_stands_at_its_latency() -> None:
    lines = [
        float(found[1])
        for path in drawn(HISTOGRAM).iter(f"{SVG}path")
        if "stroke-dasharray" in path.get("style", "")
        and (found := re.match(r"M ([\d.]+) ", path.attrib["d"]))
    ]
    assert lines[0] == pytest.approx(tick(HISTOGRAM, "1 ms"), abs=0.1)


def test_buckets_are_as_high_as_their_counts_and_none_is_invisible() -> None:
    heights = [height for _, _, height in boxes(HISTOGRAM, "--accent")]
    assert heights[2] == pytest.approx(150 * 0.9)  # 900 on an axis to 1000, 150 high
    assert heights[1] == pytest.approx(150 * 0.04)
    assert heights[0] == 1.5


def test_texts_of_percentiles_meet_neither_each_other_nor_a_line() -> None:
    close = (("p50", 1000.0), ("p90", 1010.0), ("p99", 1100.0), ("p99.9", 9000.0))
    chart = LatencyHistogram("s", ((900.0, 1000.0, 5),), close)
    marks = [
        (float(one.attrib["x"]), float(one.attrib["y"]), one.text or "")
        for one in drawn(chart).iter(f"{SVG}text")
        if (one.text or "").startswith("p")
    ]
    assert len(marks) == 4
    for (x, y, text), (later_x, later_y, _) in pairwise(marks):
        assert later_x > x
        if later_x - 4 < x + width_of(text):
            assert y <= later_y - SIZE  # above the later one, whose line ends below
    assert all(x + width_of(text) <= WIDTH for x, _, text in marks)


# Whatever comes


@hostile_names
def test_hostile_names_are_text(name: str) -> None:
    charts: list[Chart] = [
        LatencyHistogram(name, ((1, 2, 3),), ((name, 1.5),)),
        MethodRates(((name, 1.0, 2.0), ("other", 2.0, None))),
        TpsOverClients(name, ((1, 1.0),), 1.0, 1.0),
        AmongReferences(4096, ((name, 1.0, True), ("other", 2.0, False))),
        Headroom(((name, 1.0, 2.0),)),
    ]
    for chart in charts:
        svg = draw(chart, name[:100], name[:100])
        svg.encode("utf-8")
        root = ElementTree.fromstring(svg)
        assert "script" not in {element.tag.removeprefix(SVG) for element in root.iter()}
        assert len(svg) < 12_000
        assert all("\n" not in (text.text or "") for text in root.iter(f"{SVG}text"))


@pytest.mark.parametrize(
    "name", [HOSTILE["markup"], HOSTILE["mathematics"], HOSTILE["template"], HOSTILE["colour"]]
)
def test_a_hostile_name_that_fits_is_shown_as_it_is(name: str) -> None:
    assert name in texts(MethodRates(((name, 1.0, None),)))


EXTREMES: Final[dict[str, Chart]] = {
    "no samples": LatencyHistogram("s", (), ()),
    "one sample": LatencyHistogram("s", ((0.2, 0.3, 1),), ()),
    "percentiles alone": LatencyHistogram("s", (), (("p50", 12.0),)),
    "0.2 us to 10 s": LatencyHistogram(
        "s", ((0.0, 0.2, 7), (0.2, 1e7, 3)), (("p50", 0.0), ("p90", 0.2), ("p99", 1e7))
    ),
    "many buckets": LatencyHistogram(
        "s", tuple((1.05**n, 1.05 ** (n + 1), n * n) for n in range(300)), (("p99.9", 2e6),)
    ),
    "no methods": MethodRates(()),
    "no rate": MethodRates((("fsync", 0.0, None),)),
    "wider than the rate": MethodRates((("fsync", 20.0, 180.0),)),
    "rates apart": MethodRates((("none", 5e6, 0.4), ("fsync", 0.1, 300.0))),
    "40 methods": MethodRates(tuple((f"method {n}", 1000 / (n + 1), 5.0) for n in range(40))),
    "no points": TpsOverClients("s", (), None, None),
    "a target alone": TpsOverClients("s", (), None, 100.0),
    "one point": TpsOverClients("s", ((1, 50.0),), None, None),
    "nothing carried": TpsOverClients("s", ((1, 0.0), (2, 0.0)), 0.0, 0.0),
    "target far away": TpsOverClients("s", ((1, 50.0), (1000, 90_000.0)), 50.0, 5e6),
    "40 points": TpsOverClients(
        "s", tuple((n + 1, 100.0 * (n + 1) ** 0.2) for n in range(40)), 50.0, 0.1
    ),
    "nothing carried at first": TpsOverClients("s", ((1, 0.0), (2, 1.0), (4, 1000.0)), 0.0, 0.0),
    "alone among none": AmongReferences(16_384, (("s", 5.0, True),)),
    "no references": AmongReferences(4096, ()),
    "nothing sustained": Headroom((("a", 0.0, 5.0), ("b", 0.0, None), ("c", 0.0, 0.0))),
    "wanted far more": Headroom((("a", 5.0, 50_000.0), ("b", 1e6, 0.0))),
}


@pytest.mark.parametrize("chart", EXTREMES.values(), ids=EXTREMES)
def test_extremes_stay_within_the_picture(chart: Chart) -> None:
    root = drawn(chart)
    height = float(root.attrib["viewBox"].split()[3])
    assert "nan" not in (svg := draw(chart, "t", "d"))
    assert "inf" not in svg
    for path in root.iter(f"{SVG}path"):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", path.attrib["d"])]
        assert all(-6 <= x <= WIDTH + 0.01 for x in numbers[::2])
        assert all(-6 <= y <= height for y in numbers[1::2])
    for dot in root.iter(f"{SVG}use"):
        assert 0 <= float(dot.attrib["x"]) <= WIDTH
        assert 0 <= float(dot.attrib["y"]) <= height
    for text in root.iter(f"{SVG}text"):
        x, wide = float(text.attrib["x"]), width_of(text.text or "")
        left = x - {"end": 1, "middle": 0.5}.get(text.get("text-anchor", ""), 0) * wide
        assert left >= -0.1
        assert left + wide <= WIDTH + 0.1
        assert SIZE * 0.7 <= float(text.attrib["y"]) <= height - 2


# The parts


@pytest.mark.parametrize(
    ("text", "room", "shown"),
    [
        ("fdatasync", 100, "fdatasync"),
        ("fdatasync", 40, "fdat…"),
        ("one two", 35, "one…"),  # no blank before the ellipsis
        ("a\n b", 100, "a b"),
        ("WWWWW", 50, "WWW…"),
        ("漢字漢字", 40, "漢字…"),
        ("", 10, ""),
    ],
)
def test_what_fits(text: str, room: float, shown: str) -> None:
    assert fitted(text, room) == shown
    assert width_of(shown) <= room


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (80, 1200, [100, 200, 500, 1000]),
        (80, 20_000, [100, 300, 1000, 3000, 10_000]),
        (0.5, 2e6, [1, 100, 10_000, 1e6]),
    ],
)
def test_ticks_of_a_logarithmic_axis(low: float, high: float, ticks: list[float]) -> None:
    assert log_ticks(low, high) == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("high", "whole", "ticks"),
    [
        (609, False, [0, 200, 400, 600, 800]),
        (1, False, [0, 0.25, 0.5, 0.75, 1]),
        (1, True, [0, 1]),
        (20_000, True, [0, 5000, 10_000, 15_000, 20_000]),
    ],
)
def test_ticks_of_an_axis_from_zero(high: float, whole: bool, ticks: list[float]) -> None:
    assert linear_ticks(high, whole=whole) == pytest.approx(ticks)


def test_limits_hold_every_value_and_a_decade() -> None:
    low, high = log_limits([100])
    assert low < 32 < 316 < high
    low, high = log_limits([0.0, 1, 10_000])
    assert 0.5 < low < 1
    assert 10_000 < high < 20_000


@pytest.mark.parametrize(
    ("values", "log"), [([1, 50], False), ([1, 51], True), ([0, 5], False), ([], False)]
)
def test_when_a_bar_could_not_be_seen(values: list[float], log: bool) -> None:
    assert wants_log(values) is log
