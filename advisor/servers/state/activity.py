"""What a server does in an interval, by its own counters at both ends."""

from collections.abc import Mapping
from contextlib import closing
from functools import partial
from time import perf_counter, sleep
from typing import Final

from advisor.analysis.looks import Count, ServerLook
from advisor.analysis.server_activity import activity_between
from advisor.errors import AdvisorError
from advisor.model import Known, Unknown
from advisor.server_state import ServerState
from advisor.servers.connection import Address, Connection, Patience, WireError, read_only
from advisor.vendors.answers import Rows, count_of, texts
from advisor.vendors.base import Counter, Counters
from advisor.vendors.registry import VENDORS

LOOK_S: Final = 20
"""So long a server may take for one look, connecting to it included."""


def watch(connection: Connection, state: ServerState, seconds: float) -> ServerState:
    """Looks, waits, looks again: the state with what was counted. Raises AdvisorError where the
    connection is lost meanwhile."""
    vendor = VENDORS[state.vendor]
    refusals: dict[str, None] = {}
    counters, ask = vendor.counters(state), partial(_ask, connection, refusals=refusals)
    before = look(connection, counters)
    counted_before = vendor.server_counts(state, ask)
    connection.patience.extend(seconds)
    sleep(seconds)
    counted_after = vendor.server_counts(state, ask)
    activity = activity_between(counters, before, look(connection, counters))
    unread = [f"counters that the server does not show are not judged: {'; '.join(refusals)}"]
    return state._replace(
        activity=activity,
        counts=(counted_before, counted_after),
        notes=(*state.notes, *(unread if refusals else ())),
    )


def look_anew(address: Address, state: ServerState) -> ServerLook:
    """All counters now, by a connection of its own: between two looks none need be kept open.

    Raises AdvisorError where there is no connection.
    """
    with closing(address.connect(Patience.of(LOOK_S))) as connection:
        connection.vendor = state.vendor
        return look(connection, VENDORS[state.vendor].counters(state))


def look(connection: Connection, counters: Counters) -> ServerLook:
    """All counters now; each statement is sent once."""
    asked: Mapping[str, Counter] = counters._asdict()
    statements = {counter.statement for counter in asked.values() if counter.statement}
    answers = {statement: _ask(connection, statement) for statement in sorted(statements)}
    at_s = perf_counter()
    return ServerLook(at_s, {name: _count(counter, answers) for name, counter in asked.items()})


def _ask(
    connection: Connection, statement: str, refusals: dict[str, None] | None = None
) -> Known[Rows]:
    """`refusals` gets the server's words where it has no answer."""
    with read_only(connection):
        try:
            return connection.query(statement)
        except WireError:
            raise
        except AdvisorError as error:
            if refusals is not None:
                refusals[error.message] = None
            return Unknown(unknown=error.message)


def _count(counter: Counter, answers: Mapping[str, Known[Rows]]) -> Count:
    if not counter.statement:
        return counter.source
    rows = answers[counter.statement]
    if isinstance(rows, Unknown):
        return rows.unknown
    if counter.row:
        found = [row[1:] for row in rows if row and str(row[0]) == counter.row]
    else:
        found = rows[:1]
    if not found:
        return "the server does not count them"
    (values,) = texts(found[:1], len(found[0]))
    if counter.column >= len(values) or values[counter.column] == "":
        return "the server shows nothing there"
    return count_of(values[counter.column])
