"""How a MySQL may misbehave: the fake that does, and what a command says of it."""

import struct
import time
from collections.abc import Iterator, Mapping
from typing import Final

from tests.security.ways import IN_CLEAR, LOST, SLOW, TOO_MANY_BYTES, VALID, Way
from tests.support.hostile_mysql import (
    CAPABILITIES,
    PLUGIN,
    SALT,
    STATUS,
    TEXT,
    TLS,
    VARIABLES,
    WHOLE,
    Behaviour,
    HostileMySQL,
    MySQLWire,
    length_coded,
)
from tests.support.hostile_server import Wire

SETTINGS: Final = "SHOW GLOBAL VARIABLES"
COUNTS: Final = "SHOW GLOBAL STATUS"
NOT_UNDERSTOOD: Final = r"pymysql does not understand the server"
NO_COLUMNS: Final = r"the server answers with \d columns where 2 were asked for"


def switch_to(plugin: bytes, data: bytes = SALT + b"\0") -> Behaviour:
    """Another way to log in than the client began with."""

    def login(wire: MySQLWire) -> None:
        wire.packet(b"\xfe" + plugin + b"\0" + data)
        wire.asked()  # which may be the password, were the client so foolish
        wire.ok()

    return login


def greeting_of(text: bytes) -> Behaviour:
    """What other servers say first."""

    def greet(wire: MySQLWire) -> None:
        wire.send(text)
        wire.hang()

    return greet


def long_packets(wire: MySQLWire) -> None:
    """One column of a gigabyte, should it be read."""
    wire.columns(TEXT, TEXT)
    wire.send(b"\xff\xff\xff" + bytes([wire.number]) + length_coded(b"x"))
    wire.for_ever(b"y" * 65_536)


def endless_rows(wire: MySQLWire) -> None:
    wire.columns(TEXT, TEXT)
    while True:
        wire.row(b"name", b"value")


def endless_small_rows(wire: MySQLWire) -> None:
    """Which take many times their bytes in memory."""
    wire.columns(TEXT, TEXT)
    while True:
        wire.row(None, None)


def too_long(wire: MySQLWire) -> None:
    """A length that its packet does not have."""
    wire.columns(TEXT, TEXT)
    wire.packet(b"\xfe" + struct.pack("<Q", 2**60) + b"x")
    wire.eof()


def wrong_number(wire: MySQLWire) -> None:
    wire.number = 77
    wire.ok()


def half_an_answer(wire: MySQLWire) -> None:
    wire.columns(TEXT, TEXT)
    wire.row(b"version", b"8.4.3")
    wire.close()


def twice(wire: MySQLWire) -> None:
    wire.columns(TEXT, TEXT)
    wire.row(b"version", b"8.4.3")
    wire.eof(status=0x0A)
    wire.rows((TEXT, TEXT), [(b"version", b"8.4.3")])


def late(wire: MySQLWire) -> None:
    time.sleep(2)
    wire.ok()


def tls_garbage(wire: MySQLWire) -> None:
    """TLS is offered, and then something else is spoken."""
    wire.greet(capabilities=CAPABILITIES | TLS)
    wire.asked()
    wire.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    wire.hang()


def tls_silence(wire: MySQLWire) -> None:
    wire.greet(capabilities=CAPABILITIES | TLS)
    wire.asked()
    wire.hang()


def columns_of(count: int) -> Behaviour:
    """A row of so many."""
    return lambda wire: wire.rows((TEXT,) * count, [(b"version",) * count])


def variables(**changed: bytes | None) -> Mapping[str, bytes | None]:
    return {**VARIABLES, **changed}


class Resetting(HostileMySQL):
    """Its counters begin anew between two looks."""

    def answer(self, wire: MySQLWire, statement: str) -> None:
        if statement != COUNTS:
            super().answer(wire, statement)
            return
        self._looks += 1
        count = b"9" if self._looks > 2 else b"100"
        wire.rows((TEXT, TEXT), [(name.encode(), count) for name in STATUS])


