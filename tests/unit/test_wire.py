"""Answers of servers, byte by byte, as the protocols' documentation writes them."""

from types import SimpleNamespace
from typing import Any

import pytest

from advisor.errors import AdvisorError
from advisor.servers.connection.limits import Patience
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


def test_statements_are_encoded_as_the_protocols_want_them() -> None:
    assert PsycopgConnection.encode("SELECT 1") == b"Q\0\0\0\x0dSELECT 1\0"
    assert PyMySQLConnection.encode("SELECT 1") == b"\x09\0\0\0\x03SELECT 1"
