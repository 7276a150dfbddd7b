"""What a server answers, taken apart with the doubt it deserves: another may stand in its place."""

import re
from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any, Final

from advisor.errors import AdvisorError, UsageError
from advisor.versions import NumericVersion, parse_version

Rows = list[tuple[Any, ...]]

QUOTED_MAX: Final = 80
"""Characters of an odd value that an error shows."""

COUNT_MAX: Final = 2**64
"""No counter of any server has more."""

NUMBER: Final = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?")


class Shown(dict[str, str]):
    """Setting -> its value. One that the server does not show is an error of the server's."""

    def __missing__(self, name: str) -> str:
        raise AdvisorError(f"the server does not show its {name}: is it a server of that kind?")


def texts(rows: Rows, columns: int) -> Iterator[tuple[str, ...]]:
    """Rows of so many columns, all as text; NULL is "". Raises AdvisorError."""
    for row in rows:
        require_columns(row, columns)
        yield tuple("" if value is None else str(value) for value in row)


def require_columns(row: Sequence[Any], columns: int) -> None:
    """Raises AdvisorError for a row of more or less."""
    if len(row) != columns:
        raise AdvisorError(
            f"the server answers with {len(row)} columns where {columns} were asked for"
        )


def only_row(rows: Rows, columns: int) -> tuple[Any, ...]:
    """That of a statement that asks for one, of so many columns. Raises AdvisorError."""
    if len(rows) != 1:
        raise AdvisorError(f"the server answers with {len(rows)} rows where one is due")
    require_columns(rows[0], columns)
    return rows[0]


def only_value(rows: Rows) -> Any:
    """That of a statement that asks for one. Raises AdvisorError."""
    if len(rows) != 1 or len(rows[0]) != 1:
        raise AdvisorError(f"the server answers with {len(rows)} rows where one value is due")
    return rows[0][0]


def count_of(value: object) -> int:
    """What a server has counted. Raises AdvisorError for what no counter holds."""
    text = str(value)
    if not re.fullmatch(r"[0-9]{1,20}", text) or int(text) > COUNT_MAX:
        raise AdvisorError(f"the server counts {quoted(text)}, which is not a count")
    return int(text)


def number_of(name: str, text: str) -> float:
    """A setting that is a number, zero or more. Raises AdvisorError."""
    if NUMBER.fullmatch(text) and isfinite(number := float(text)) and number >= 0:
        return number
    raise AdvisorError(f"the server shows {name} = {quoted(text)}, which is not a number")


def version_of_server(text: str) -> NumericVersion:
    """The version that a server calls its own. Raises AdvisorError."""
    try:
        return parse_version(text[:QUOTED_MAX])
    except UsageError:
        raise AdvisorError(f"the server calls its version {quoted(text)}") from None


def quoted(text: str) -> str:
    """An odd value as an error shows it."""
    return repr(text if len(text) <= QUOTED_MAX else f"{text[:QUOTED_MAX]}...")
