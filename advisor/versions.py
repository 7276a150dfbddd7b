"""Versions as numbers. The vendor decides first: MariaDB 11 is not "later than MySQL 8"."""

import re
from typing import Final, Literal, get_args

from advisor.errors import UsageError

Feature = Literal["lz4", "zstd", "liburing", "numa"]
"""What a server may have been built with; some values exist only in such a build."""

FEATURES: Final[tuple[Feature, ...]] = get_args(Feature)

NumericVersion = tuple[int, ...]


def parse_version(text: str) -> NumericVersion:
    """The leading dotted number: "10.11.19-MariaDB-0+deb12u1" -> (10, 11, 19)."""
    found = re.match(r"\s*v?(\d+(?:\.\d+){0,3})", text)
    if not found:
        raise UsageError(f"{text!r} is not a version", "write it like 8.0.36, 10.11 or 17")
    return tuple(int(part) for part in found[1].split("."))


def format_version(version: NumericVersion) -> str:
    return ".".join(map(str, version))


def in_range(
    version: NumericVersion, since: NumericVersion | None, until: NumericVersion | None
) -> bool:
    """Whether `since` <= version < `until`; a missing end is open."""
    return (since is None or version >= since) and (until is None or version < until)
