"""Versions as numbers. The vendor decides first: MariaDB 11 is not "later than MySQL 8"."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeVar, get_args

from pydantic import PlainSerializer, PlainValidator

from advisor.errors import UsageError

Feature = Literal["lz4", "zstd", "liburing", "numa"]
"""What a server may have been built with; some values exist only in such a build."""

FEATURES: Final[tuple[Feature, ...]] = get_args(Feature)

NumericVersion = tuple[int, ...]

_Found = TypeVar("_Found")

NEWEST: Final = 10**9
"""As the last part of a version: the newest release of the series. No release has so large a part,
and it is not shown: 8.0 as somebody says it is later than 8.0.34."""


class Version(NumericVersion):
    """A version that prints as it is written."""

    __slots__ = ()

    def __str__(self) -> str:
        return format_version(self)


def parse_version(text: str) -> Version:
    """The leading dotted number: "10.11.19-MariaDB-0+deb12u1" -> (10, 11, 19)."""
    found = re.match(r"\s*v?(\d{1,9}(?:\.\d{1,9}){0,3})", text)
    if not found:
        raise not_a_version(text)
    return Version(int(part) for part in found[1].split("."))


def not_a_version(text: str) -> UsageError:
    """The error to raise for it."""
    return UsageError(f"{text!r} is not a version", "write it like 8.0.36, 10.11 or 17")


def format_version(version: NumericVersion) -> str:
    return ".".join(map(str, told_parts(version)))


def told_parts(version: NumericVersion) -> NumericVersion:
    """What was said of a version: (8, 0) of the newest 8.0."""
    return version[: version.index(NEWEST)] if NEWEST in version else version


def in_range(
    version: NumericVersion, since: NumericVersion | None, until: NumericVersion | None
) -> bool:
    """Whether `since` <= version < `until`; a missing end is open."""
    return (since is None or version >= since) and (until is None or version < until)


def of_series(version: NumericVersion, by_series: Mapping[str, _Found]) -> _Found | None:
    """What stands there for the release series of that version: "8.0" is that of 8.0.36."""
    for series, found in by_series.items():
        number = parse_version(series)
        if version[: len(number)] == number:
            return found
    return None


def _version(value: object) -> Version:
    if isinstance(value, str):
        return parse_version(value)
    if isinstance(value, tuple) and all(isinstance(part, int) for part in value):
        return Version(value)
    raise ValueError(f'a version is a text like "8.4", not {value!r}')


VersionText = Annotated[
    NumericVersion, PlainValidator(_version), PlainSerializer(format_version, return_type=str)
]
"""A version as a field: a string in the file, a Version in the program."""
