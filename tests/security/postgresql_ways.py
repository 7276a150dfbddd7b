"""How a PostgreSQL may misbehave: the fake that does, and what a command says of it."""

import struct
from collections.abc import Iterator
from typing import Final

from tests.security.ways import IN_CLEAR, LOST, SLOW, TOO_MANY_BYTES, VALID, Way
from tests.support.hostile_postgresql import (
    AUDITED,
    SETTINGS,
    SINCE,
    TEXT,
    WHOLE,
    Behaviour,
    HostilePostgreSQL,
    PostgreSQLWire,
    audited,
    message,
    row,
)
from tests.support.hostile_server import Wire

AUDIT: Final = "SELECT name, setting"
"""How what audit and predict ask for settings begins, either of them."""


def first(behaviour: Behaviour) -> HostilePostgreSQL:
    """Before it has heard anything."""
    return HostilePostgreSQL(start=behaviour)


def encryption(answer: bytes, then: Behaviour = Wire.hang) -> HostilePostgreSQL:
    """What it says to a request for TLS."""

    def start(wire: PostgreSQLWire) -> None:
        wire.receive(8)
        wire.send(answer)
        then(wire)

    return first(start)


def login(behaviour: Behaviour) -> HostilePostgreSQL:
    return HostilePostgreSQL(login=behaviour)


def asks_for(method: int, data: bytes = b"") -> HostilePostgreSQL:
    """A way to authenticate; whatever is sent is good enough."""

    def behave(wire: PostgreSQLWire) -> None:
        wire.message(b"R", struct.pack("!I", method) + data)
        server.received += wire.asked()[1]
        wire.let_in()

    server = login(behave)
    return server


def scram(iterations: int) -> HostilePostgreSQL:
    """SCRAM, with so much to compute."""

    def behave(wire: PostgreSQLWire) -> None:
        wire.message(b"R", struct.pack("!I", 10) + b"SCRAM-SHA-256\0\0")
        nonce = wire.asked()[1].rpartition(b"r=")[2]
        first_message = b"r=%sx,s=c2FsdHNhbHQ=,i=%d" % (nonce, iterations)
        wire.message(b"R", struct.pack("!I", 11) + first_message)
        wire.asked()
        wire.message(b"R", struct.pack("!I", 12) + b"v=bm90IHRoZSBzZXJ2ZXI=")

    return login(behave)


def many_parameters(wire: PostgreSQLWire) -> None:
    wire.message(b"R", struct.pack("!I", 0))
    for number in range(10**9):
        many = range(number * 500, number * 500 + 500)
        wire.send(b"".join(message(b"S", b"p%d\0%d\0" % (each, each)) for each in many))


def notices(wire: PostgreSQLWire) -> None:
    while True:
        wire.error(b"\x1b[31mlook\r\n" * 99, severity=b"NOTICE", kind=b"N")


def let_in_with_notices(wire: PostgreSQLWire) -> None:
    wire.message(b"R", struct.pack("!I", 0))
    notices(wire)


def endless_rows(wire: PostgreSQLWire) -> None:
    wire.columns(*AUDITED)
    wire.for_ever(row(*audited("name", b"value")))


def endless_nulls(wire: PostgreSQLWire) -> None:
    wire.columns(TEXT)
    wire.for_ever(row(None))


def giant_column(wire: PostgreSQLWire) -> None:
    """It comes, all of it."""
    wire.columns(TEXT)
    wire.send(b"D" + struct.pack("!IhI", 10**9, 1, 10**9 - 10))
    wire.for_ever(b"x" * 65_536)


def half_a_giant(wire: PostgreSQLWire) -> None:
    """Less than memory holds, more than any setting."""
    wire.rows((TEXT,), [(b"x" * 10_000_000,)])


def wrong_length(wire: PostgreSQLWire) -> None:
    wire.columns(TEXT)
    wire.send(b"D" + struct.pack("!IhI", 12, 1, 5000) + b"xx")
    without_rows(wire)


