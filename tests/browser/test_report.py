"""The HTML report in a real browser: by day, by night, on a phone and on paper."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.axe import axe_script
from tests.browser.opening import (
    DARK,
    DARK_PHONE,
    FACES,
    LIGHT,
    PHONE,
    PRINT,
    Face,
    Opened,
    opened,
    start_chromium,
)
from tests.browser.reports import HOSTILE, NAMES, write_reports
from tests.support.faults import missing

EVERY: Final = [(name, face) for name in NAMES for face in FACES]

WITHOUT_CHARTS: Final = ("no-charts",)
CHARTS_FOLDED: Final = ("tmpfs",)
"""Unless it is printed or opened."""

AXE: Final = [
    ("nvme-consumer", LIGHT),
    ("hdd", DARK),
    ("soaked", DARK),
    ("measured", DARK_PHONE),
    ("tmpfs", PHONE),
    ("hostile", LIGHT),
    ("cloud-quick", PRINT),
    ("no-charts", DARK),
    ("fleet", LIGHT),
]
"""It takes seconds a page, so each report is checked with one face and each face at least once."""


@dataclass(frozen=True)
class Shown:
    """A report that is open."""

    name: str
    face: Face
    opened: Opened


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = start_chromium(playwright)
        yield started
        started.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_reports(tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def axe() -> str:
    """The text of axe-core."""
    if not axe_script().exists():
        missing(f"{axe_script()} is not there; tests/run fetches it")
    return axe_script().read_text()


@pytest.fixture(scope="module", params=EVERY, ids=lambda one: f"{one[0]}-{one[1].name}")
def shown(
    request: pytest.FixtureRequest, browser: Browser, reports: dict[str, Path]
) -> Iterator[Shown]:
    name, face = request.param
    with opened(browser, reports[name], face) as page:
        yield Shown(name, face, page)


def test_nothing_is_fetched_and_nothing_complains(shown: Shown) -> None:
    assert shown.opened.requests == [shown.opened.address]
    assert shown.opened.complaints == []


def test_nothing_runs(shown: Shown) -> None:
    found = shown.opened.ask(
        """() => [...document.querySelectorAll('*')].filter(one =>
            one.matches('script, iframe, object, embed, base, form, [src]') ||
            one.getAttributeNames().some(name => name.startsWith('on')) ||
            /^(javascript|data):./i.test(one.getAttribute('href') ?? '') && one.tagName != 'LINK'
        ).map(one => one.outerHTML.slice(0, 200))"""
    )
    assert found == []


def test_nothing_scrolls_sideways(shown: Shown) -> None:
    wide, window = shown.opened.ask(
        "() => [document.scrollingElement.scrollWidth, window.innerWidth]"
    )
    assert wide <= window == shown.face.width


def test_text_stays_in_its_box(shown: Shown) -> None:
    """A box that scrolls by itself may be wider inside; no text may be cut or lie over another."""
    beyond = shown.opened.ask(
        """() => [...document.querySelectorAll('main *, nav *, header *')].filter(one => {
            if (one.closest('svg')) return false;
            for (let up = one; up; up = up.parentElement) {
                const style = getComputedStyle(up);  // what is hidden on purpose has a clip path
                if (style.overflowX == 'auto' || style.clipPath != 'none') return false;
            }
            const box = one.getBoundingClientRect();
            return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
        }).map(one => one.outerHTML.slice(0, 200))"""
    )
    assert beyond == []


def test_headings_and_landmarks(shown: Shown) -> None:
    asked = shown.opened.ask(
        """() => ({
            main: document.querySelectorAll('main').length,
            navigation: document.querySelectorAll('nav[aria-label], nav[aria-labelledby]').length,
            h1: document.querySelectorAll('h1').length,
            language: document.documentElement.lang,
            levels: [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')]
                .map(one => Number(one.tagName[1])),
            ids: [...document.querySelectorAll('[id]')].map(one => one.id),
        })"""
    )
    levels = asked.pop("levels")
    ids = asked.pop("ids")
    assert asked == {"main": 1, "navigation": 1, "h1": 1, "language": "en"}
    assert levels[0] == 1
    assert [pair for pair in pairwise(levels) if pair[1] > pair[0] + 1] == []
    assert len(ids) == len(set(ids))


def unfold(page: Opened) -> None:
    page.ask("() => document.querySelectorAll('details').forEach(one => { one.open = true })")


def test_the_charts_are_pictures_with_names_and_words(shown: Shown) -> None:
    """Those that are not folded, which the assistive technology does not see either."""
    figures = shown.opened.ask(
        """() => [...document.querySelectorAll('figure')].filter(
            one => one.checkVisibility()
        ).map(one => [
            one.querySelectorAll('svg').length,
            one.querySelector('svg title')?.textContent.trim() ?? '',
            one.querySelector('svg desc')?.textContent.trim() ?? '',
            one.querySelector('figcaption')?.checkVisibility()
                ? one.querySelector('figcaption').innerText.trim() : '',
        ])"""
    )
    if shown.name in WITHOUT_CHARTS:
        assert all(count == 0 and caption for count, _, _, caption in figures)
        return
    assert figures or shown.name in CHARTS_FOLDED
    for count, title, description, caption in figures:
        assert count == 1
        assert title
        assert description
        assert caption
    pictures = shown.opened.page.get_by_role("img")
    assert pictures.count() == len(figures)


def test_text_in_charts_can_be_read(shown: Shown) -> None:
    """Within its chart, over no other text, and 9.5 px or larger."""
    texts = shown.opened.ask(
        """() => [...document.querySelectorAll('figure svg')].filter(
            one => one.checkVisibility()
        ).map(svg => {
            const frame = svg.getBoundingClientRect();
            return [...svg.querySelectorAll('text')].filter(one => one.textContent).map(one => {
                const box = one.getBoundingClientRect();
                return {
                    text: one.textContent,
                    left: box.left - frame.left, right: box.right - frame.left,
                    top: box.top - frame.top, bottom: box.bottom - frame.top,
                    width: frame.width, height: frame.height,
                    size: parseFloat(getComputedStyle(one).fontSize)
                        * frame.width / svg.viewBox.baseVal.width,
                };
            });
        })"""
    )
    for chart in texts:
        for index, one in enumerate(chart):
            assert one["left"] >= -1, one
            assert one["top"] >= -1, one
            assert one["right"] <= one["width"] + 1, one
            assert one["bottom"] <= one["height"] + 1, one
            assert one["size"] >= 9.5, one
            for other in chart[index + 1 :]:
                across = min(one["right"], other["right"]) - max(one["left"], other["left"])
                # A line of text is higher than its letters: a fifth may lie over another.
                down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
                assert across <= 1 or down <= 0.2 * (one["bottom"] - one["top"]), (one, other)


def test_charts_stand_out_from_the_page(shown: Shown) -> None:
    """WCAG 2: 4.5 for text, 3 for what is drawn; hairlines say nothing."""
    colours = shown.opened.ask(
        """() => {
            const ground = one => {
                for (; one; one = one.parentElement) {
                    const colour = getComputedStyle(one).backgroundColor;
                    if (!/, 0\\)$|^transparent$/.test(colour)) return colour;
                }
                return matchMedia('print').matches ? 'rgb(255, 255, 255)' : 'rgb(0, 0, 0)';
            };
            const drawn = 'figure svg :is(text, path, rect, circle)';
            return [...document.querySelectorAll(drawn)].map(one => [
                one.tagName, one.getAttribute('style') ?? '', getComputedStyle(one).fill,
                getComputedStyle(one).stroke, ground(one.closest('figure')),
            ]);
        }"""
    )
    for tag, style, fill, stroke, ground in {tuple(one) for one in colours}:
        if "--line" in style:
            continue
        for colour in (fill, stroke) if tag != "text" else (fill,):
            if colour != "none" and style:
                wanted = 4.5 if tag == "text" else 3
                assert contrast(colour, ground) >= wanted, (tag, style, colour, ground)


def contrast(one: str, other: str) -> float:
    """Of two colours as a browser computes them: rgb(r, g, b)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (int(number) / 255 for number in colour[4:-1].split(","))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_measure_of_contrast() -> None:
    """The figures of WCAG 2's own examples: black on white, and the lightest grey that passes."""
    assert contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)") == pytest.approx(21)
    assert contrast("rgb(118, 118, 118)", "rgb(255, 255, 255)") == pytest.approx(4.54, abs=0.005)


