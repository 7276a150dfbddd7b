"""The charts as SVG: well-formed, honest, the same every time, whatever the names are."""

import os
import re
import subprocess
import sys
from itertools import pairwise
from typing import Final
from xml.etree import ElementTree

import pytest

from advisor.output.charts.canvas import WIDTH
from advisor.output.charts.data import (
    Chart,
    HeadroomChart,
    HostLatencies,
    LatencyHistogram,
    MethodRates,
    RateOverTime,
    ReferenceRates,
    TpsOverClients,
)
from advisor.output.charts.draw import draw
from advisor.output.charts.text_metrics import FONT_SIZE, text_width
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
REFERENCES: Final = ReferenceRates(
    4096, (("PM983", 10_000.0, False), ("this drive", 1000.0, True), ("KC3000", 100.0, False))
)
HEADROOM: Final = HeadroomChart(
    (("order", 500.0, 200.0), ("trade", 300.0, 400.0), ("cart", 50.0, None))
)
HOSTS: Final = HostLatencies(
    (
        ("db7", 8000.0, "4 x slower", True),
        ("db1", 2000.0, "", False),
        ("db2", 1000.0, "mean", False),
    ),
    30,
)

OVER_TIME: Final = RateOverTime(
    tuple((float(at_s), 3000.0 if at_s < 60 else 800.0, 1000.0) for at_s in range(0, 241, 10)),
    ((60.0, "1"), (180.0, "2")),
)

USUAL: Final[dict[str, Chart]] = {
    "hosts": HOSTS,
    "histogram": HISTOGRAM,
    "methods": METHODS,
    "clients": CLIENTS,
    "references": REFERENCES,
    "headroom": HEADROOM,
    "over time": OVER_TIME,
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


def bars(chart: Chart, colour: str) -> list[tuple[float, float]]:
    """(x, width) of every bar in this colour, from the top."""
    return [
        (float(rect.attrib["x"]), float(rect.attrib["width"]))
        for rect in drawn(chart).iter(f"{SVG}rect")
        if colour in rect.attrib["style"]
    ]


def paths(chart: Chart, style: str) -> list[str]:
    """What every path with this in its style is, in the order of drawing."""
    found = drawn(chart).iter(f"{SVG}path")
    return [path.attrib["d"] for path in found if style in path.attrib["style"]]


def dots(chart: Chart) -> list[float]:
    """The x of every dot, from the top or the left."""
    return [float(circle.attrib["cx"]) for circle in drawn(chart).iter(f"{SVG}circle")]


def diamonds(chart: Chart) -> list[float]:
    """The x of every diamond's leftmost tip, from the top."""
    closed = [path for path in paths(chart, "fill: currentColor") if path.endswith("Z")]
    return [float(path.split()[1]) for path in closed]


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
        *("svg", "title", "desc", "rect", "path", "circle", "text")
    }
    names = {name for element in root.iter() for name in element.attrib}
    assert names & {"href", "src", "class"} == set()
    assert "url(" not in draw(chart, "t", "d")


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
    every = [identifier for chart_ids in ids for identifier in chart_ids]
    assert len(every) == len(set(every))


# The same every time, on every host


def test_the_same_bytes_elsewhere_and_no_word_on_stderr() -> None:
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
            "HOME": "/nonexistent",
            "TZ": "Asia/Tokyo",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stderr == ""
    assert run.stdout.splitlines() == [draw(chart, "t", "d") for chart in USUAL.values()]


# What it says: figures typed by hand, as units.py formats them


def test_what_the_histogram_says() -> None:
    said = texts(HISTOGRAM)
    assert {"p50 1 ms", "p90 1.9 ms", "p99 2.63 ms"} <= set(said)
    assert {"samples per bucket", "0", "250", "500", "750", "1,000"} <= set(said)
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
        "the model: 3,600/s at 8 clients",
        "one connection, syncs alone: 609/s",
        "target: 2,000/s",
        *("1", "2", "4", "8"),
        "mysql 8.4: clients at once, log scale",
    ]


def test_without_bound_and_target_none_is_spoken_of() -> None:
    said = texts(TpsOverClients("mysql", ((1, 600.0),), None, None))
    assert "the model: 600/s at 1 client" in said
    assert not [text for text in said if "target" in text or "one connection" in text]


