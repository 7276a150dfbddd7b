"""What charts are made of: elements of SVG, text that fits, ticks and scales."""

import re

import pytest

from advisor.output.charts.axes import draw_x_axis
from advisor.output.charts.canvas import Canvas
from advisor.output.charts.scales import (
    Scale,
    linear_scale,
    linear_ticks,
    log_limits,
    log_scale,
    log_ticks,
    scale_for,
    wants_log,
)
from advisor.output.charts.svg import element, number
from advisor.output.charts.text_metrics import shorten, text_width

# SVG


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (12, "12"),
        (100, "100"),
        (1.5, "1.5"),
        (1.005, "1"),  # in binary it is a little less
        (2 / 3, "0.67"),
        (-5.5, "-5.5"),
        (-0.001, "0"),
        (1e6, "1000000"),
    ],
)
def test_numbers_have_two_decimals_at_most(value: float, written: str) -> None:
    assert number(value) == written


def test_an_element_without_text_is_closed_at_once() -> None:
    assert element("circle", cx=1.25, r=4, style="fill: red") == (
        '<circle cx="1.25" r="4" style="fill: red"/>'
    )


def test_text_and_attributes_are_escaped() -> None:
    assert element("text", "</text> & \"'", x=0, text_anchor='"><script>') == (
        '<text x="0" text-anchor="&quot;&gt;&lt;script&gt;">&lt;/text&gt; &amp; "\'</text>'
    )


def test_what_xml_refuses_is_replaced() -> None:
    assert element("text", "a\x00b\ufffec\ud800d") == "<text>a b c d</text>"


def test_a_canvas_is_an_svg_of_its_size() -> None:
    canvas = Canvas(40, 100)
    canvas.line([(0, 10), (50, 12.345)], "red", width=1.5, dashes="2 3")
    canvas.bar(10, 20, 30, 28, "blue")
    canvas.diamond(5, 5, 2, "green")
    assert canvas.svg("T", "D", "k") == (
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="k-title k-desc"'
        ' viewBox="0 0 100 40" style="font-size: 11.5px; fill: none; stroke-linejoin: round;'
        ' overflow: visible">'
        '<title id="k-title">T</title><desc id="k-desc">D</desc>'
        '<path d="M 0 10 L 50 12.35"'
        ' style="stroke: red; stroke-width: 1.5; stroke-dasharray: 2 3"/>'
        '<rect x="10" y="20" width="20" height="8" style="fill: blue"/>'
        '<path d="M 3 5 L 5 3 L 7 5 L 5 7 Z" style="fill: green"/>'
        "</svg>"
    )


def test_a_text_is_set_at_its_place() -> None:
    canvas = Canvas(40, 100)
    canvas.text(50, 12, "a < b", anchor="end", bold=True)
    assert canvas.elements == [
        '<text x="50" y="12" text-anchor="end" style="fill: currentColor; font-weight: 600">'
        "a &lt; b</text>"
    ]


@pytest.mark.parametrize(("x", "middle"), [(0, 11.04), (50, 50), (100, 88.96)])
def test_a_centred_text_is_moved_off_the_edge(x: float, middle: float) -> None:
    # 3 * 0.64 em of 11.5 is 22.08 wide.
    assert Canvas(40, 100).middle_of(x, "one") == pytest.approx(middle)


def test_a_figure_that_would_run_into_another_is_left_out() -> None:
    canvas = Canvas(40, 100)
    scale = Scale(0, 10, (0, 1, 2, 5, 9, 10)).between(0, 100)
    draw_x_axis(canvas, scale, 0, scale.ticks, lambda tick: f"{tick}00", "caption")
    # Three digits are 22.08 wide, and 5 stay free between two: "000" moves from 0 to 11.04, so that
    # nothing else begins before 27.08; "900" moves to 88.96 from 90, and "1000" has no room left.
    shown = [(re.findall('x="([^"]+)"', text)[0], text) for text in canvas.elements]
    assert [(x, text.split(">")[1].removesuffix("</text")) for x, text in shown] == [
        ("11.04", "000"),
        ("50", "500"),
        ("88.96", "900"),
        ("50", "caption"),
    ]


# Text


