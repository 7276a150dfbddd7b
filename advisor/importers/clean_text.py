"""Bytes -> text: what terminals, mail and editors do to a report on its way, undone."""

import quopri
import re
from collections.abc import Iterator
from typing import Final

from advisor.errors import AdvisorError

ENCODINGS: Final = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",  # a redirect in PowerShell
    b"\xfe\xff": "utf-16",
}
"""Byte order mark -> encoding. Without one: UTF-8."""

PACKED: Final = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ": "xz",
    b"BZh": "bzip2",
    b"PK\x03\x04": "zip",
}
"""First bytes of what must be unpacked first."""

_ESCAPES: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[@-Z^_=>])"
)
"""Colours, cursor moves, window titles."""
_QUOTES: Final = re.compile(r"^(?:[ \t]{0,3}>){1,20} ?", re.MULTILINE)
_QUOTED_PRINTABLE: Final = re.compile(r"=(?:[0-9A-F]{2}|[ \t]{0,8}$)", re.MULTILINE)
_COMMENT: Final = re.compile(r"^[ \t]{0,8}#[^\n]*$", re.MULTILINE)
_COMMENT_MARK: Final = re.compile(r"^[ \t]{0,8}#{1,4} ?", re.MULTILINE)
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b\u200e\u200f\ufeff]+")
_BLANKS: Final = re.compile(r"[\u00a0\u2000-\u200a\u202f\u205f\u3000]")


def clean(raw: bytes) -> str:
    """The report as its tool printed it, as far as that can be restored.

    Raises AdvisorError for what is empty, packed or no text.
    """
    for magic, program in PACKED.items():
        if raw.startswith(magic):
            raise AdvisorError(f"is packed with {program}", "unpack it first")
    text = _decoded(raw)
    if "\r" in text:  # Windows' line ends; progress lines that overwrite each other
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    text = _CONTROLS.sub("", text)
    if not text.isascii():
        text = _BLANKS.sub(" ", text)
    if "=3D" in text:
        text = _without_quoted_printable(text)
    if ">" in text:
        text = _QUOTES.sub("", text)
    text = text.replace("\\\n", " ")  # a command line over several lines
    if not text or text.isspace():
        raise AdvisorError("is empty", "was the tool's output redirected into it?")
    return text


def _without_quoted_printable(text: str) -> str:
    """Mail as it travels writes every "=" as "=3D" and breaks long lines with "=" (RFC 2045)."""
    start = text.find("=3D")
    body = text[text.rfind("\n\n", 0, start) + 1 :]
    if body.count("=") != len(_QUOTED_PRINTABLE.findall(body)):
        return text
    return quopri.decodestring(body.encode("utf-8", "replace")).decode("utf-8", "replace")


def commented_out(text: str) -> tuple[str, str]:
    """The text without its "#" lines, and the text with them but for the "#"."""
    return _COMMENT.sub("", text), _COMMENT_MARK.sub("", text)


def _decoded(raw: bytes) -> str:
    encoding = next((name for mark, name in ENCODINGS.items() if raw.startswith(mark)), None)
    if encoding is None and b"\0" in raw:
        raise AdvisorError(
            f"is binary: byte {raw.index(0)} is zero", "a tool's text or JSON output is needed"
        )
    # A path in another encoding must not cost the figures beside it.
    return raw.decode(encoding or "utf-8", "replace")


def printable(text: object, limit: int = 80) -> str:
    """Text from a report, fit to be kept and shown: short, without control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in str(text)[:limit])


def spans(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    """From each match to the next one, or to the end: what belongs to each."""
    start = None
    for match in pattern.finditer(text):
        if start is not None:
            yield start, match.start()
        start = match.start()
    if start is not None:
        yield start, len(text)
