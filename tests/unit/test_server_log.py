"""What servers' logs say about lines: texts as real servers printed them."""

import pytest

from advisor.servers.sandbox.log import complaints, last_words, refusals
from advisor.vendors.registry import VENDORS
from advisor.vendors.syntax import Line

IO = Line(4, "innodb_io_capacity", "50", "mysqld")
IO_MAX = Line(5, "innodb_io_capacity_max", "90", "mysqld")
FSYNC = Line(6, "fsync", "on", None)
METHOD = Line(7, "wal_sync_method", "fsync_writethrough", None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "2026-11-22T21:00:00.1Z 0 [Warning] [MY-000081] [Server] option 'innodb-io-capacity': "
            "unsigned value 50 adjusted to 100.",
            {4: "option 'innodb-io-capacity': unsigned value 50 adjusted to 100."},
        ),
        (
            "2026-11-22 21:00:00 0 [Warning] option 'innodb-io-capacity': unsigned value 50 "
            "adjusted to 100",
            {4: "option 'innodb-io-capacity': unsigned value 50 adjusted to 100"},
        ),
        (
            "[Warning] 'innodb_io_capacity_max' was removed. It does nothing now.",
            {5: "'innodb_io_capacity_max' was removed. It does nothing now."},
        ),
        (
            "[ERROR] unknown variable 'loose-innodb-io-capacity=5'",
            {4: "unknown variable 'loose-innodb-io-capacity=5'"},
        ),
        ("'innodb_io_capacity' is deprecated", {4: "'innodb_io_capacity' is deprecated"}),
        ("[Note] innodb_io_capacity is 200", {}),
        ("[Warning] innodb_io_capacity_other is odd", {}),
        ("[Warning] my-innodb_io_capacity is odd", {}),
        ("[Warning] CA certificate ca.pem is self signed", {}),
    ],
)
def test_complaints_are_about_our_lines_only(text: str, said: dict[int, str]) -> None:
    assert complaints(f"before\n{text}\nafter", [IO, IO_MAX]) == said


def test_a_complaint_that_a_setting_is_missing_which_is_not_tried_is_about_no_line() -> None:
    """What MariaDB 10.11 said of a cluster's binlog_format in a server without a binary log."""
    said = "[Warning] You need to use --log-bin to make --binlog-format work."
    line = IO._replace(name="binlog_format")
    assert complaints(said, [line]) == {line.number: said.removeprefix("[Warning] ")}
    assert complaints(said, [line], VENDORS["mariadb"].says_of_untried) == {}


def test_a_value_that_looks_like_a_setting_is_not_blamed() -> None:
    log = (
        '2026-11-22 21:00:00.1 GMT [9] LOG:  invalid value for parameter "wal_sync_method": "fsync"'
        "\n2026-11-22 21:00:00.1 GMT [9] HINT:  Available values: fdatasync."
    )
    assert refusals(log, [FSYNC, METHOD]) == {
        7: 'LOG:  invalid value for parameter "wal_sync_method": "fsync" '
        "(Available values: fdatasync.)"
    }


def test_a_message_that_names_a_line_is_about_that_line() -> None:
    log = 'GMT [9] LOG:  unrecognized configuration parameter "fsync" in file "the fragment" line 7'
    assert list(refusals(log, [FSYNC, METHOD])) == [7]
    log = 'GMT [9] LOG:  syntax error in file "the fragment" line 71, near token "fsync"'
    assert refusals(log, [FSYNC, METHOD]) == {}


def test_a_warning_is_no_reason_to_give_up() -> None:
    assert refusals("[Warning] 'innodb_io_capacity' is deprecated\n[ERROR] Aborting", [IO]) == {}


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("", "it says nothing"),
        ("a\nb", "b"),
        ("x [ERROR] [MY-1] [Server] no memory\ny [Note] [MY-2] bye", "no memory"),
        (
            "1 GMT [9] FATAL:  no room\n1 GMT [9] LOG:  database system is shut down",
            "FATAL:  no room",
        ),
    ],
)
def test_last_words(log: str, words: str) -> None:
    assert last_words(log) == words