def test_what_the_references_say() -> None:
    assert texts(REFERENCES)[:6] == [
        "10,000/s",
        "PM983",
        "1,000/s",
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


def test_what_the_hosts_say() -> None:
    assert texts(HOSTS) == [
        *("8 ms, 4 x slower", "db7"),
        *("2 ms", "db1"),
        *("1 ms, mean", "db2"),
        *("0", "2 ms", "4 ms", "6 ms", "8 ms"),
        "p99 of one sync, 3 of 30 hosts",
    ]
    assert texts(HostLatencies(HOSTS.rows, 3))[-1] == "p99 of one sync"
    assert texts(HostLatencies(HOSTS.rows, 3, "mean"))[-1] == "mean of one sync"


def test_an_outlier_is_told_by_its_colour_and_by_bold_letters() -> None:
    # On an axis to 8 ms: 374, 374 / 4, 374 / 8.
    assert bars(HOSTS, "--bad") == [(0, 374)]
    assert bars(HOSTS, "--accent") == [(0, 93.5), (0, 46.75)]
    bold = [
        text.text
        for text in drawn(HOSTS).iter(f"{SVG}text")
        if "font-weight" in text.attrib["style"]
    ]
    assert bold == ["8 ms, 4 x slower", "db7"]


# What it shows: places worked out by hand, from a plot 374 wide in a drawing of 380


def test_bars_are_as_long_as_their_rates() -> None:
    # On an axis to 800: 374 * 608.64 / 800, 374 * 200 / 800, 374 * 100 / 800.
    assert bars(METHODS, "--accent") == [(0, 284.54), (0, 93.5), (0, 46.75)]


def test_a_bar_and_its_text_stand_in_their_row() -> None:
    first, second, third = drawn(METHODS).iter(f"{SVG}rect")
    # Rows of 33, a bar of 8 in each around 0.7 of it.
    assert [first.get("y"), second.get("y"), third.get("y")] == ["19.1", "52.1", "85.1"]
    assert {bar.get("height") for bar in (first, second, third)} == {"8"}
    name = next(text for text in drawn(METHODS).iter(f"{SVG}text") if text.text == "fsync")
    assert (name.get("x"), name.get("y")) == ("0", "47.1")


def test_the_figures_of_an_axis_stand_under_their_places() -> None:
    assert tick(METHODS, "400/s") == 187  # the middle of 374
    assert tick(METHODS, "600/s") == 280.5


def test_no_figure_of_an_axis_runs_into_another() -> None:
    assert texts(EXTREMES["rates apart"])[-5:-1] == ["0.1/s", "10/s", "1,000/s", "100,000/s"]
    near = TpsOverClients("s", tuple((count, 1.0) for count in range(60, 69)), None, None)
    said = texts(near)
    # From 60 / 1.1 to 120 on 341: two digits and a gap, 19.72, are 4.7 % more clients.
    assert said[said.index("60") : -1] == ["60", "63", "66"]


def test_whiskers_reach_over_the_interval() -> None:
    # 608.64 +- 5 %: 374 * 578.208 / 800 to 374 * 639.072 / 800, across the middle of the row.
    assert paths(METHODS, "currentColor")[:3] == [
        "M 270.31 23.1 L 298.77 23.1",
        "M 270.31 19.1 L 270.31 27.1",
        "M 298.77 19.1 L 298.77 27.1",
    ]


def test_a_method_far_slower_is_still_seen() -> None:
    far = MethodRates((("fsync", 1.0, None), ("none", 1_000_000.0, None), ("sync", 1000.0, None)))
    # Six decades and a margin of 6 % of them at either end: 6.72 decades on 374.
    assert dots(far) == [353.96, 187, 20.04]
    assert texts(far)[-1] == "syncs per second, log scale"


def test_dots_among_the_references_stand_at_their_logarithm() -> None:
    # Two decades and 0.12 at either end: 2.24 on 374.
    assert dots(REFERENCES) == [353.96, 187, 20.04]
    assert tick(REFERENCES, "1,000/s") == 187


def test_this_drive_is_told_by_more_than_its_colour() -> None:
    bold = [
        text.text
        for text in drawn(REFERENCES).iter(f"{SVG}text")
        if "font-weight" in text.attrib["style"]
    ]
    assert bold == ["1,000/s", "this drive"]


def test_what_is_wanted_stands_where_it_belongs() -> None:
    # On an axis to 600: 374 * 200 / 600 and 374 * 400 / 600; the tip is 5.5 left of it.
    assert diamonds(HEADROOM) == [119.17, 243.83]
    assert bars(HEADROOM, "--accent") == [(0, 311.67), (0, 31.17)]
    assert bars(HEADROOM, "--bad") == [(0, 187)]


def test_zero_stands_at_the_edge_of_an_axis_that_has_none() -> None:
    apart = HeadroomChart((("a", 5.0, 50_000.0), ("b", 0.0, 0.0)))
    # Four decades and 0.24 at either end: 4.48 on 374.
    assert dots(apart) == [20.04, 0]
    assert diamonds(apart) == [348.46, -5.5]


def test_a_long_name_in_bold_leaves_its_figure_room() -> None:
    (figure, name) = texts(ReferenceRates(4096, (("this drive " * 9, 1000.0, True),)))[:2]
    assert name.endswith("\N{HORIZONTAL ELLIPSIS}")
    assert 1.13 * (text_width(name) + text_width(figure)) <= WIDTH  # DejaVu Sans Bold is so wide


def test_points_stand_at_their_clients_and_their_rate() -> None:
    one_decade = TpsOverClients("mysql", ((11, 250.0), (110, 1000.0)), None, 500.0)
    # The figures of the axis are "1 000" at most: 4 * 0.64 + 0.41 em of 11.5, and 6: 40.155. From
    # there 333.845 to 374 for 10 to 110, so 11 stands at log10(1.1) / log10(11) of it. The plot
    # stands below a caption, two lines of key and 12: from 57 to 237, for 1000 to 0.
    assert paths(one_decade, "--accent")[1:] == ["M 53.42 192 L 374 57"]
    assert dots(one_decade) == [53.42, 374]
    assert paths(one_decade, "stroke-dasharray: 2 3")[0] == "M 40.16 147 L 374 147"


def test_one_point_is_a_dot_without_a_line() -> None:
    one_point = TpsOverClients("s", ((1, 50.0),), None, None)
    assert len(dots(one_point)) == 1
    assert paths(one_point, "--accent") == ["M 0 22.5 L 22 22.5"]  # the key


def test_a_percentile_stands_at_its_latency() -> None:
    first = paths(HISTOGRAM, "stroke-dasharray")[0].split()
    assert float(first[1]) == pytest.approx(tick(HISTOGRAM, "1 ms"), abs=0.01)
    assert first[1] == first[4]


def corners(path: str) -> list[tuple[float, float]]:
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", path)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def test_buckets_are_as_high_as_their_counts_and_none_is_invisible() -> None:
    (outline,) = paths(HISTOGRAM, "fill: var(--accent")
    (_, bottom), *tops, (_, end) = corners(outline)
    # Of 150 for 1000: the one sample of the first is lifted to 1.5, then 40, 900 and 58.
    assert [round(bottom - y, 2) for _, y in tops] == [1.5, 1.5, 6, 6, 135, 135, 8.7, 8.7]
    assert bottom == end


def test_buckets_adjoin_and_are_as_wide_as_their_logarithm() -> None:
    (outline,) = paths(HISTOGRAM, "fill: var(--accent")
    xs = [x for x, _ in corners(outline)]
    assert xs[0] == xs[1]  # 250, half of the first edge, for the axis has no zero
    assert xs[2:4] + xs[4:6] + xs[6:8] == [xs[2], xs[2], xs[4], xs[4], xs[6], xs[6]]
    octave = xs[2] - xs[0]
    assert [xs[4] - xs[2], xs[6] - xs[4], xs[8] - xs[6]] == pytest.approx([octave] * 3, abs=0.011)


def test_an_empty_bucket_parts_the_outline() -> None:
    parted = LatencyHistogram("s", ((100, 200, 5), (200, 400, 0), (400, 800, 5)), ())
    first, second = (corners(path) for path in paths(parted, "fill: var(--accent"))
    assert second[0][0] - first[-1][0] == pytest.approx(first[-1][0] - first[0][0], abs=0.011)
    assert {first[0][1], first[-1][1], second[0][1], second[-1][1]} == {173}  # 8 + 15 + 150


def test_texts_of_percentiles_meet_neither_each_other_nor_a_line() -> None:
    close = (("p50", 1000.0), ("p90", 1010.0), ("p99", 1100.0), ("p99.9", 9000.0))
    chart = LatencyHistogram("s", ((900.0, 1000.0, 5),), close)
    marks = [
        (float(text.attrib["x"]), float(text.attrib["y"]), text.text or "")
        for text in drawn(chart).iter(f"{SVG}text")
        if (text.text or "").startswith("p")
    ]
    assert len(marks) == 4
    for (x, y, text), (later_x, later_y, _) in pairwise(marks):
        assert later_x > x
        if later_x - 4 < x + text_width(text):
            assert y <= later_y - FONT_SIZE  # above the later one, whose line ends below
    assert all(x + text_width(text) <= WIDTH for x, _, text in marks)


# Whatever comes


@hostile_names
def test_hostile_names_are_text(name: str) -> None:
    charts: list[Chart] = [
        LatencyHistogram(name, ((1, 2, 3),), ((name, 1.5),)),
        MethodRates(((name, 1.0, 2.0), ("other", 2.0, None))),
        TpsOverClients(name, ((1, 1.0),), 1.0, 1.0),
        ReferenceRates(4096, ((name, 1.0, True), ("other", 2.0, False))),
        HeadroomChart(((name, 1.0, 2.0),)),
        HostLatencies(((name, 1.0, "", True),), 1),
    ]
    for chart in charts:
        svg = draw(chart, name[:100], name[:100])
        svg.encode("utf-8")
        root = ElementTree.fromstring(svg)
        assert "script" not in {element.tag.removeprefix(SVG) for element in root.iter()}
        assert len(svg) < 6_000
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
    "nothing sustained": TpsOverClients("s", ((1, 0.0), (2, 0.0)), 0.0, 0.0),
    "target far away": TpsOverClients("s", ((1, 50.0), (1000, 90_000.0)), 50.0, 5e6),
    "40 points": TpsOverClients(
        "s", tuple((n + 1, 100.0 * (n + 1) ** 0.2) for n in range(40)), 50.0, 0.1
    ),
    "nothing sustained at first": TpsOverClients("s", ((1, 0.0), (2, 1.0), (4, 1000.0)), 0.0, 0.0),
    "alone among none": ReferenceRates(16_384, (("s", 5.0, True),)),
    "no references": ReferenceRates(4096, ()),
    "no hosts": HostLatencies((), 0),
    "hosts apart": HostLatencies((("a", 2e7, "", True), ("b", 0.4, "", False)), 2),
    "no headroom": HeadroomChart((("a", 0.0, 5.0), ("b", 0.0, None), ("c", 0.0, 0.0))),
    "wanted far more": HeadroomChart((("a", 5.0, 50_000.0), ("b", 1e6, 0.0))),
}


