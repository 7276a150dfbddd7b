"""JSON in a text that may hold more than JSON: warnings above it, several values in a row."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from advisor.errors import AdvisorError

MAX_CONTAINERS: Final = 300_000
"""Objects and arrays in one file. A fio job has about thirty; a small file could hold millions."""
MAX_FAILURES: Final = 3
"""Damaged values before the rest of the text is given up."""

_START: Final = re.compile(r"^[ \t]?(?:\{|\[\s{0,9}\{)", re.MULTILINE)
_DECODER: Final = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class JsonValue:
    """A JSON object, or an array of objects, in a text; `problem` says why it could not be read."""

    start: int
    value: Any
    problem: str = ""


def json_values(text: str) -> Iterator[JsonValue]:
    """Each value that begins a line. Raises AdvisorError for more parts than any report has."""
    if text.count("{") + text.count("[") > MAX_CONTAINERS:
        raise AdvisorError("its JSON has more parts than any report", "give fewer runs at a time")
    position, failures = 0, 0
    while failures < MAX_FAILURES and (start := _START.search(text, position)):
        try:
            value, position = _DECODER.raw_decode(text, start.end() - len(start[0].lstrip()))
        except (ValueError, RecursionError) as error:
            position, failures = start.end(), failures + 1
            yield JsonValue(start.start(), None, str(error)[:100])
        else:
            yield JsonValue(start.start(), value)


def damaged(found: JsonValue) -> AdvisorError:
    """What to say of a value that could not be read."""
    return AdvisorError(
        f"its JSON breaks off or is damaged: {found.problem}", "save the whole output"
    )


def member(value: Any, *path: str) -> Any:
    """What lies at a path of keys, or None."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def members(value: Any, *path: str) -> dict[str, Any]:
    """The object at a path of keys; empty where there is none."""
    found = member(value, *path)
    return found if isinstance(found, dict) else {}


def figure(value: Any, *path: str) -> float:
    """A number at a path of keys, 0 where there is none. Raises AdvisorError for anything else."""
    found = member(value, *path)
    if found is None:
        return 0.0
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found < 1e18:
        raise AdvisorError(f"its {'.'.join(path)} is {repr(found)[:40]}, which is not a number")
    return float(found)
