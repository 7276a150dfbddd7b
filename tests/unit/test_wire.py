"""Answers of servers, byte by byte, as the protocols' documentation writes them."""

import socket
from types import SimpleNamespace
from typing import Any

import pytest

from advisor.errors import AdvisorError
from advisor.servers.connection.driver_process import Opened
from advisor.servers.connection.limits import Patience, WireError
from advisor.servers.connection.wire import (
    Address,
    PsycopgConnection,
    PyMySQLConnection,
)

NO_PROCESS: Any = None
OPENED: Any = SimpleNamespace(encrypted=False)
POSTGRESQL = PsycopgConnection(Address("postgresql", {}), NO_PROCESS, OPENED, Patience())
MYSQL = PyMySQLConnection(Address("mysql", {}), NO_PROCESS, OPENED, Patience())
MARIADB = PyMySQLConnection(Address("mariadb", {}), NO_PROCESS, OPENED, Patience())

UPDATED = b"C\0\0\0\rUPDATE 1\0Z\0\0\0\x05I"
NOTICE = b"N\0\0\0\x0cMhello\0\0" + UPDATED
ERROR = b"E\0\0\0\x1dSERROR\0C42P01\0Mno\ntable\0\0"

OK = b"\x07\0\0\x01\0\x01\0\x02\0\0\0"
MORE = b"\x07\0\0\x01\0\x01\0\x0a\0\0\0"  # status 0x000a: autocommit, more results exist
MANY = b"\x0b\0\0\x01\0\xfc\x10\x27\xfc\x01\x02\x02\0\0\0"
REFUSED = b"\x1b\0\0\x01\xff\x7a\x04#42S02Table t doesn't ex"


@pytest.mark.parametrize("answer", [UPDATED, NOTICE, UPDATED + NOTICE])
def test_postgresql_has_answered_when_it_is_ready(answer: bytes) -> None:
    assert POSTGRESQL.is_answered(answer)


@pytest.mark.parametrize("length", range(len(NOTICE)))
def test_postgresql_has_not_answered_before_the_last_byte(length: int) -> None:
    assert not POSTGRESQL.is_answered(NOTICE[:length])


def test_an_error_of_postgresql_is_raised_when_it_is_ready_again() -> None:
    ready = b"Z\0\0\0\x05I"
    assert not POSTGRESQL.is_answered(ERROR[:10])
    assert not POSTGRESQL.is_answered(ERROR)
    with pytest.raises(AdvisorError, match=r"^the PostgreSQL server refuses: no table$"):
        POSTGRESQL.is_answered(ERROR + ready)


def test_a_fatal_error_of_postgresql_is_its_last_word() -> None:
    with pytest.raises(AdvisorError, match=r"the PostgreSQL server refuses: go$"):
        POSTGRESQL.is_answered(b"E\0\0\0\x10VFATAL\0Mgo\0\0")


@pytest.mark.parametrize("answer", [OK, MORE + OK, MANY])
def test_mysql_has_answered_with_its_last_ok(answer: bytes) -> None:
    assert MYSQL.is_answered(answer)
    assert not any(MYSQL.is_answered(answer[:length]) for length in range(len(answer)))


def test_mysql_has_not_answered_while_more_results_are_to_come() -> None:
    assert not MYSQL.is_answered(MORE)


def test_an_error_of_mysql_is_raised() -> None:
    with pytest.raises(AdvisorError, match=r"^the MySQL server refuses: Table t doesn't ex$"):
        MYSQL.is_answered(REFUSED)
    with pytest.raises(AdvisorError, match=r"^the MariaDB server refuses: Table t doesn't ex$"):
        MARIADB.is_answered(REFUSED)


def test_rows_are_no_answer() -> None:
    with pytest.raises(AdvisorError, match="rows where none were asked for"):
        MYSQL.is_answered(b"\x01\0\0\x01\x03\x02\0\0\x02\0\0")


@pytest.mark.parametrize(
    "answer", [b"\0\0\0\x01", b"\x01\0\0\x01\0", OK + OK, OK + b"\0\0\0\0", b"\0" * 70_000]
)
def test_what_is_no_answer_of_mysql_is_told(answer: bytes) -> None:
    with pytest.raises(WireError, match="UPDATE"):
        MYSQL.is_answered(answer)


@pytest.mark.parametrize("answer", [b"E\0\0\0\x04Z\0\0\0\x05I", NOTICE[:-6] * 3000])
def test_what_is_no_answer_of_postgresql_is_told(answer: bytes) -> None:
    with pytest.raises(WireError, match="UPDATE"):
        POSTGRESQL.is_answered(answer)


# Who is on the way


class Peer:
    """A socket, of whom one wants to know no more than where it leads."""

    def __init__(self, family: socket.AddressFamily, name: Any) -> None:
        self.family, self._name = family, name

    def getpeername(self) -> Any:
        return self._name


@pytest.mark.parametrize(
    ("peer", "encrypted", "known"),
    [
        (Peer(socket.AF_UNIX, ""), False, ""),
        (Peer(socket.AF_INET, ("127.8.9.1", 3306)), False, ""),
        (Peer(socket.AF_INET6, ("::1", 3306, 0, 0)), False, ""),
        (Peer(socket.AF_INET, ("192.0.2.7", 3306)), True, ""),
        (Peer(socket.AF_INET, ("192.0.2.7", 3306)), False, "192.0.2.7"),
        (Peer(socket.AF_INET6, ("fe80::7%eth0", 3306, 0, 2)), False, "fe80::7%eth0"),
    ],
)
def test_who_could_read_on_the_way_is_told(peer: Any, encrypted: bool, known: str) -> None:
    connection = PyMySQLConnection(
        Address("mysql", {}), NO_PROCESS, Opened(1, peer, encrypted), Patience()
    )
    said = connection.read_on_the_way
    assert said == (
        known
        and f"the connection to {known} is not encrypted: who is on the way can read and change it;"
        " ?ssl-mode=REQUIRED refuses that, and VERIFY_IDENTITY with ssl-ca checks who answers, too"
    )


def test_statements_are_encoded_as_the_protocols_want_them() -> None:
    assert PsycopgConnection.encode("SELECT 1") == b"Q\0\0\0\x0dSELECT 1\0"
    assert PyMySQLConnection.encode("SELECT 1") == b"\x09\0\0\0\x03SELECT 1"