def half_an_answer(wire: PostgreSQLWire) -> None:
    wire.columns(*AUDITED)
    wire.row(*audited("server_version", b"17.2"))
    wire.close()


def going(wire: PostgreSQLWire) -> None:
    wire.error(b"going", b"FATAL")
    wire.close()


def without_rows(wire: PostgreSQLWire) -> None:
    wire.done(b"BEGIN")
    wire.ready()


def counting(count: bytes) -> HostilePostgreSQL:
    return answers("SELECT wal_sync", lambda wire: wire.rows((TEXT,), [(count,)]))


def counting_wal(written: bytes, since: bytes = SINCE) -> HostilePostgreSQL:
    """What it says of its WAL."""
    answer = (written, b"1", b"1", b"60", since)
    return answers("SELECT wal_bytes", lambda wire: wire.rows((TEXT,) * 5, [answer]))


def answers(beginning: str, behaviour: Behaviour) -> HostilePostgreSQL:
    return HostilePostgreSQL(answers={beginning: behaviour})


def refusing(beginning: str, said: bytes = b"no, \x1b[31mnever\r\nand more") -> HostilePostgreSQL:
    def behave(wire: PostgreSQLWire) -> None:
        wire.error(said)
        wire.ready()

    return answers(beginning, behave)


def shows(**changed: bytes | None) -> HostilePostgreSQL:
    return HostilePostgreSQL(settings={**SETTINGS, **changed})


class Resetting(HostilePostgreSQL):
    """Its counters begin anew between two looks."""

    looks = 0

    def answer(self, wire: PostgreSQLWire, statement: str) -> None:
        if not statement.startswith("SELECT wal_sync, "):
            super().answer(wire, statement)
            return
        self.looks += 1
        count = b"9" if self.looks > 1 else b"100"
        wire.rows((WHOLE,) * 7, [(count,) * 7])


def overrides(*rows: tuple[bytes | None, ...]) -> HostilePostgreSQL:
    """What roles and databases have of their own."""
    return answers("SELECT pg_catalog.unnest", lambda wire: wire.rows((TEXT,) * len(rows[0]), rows))


