"""All servers by name. Code that reads, starts or asks one gets what differs from here."""

from collections.abc import Mapping
from typing import Final

from advisor.vendors.base import Vendor
from advisor.vendors.commits import ASYNCHRONOUS, SEPARATE_FILES, CommitSequence
from advisor.vendors.mariadb import MariaDB
from advisor.vendors.mysql import MySQL
from advisor.vendors.names import VendorName
from advisor.vendors.postgresql import PostgreSQL
from advisor.versions import NumericVersion

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


def vendor_of_banner(banner: str) -> tuple[VendorName, NumericVersion] | None:
    """Whose program prints that --version, and which; None if it is none of ours."""
    for vendor in VENDORS.values():
        if version := vendor.parse_banner(banner):
            return vendor.name, version
    return None


def vendor_of_scheme(scheme: str) -> VendorName | None:
    """Whose server a DSN names that begins so; None for no scheme of ours."""
    for vendor in VENDORS.values():
        if scheme in vendor.dsn_schemes:
            return vendor.name
    return None
