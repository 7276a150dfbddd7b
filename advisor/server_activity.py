"""What a running server has counted, and what it did between two looks at its counters."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from advisor.model import Known, Unknown


class CountedSince(NamedTuple):
    """When counters began, by the server's own clock."""

    seconds: int
    """So long ago."""
    words: str
    """"2026-11-20 14:03", "the server's start"."""


NOT_COUNTED: Final = Unknown(unknown="this server has no such count")


class ServerCounts(NamedTuple):
    """What a server has counted of its log, checkpoints and waits for memory, at one look."""

    log_position_bytes: Known[int] = NOT_COUNTED
    """Grows by each byte of log; where it began, nothing says."""
    log_bytes: Known[int] = NOT_COUNTED
    """Written to the log, at least."""
    full_page_bytes: Known[int] = NOT_COUNTED
    """Of whole pages in the log; at most, for the unused middle of a page is left out."""
    log_buffer_waits: Known[int] = NOT_COUNTED
    """How often the log's buffer had no room."""
    log_buffer_wait_bytes: Known[int] = NOT_COUNTED
    """Of the log: what sessions had to write themselves for that reason."""
    log_since: Known[CountedSince] = NOT_COUNTED
    """Of the counts above."""
    checkpoints_timed: Known[int] = NOT_COUNTED
    checkpoints_requested: Known[int] = NOT_COUNTED
    """By the log's size, a backup or a command."""
    checkpoints_since: Known[CountedSince] = NOT_COUNTED
    page_waits: Known[int] = NOT_COUNTED
    """How often a page had to be written before another one had room in memory."""
    pages_needed: Known[int] = NOT_COUNTED
    """Pages that were read or made."""

    # These do not grow.
    log_size_bytes: Known[int] = NOT_COUNTED
    """The log that is kept; of PostgreSQL, what forces a checkpoint."""
    log_lasts_s: Known[float] = NOT_COUNTED
    """How long the log has to last so that no checkpoint comes before it is due."""
    checkpoint_age_bytes: Known[int] = NOT_COUNTED
    """The log since the latest checkpoint."""


@dataclass(frozen=True, slots=True)
class Activity:
    """What a server did between two looks at its own counters; an object in the audit's JSON."""

    seconds: float
    commits_per_s: float | None
    commits_from: str
    """Which counter that is, and what else it counts; or why there is none."""
    log_syncs_per_s: float | None
    log_syncs_from: str
    binary_log_syncs_per_s: float | None
    binary_log_syncs_from: str
    """"" where no binary log is written."""
    log_sync_us: float | None = None
    """The mean of those that the server timed."""
    log_sync_us_from: str = ""
    binary_log_sync_us: float | None = None
    binary_log_sync_us_from: str = ""
    log_bytes_per_s: float | None = None
    log_bytes_from: str = ""
    full_page_percent: float | None = None
    """Of the log, what is images of whole pages."""
    full_page_from: str = ""
    checkpoints_timed: int | None = None
    checkpoints_requested: int | None = None
    pages_written_per_s: float | None = None
