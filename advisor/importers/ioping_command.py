"""An ioping command line above a report: its options, and whether it is that run's.

Source: ioping(1) of 0.9 to 1.3, whose options are letters, and since 1.2 words behind one dash.
"""

import re
from collections.abc import Mapping
from typing import Final

from advisor.importers.figures import size_bytes

COMMAND: Final = re.compile(r"\bioping(?:\.exe)?[ \t]{1,8}(-[^\n]{0,300})")

_WORDS: Final[Mapping[str, str]] = {
    "async": "A",
    "cached": "C",
    "direct": "D",
    "read-write": "G",
    "linear": "L",
    "write": "W",
    "sync": "Y",
    "dsync": "y",
    "rapid": "R",
    "keep": "k",
    "warmup": "a",
    "burst": "b",
    "count": "c",
    "entropy": "e",
    "interval": "i",
    "size": "s",
    "work-size": "S",
    "work-offset": "o",
    "work-time": "w",
    "speed-limit": "l",
    "rate-limit": "r",
    "min-time": "t",
    "max-time": "T",
    "batch": "B",
    "json": "J",
    "print-count": "p",
    "print-interval": "P",
    "quiet": "q",
}
_TAKE_VALUE: Final = frozenset("abceisSowlrtTpP")
DEFAULT_BYTES: Final = 4096


def options_of(command: str) -> dict[str, str]:
    """Of "-W -c 10 -qs8k ." the letters with their values, "" for none.

    The target stands under "": what is left over last.
    """
    found: dict[str, str] = {}
    words = command.split()
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            found[""] = word
            continue
        name = word.lstrip("-")
        letters = _WORDS.get(name, name)
        while letters:
            letter, letters = letters[0], letters[1:]
            found[letter] = ""
            if letter in _TAKE_VALUE:
                found[letter] = letters or (words.pop(0) if words else "")
                letters = ""
    return found


def contradiction(
    options: Mapping[str, str],
    *,
    count: float | None = None,
    block_bytes: float | None = None,
    path: str = "",
    wrote: bool | None = None,
) -> str:
    """Why a command with these options was not that of a run that shows this; "" if nothing does.

    What a report does not show is None or "".
    """
    if wrote is not None and wrote != ("W" in options):
        return (
            f"it {'wrote' if 'W' in options else 'read'} there, {'wrote' if wrote else 'read'} here"
        )
    said_count = options.get("c", "")
    # Up to 0.9 the first request counts; later it is a warm-up, and -a changes how many are.
    if count and said_count.isdecimal() and count > int(said_count):
        return f"-c {said_count} there, {count:.0f} requests here"
    said_bytes = size_bytes(options["s"]) if "s" in options else DEFAULT_BYTES
    if said_bytes and block_bytes and block_bytes != said_bytes and "L" not in options:
        return f"{said_bytes} bytes there, {block_bytes:.0f} here"
    target = options.get("", "")
    if path and target and path.rstrip("/") != target.rstrip("/"):
        return f"{target} there, {path} here"
    return ""
