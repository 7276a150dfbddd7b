"""Bytes of an answer -> what Python makes of them, whatever they are. Pure."""

import re
from typing import Final, Literal

from advisor.servers.connection.limits import WireError

Kind = Literal["text", "whole", "truth"]
"""What a column has: truth is PostgreSQL's t or f."""

TEXT_MAX: Final = 16_384
"""Characters of a value that are kept; no setting of ours has as many."""

SAID_MAX: Final = 400
"""Characters of a message that are shown."""

WHOLE_DIGITS_MAX: Final = 20

SAME_ENCODING: Final = re.compile(r"(?:UTF8|LATIN(?:[1-9]|10)|KOI8[RU]|WIN(\d{3,4})|EUC_(?:JP|KR))")
"""PostgreSQL's encodings that Python knows, all but WIN by the same name."""


def encoding_of(name: str) -> str:
    """Python's name for an encoding of PostgreSQL; where that is none of bytes alone, as SQL_ASCII
    is none, UTF-8, whose faults are shown."""
    found = SAME_ENCODING.fullmatch(name)
    if found is None:
        return "utf-8"
    return f"cp{found[1]}" if found[1] else name.replace("KOI8", "KOI8-").lower()


def as_text(sent: bytes, encoding: str = "utf-8") -> str:
    r"""What is no character is shown as \xNN, so that the text may be printed and stored."""
    text = sent[: 4 * TEXT_MAX].decode(encoding, "backslashreplace")
    return text if len(text) <= TEXT_MAX else f"{text[:TEXT_MAX]}..."


def as_value(sent: bytes | None, kind: Kind, encoding: str = "utf-8") -> str | int | bool | None:
    """One value; None: NULL. Raises WireError for a number that is none."""
    if sent is None:
        return None
    if kind == "text":
        return as_text(sent, encoding)
    if kind == "truth":
        return sent == b"t"
    if not re.fullmatch(rb"-?[0-9]{1,%d}" % WHOLE_DIGITS_MAX, sent):
        raise WireError(f"the server answers with {said(sent)!r} where a whole number is due")
    return int(sent)


def said(message: bytes | str) -> str:
    """What a server says, in one line and not longer than people read."""
    text = as_text(message) if isinstance(message, bytes) else message[:TEXT_MAX]
    text = " ".join(text.split())
    return text if len(text) <= SAID_MAX else f"{text[:SAID_MAX]}..."
