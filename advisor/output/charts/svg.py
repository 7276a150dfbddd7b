"""SVG elements as text: numbers in two decimals, all text and attributes escaped."""

from collections.abc import Iterable
from html import escape
from typing import Final

from advisor.output.text import one_line
from advisor.output.typography import typeset

NAMESPACE: Final = "http://www.w3.org/2000/svg"

AttributeValue = str | float
"""Of an attribute."""


def element(name: str, text: str = "", /, **attributes: AttributeValue) -> str:
    """One element without children. An underscore in an attribute's name stands for a dash."""
    start = f"<{name}{_written(attributes)}"
    return f"{start}>{_escaped(text)}</{name}>" if text else f"{start}/>"


def document(
    children: Iterable[str],
    *,
    width: float,
    height: float,
    title: str,
    description: str,
    key: str,
    style: str,
) -> str:
    """One <svg> of `width` by `height` units that takes its size from the page.

    A screen reader reads `title` and `description`; `key`, unique in the page, begins their ids.
    """
    attributes: dict[str, AttributeValue] = {
        "xmlns": NAMESPACE,
        "role": "img",
        "aria-labelledby": f"{key}-title {key}-desc",
        "viewBox": f"0 0 {number(width)} {number(height)}",
        "style": style,
    }
    named = (
        f'<title id="{key}-title">{_escaped(title)}</title>'
        f'<desc id="{key}-desc">{_escaped(description)}</desc>'
    )
    return f"<svg{_written(attributes)}>{named}{''.join(children)}</svg>"


def number(value: float) -> str:
    """At most two decimals: a hundredth of a unit is finer than any screen."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _escaped(text: str) -> str:
    """On one line, which also rids it of the code points that XML refuses."""
    return escape(typeset(one_line(text)), quote=False)


def _written(attributes: dict[str, AttributeValue]) -> str:
    return "".join(
        f' {name.replace("_", "-")}="{escape(value if isinstance(value, str) else number(value))}"'
        for name, value in attributes.items()
    )
