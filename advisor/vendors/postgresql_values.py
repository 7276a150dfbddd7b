"""Values as PostgreSQL writes them."""

from advisor.units import UNIT_BYTES, UNIT_US, Value


def render(value: Value, unit: str) -> str:
    """A value in the notation of postgresql.conf, which takes units: 4GB, 30s."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, str):
        return value
    if value > 0 and unit in UNIT_BYTES:
        return _render_size(value * UNIT_BYTES[unit])
    if value > 0 and unit in ("ms", "s"):
        return _render_duration(value * UNIT_US[unit])
    return str(value)


def _render_size(size_bytes: int) -> str:
    for suffix, unit_bytes in (("GB", 1024**3), ("MB", 1024**2), ("kB", 1024)):
        if size_bytes % unit_bytes == 0:
            return f"{size_bytes // unit_bytes}{suffix}"
    return f"{size_bytes}B"


def _render_duration(duration_us: int) -> str:
    for suffix, unit_us in (("min", 60_000_000), ("s", 1_000_000)):
        if duration_us % unit_us == 0:
            return f"{duration_us // unit_us}{suffix}"
    return f"{duration_us // 1000}ms"
