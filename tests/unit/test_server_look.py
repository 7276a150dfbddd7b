"""One look at a server's counters: each statement once, and what no counter holds is told."""

from typing import Any, cast

import pytest

from advisor.errors import AdvisorError
from advisor.servers.connection import Connection, WireError
from advisor.servers.state.activity import look
from advisor.vendors.answers import Rows
from advisor.vendors.base import Counter, Counters

STATUS = "SHOW STATUS"
ONE_ROW = "SELECT a, b"


class Answering:
    """A connection of MySQL's that answers from a table."""

    vendor = "mysql"

    def __init__(self, answers: dict[str, Rows | AdvisorError]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def query(self, statement: str) -> Rows:
        self.asked.append(statement)
        answer = self.answers.get(statement, [])
        if isinstance(answer, AdvisorError):
            raise answer
        return answer


def counts(answers: dict[str, Any], **counters: Counter) -> tuple[Answering, dict[str, Any]]:
    connection = Answering(answers)
    asked = Counters(counters.pop("commits"), counters.pop("log_syncs"), **counters)
    return connection, dict(look(cast("Connection", connection), asked).counts)


def test_each_statement_is_sent_once() -> None:
    rows = [("Other", "7"), ("Commits", "12"), ("Syncs", 30)]
    connection, found = counts(
        {STATUS: rows, ONE_ROW: [(5, "18446744073709551615")]},
        commits=Counter("", STATUS, "Commits"),
        log_syncs=Counter("", STATUS, "Syncs"),
        log_bytes=Counter("", ONE_ROW),
        pages_written=Counter("", ONE_ROW, column=1),
    )
    assert (found["commits"], found["log_syncs"]) == (12, 30)
    assert (found["log_bytes"], found["pages_written"]) == (5, 18_446_744_073_709_551_615)
    assert [connection.asked.count(each) for each in (STATUS, ONE_ROW)] == [1, 1]
    assert connection.asked.count("START TRANSACTION READ ONLY") == 2
    assert found["uptime_s"] == ""  # nothing to count


def test_what_is_not_there_is_told() -> None:
    _, found = counts(
        {STATUS: [("Other", 1)], ONE_ROW: [(None,)], "SELECT c": AdvisorError("it refuses")},
        commits=Counter("", STATUS, "Commits"),
        log_syncs=Counter("", ONE_ROW),
        log_bytes=Counter("", ONE_ROW, column=1),
        pages_written=Counter("", "SELECT c"),
        log_sync_us=Counter("performance_schema is off"),
    )
    assert found["commits"] == "the server does not count them"
    assert found["log_syncs"] == "the server shows nothing there"
    assert found["log_bytes"] == "the server shows nothing there"
    assert found["pages_written"] == "it refuses"
    assert found["log_sync_us"] == "performance_schema is off"


@pytest.mark.parametrize("value", ["-1", "1.5", "many", "9" * 21])
def test_what_is_no_count_is_an_error(value: str) -> None:
    counter = Counter("", ONE_ROW)
    with pytest.raises(AdvisorError, match="is not a count"):
        counts({ONE_ROW: [(value,)]}, commits=counter, log_syncs=counter)


def test_a_connection_that_is_lost_ends_it() -> None:
    counter = Counter("", ONE_ROW)
    with pytest.raises(WireError, match="lost"):
        counts({ONE_ROW: WireError("lost")}, commits=counter, log_syncs=counter)
