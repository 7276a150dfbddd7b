"""What a server did between two looks at its counters. Pure."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from advisor.analysis.looks import Count, ServerLook
from advisor.errors import AdvisorError
from advisor.server_activity import Activity
from advisor.vendors.base import Counter, Counters

RESET: Final = "the server's counters were reset meanwhile"
NOT_KNOWN: Final = "unknown: "


class CountedFigure(NamedTuple):
    """A figure, and what was counted; or None and "unknown: " and why; None and "" where there is
    nothing to count."""

    value: float | None
    source: str


def activity_between(counters: Counters, before: ServerLook, after: ServerLook) -> Activity:
    """What a server did between two looks."""
    seconds = after.at_s - before.at_s
    added = added_counts(counters, before, after)

    def rate(name: str) -> CountedFigure:
        found = added[name]
        return found if found.value is None else found._replace(value=found.value / seconds)

    def mean(count: str, total_us: str) -> CountedFigure:
        syncs, us = added[count], added[total_us]
        if us.value is None or syncs.value is None:
            return us if us.value is None else syncs
        if not syncs.value:
            return CountedFigure(None, f"{NOT_KNOWN}{us.source} has timed none")
        return CountedFigure(us.value / syncs.value, us.source)

    commits, logged = rate("commits"), rate("log_bytes")
    log, binary_log = rate("log_syncs"), rate("binary_log_syncs")
    log_us = mean("timed_log_syncs", "log_sync_us")
    binary_log_us = mean("timed_binary_log_syncs", "binary_log_sync_us")
    pages = _share(added["full_page_bytes"], added["full_page_of_bytes"])
    return Activity(
        seconds=seconds,
        commits_per_s=commits.value,
        commits_from=commits.source,
        log_syncs_per_s=log.value,
        log_syncs_from=log.source,
        binary_log_syncs_per_s=binary_log.value,
        binary_log_syncs_from=binary_log.source,
        log_sync_us=log_us.value,
        log_sync_us_from=log_us.source,
        binary_log_sync_us=binary_log_us.value,
        binary_log_sync_us_from=binary_log_us.source,
        log_bytes_per_s=logged.value,
        log_bytes_from=logged.source,
        full_page_percent=pages.value,
        full_page_from=pages.source,
        checkpoints_timed=_whole(added["checkpoints_timed"]),
        checkpoints_requested=_whole(added["checkpoints_requested"]),
        pages_written_per_s=rate("pages_written").value,
    )


def added_counts(
    counters: Counters, before: ServerLook, after: ServerLook
) -> dict[str, CountedFigure]:
    """Name -> what was added to each count."""
    asked: dict[str, Counter] = counters._asdict()
    ages = (before.counts.get("statistics_age_s"), after.counts.get("statistics_age_s"))
    reset = counters.statistics_age_s.statement if _fell(*ages) else None
    return {
        name: _difference(counter, before.counts[name], after.counts[name])
        if not counter.statement or counter.statement != reset
        else CountedFigure(None, f"{NOT_KNOWN}{RESET}")
        for name, counter in asked.items()
    }


def _difference(counter: Counter, first: Count, last: Count) -> CountedFigure:
    if isinstance(first, int) and isinstance(last, int):
        if last < first:
            return CountedFigure(None, f"{NOT_KNOWN}{RESET}")
        return CountedFigure(last - first, counter.source)
    why = last if isinstance(last, str) else first
    return CountedFigure(None, f"{NOT_KNOWN}{why}" if why else "")


def _fell(first: Count | None, last: Count | None) -> bool:
    return isinstance(first, int) and isinstance(last, int) and last < first


def _share(part: CountedFigure, whole: CountedFigure) -> CountedFigure:
    if part.value is None or whole.value is None:
        return part if part.value is None else whole
    if not whole.value:
        return CountedFigure(None, f"{NOT_KNOWN}nothing was logged")
    return CountedFigure(min(100.0, 100 * part.value / whole.value), part.source)


def _whole(found: CountedFigure) -> int | None:
    return None if found.value is None else int(found.value)


def require_no_restart(looks: Sequence[ServerLook]) -> None:
    """Raises AdvisorError where the server has run for a shorter time than before."""
    for before, after in pairwise(looks):
        if _fell(before.counts["uptime_s"], after.counts["uptime_s"]):
            raise AdvisorError("the server was restarted while it was observed", "observe it again")