@pytest.mark.parametrize("chart", EXTREMES.values(), ids=EXTREMES)
def test_extremes_stay_within_the_picture(chart: Chart) -> None:
    root = drawn(chart)
    height = float(root.attrib["viewBox"].split()[3])
    assert "nan" not in (svg := draw(chart, "t", "d"))
    assert "inf" not in svg
    for path in root.iter(f"{SVG}path"):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", path.attrib["d"])]
        assert all(-6 <= x <= WIDTH for x in numbers[::2])
        assert all(0 <= y <= height for y in numbers[1::2])
    for circle in root.iter(f"{SVG}circle"):
        assert 0 <= float(circle.attrib["cx"]) <= WIDTH - float(circle.attrib["r"])
        assert 0 <= float(circle.attrib["cy"]) <= height
    for rect in root.iter(f"{SVG}rect"):
        assert 0 <= float(rect.attrib["width"]) <= WIDTH
    for text in root.iter(f"{SVG}text"):
        x, width = float(text.attrib["x"]), text_width(text.text or "")
        left = x - {"end": 1, "middle": 0.5}.get(text.get("text-anchor", ""), 0) * width
        assert left >= -0.1
        assert left + width <= WIDTH + 0.1
        assert FONT_SIZE * 0.7 <= float(text.attrib["y"]) <= height - 2


