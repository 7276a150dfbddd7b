"""When hosts were measured: the first and the last of many, of which some may not say it."""

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Final

from advisor.model import Known, Unknown

A_DAY: Final = timedelta(days=1)
"""More than any zone differs from UTC."""

NOBODY_SAYS = Unknown(unknown="no result says when")


def in_utc(when: Known[datetime]) -> Known[datetime]:
    """The same; what has no zone is UTC."""
    if isinstance(when, Unknown):
        return when
    if when.tzinfo is None:
        return when.replace(tzinfo=timezone.utc)
    try:
        return when.astimezone(timezone.utc)
    except OverflowError:  # in the first or the last year that there is
        return when.replace(tzinfo=timezone.utc)


def is_ahead(when: Known[datetime], now: datetime) -> bool:
    """Whether a clock was wrong, and not only set to local time."""
    return not isinstance(when, Unknown) and when - now > A_DAY


def first_and_last(
    moments: Iterable[Known[datetime]],
) -> tuple[Known[datetime], Known[datetime]]:
    """Of those that are known."""
    known = [when for when in moments if not isinstance(when, Unknown)]
    return (min(known), max(known)) if known else (NOBODY_SAYS, NOBODY_SAYS)