# What is folded


def test_what_is_folded_is_closed_on_a_screen_and_open_on_paper(shown: Shown) -> None:
    seen = shown.opened.ask(
        "() => [...document.querySelectorAll('details > .folded')].map(one => one.firstElementChild"
        ".checkVisibility({contentVisibilityAuto: true}) && one.getBoundingClientRect().height > 0)"
    )
    assert len(seen) >= 2
    assert set(seen) == {shown.face is PRINT}


@pytest.mark.parametrize("face", [LIGHT, DARK, PHONE], ids=lambda face: face.name)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_unfolded_has_room(
    name: str, face: Face, browser: Browser, reports: dict[str, Path]
) -> None:
    with opened(browser, reports[name], face) as shown:
        unfold(shown)
        asked = Shown(name, face, shown)
        test_nothing_scrolls_sideways(asked)
        test_text_stays_in_its_box(asked)
        test_text_in_charts_can_be_read(asked)
        test_the_charts_are_pictures_with_names_and_words(asked)


@pytest.mark.parametrize("name", ["nvme-consumer", "fleet"])
def test_a_click_and_a_key_open_what_is_folded(
    name: str, browser: Browser, reports: dict[str, Path]
) -> None:
    with opened(browser, reports[name], PHONE) as shown:
        first, last = shown.page.locator("summary").first, shown.page.locator("summary").last
        first.click()
        last.press("Enter")
        opened_now = shown.ask(
            "() => [...document.querySelectorAll('details')].map(one => one.open)"
        )
    assert opened_now[0]
    assert opened_now[-1]
    assert sum(opened_now) == 2


