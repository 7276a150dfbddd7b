"""A report in a real browser: Debian's Chromium, headless, driven by Playwright."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from playwright.sync_api import Browser, Page, Playwright

from tests.support.faults import missing

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")

TIMEOUT_MS: Final = 20_000
"""For a click or a page to load; one that never comes should not hold up the others."""


@dataclass(frozen=True)
class Face:
    """How a page is looked at."""

    name: str
    width: int
    colour_scheme: Literal["light", "dark"] = "light"
    media: Literal["screen", "print"] = "screen"


LIGHT: Final = Face("light", 1280)
DARK: Final = Face("dark", 1280, "dark")
PHONE: Final = Face("phone", 360)
DARK_PHONE: Final = Face("dark-phone", 360, "dark")
PRINT: Final = Face("print", 718, "dark", "print")  # A4 less its margins; paper is never dark
FACES: Final = (LIGHT, DARK, PHONE, DARK_PHONE, PRINT)


@dataclass
class Opened:
    """A page that is open, and what became known of it meanwhile."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    """Of the console, and of scripts."""
    requests: list[str] = field(default_factory=list)

    def ask(self, function: str) -> Any:
        """What a function of JavaScript says; scripts of the page itself never run."""
        return self.page.evaluate(function)


def start_chromium(playwright: Playwright) -> Browser:
    """The system's own browser; no other is fetched."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        missing("chromium is not installed")
    return playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])


@contextmanager
def opened(
    browser: Browser, report: Path, face: Face, *, scripts: bool = False
) -> Iterator[Opened]:
    """The report in a context of its own, without JavaScript and without a network.

    `scripts` for one of ours that waits for something: the report itself has none.
    """
    context = browser.new_context(
        viewport={"width": face.width, "height": 900},
        color_scheme=face.colour_scheme,
        java_script_enabled=scripts,
        reduced_motion="reduce",  # a link's target is there at once
    )
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    shown = Opened(page, report.as_uri())

    def requested(route: Any) -> None:
        shown.requests.append(route.request.url)
        if route.request.url == shown.address:
            route.continue_()
        else:
            route.abort()

    context.route(re.compile(""), requested)
    page.on("console", lambda message: shown.complaints.append(message.text))
    page.on("pageerror", lambda error: shown.complaints.append(str(error)))
    page.emulate_media(media=face.media)
    page.goto(shown.address)
    yield shown
    context.close()