def ways() -> Iterator[tuple[str, Way]]:
    """Name -> the way."""
    yield "as it should be", Way(HostilePostgreSQL(), VALID)
    # Before and while the client logs in
    yield "silent from the start", Way(first(Wire.hang), SLOW_TO_CONNECT, slow=True)
    yield "hangs up", Way(first(Wire.close), LOST)
    yield "is a web server", Way(encryption(b"HTTP/1.1 400 Bad Request\r\n\r\n"), LOST)
    yield (
        "says yes to TLS, speaks something else",
        Way(encryption(b"S", lambda wire: wire.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")), LOST),
    )
    yield "says yes to TLS, nothing more", Way(encryption(b"S"), SLOW_TO_CONNECT, slow=True)
    stuffed = encryption(b"S" + message(b"E", b"MI was here\0\0"))
    yield "says more than yes to TLS", Way(stuffed, LOST)
    yield "is silent after the login", Way(login(Wire.hang), SLOW_TO_CONNECT, slow=True)
    dripping = login(lambda wire: wire.drip(message(b"R", bytes(4)) + message(b"S", b"x" * 99)))
    yield "lets one in a byte at a time", Way(dripping, SLOW_TO_CONNECT, slow=True)
    said = login(lambda wire: wire.error(b"no\x1b]0;x\x07room", b"FATAL"))
    yield "has no room", Way(said, r"no connection to the PostgreSQL server: .*no.\]0;x.room")
    long = login(lambda wire: wire.error(b"no\n" * 10_000, b"FATAL"))
    yield "refuses with 30 kB", Way(long, LOST)
    unending = login(lambda wire: wire.for_ever(b"E\x7f\xff\xff\xffSFATAL\0"))
    yield "refuses without end", Way(unending, LOST)
    yield "asks for the password in clear", Way(asks_for(3), IN_CLEAR)
    yield "asks by an unknown method", Way(asks_for(99), LOST)
    yield "asks by Kerberos", Way(asks_for(2), LOST)
    no_mechanism = asks_for(10, b"SCRAM-SHA-1\0\0")
    yield "asks by an unknown mechanism", Way(no_mechanism, LOST)
    yield "asks by SCRAM without the password's verifier", Way(scram(4096), LOST)
    yield "has SCRAM computed for hours", Way(scram(2**31 - 1), SLOW, slow=True)
    yield "asks by MD5", Way(asks_for(5, b"salt"), VALID)
    yield "has parameters without end", Way(login(many_parameters), SLOW_TO_CONNECT, slow=True)
    yield "sends notices before letting in", Way(login(notices), LOST)
    endless = login(let_in_with_notices)
    yield "sends notices and lets nobody work", Way(endless, SLOW_TO_CONNECT, slow=True)
    foreign = login(lambda wire: wire.let_in(client_encoding="NONE_\x1b[2J", server_version="x"))
    yield "has an encoding of no name", Way(foreign, VALID)
    # Its answers
    yield "is silent when asked", Way(answers(AUDIT, Wire.hang), SLOW, slow=True)
    slowly = answers(AUDIT, lambda wire: wire.drip(message(b"T", b"\0\x01n\0") * 9))
    yield "answers a byte at a time", Way(slowly, SLOW, slow=True)
    yield "answers without end", Way(answers(AUDIT, endless_rows), r"more than (4 MiB|100000 rows)")
    yield "answers nothing without end", Way(answers(AUDIT, endless_nulls), "100000 rows")
    yield (
        "has a column of a gigabyte",
        Way(answers(AUDIT, giant_column), r"connection is lost: |refuses: |more than memory"),
    )
    yield "has a column of 10 MB", Way(answers(AUDIT, half_a_giant), TOO_MANY_BYTES)
    many = answers(AUDIT, lambda wire: wire.rows((TEXT,) * 30_000, [(None,) * 30_000]))
    yield "has 30,000 columns", Way(many, "more than 128 columns")
    yield "says wrong lengths", Way(answers(AUDIT, wrong_length), "connection is lost|refuses")
    yield "sends notices without end", Way(answers(AUDIT, notices), SLOW, slow=True)
    yield "hangs up within an answer", Way(answers(AUDIT, half_an_answer), "connection is lost: ")
    copying = answers(AUDIT, lambda wire: wire.message(b"H", b"\0\0\0"))
    yield "copies a file out", Way(copying, "wants to copy a file")
    taking = answers(AUDIT, lambda wire: wire.message(b"G", b"\0\0\0"))
    yield "copies a file in", Way(taking, "wants to copy a file")
    garbage = answers(AUDIT, lambda wire: wire.send(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    yield "answers as a web server", Way(garbage, r"connection is lost|refuses", slow=True)
    yield "refuses what it is asked", Way(refusing(AUDIT), "refuses: no, .*never and more")
    yield (
        "refuses with 3 MB",
        Way(refusing(AUDIT, b"no\x1b]0;x\x07 " * 300_000), r"server refuses: no.{300,500}\.\.\."),
    )
    yield "refuses a transaction", Way(refusing("BEGIN"), "refuses: no, ", predict=VALID)
    ended = answers(AUDIT, going)
    yield "ends the session", Way(ended, "going")
    one = answers(AUDIT, lambda wire: wire.rows((TEXT,), [(b"server_version",)]))
    yield "answers with one column", Way(one, r"1 columns where \d were asked for")
    none = answers(AUDIT, lambda wire: wire.rows(AUDITED, []))
    yield "has no settings", Way(none, "does not show its server_version")
    nulls = answers(AUDIT, lambda wire: wire.rows((TEXT,) * 7, [(None,) * 7]))
    yield "has settings that are NULL", Way(nulls, "does not show its server_version|7 columns")
    done = answers(AUDIT, without_rows)
    yield "says that it is done for rows", Way(done, "does not show its server_version")
    word = answers("SELECT pg_catalog.pg_has_role", lambda wire: wire.rows((WHOLE,), [(b"x",)]))
    yield "has text for numbers", Way(word, "where a whole number is due", predict=None)
    twice = answers(
        "SELECT pg_catalog.pg_has_role", lambda wire: wire.rows((WHOLE,), [(b"1",), (b"2",)])
    )
    yield "answers with two rows for one", Way(twice, "2 rows where one value", predict=None)
    # Its values
    for name, server, said_of_it, predicted in (
        ("a version of 1 MB", shows(server_version=b"\x1b]8;;" * 200_000), "calls its version", ""),
        ("a version of no numbers", shows(server_version=b"ten"), "calls its version 'ten'", ""),
        ("values that are NULL", shows(**dict.fromkeys(SETTINGS, None)), "calls its version", ""),
        ("bytes for text", shows(wal_sync_method=b"\xff\xfe"), VALID, "no series measures"),
        ("control characters", shows(fsync=b"\x1b[2J\r\nx"), VALID, VALID),
        ("numbers of 400 digits", shows(commit_delay=b"9" * 400), VALID, "is not a number"),
        ("no number", shows(commit_delay=b"nan", max_wal_size=b"inf"), VALID, "is not a number"),
        (
            "negative numbers",
            shows(commit_delay=b"-1", max_wal_size=b"-9"),
            VALID,
            "is not a number",
        ),
        ("a delay of ages", shows(commit_delay=b"9" * 19), VALID, VALID),
        ("1 MB of text", shows(full_page_writes=b"x'\\\n;--" * 150_000), VALID, VALID),
    ):
        yield f"has {name}", Way(server, said_of_it, predict=predicted or said_of_it)
    hostile = (b"fsync=off", b'r"; DROP\n\x1b[31mx', b"d\\")
    yield "has roles of evil names", Way(overrides(hostile), "fsync", predict=None)
    yield "has roles of no names", Way(overrides((None, None, None)), VALID, predict=None)
    # Its counters
    yield "resets its counters", Way(Resetting(), "counters were reset", predict=None)
    for name, count in (("below zero", b"-5"), ("beyond all numbers", b"9" * 400)):
        yield f"counts {name}", Way(counting(count), "which is not a count", predict=None)
        yield (
            f"counts WAL {name}",
            Way(counting_wal(count), "which is not a count", predict=None),
        )
    timeless = counting_wal(b"100", b"\x1b[2Jlong ago")
    yield "counts since no time", Way(timeless, "calls '.*long ago' a time", predict=None)
    short = answers("SELECT num_timed", lambda wire: wire.rows((TEXT,), [(b"1",)]))
    yield "counts half of its checkpoints", Way(short, "1 columns where 4", predict=None)
    silent = refusing("SELECT CASE WHEN pg_catalog.pg_is_in_recovery")
    yield "tells no position of its WAL", Way(silent, VALID, predict=None)
    # Under load
    loads: tuple[tuple[str, Behaviour, str], ...] = (
        ("is silent under load", Wire.hang, "answers no commit|does not answer for|in time"),
        ("answers a commit without end", notices, "UPDATE has no end"),
        (
            "answers a commit by bytes",
            lambda wire: wire.drip(b"C\0\0\0\x0d"),
            "no commit|not answer",
        ),
        ("answers a commit with emptiness", lambda wire: wire.send(b"E\0\0\0\x04Z" * 9), "UPDATE"),
        ("hangs up under load", Wire.close, "closed the connection|has gone"),
    )
    for name, behaviour, words in loads:
        slow = "silent" in name or "bytes" in name
        yield name, Way(answers("UPDATE", behaviour), None, predict=words, slow=slow)
    yield "is silent when it is filled", Way(answers("INSERT", Wire.hang), None, SLOW, slow=True)
    left = r"schema fsync_advisor_verify is left behind"
    yield "keeps the schema", Way(refusing("DROP"), None, predict=left)


SLOW_TO_CONNECT: Final = r"no connection to the PostgreSQL server: .*(timeout|in time|memory)"
