"""A canvas as one <svg> for a page: the page's colours and font, and nothing that differs twice."""

import re
from io import StringIO
from typing import Final
from xml.etree import ElementTree

import matplotlib

from advisor.output.charts.canvas import CSS, WIDTH, Canvas, Lettering
from advisor.output.charts.lettering import SIZE, clean

_NAMESPACE: Final = "http://www.w3.org/2000/svg"
_LINK: Final = "{http://www.w3.org/1999/xlink}href"
_REFERENCE: Final = re.compile(r"#([^)]+)\)?$")
_NO_METADATA: Final = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def to_svg(canvas: Canvas, title: str, description: str, key: str) -> str:
    """The drawing; `key` is unique in the page, and begins or salts every id."""
    drawn = StringIO()
    with matplotlib.rc_context({"svg.hashsalt": key}):
        canvas.figure.savefig(drawn, format="svg", metadata=_NO_METADATA)
    shapes = ElementTree.fromstring(drawn.getvalue())
    root = ElementTree.Element(
        "svg",
        {
            "xmlns": _NAMESPACE,
            "role": "img",
            "aria-labelledby": f"{key}-title {key}-desc",
            "viewBox": f"0 0 {WIDTH:g} {canvas.height:g}",
            "style": f"font-size: {SIZE}px; stroke-linejoin: round",
        },
    )
    ElementTree.SubElement(root, "title", id=f"{key}-title").text = clean(title)
    ElementTree.SubElement(root, "desc", id=f"{key}-desc").text = clean(description)
    root.extend(_our_own(shapes))
    root.extend(map(_text, canvas.letterings))
    return ElementTree.tostring(root, encoding="unicode")


def _our_own(shapes: ElementTree.Element) -> list[ElementTree.Element]:
    """Matplotlib's elements without its prefixes, its style sheet and the ids that nothing uses."""
    referred = {
        found[1]
        for element in shapes.iter()
        for name in (_LINK, "clip-path")
        if (found := _REFERENCE.search(element.get(name, "")))
    }
    for element in shapes.iter():
        element.tag = element.tag.removeprefix(f"{{{_NAMESPACE}}}")
        element.text = element.tail = None
        if element.get("id") not in referred:
            element.attrib.pop("id", None)
        if _LINK in element.attrib:
            element.set("href", element.attrib.pop(_LINK))
        if "style" in element.attrib:
            element.set("style", _with_css_colours(element.attrib["style"]))
        if "d" in element.attrib:
            element.set("d", " ".join(element.attrib["d"].split()))
    for parent in list(shapes.iter()):
        for sheet in parent.findall("style"):  # it would hold for the whole page
            parent.remove(sheet)
    return list(shapes)


def _with_css_colours(style: str) -> str:
    return re.sub("#[0-9a-f]{6}", lambda found: CSS[found[0]], style)


def _text(lettering: Lettering) -> ElementTree.Element:
    style = f"fill: {CSS[lettering.colour]}"
    if lettering.bold:
        style += "; font-weight: 600"
    place = {"x": f"{lettering.x:.1f}", "y": f"{lettering.y:.1f}"}
    if lettering.anchor != "start":
        place["text-anchor"] = lettering.anchor
    element = ElementTree.Element("text", {**place, "style": style})
    element.text = lettering.text
    return element
