"""The names that servers go by on the command line and in JSON."""

from collections.abc import Mapping
from typing import Final, Literal, get_args

VendorName = Literal["mysql", "mariadb", "postgresql"]
VENDOR_NAMES: Final[tuple[VendorName, ...]] = get_args(VendorName)

ServiceName = Literal["rds", "aurora", "cloud-sql", "azure"]
"""Who runs a server for others: one file of profiles/services/ each."""

ClusterName = Literal["galera", "group-replication", "semi-sync", "sync-standby"]
"""How servers keep copies of what they acknowledge: one file of profiles/clusters/ each."""

NICKNAMES: Final[Mapping[str, VendorName]] = {
    "maria": "mariadb",
    "pg": "postgresql",
    "pgsql": "postgresql",
    "postgres": "postgresql",
    "psql": "postgresql",
}
"""What people type for them; taken on the command line, and shown nowhere."""

Engine = Literal["innodb", "postgresql"]
"""The folder under profiles/ that holds a server's settings: MySQL and MariaDB share InnoDB's."""

ENGINES: Final[tuple[Engine, ...]] = get_args(Engine)


def vendor_named(text: str) -> VendorName | None:
    """The server that is called so, in upper or lower case; None for no name of ours."""
    name = text.strip().casefold()
    known: Mapping[str, VendorName] = {vendor: vendor for vendor in VENDOR_NAMES}
    return known.get(name) or NICKNAMES.get(name)