def answers(beginning: str, behaviour: Behaviour) -> HostileMySQL:
    return HostileMySQL(answers={beginning: behaviour})


def refusing(beginning: str) -> HostileMySQL:
    return answers(beginning, lambda wire: wire.error(b"no, \x1b[31mnever\r\nand\0more"))


def ways() -> Iterator[tuple[str, Way]]:
    """Name -> the way."""
    yield "as it should be", Way(HostileMySQL(), VALID)
    # Before and while the client logs in
    yield "silent from the start", Way(HostileMySQL(greeting=Wire.hang), SLOW, slow=True)
    drips = HostileMySQL(greeting=lambda wire: wire.drip(b"\x4a\0\0\0\x0a8.4.3" + b"\0" * 90))
    yield "greets a byte at a time", Way(drips, SLOW, slow=True)
    http = HostileMySQL(greeting=greeting_of(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    yield "is a web server", Way(http, r"no connection to the MySQL server: .*")
    ssh = HostileMySQL(greeting=greeting_of(b"SSH-2.0-OpenSSH_9.6\r\n"))
    yield "is an SSH server", Way(ssh, r"no connection to the MySQL server: .*")
    empty = HostileMySQL(greeting=lambda wire: wire.packet(b""))
    yield "greets with nothing", Way(empty, NOT_UNDERSTOOD)
    cut = HostileMySQL(greeting=lambda wire: wire.packet(b"\x0a8.4"))
    yield "greets with half a greeting", Way(cut, NOT_UNDERSTOOD)
    long = HostileMySQL(greeting=greeting_of(b"\xff\xff\xff\0"))
    yield "greets with 16 MB", Way(long, TOO_MANY_BYTES)
    version = HostileMySQL(greeting=lambda wire: wire.greet(version=b"8" * 2**20))
    yield "is of a version of 1 MB", Way(version, r"no connection to the MySQL server: .*")
    yield "hangs up", Way(HostileMySQL(greeting=Wire.close), "has closed the connection")
    full = HostileMySQL(greeting=lambda wire: wire.error(b"Too many connections", 1040))
    yield "has no room", Way(full, "no connection to the MySQL server: Too many connections")
    no_salt = HostileMySQL(greeting=lambda wire: wire.greet(salt=b"", plugin=b"sha256_password"))
    yield "greets without salt", Way(no_salt, VALID)
    yield "is silent after the login", Way(HostileMySQL(login=Wire.hang), SLOW, slow=True)
    yield "hangs up after the login", Way(HostileMySQL(login=Wire.close), "closed the connection")
    odd = HostileMySQL(login=lambda wire: wire.packet(b"\x02what"))
    yield "answers the login oddly", Way(odd, "no connection to the MySQL server: ")
    yield "offers TLS, speaks something else", Way(HostileMySQL(greeting=tls_garbage), LOST)
    yield (
        "offers TLS, says nothing",
        Way(HostileMySQL(greeting=tls_silence), "timed out", slow=True),
    )
    # What it wants the password to be sent by
    for plugin, data in {
        "mysql_clear_password": b"",
        "dialog": b"\x02Password: ",
        "sha256_password": SALT + b"\0",
    }.items():
        server = HostileMySQL(login=switch_to(plugin.encode(), data))
        yield f"asks for {plugin}", Way(server, IN_CLEAR)
    greeted = HostileMySQL(greeting=lambda wire: wire.greet(plugin=b"mysql_clear_password"))
    greeted.login = lambda wire: wire.packet(b"\xfemysql_clear_password\0")
    yield "greets with mysql_clear_password", Way(greeted, IN_CLEAR)
    full_auth = HostileMySQL(greeting=lambda wire: wire.greet(plugin=b"caching_sha2_password"))
    full_auth.login = lambda wire: wire.packet(b"\x01\x04")
    yield "has caching_sha2_password send it all", Way(full_auth, IN_CLEAR)
    old = HostileMySQL(login=lambda wire: wire.packet(b"\xfe"))
    yield "asks for the old password", Way(old, "no connection to the MySQL server: ")
    other = HostileMySQL(login=switch_to(b"\x1b[2J\xff_password"))
    yield "asks by a plugin of no name", Way(other, "no connection to the MySQL server: ")
    again = HostileMySQL(login=switch_to(PLUGIN))
    yield "asks for the same again", Way(again, VALID)
    # Its answers
    yield "is silent when asked", Way(answers("SHOW", Wire.hang), SLOW, slow=True)
    dripping = answers("SHOW", lambda wire: wire.drip(b"\x99\0\0\x01\x02" * 99))
    yield "answers a byte at a time", Way(dripping, SLOW, slow=True)
    yield "answers without end", Way(answers("SHOW", endless_rows), TOO_MANY_BYTES)
    yield "answers nothing without end", Way(answers("SHOW", endless_small_rows), TOO_MANY_BYTES)
    yield "has a column of a gigabyte", Way(answers("SHOW", long_packets), TOO_MANY_BYTES)
    many = answers("SHOW", lambda wire: wire.columns(count=10**9))
    yield "has a milliard of columns", Way(many, "more than 128 columns")
    yield "says wrong lengths", Way(answers("SHOW", too_long), NOT_UNDERSTOOD)
    yield "counts its packets wrongly", Way(answers("SHOW", wrong_number), "sequence number wrong")
    yield "hangs up within an answer", Way(answers("SHOW", half_an_answer), "closed the connection")
    yield "answers twice", Way(answers(SETTINGS, twice), "answers one statement twice")
    local = answers("S", lambda wire: wire.packet(b"\xfb/etc/shadow"))
    yield "wants a file of ours", Way(local, "wants a file of this host|does not understand")
    asked = answers(SETTINGS, lambda wire: wire.packet(b"\xfb/etc/shadow"))
    yield "wants a file of ours later", Way(asked, "wants a file of this host")
    yield "refuses what it is asked", Way(refusing(SETTINGS), "refuses: no, .*never and.more")
    huge = answers("SHOW", lambda wire: wire.error(b"no\x1b]0;x\x07 " * 300_000))
    yield "refuses with 3 MB", Way(huge, r"the MySQL server refuses: no.{300,500}\.\.\.")
    yield "refuses a transaction", Way(refusing("START"), "refuses: no, ", predict=VALID)
    yield "refuses SET NAMES", Way(refusing("SET NAMES"), "no connection to the MySQL server: no, ")
    for count in (1, 3):
        wrong = answers(SETTINGS, columns_of(count))
        yield f"answers with {count} columns for 2", Way(wrong, NO_COLUMNS)
    nothing = answers(SETTINGS, lambda wire: wire.rows((TEXT, TEXT), []))
    yield "has no settings", Way(nothing, "the server does not show its version")
    done = answers(SETTINGS, MySQLWire.ok)
    yield "says OK for rows", Way(done, "the server does not show its version")
    nulls = answers(SETTINGS, lambda wire: wire.rows((TEXT, TEXT), [(None, None)] * 9))
    yield "has settings that are NULL", Way(nulls, "the server does not show its version")
    no_version = answers("SELECT version", lambda wire: wire.rows((TEXT,), []))
    yield "has no version", Way(no_version, "0 rows where one value is due", predict=None)
    three = answers("SELECT version", lambda wire: wire.rows((WHOLE,), [(b"x" * 99,)]))
    yield "has text for numbers", Way(three, "where a whole number is due", predict=None)
    doubled = answers(
        SETTINGS,
        lambda wire: wire.rows((TEXT, TEXT), [(b"VERSION", b"9.0.1"), (b"version", b"8.4.3")]),
    )
    yield "says its settings twice", Way(doubled, VALID, predict="does not show its ")
    # Its values
    changes: tuple[tuple[str, dict[str, bytes | None], str, str | None], ...] = (
        ("a version of 1 MB", {"version": b"\x1b]8;;" * 200_000}, "calls its version", None),
        ("a version of no numbers", {"version": b"eight"}, "calls its version 'eight'", None),
        ("a version of many digits", {"version": b"9" * 5000}, "(calls its version|newer)", "9"),
        ("values that are NULL", dict.fromkeys(VARIABLES, None), "calls its version", None),
        ("bytes for text", {"innodb_flush_method": b"\xff\xfe\x80"}, VALID, None),
        ("control characters", {"sync_binlog": b"\x1b[2J\x9b31m\r\nx\0"}, VALID, "a number"),
        ("numbers of 400 digits", {"sync_binlog": b"9" * 400}, VALID, "number is expected|no mod"),
        (
            "negative numbers",
            {"sync_binlog": b"-1", "innodb_io_capacity": b"-9"},
            VALID,
            "a number",
        ),
        ("a delay of ages", {"binlog_group_commit_sync_delay": b"9" * 19}, VALID, "is no|in time"),
        ("1 MB of text", {"innodb_doublewrite": b"x'\\\n;--" * 150_000}, VALID, None),
    )
    for name, changed, said, predicted in changes:
        server = HostileMySQL(variables=variables(**changed))
        yield f"has {name}", Way(server, said, predict=said if predicted is None else predicted)
    # Its counters
    yield "resets its counters", Way(Resetting(), r"counters were reset", predict=None)
    below = answers(COUNTS, lambda wire: wire.rows((TEXT, TEXT), [(b"Binlog_cache_use", b"-5")]))
    yield "counts below zero", Way(below, "counts '-5', which is not a count", predict=None)
    beyond = answers(
        COUNTS, lambda wire: wire.rows((TEXT, TEXT), [(b"Binlog_cache_use", b"9" * 400)])
    )
    up = answers(COUNTS, lambda wire: wire.rows((TEXT, TEXT), [(b"Uptime", b"\x1b[31m")]))
    yield "has been up for no number", Way(up, "which is not a count", predict=None)
    yield "counts beyond all numbers", Way(beyond, "which is not a count", predict=None)
    # Under load
    loads: tuple[tuple[str, Behaviour, str], ...] = (
        ("is silent under load", Wire.hang, r"answers no commit|does not answer for|in time"),
        ("answers a commit without end", lambda wire: wire.for_ever(b"\0" * 64), "UPDATE"),
        (
            "answers a commit by bytes",
            lambda wire: wire.drip(b"\x07\0\0\x01\0"),
            "no commit|not answer",
        ),
        ("answers a commit with rows", lambda wire: wire.columns(TEXT), "rows where none"),
        ("answers a commit with emptiness", lambda wire: wire.packet(b""), "UPDATE is none"),
        ("answers a commit after 2 s", late, "answers no commit of 1 client in time"),
        ("hangs up under load", Wire.close, "closed the connection|has gone"),
        ("refuses under load", lambda wire: wire.error(b"\x1b[0mno"), "refuses: .*no"),
    )
    for name, behaviour, said in loads:
        server = answers("UPDATE", behaviour)
        yield name, Way(server, None, predict=said, slow="silent" in name or "bytes" in name)
    yield "is silent when it is filled", Way(answers("INSERT", Wire.hang), None, SLOW, slow=True)
    left = refusing("DROP")
    yield "keeps the schema", Way(left, None, predict="schema fsync_advisor_verify is left behind")
    there = answers("CREATE SCHEMA", lambda wire: wire.error(b"database exists", 1007))
    yield "has the schema already", Way(there, None, predict="refuses: database exists")
    locked = answers("SELECT GET_LOCK", lambda wire: wire.rows((WHOLE,), [(b"0",)]))
    yield "has a run already", Way(locked, None, predict="another run of predict is under way")
