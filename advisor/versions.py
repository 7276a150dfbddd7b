"""Server vendors and versions. The vendor decides first: MariaDB 11 is not "later than MySQL 8"."""

import re
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, PlainSerializer

from advisor.errors import UsageError

Vendor = Literal["mysql", "mariadb", "postgresql"]
VENDORS: Final[tuple[Vendor, ...]] = ("mysql", "mariadb", "postgresql")
VENDOR_NAMES: Final[dict[Vendor, str]] = {
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "postgresql": "PostgreSQL",
}

KNOWN_VERSIONS: Final[dict[Vendor, tuple[str, str]]] = {
    "mysql": ("5.7", "9.7"),
    "mariadb": ("10.6", "11.8"),
    "postgresql": ("13", "18"),
}
"""The oldest and the newest release series in the tables, both included."""

NumericVersion = tuple[int, ...]


def parse_version(text: str) -> NumericVersion:
    """The leading dotted number: "10.11.19-MariaDB-0+deb12u1" -> (10, 11, 19)."""
    found = re.match(r"\s*v?(\d+(?:\.\d+){0,3})", text)
    if not found:
        raise UsageError(f"{text!r} is not a version", "Give it as 8.0.36, 10.11 or 17.")
    return tuple(int(part) for part in found[1].split("."))


def format_version(version: NumericVersion) -> str:
    return ".".join(map(str, version))


def in_range(
    version: NumericVersion, since: NumericVersion | None, until: NumericVersion | None
) -> bool:
    """Whether `since` <= version < `until`; a missing end is open."""
    return (since is None or version >= since) and (until is None or version < until)


VersionText = Annotated[
    NumericVersion,
    BeforeValidator(lambda value: parse_version(value) if isinstance(value, str) else value),
    PlainSerializer(format_version, return_type=str),
]
"""A version as a field of a model: a string in the file, numbers in the program."""
