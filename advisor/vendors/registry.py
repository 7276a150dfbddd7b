"""All servers by name. Code that reads, starts or asks one gets what differs from here."""

import re
from collections.abc import Mapping
from typing import Final

from advisor.errors import UsageError
from advisor.vendors.base import Vendor
from advisor.vendors.commits import ASYNCHRONOUS, SEPARATE_FILES, CommitSequence
from advisor.vendors.mariadb import MariaDB
from advisor.vendors.mysql import MySQL
from advisor.vendors.names import VendorName
from advisor.vendors.postgresql import PostgreSQL
from advisor.versions import NEWEST, NumericVersion, Version, not_a_version, parse_version

VENDORS: Final[Mapping[VendorName, Vendor]] = {
    vendor.name: vendor for vendor in (MySQL(), MariaDB(), PostgreSQL())
}


COMMIT_SEQUENCES: Final[Mapping[str, CommitSequence]] = {
    sequence.kind: sequence
    for sequence in (
        *(sequence for vendor in VENDORS.values() for sequence in vendor.sequences),
        ASYNCHRONOUS,
        SEPARATE_FILES,
    )
}
"""Every way to commit, by its name in JSON."""


_VERSION: Final = re.compile(
    r"(?:(?P<name>[a-z][a-z ]*)[ :-])?(?:\d+:)?(?:5\.5\.5-(?=\d+\.\d))?"
    r"(?P<number>v?\d+(?:\.\d+){0,3})(?P<rest>.*)",
    re.DOTALL,
)
"""Of "PostgreSQL 16.2 (Debian 16.2-1)", "1:10.11.6-0+deb12u1", "5.5.5-10.11.6-MariaDB" what counts:
a name that may come first, no epoch of Debian's, and not the 5.5.5 that MariaDB's protocol begins
with."""

_CUT_SHORT: Final = re.compile(r",|\.?[x*](?![a-z])|e\d|\.\d")
"""What follows the number where it is none after all: 8,4 and 9.x and 1e3 and 8.0.0.0.1."""

_VENDOR_OF_WORD: Final[Mapping[str, VendorName]] = {
    word: vendor.name for vendor in VENDORS.values() for word in vendor.version_words
}
_FILLERS: Final = frozenset({"community", "server", "version"})
"""What stands beside a name and tells nothing."""

PACKED_SINCE: Final = 10_000
"""From here on a number without dots is a version as a server counts it: 80036, 101106, 160002."""


def vendor_of_banner(banner: str) -> tuple[VendorName, NumericVersion] | None:
    """Whose program prints that --version, and which; None if it is none of ours."""
    for vendor in VENDORS.values():
        if version := vendor.parse_banner(banner):
            return vendor.name, version
    return None


def version_of(vendor: VendorName, text: str) -> NumericVersion:
    """A version as people find it: a number, a banner, a package's version, SELECT version(), or
    server_version_num. A series is its newest release.

    Raises UsageError for what is none, and for another server's.
    """
    named, version = vendor_of_banner(text) or _plain_version(text)
    if len(version) == 1 and version[0] >= PACKED_SINCE:
        version = VENDORS[vendor].unpack_version(version[0])
    if named is not None and named != vendor:
        other = VENDORS[named].title
        raise UsageError(
            f"{text.strip()!r} is a version of {other}, not of {VENDORS[vendor].title}",
            f"did you mean --db {named}?",
        )
    is_series = len(version) <= VENDORS[vendor].series_length
    return Version((*version, NEWEST)) if is_series else version


def _plain_version(text: str) -> tuple[VendorName | None, NumericVersion]:
    found = _VERSION.match(text.strip().lower())
    if found is None or not set(_words(found["name"])) <= {*_VENDOR_OF_WORD, *_FILLERS}:
        return None, parse_version(text)
    if _CUT_SHORT.match(found["rest"]):
        raise not_a_version(text)
    told = (*_words(found["name"]), *_words(found["rest"]))
    named = next((_VENDOR_OF_WORD[word] for word in told if word in _VENDOR_OF_WORD), None)
    return named, parse_version(found["number"])


def _words(text: str | None) -> list[str]:
    return re.findall("[a-z]+", text or "")


def relatives_with(vendor: VendorName, version: NumericVersion) -> list[VendorName]:
    """The servers of the same engine that have a release of that number."""
    return [
        other.name
        for other in VENDORS.values()
        if other.name != vendor
        and other.engine == VENDORS[vendor].engine
        and not other.is_too_old(version)
        and not other.newer_than_known(version)
    ]


def newer_than_known(vendor: VendorName, version: NumericVersion) -> str:
    """What to say of a version that is newer than the tables; "" where it is not."""
    note = VENDORS[vendor].newer_than_known(version)
    relatives = relatives_with(vendor, version) if note else []
    return f"{note}; did you mean --db {relatives[0]}?" if relatives else note


def vendor_of_scheme(scheme: str) -> VendorName | None:
    """Whose server a DSN names that begins so; None for no scheme of ours."""
    for vendor in VENDORS.values():
        if scheme in vendor.dsn_schemes:
            return vendor.name
    return None
