"""What PostgreSQL has counted of its WAL and its checkpoints.

https://www.postgresql.org/docs/current/monitoring-stats.html; and of 13 to 16,
https://www.postgresql.org/docs/16/monitoring-stats.html. Tried on 13, 15, 18 and 19.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from advisor.errors import AdvisorError
from advisor.model import Known, Unknown, computed
from advisor.server_state import EffectiveSetting
from advisor.units import UNIT_BYTES
from advisor.vendors.answers import (
    Rows,
    count_of,
    number_of,
    only_row,
    only_value,
    quoted,
)
from advisor.vendors.base import AskKnown
from advisor.versions import NumericVersion

if TYPE_CHECKING:  # the statements are wanted sooner than what comes of them
    from advisor.server_activity import CountedSince, ServerCounts

WAL_BLOCK_BYTES: Final = 8192
"""What a session writes when it finds all buffers full (xlog.c, AdvanceXLInsertBuffer)."""

POSITION_SQL: Final = (
    "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE pg_catalog.pg_wal_lsn_diff("
    "pg_catalog.pg_current_wal_insert_lsn(), '0/0')::bigint END"
)
"""Exact at once, while pg_stat_wal has what a transaction wrote when that is over."""

_SINCE: Final = (
    "extract(epoch FROM pg_catalog.clock_timestamp() - stats_reset)::bigint,"
    " pg_catalog.to_char(stats_reset, 'YYYY-MM-DD HH24:MI')"
)
CHECKPOINTS_13_SQL: Final = (
    f"SELECT checkpoints_timed, checkpoints_req, {_SINCE} FROM pg_catalog.pg_stat_bgwriter"
)
CHECKPOINTS_17_SQL: Final = (
    f"SELECT num_timed, num_requested, {_SINCE} FROM pg_catalog.pg_stat_checkpointer"
)
WAL_14_SQL: Final = (
    "SELECT wal_bytes::bigint, wal_fpi * pg_catalog.current_setting('block_size')::bigint,"
    f" wal_buffers_full, {_SINCE} FROM pg_catalog.pg_stat_wal"
)
WAL_19_SQL: Final = (
    "SELECT wal_bytes::bigint, wal_fpi_bytes::bigint,"
    f" wal_buffers_full, {_SINCE} FROM pg_catalog.pg_stat_wal"
)
STATEMENTS: Final = (POSITION_SQL, CHECKPOINTS_13_SQL, CHECKPOINTS_17_SQL, WAL_14_SQL, WAL_19_SQL)

STANDBY: Final = Unknown(unknown="this server is a standby, and replays another's WAL")
PACKED: Final = Unknown(
    unknown="wal_compression packs whole pages, and PostgreSQL counts their bytes from 19 on"
)
NO_WAL_COUNTS: Final = Unknown(unknown="PostgreSQL counts it from 14 on")
NO_BEGINNING: Final = Unknown(unknown="the server does not say since when it counts")


def read(
    ask: AskKnown,
    version: NumericVersion,
    settings: Mapping[str, EffectiveSetting],
    *,
    is_compressed: bool,
) -> "ServerCounts":
    """The counts. Raises AdvisorError for what no PostgreSQL answers."""
    from advisor.server_activity import ServerCounts

    answer = ask(POSITION_SQL)
    if isinstance(answer, Unknown):
        position: Known[int] = answer
    elif (value := only_value(answer)) is None:
        return ServerCounts(*[STANDBY] * len(ServerCounts._fields))
    else:
        position = count_of(value)
    asked = CHECKPOINTS_17_SQL if version >= (17,) else CHECKPOINTS_13_SQL
    (timed, requested), checkpoints_since = _counts(ask(asked), 2)
    (written, pages, full), log_since = (
        _counts(ask(WAL_19_SQL if version >= (19,) else WAL_14_SQL), 3)
        if version >= (14,)
        else ([NO_WAL_COUNTS] * 3, NO_WAL_COUNTS)
    )
    target = _number(settings, "checkpoint_completion_target")
    return ServerCounts(
        log_position_bytes=position,
        log_bytes=written,
        full_page_bytes=PACKED if is_compressed and version < (19,) else pages,
        log_buffer_waits=full,
        log_buffer_wait_bytes=computed(lambda times: times * WAL_BLOCK_BYTES, full),
        log_since=log_since,
        checkpoints_timed=timed,
        checkpoints_requested=requested,
        checkpoints_since=checkpoints_since,
        log_size_bytes=computed(
            _forces_a_checkpoint,
            _number(settings, "max_wal_size"),
            target,
            _number(settings, "wal_segment_size"),
        ),
        log_lasts_s=computed(
            lambda timeout, share: timeout * (1 + share),
            _number(settings, "checkpoint_timeout"),
            target,
        ),
    )


def _counts(answer: Known[Rows], counts: int) -> tuple[list[Known[int]], "Known[CountedSince]"]:
    """So many counts, and since when they count."""
    if isinstance(answer, Unknown):
        return [answer] * counts, answer
    row = only_row(answer, counts + 2)
    return [count_of(value) for value in row[:counts]], _since(*row[counts:])


def _since(seconds: Any, words: Any) -> "Known[CountedSince]":
    if seconds is None or words is None:
        return NO_BEGINNING
    if not re.fullmatch(r"\d{4,6}-\d\d-\d\d \d\d:\d\d", str(words)):
        raise AdvisorError(f"the server calls {quoted(str(words))} a time")
    from advisor.server_activity import CountedSince

    return CountedSince(count_of(seconds), str(words))


def _number(settings: Mapping[str, EffectiveSetting], name: str) -> Known[float]:
    """A setting in bytes, seconds or without a unit."""
    found = settings.get(name)
    if found is None:
        return Unknown(unknown=f"the server does not show {name}")
    try:
        return number_of(name, found.value) * UNIT_BYTES.get(found.unit, 1)
    except AdvisorError as error:
        return Unknown(unknown=error.message)


def _forces_a_checkpoint(wal_bytes: float, target: float, segment_bytes: float) -> int:
    """So much WAL at least is written before its size forces a checkpoint: whole segments, and one
    less than CalculateCheckpointSegments has (xlog.c, XLogCheckpointNeeded)."""
    segments = int(wal_bytes / max(segment_bytes, 1) / (1 + target))
    return int(max(segments - 1, 1) * segment_bytes)
