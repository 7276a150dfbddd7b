"""What every chart is drawn on: shapes and text in the page's colours, at places in units.

Text is real <text> in the font of the page: small, sharp on a phone, found and copied like the rest
of the page.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from advisor.output.charts.svg import document, element, number
from advisor.output.charts.text_metrics import FONT_SIZE, text_width

WIDTH: Final = 380.0
"""Of a chart in a page, in units; so narrow that a phone shows the text large enough."""

LINE_HEIGHT: Final = 15.0
KEY_WIDTH: Final = 22.0
HAIRLINE: Final = 0.8

INK: Final = "currentColor"
MUTED: Final = "var(--muted, #57606a)"
ACCENT: Final = "var(--accent, #0b62c4)"
LINE: Final = "var(--line, #d5dae0)"
BAD: Final = "var(--bad, #b3261e)"
"""The colours of the page, by day and by night; the fallbacks hold outside of a page."""

SOLID: Final = ""
DASHED: Final = "9 4.5"
DOTTED: Final = "2 3"
"""As stroke-dasharray has them."""

Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]
"""x from the left edge, y from the top one."""


@dataclass(slots=True)
class Canvas:
    """A drawing of `width` by `height` units; what is drawn later lies over what was before."""

    height: float
    width: float = WIDTH
    font_family: str = ""
    """Of a drawing that stands alone; in a page, it is the page's."""
    elements: list[str] = field(init=False, default_factory=list)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        colour: str = INK,
        anchor: Anchor = "start",
        bold: bool = False,
    ) -> None:
        """Set a text on the baseline `y`."""
        attributes = {"text_anchor": anchor} if anchor != "start" else {}
        weight = "; font-weight: 600" if bold else ""
        style = f"fill: {colour}{weight}"
        self.elements.append(element("text", text, x=x, y=y, **attributes, style=style))

    def middle_of(self, x: float, text: str) -> float:
        """The middle of a text that is centred on `x`, or moved off an edge that would cut it."""
        half = text_width(text) / 2
        return max(half, min(self.width - half, x))

    def line(
        self, points: Iterable[Point], colour: str, *, width: float, dashes: str = SOLID
    ) -> None:
        """A line through all points."""
        path = " L ".join(_at(x, y) for x, y in points)
        dashing = f"; stroke-dasharray: {dashes}" if dashes else ""
        style = f"stroke: {colour}; stroke-width: {number(width)}{dashing}"
        self.elements.append(element("path", d=f"M {path}", style=style))

    def bar(self, left: float, top: float, right: float, bottom: float, colour: str) -> None:
        """A filled rectangle between these edges."""
        self.elements.append(
            element(
                "rect",
                x=left,
                y=top,
                width=right - left,
                height=bottom - top,
                style=f"fill: {colour}",
            )
        )

    def area(self, points: Iterable[Point], colour: str) -> None:
        """A filled outline; its thin edge keeps it visible where it is narrower than a pixel."""
        path = " L ".join(_at(x, y) for x, y in points)
        style = f"fill: {colour}; stroke: {colour}; stroke-width: 0.3"
        self.elements.append(element("path", d=f"M {path} Z", style=style))

    def dot(self, x: float, y: float, radius: float, colour: str) -> None:
        """A filled circle around (x, y)."""
        self.elements.append(element("circle", cx=x, cy=y, r=radius, style=f"fill: {colour}"))

    def diamond(self, x: float, y: float, radius: float, colour: str) -> None:
        """A filled square on its tip around (x, y), its corners `radius` away."""
        corners = (x - radius, y), (x, y - radius), (x + radius, y), (x, y + radius)
        path = " L ".join(_at(*corner) for corner in corners)
        self.elements.append(element("path", d=f"M {path} Z", style=f"fill: {colour}"))

    def key(self, row: int, text: str, colour: str, dashes: str) -> None:
        """What a kind of line stands for, in a row of text of its own; 0 is the topmost."""
        y = (row + 0.5) * LINE_HEIGHT
        self.line([(0, y), (KEY_WIDTH, y)], colour, width=1.5, dashes=dashes)
        self.text(KEY_WIDTH + 6, y + 0.35 * FONT_SIZE, text)

    def svg(self, title: str, description: str, key: str) -> str:
        """All of it as one <svg>; `key` is unique in the page."""
        font = f"font-size: {number(FONT_SIZE)}px"
        if self.font_family:
            font += f"; font-family: {self.font_family}"
        return document(
            self.elements,
            width=self.width,
            height=self.height,
            title=title,
            description=description,
            key=key,
            style=f"{font}; fill: none; stroke-linejoin: round; overflow: visible",
        )


def _at(x: float, y: float) -> str:
    return f"{number(x)} {number(y)}"
