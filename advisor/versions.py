"""Server vendors and versions. The vendor decides first: MariaDB 11 is not "later than MySQL 8"."""

import re
from typing import Final, Literal

from advisor.errors import UsageError

Vendor = Literal["mysql", "mariadb", "postgresql"]
VENDORS: Final[tuple[Vendor, ...]] = ("mysql", "mariadb", "postgresql")
VENDOR_NAMES: Final[dict[Vendor, str]] = {
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "postgresql": "PostgreSQL",
}

Engine = Literal["innodb", "postgresql"]
"""What settings belong to: MySQL and MariaDB share InnoDB's."""

ENGINES: Final[dict[Vendor, Engine]] = {
    "mysql": "innodb",
    "mariadb": "innodb",
    "postgresql": "postgresql",
}

KNOWN_VERSIONS: Final[dict[Vendor, tuple[str, str]]] = {
    "mysql": ("5.7", "9.7"),
    "mariadb": ("10.6", "11.8"),
    "postgresql": ("13", "19"),
}
"""The oldest and the newest release series in the tables, both included."""

STARTED_VERSIONS: Final[dict[Vendor, tuple[str, ...]]] = {
    "mysql": ("9.7",),
    "mariadb": ("10.11", "11.8"),
    "postgresql": ("13", "14", "15", "16", "17", "18", "19"),
}
"""Release series that tests/servers starts with our fragments, every value read back."""

Feature = Literal["lz4", "zstd", "liburing", "numa"]
"""What a server may have been built with; some values exist only in such a build."""

FEATURES: Final[tuple[Feature, ...]] = ("lz4", "zstd", "liburing", "numa")

NumericVersion = tuple[int, ...]


def parse_version(text: str) -> NumericVersion:
    """The leading dotted number: "10.11.19-MariaDB-0+deb12u1" -> (10, 11, 19)."""
    found = re.match(r"\s*v?(\d+(?:\.\d+){0,3})", text)
    if not found:
        raise UsageError(f"{text!r} is not a version", "write it like 8.0.36, 10.11 or 17")
    return tuple(int(part) for part in found[1].split("."))


def format_version(version: NumericVersion) -> str:
    return ".".join(map(str, version))


def started_here(vendor: Vendor, version: NumericVersion) -> bool:
    """Whether a server of that release series is started with our fragments by our tests."""
    series = map(parse_version, STARTED_VERSIONS[vendor])
    return any(version[: len(one)] == one for one in series)


def started_series(vendor: Vendor) -> str:
    """The series of STARTED_VERSIONS for people: "9.7", "10.11 and 11.8", "13 to 19"."""
    series = STARTED_VERSIONS[vendor]
    if len(series) > 2 and all(one.isdecimal() for one in series):
        numbers = [int(one) for one in series]
        if numbers == list(range(numbers[0], numbers[-1] + 1)):
            return f"{series[0]} to {series[-1]}"
    return " and ".join(filter(None, (", ".join(series[:-1]), series[-1])))


def in_range(
    version: NumericVersion, since: NumericVersion | None, until: NumericVersion | None
) -> bool:
    """Whether `since` <= version < `until`; a missing end is open."""
    return (since is None or version >= since) and (until is None or version < until)
