"""Values as MySQL and MariaDB write them."""

from dataclasses import dataclass
from typing import Final

from advisor.units import UNIT_BYTES, Value


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where the two differ."""


MYSQL: Final = Dialect()
MARIADB: Final = Dialect()


def render(value: Value, unit: str) -> str:
    """A value in the notation of option files, which take K, M and G and nothing else."""
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, str):
        return value
    if value > 0 and unit in UNIT_BYTES:
        size_bytes = value * UNIT_BYTES[unit]
        for suffix, unit_bytes in (("G", 1024**3), ("M", 1024**2), ("K", 1024)):
            if size_bytes % unit_bytes == 0:
                return f"{size_bytes // unit_bytes}{suffix}"
        return str(size_bytes)
    return str(value)
