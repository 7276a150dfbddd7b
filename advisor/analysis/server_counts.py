"""What a server's counters come to: since they began, and in the interval watched. Pure."""

from operator import add
from typing import Any, Final

from advisor.conditions import Fact
from advisor.model import Known, Model, Unknown, computed
from advisor.server_activity import Activity, CountedSince, ServerCounts
from advisor.units import format_count, format_span

RESET: Final = Unknown(unknown="the server's counters were reset meanwhile")
TOO_SHORT: Final = Unknown(unknown="it counts for less than a second")
NOT_COVERED: Final = Unknown(unknown="the log's count began later than that of checkpoints")
GROWING: Final = (
    *("log_position_bytes", "log_bytes", "full_page_bytes", "log_buffer_waits"),
    *("log_buffer_wait_bytes", "checkpoints_timed", "checkpoints_requested"),
    *("page_waits", "pages_needed"),
)


class CounterWindow(Model):
    """The figures of one stretch of time, which profiles/counters.toml may ask and show."""

    log_since: str
    """Of the log's counts and the waits: "since the server's start, 9 days ago"."""
    checkpoints_since: str
    log_s: Known[float]
    """How long that is."""
    log_bytes_per_s: Known[float]
    log_turns: Known[float]
    """How often as much was written as the log holds."""
    log_turns_per_h: Known[float]
    full_page_percent: Known[float]
    """Of the log's bytes, at most."""
    checkpoints: Known[int]
    checkpoints_by_size: Known[int]
    """Forced by the log's size, at most: no more than were requested, and no more than the log
    written was enough for, where that is known."""
    checkpoints_by_size_percent: Known[float]
    log_buffer_waits: Known[int]
    log_buffer_waits_per_h: Known[float]
    log_buffer_waits_percent: Known[float]
    """Of the log's bytes: what sessions wrote themselves, because its buffer was full."""
    page_waits: Known[int]
    page_waits_percent: Known[float]
    """Of the pages that were read or made."""

    def lookup(self, name: str) -> Fact:
        """The figure of that name."""
        fact: Fact = getattr(self, name)
        return fact


class ServerCounters(Model):
    """Both, and how much of the log is in use."""

    since_start: CounterWindow
    interval: CounterWindow
    log_size_bytes: Known[int]
    """The log that is kept; of PostgreSQL, what forces a checkpoint."""
    checkpoint_age_bytes: Known[int]
    """The log since the latest checkpoint, at the last look."""
    log_syncs_per_commit: Known[float]
    """In the interval."""


def counters(first: ServerCounts, last: ServerCounts, activity: Activity) -> ServerCounters:
    """What two looks come to, before and after `activity`."""
    seconds = activity.seconds
    grown: dict[str, Any] = {
        name: computed(_grown, getattr(first, name), getattr(last, name)) for name in GROWING
    }
    between = last._replace(**grown)
    # The position is exact at once, where there is one.
    position = between.log_position_bytes
    written = between.log_bytes if isinstance(position, Unknown) else position
    watched = f"in the {format_count(seconds)} s watched"
    covered = computed(_covers, last.log_since, last.checkpoints_since) is True
    return ServerCounters(
        since_start=CounterWindow(
            log_since=_words(last.log_since),
            checkpoints_since=_words(last.checkpoints_since),
            **_log(last.log_bytes, last, computed(_seconds, last.log_since)),
            **_checkpoints(last.log_bytes if covered else NOT_COVERED, last),
            **_waits(last, computed(_seconds, last.log_since)),
        ),
        interval=CounterWindow(
            log_since=watched,
            checkpoints_since=watched,
            **_log(written, between, seconds),
            **_checkpoints(written, between),
            **_waits(between, seconds),
        ),
        log_size_bytes=last.log_size_bytes,
        checkpoint_age_bytes=last.checkpoint_age_bytes,
        log_syncs_per_commit=_syncs_per_commit(activity),
    )


def _syncs_per_commit(activity: Activity) -> Known[float]:
    if activity.log_syncs_per_s is None or activity.commits_per_s is None:
        return Unknown(unknown="commits or log syncs are not counted")
    return _ratio(activity.log_syncs_per_s, activity.commits_per_s)


def _grown(first: int, last: int) -> Known[int]:
    return last - first if last >= first else RESET


def _words(since: Known[CountedSince]) -> str:
    if isinstance(since, Unknown):
        return "since an unknown time"
    return f"since {since.words}, {format_span(since.seconds)} ago"


def _log(
    written: Known[int], counts: ServerCounts, seconds: Known[float]
) -> dict[str, Known[float]]:
    turns = computed(_ratio, written, counts.log_size_bytes)
    return {
        "log_s": seconds,
        "log_bytes_per_s": computed(_ratio, written, seconds),
        "log_turns": turns,
        "log_turns_per_h": computed(_per_h, turns, seconds),
        "full_page_percent": computed(_percent, counts.full_page_bytes, counts.log_bytes),
    }


def _checkpoints(written: Known[int], counts: ServerCounts) -> dict[str, Known[float]]:
    """`written`: to the log, while they were counted."""
    total = computed(add, counts.checkpoints_timed, counts.checkpoints_requested)
    requested = counts.checkpoints_requested
    turns = computed(_ratio, written, counts.log_size_bytes)
    by_size = requested if isinstance(turns, Unknown) else computed(min, requested, int(turns))
    return {
        "checkpoints": total,
        "checkpoints_by_size": by_size,
        "checkpoints_by_size_percent": computed(_percent, by_size, total),
    }


def _waits(counts: ServerCounts, seconds: Known[float]) -> dict[str, Known[float]]:
    return {
        "log_buffer_waits": counts.log_buffer_waits,
        "log_buffer_waits_per_h": computed(_per_h, counts.log_buffer_waits, seconds),
        "log_buffer_waits_percent": computed(
            _percent, counts.log_buffer_wait_bytes, counts.log_bytes
        ),
        "page_waits": counts.page_waits,
        "page_waits_percent": computed(_percent, counts.page_waits, counts.pages_needed),
    }


def _covers(log: CountedSince, checkpoints: CountedSince) -> bool:
    return log.seconds >= checkpoints.seconds


def _seconds(since: CountedSince) -> Known[float]:
    return since.seconds if since.seconds > 0 else TOO_SHORT


def _per_h(count: float, seconds: float) -> float:
    return count * 3600 / seconds


def _ratio(part: float, whole: float) -> Known[float]:
    return part / whole if whole else Unknown(unknown="nothing was counted")


def _percent(part: float, whole: float) -> Known[float]:
    return computed(lambda share: min(100 * share, 100.0), _ratio(part, whole))
