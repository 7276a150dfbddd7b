"""What time it is, to find dates in the future."""

from datetime import datetime, timezone


def now_utc() -> datetime:
    """By the clock of this host."""
    return datetime.now(timezone.utc)
