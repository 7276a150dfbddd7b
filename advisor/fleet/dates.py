"""When hosts were measured: the first and the last of many, of which some may not say it."""

from collections.abc import Iterable
from datetime import datetime, timezone

from advisor.model import Known, Unknown

NOBODY_SAYS = Unknown(unknown="no result says when")


def in_some_zone(when: Known[datetime]) -> Known[datetime]:
    """The same; without a zone it is UTC, or it could not be held against others."""
    if isinstance(when, Unknown) or when.tzinfo is not None:
        return when
    return when.replace(tzinfo=timezone.utc)


def first_and_last(
    moments: Iterable[Known[datetime]],
) -> tuple[Known[datetime], Known[datetime]]:
    """Of those that are known."""
    known = [when for when in moments if not isinstance(when, Unknown)]
    return (min(known), max(known)) if known else (NOBODY_SAYS, NOBODY_SAYS)
