"""What a server does in an interval, by its own counters at both ends."""

from dataclasses import dataclass
from functools import partial
from time import perf_counter, sleep
from typing import Final

from advisor.errors import AdvisorError
from advisor.measurement import Known, Unknown
from advisor.server_state import Activity, ServerState
from advisor.servers.connection import Connection, WireError, read_only
from advisor.vendors.answers import Rows, count_of, only_value, texts
from advisor.vendors.base import Counter, Counters
from advisor.vendors.registry import VENDORS

RESET: Final = "the server's counters were reset meanwhile"

Count = int | str
"""Or why it is not known."""


@dataclass(frozen=True, slots=True)
class _Rate:
    per_s: float | None
    source: str
    """What was counted; or why there is no rate; "" where there is nothing to count."""


def watch(connection: Connection, state: ServerState, seconds: float) -> ServerState:
    """Looks, waits, looks again: the state with what was counted. Raises AdvisorError where the
    connection is lost meanwhile."""
    vendor = VENDORS[state.vendor]
    counters, ask = vendor.counters(state), partial(_ask, connection)
    before, started_s = _look(connection, counters), perf_counter()
    counted_before = vendor.server_counts(state, ask)
    connection.patience.extend(seconds)
    sleep(seconds)
    counted_after = vendor.server_counts(state, ask)
    after, elapsed_s = _look(connection, counters), perf_counter() - started_s
    commits, log_syncs, binary_log_syncs = (
        _rate(counter, first, last, elapsed_s)
        for counter, first, last in zip(_each(counters), before, after, strict=True)
    )
    activity = Activity(
        seconds=elapsed_s,
        commits_per_s=commits.per_s,
        commits_from=commits.source,
        log_syncs_per_s=log_syncs.per_s,
        log_syncs_from=log_syncs.source,
        binary_log_syncs_per_s=binary_log_syncs.per_s,
        binary_log_syncs_from=binary_log_syncs.source,
    )
    return state._replace(activity=activity, counts=(counted_before, counted_after))


def _ask(connection: Connection, statement: str) -> Known[Rows]:
    with read_only(connection):
        try:
            return connection.query(statement)
        except WireError:
            raise
        except AdvisorError as error:
            return Unknown(unknown=error.message)


def _each(counters: Counters) -> tuple[Counter, Counter, Counter]:
    return counters.commits, counters.log_syncs, counters.binary_log_syncs


def _look(connection: Connection, counters: Counters) -> list[Count]:
    return [_count(connection, counter) for counter in _each(counters)]


def _rate(counter: Counter, first: Count, last: Count, elapsed_s: float) -> _Rate:
    if isinstance(first, int) and isinstance(last, int):
        if last < first:
            return _Rate(None, f"unknown: {RESET}")
        return _Rate((last - first) / elapsed_s, counter.source)
    return _Rate(None, f"unknown: {last}" if last else "")


def _count(connection: Connection, counter: Counter) -> Count:
    if not counter.statement:
        return counter.source
    rows = _ask(connection, counter.statement)
    if isinstance(rows, Unknown):
        return rows.unknown
    if counter.row:
        rows = [(value,) for name, value in texts(rows, 2) if name == counter.row]
    return count_of(only_value(rows[:1])) if rows else "the server does not count them"