@pytest.mark.parametrize("name", ["hdd", "one-server", "measured", "tmpfs", "fleet"])
def test_four_screens_are_enough(name: str, browser: Browser, reports: dict[str, Path]) -> None:
    with opened(browser, reports[name], LIGHT) as shown:
        assert shown.ask("() => document.scrollingElement.scrollHeight") <= 4 * 900


def test_paper_has_what_is_folded(browser: Browser, reports: dict[str, Path]) -> None:
    """Of the PDF: as many pages as with all of it opened by hand."""
    with opened(browser, reports["one-server"], PRINT) as shown:
        closed = pages(shown.page.pdf(format="A4"))
        unfold(shown)
        assert closed == pages(shown.page.pdf(format="A4")) > 5


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


# One face is enough


@pytest.mark.parametrize("name", NAMES)
def test_the_table_of_contents_leads_to_every_section(
    name: str, browser: Browser, reports: dict[str, Path]
) -> None:
    with opened(browser, reports[name], PHONE) as shown:
        targets = shown.ask("() => [...document.querySelectorAll('nav a')].map(one => one.hash)")
        sections = shown.ask(
            "() => [...document.querySelectorAll('.part > h2')].map(one => '#' + one.id)"
        )
        assert targets == sections
        for number in (0, len(targets) // 2, len(targets) - 1):
            shown.page.locator("nav a").nth(number).click()
            top, bottom = shown.ask(
                "() => { const one = document.querySelector(':target').getBoundingClientRect();"
                " return [one.top, one.bottom]; }"
            )
            assert shown.page.url.endswith(targets[number])
            assert top >= 0
            assert bottom <= 900


@pytest.mark.parametrize(("name", "face"), AXE, ids=[f"{one}-{face.name}" for one, face in AXE])
def test_axe_finds_no_violation(
    name: str, face: Face, browser: Browser, reports: dict[str, Path], axe: str
) -> None:
    with opened(browser, reports[name], face, scripts=True) as shown:
        unfold(shown)
        shown.ask(axe)
        found = shown.ask("() => axe.run(document, {resultTypes: ['violations']})")
    said = [
        (violation["id"], violation["help"], [node["html"][:200] for node in violation["nodes"]])
        for violation in found["violations"]
    ]
    assert said == []
    assert len(found["passes"]) > 20  # it did look


def test_hostile_names_are_shown_and_do_nothing(browser: Browser, reports: dict[str, Path]) -> None:
    with opened(browser, reports["hostile"], LIGHT) as shown:
        text = shown.page.locator("main").inner_text()
    first = HOSTILE.partition("\u202e")[0].strip()
    assert first in text
    assert "{{ 7*7 }}" in text


def test_the_report_prints(browser: Browser, reports: dict[str, Path]) -> None:
    with opened(browser, reports["nvme-consumer"], PRINT) as shown:
        assert shown.page.pdf(format="A4").startswith(b"%PDF-")
        kept = shown.ask(
            "() => [...document.querySelectorAll('figure')]"
            ".map(one => getComputedStyle(one).breakInside)"
        )
    assert set(kept) == {"avoid"}
