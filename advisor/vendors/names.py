"""The names that servers go by on the command line and in JSON."""

from typing import Final, Literal, get_args

VendorName = Literal["mysql", "mariadb", "postgresql"]
VENDOR_NAMES: Final[tuple[VendorName, ...]] = get_args(VendorName)

Engine = Literal["innodb", "postgresql"]
"""The folder under profiles/ that holds a server's settings: MySQL and MariaDB share InnoDB's."""

ENGINES: Final[tuple[Engine, ...]] = get_args(Engine)
