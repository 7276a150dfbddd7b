"""What every chart is drawn on: shapes by matplotlib, text by us, in units of the viewBox.

Matplotlib would measure text in a font that the reader does not have, warn of glyphs that this font
lacks and read "$" as mathematics. So all text is set beside it, as real <text> in the font of the
page: a fifth of the size of outlines, sharp on a phone, found and copied like the rest of the page.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from advisor.output.charts.lettering import SIZE, width_of

WIDTH: Final = 380.0
"""Of every chart, in units; so narrow that a phone shows the text large enough."""

KEY_WIDTH: Final = 22.0
UNITS_PER_INCH: Final = 72.0
LINE_HEIGHT: Final = 15.0
UNDER_PLOT: Final = 2.6 * LINE_HEIGHT
"""What the figures of an axis and its caption take."""

INK: Final = "#000001"
MUTED: Final = "#000002"
ACCENT: Final = "#000003"
LINE: Final = "#000004"
BAD: Final = "#000005"
CSS: Final = {
    INK: "currentColor",
    MUTED: "var(--muted, #57606a)",
    ACCENT: "var(--accent, #0b62c4)",
    LINE: "var(--line, #d5dae0)",
    BAD: "var(--bad, #b3261e)",
}
"""Colours that matplotlib can carry, and what the page makes of them."""

Anchor = Literal["start", "middle", "end"]
Dashes = tuple[float, tuple[float, ...]]
"""As matplotlib takes them: where they begin, and how long they and their gaps are."""


@dataclass(frozen=True, slots=True)
class Lettering:
    """A text, and where its baseline stands, from the top left corner."""

    x: float
    y: float
    text: str
    colour: str
    anchor: Anchor
    bold: bool


@dataclass(slots=True)
class Canvas:
    """A drawing of WIDTH by `height`, its origin at the top left."""

    height: float
    figure: Figure = field(init=False)
    letterings: list[Lettering] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        size = (WIDTH / UNITS_PER_INCH, self.height / UNITS_PER_INCH)
        self.figure = Figure(figsize=size, dpi=UNITS_PER_INCH, frameon=False)

    def write(
        self,
        x: float,
        y: float,
        text: str,
        *,
        colour: str = INK,
        anchor: Anchor = "start",
        bold: bool = False,
    ) -> None:
        """Set a text; one in the middle of `x` is moved from an edge that would cut it."""
        if anchor == "middle":
            half = width_of(text) / 2
            x = max(half, min(WIDTH - half, x))
        self.letterings.append(Lettering(x, y, text, colour, anchor, bold))

    def plot(self, left: float, top: float, right: float, bottom: float) -> Axes:
        """An empty area for data between these edges, without any furniture."""
        axes = self.figure.add_axes(
            (
                left / WIDTH,
                1 - bottom / self.height,
                (right - left) / WIDTH,
                (bottom - top) / self.height,
            )
        )
        axes.set_axis_off()
        return axes

    def position(self, axes: Axes, x: float, y: float) -> tuple[float, float]:
        """Where a point of the data stands on the canvas; the scales must be final."""
        across, up = axes.transData.transform((x, y))
        return float(across), self.height - float(up)

    def x_axis(
        self, axes: Axes, ticks: Iterable[float], text: Callable[[float], str], caption: str
    ) -> None:
        """Figures under the plot, and under them what they are."""
        bottom = axes.get_ylim()[0]
        for tick in ticks:
            x, y = self.position(axes, tick, bottom)
            self.write(x, y + LINE_HEIGHT, text(tick), colour=MUTED, anchor="middle")
        _, y = self.position(axes, axes.get_xlim()[0], bottom)
        middle = sum(axes.bbox.intervalx) / 2
        self.write(middle, y + 2.1 * LINE_HEIGHT, caption, colour=MUTED, anchor="middle")

    def y_axis(
        self, axes: Axes, ticks: Iterable[float], text: Callable[[float], str], caption: str
    ) -> None:
        """Hairlines across the plot, their figures at the left and the caption on top of all."""
        left, right = axes.get_xlim()
        for tick in ticks:
            x, y = self.position(axes, left, tick)
            axes.hlines(tick, left, right, colors=LINE, linewidth=0.8, zorder=0)
            self.write(x - 5, y + 0.35 * SIZE, text(tick), colour=MUTED, anchor="end")
        self.write(0, SIZE, caption, colour=MUTED)

    def key(self, line: int, text: str, colour: str, dashes: Dashes) -> None:
        """What a kind of line stands for, in a line of text of its own; 0 is the first."""
        y = (line + 0.5) * LINE_HEIGHT
        self.figure.add_artist(
            Line2D(
                [0, KEY_WIDTH / WIDTH],
                [1 - y / self.height] * 2,
                color=colour,
                linewidth=1.5,
                linestyle=dashes,
            )
        )
        self.write(KEY_WIDTH + 6, y + 0.35 * SIZE, text)