# Over time


def test_a_change_is_where_it_was() -> None:
    """240 s are four minutes, from the left edge of the plot to its right."""
    begin, end = tick(OVER_TIME, "0"), tick(OVER_TIME, "4")
    first, second = (float(path.split()[1]) for path in paths(OVER_TIME, "stroke-dasharray: 3 2"))
    assert first == pytest.approx(begin + (end - begin) / 4, abs=2)
    assert second == pytest.approx(begin + (end - begin) * 3 / 4, abs=2)
    assert {
        "1",
        "2",
        "minutes since the soak began; numbers: changes",
        "p99 of a sync, log scale",
    } <= set(texts(OVER_TIME))


def test_without_percentiles_there_is_one_plot() -> None:
    chart = RateOverTime(((0.5, 10.0, None), (1.5, 12.0, None)), ())
    assert "p99 of a sync, log scale" not in texts(chart)
    assert len(paths(chart, "stroke-width: 1.3")) == 1
    assert len(paths(OVER_TIME, "stroke-width: 1.3")) == 2


def test_numbers_that_would_run_into_each_other_are_left_out() -> None:
    changes = tuple((60.0 + number / 10, f"no {number}") for number in range(20))
    crowded = RateOverTime(OVER_TIME.points, changes)
    assert len(paths(crowded, "stroke-dasharray: 3 2")) == 20
    assert [text for text in texts(crowded) if text.startswith("no")] == ["no 0"]