@pytest.mark.parametrize(
    ("text", "width", "shown"),
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
def test_what_fits(text: str, width: float, shown: str) -> None:
    assert shorten(text, width) == shown
    assert text_width(shown) <= width


def test_bold_text_is_wider() -> None:
    assert text_width("one", bold=True) == pytest.approx(24.9504)  # 1.13 * 22.08
    assert shorten("one", 23) == "one"
    assert shorten("one", 23, bold=True) == "o…"


# Ticks


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (80, 1200, [100, 200, 500, 1000]),
        (80, 20_000, [100, 300, 1000, 3000, 10_000]),
        (0.5, 2e6, [1, 100, 10_000, 1e6]),
        (1, 10, [1, 2, 5, 10]),
        (0.9e-9, 1.1e9, [1e-9, 1e-5, 1e-1, 1e3, 1e7]),
    ],
)
def test_ticks_of_a_logarithmic_axis(low: float, high: float, ticks: list[float]) -> None:
    assert log_ticks(low, high) == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("high", "whole", "ticks"),
    [
        (609, False, [0, 200, 400, 600, 800]),
        (800, False, [0, 200, 400, 600, 800]),
        (801, False, [0, 250, 500, 750, 1000]),
        (1000.1, False, [0, 500, 1000, 1500]),
        (1, False, [0, 0.25, 0.5, 0.75, 1]),
        (0.3, False, [0, 0.1, 0.2, 0.3]),
        (0.3000001, False, [0, 0.1, 0.2, 0.3, 0.4]),
        (0, False, [0, 1]),
        (1e-9, False, [0, 2.5e-10, 5e-10, 7.5e-10, 1e-9]),
        (1, True, [0, 1]),
        (3, True, [0, 1, 2, 3]),
        (10, True, [0, 5, 10]),
        (20_000, True, [0, 5000, 10_000, 15_000, 20_000]),
        (0, True, [0, 1]),
    ],
)
def test_ticks_of_an_axis_from_zero(high: float, whole: bool, ticks: list[float]) -> None:
    assert linear_ticks(high, whole=whole) == ticks


# Scales


def test_limits_hold_every_value_and_a_decade() -> None:
    low, high = log_limits([100])
    assert (low, high) == pytest.approx((27.542, 363.08), rel=1e-4)  # 10 ** 1.44, 10 ** 2.56
    low, high = log_limits([0.0, 1, 10_000])
    assert (low, high) == pytest.approx((0.57544, 17_378), rel=1e-4)  # 10 ** -0.24, 10 ** 4.24


@pytest.mark.parametrize(
    ("values", "log"), [([1, 50], False), ([1, 51], True), ([0, 5], False), ([], False)]
)
def test_when_a_bar_could_not_be_seen(values: list[float], log: bool) -> None:
    assert wants_log(values) is log
    assert scale_for(values).is_log is log


def test_a_linear_scale_reaches_from_zero_to_its_last_tick() -> None:
    scale = linear_scale([100, 609]).between(20, 100)
    assert (scale.low, scale.high) == (0, 800)
    assert [scale.position(value) for value in (0, 400, 800)] == [20, 60, 100]


def test_a_logarithmic_scale_gives_each_decade_the_same() -> None:
    scale = Scale(1, 1000, (1, 10, 100, 1000), is_log=True).between(0, 300)
    assert [scale.position(value) for value in scale.ticks] == pytest.approx([0, 100, 200, 300])


def test_a_scale_may_run_upward() -> None:
    scale = linear_scale([4]).between(200, 100)
    assert [scale.position(value) for value in (0, 1, 4)] == [200, 175, 100]


@pytest.mark.parametrize("value", [0, -5, 1e-300])
def test_what_a_logarithmic_scale_cannot_show_stands_on_its_edge(value: float) -> None:
    assert log_scale([1, 1000]).between(10, 90).position(value) == 10


def test_nothing_at_all_has_a_scale() -> None:
    assert linear_scale([]).ticks == (0, 1)
    assert log_scale([]).ticks == (0.5, 1, 2)


def test_the_smallest_number_there_is_has_a_place_on_a_log_axis() -> None:
    scale = log_scale([5e-324, 1.0])
    assert scale.low > 0
    assert scale.position(5e-324) == 0.0
