"""The process of the drivers: it is ended whatever it does, and holds nothing of ours."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from advisor.servers.connection import driver_process
from advisor.servers.connection.answers import as_text, as_value, encoding_of, said
from advisor.servers.connection.driver_process import DriverProcess
from advisor.servers.connection.limits import Patience, WireError
from tests.support.command_line import environment

LONG_S = 60.0


@pytest.fixture(autouse=True)
def bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(driver_process.MODULES, "bad", "tests.support.bad_drivers")


@pytest.fixture
def process() -> Iterator[DriverProcess]:
    started = DriverProcess("bad", {})
    yield started
    started.close(1)


def open_session(process: DriverProcess) -> None:
    """Its copy of the socket is of no use here."""
    process.session(time.monotonic() + LONG_S).socket.close()


def asked(process: DriverProcess, statement: str, within_s: float = LONG_S) -> list[object]:
    return [
        value for row in process.rows(1, statement, time.monotonic() + within_s) for value in row
    ]


def is_gone(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return True
    return False


def test_values_come_as_they_are(process: DriverProcess) -> None:
    open_session(process)
    assert process.rows(1, "", time.monotonic() + LONG_S) == [("text", 1, True, None)]


def test_it_is_ended_when_it_computes_on_and_on(process: DriverProcess) -> None:
    open_session(process)
    (number,) = asked(process, "process")
    with pytest.raises(WireError, match="does not answer in time"):
        asked(process, "compute", 0.1)
    assert is_gone(int(str(number)))
    with pytest.raises(WireError, match="the connection is lost"):
        asked(process, "")


def test_it_takes_no_more_memory_than_it_may(process: DriverProcess) -> None:
    open_session(process)
    with pytest.raises(WireError, match="more than memory can hold"):
        asked(process, "grow")


def test_how_it_dies_is_said(process: DriverProcess) -> None:
    open_session(process)
    with pytest.raises(WireError, match="the driver gave up: SIGABRT"):
        asked(process, "abort")


def test_what_it_trips_over_is_said_in_one_line(process: DriverProcess) -> None:
    open_session(process)
    with pytest.raises(WireError) as error:
        asked(process, "stumble")
    assert error.value.message.startswith("bad does not understand the server: KeyError: ")
    assert "\n" not in error.value.message


def test_it_has_nothing_open_of_ours() -> None:
    """Standard input, output and errors, its end of the connection to us, and its session's two."""
    reading, writing = os.pipe()
    started = DriverProcess("bad", {})
    open_session(started)
    os.set_inheritable(writing, True)
    files = asked(started, "files")
    started.close(1)
    os.close(reading)
    os.close(writing)
    assert files[:3] == [0, 1, 2]
    assert len(files) == 6


def test_it_ends_with_its_last_session() -> None:
    started = DriverProcess("bad", {})
    open_session(started)
    (number,) = asked(started, "process")
    open_session(started)
    started.close(1)
    assert not is_gone(int(str(number)))
    started.close(2)
    assert is_gone(int(str(number)))


def test_an_interruption_ends_it(process: DriverProcess) -> None:
    open_session(process)
    (number,) = asked(process, "process")
    before = signal.signal(signal.SIGUSR1, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    try:
        threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGUSR1]).start()
        with pytest.raises(KeyboardInterrupt):
            asked(process, "compute")
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert is_gone(int(str(number)))


LEFT_ALONE = """
import os, signal, threading, time
from advisor.servers.connection import driver_process
driver_process.MODULES["bad"] = "tests.support.bad_drivers"
process = driver_process.DriverProcess("bad", {})
process.session(time.monotonic() + 60)
print(process.rows(1, "process", time.monotonic() + 60)[0][0], flush=True)
threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGKILL]).start()
process.rows(1, "compute", time.monotonic() + 60)
"""


def test_it_does_not_outlive_us() -> None:
    """Not even while it computes, and does not see that we have hung up."""
    done = subprocess.run(
        [sys.executable, "-c", LEFT_ALONE],
        env=environment(None),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL
    deadline_s = time.monotonic() + 30
    while not is_gone(int(done.stdout)):
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


# What is made of bytes


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("UTF8", "utf8"),
        ("LATIN1", "latin1"),
        ("WIN1252", "cp1252"),
        ("KOI8R", "koi8-r"),
        ("EUC_JP", "euc_jp"),
        ("SQL_ASCII", "utf-8"),
        ("MULE_INTERNAL", "utf-8"),
        ("rot13", "utf-8"),
        ("zlib", "utf-8"),
    ],
)
def test_the_encoding_of_a_session(name: str, encoding: str) -> None:
    assert encoding_of(name) == encoding


def test_bytes_that_are_no_text_are_shown() -> None:
    assert as_text(b"a\xff\xc3\xa9") == "a\\xffé"
    assert as_text(b"\xe9", "latin1") == "é"
    assert as_text(b"x" * 20_000) == "x" * 16_384 + "..."


@pytest.mark.parametrize("sent", [b"", b"x", b"1.5", b"1e9", b" 1", b"9" * 21, b"--1"])
def test_what_is_no_whole_number_is_refused(sent: bytes) -> None:
    with pytest.raises(WireError, match="where a whole number is due"):
        as_value(sent, "whole")


def test_values_by_their_kind() -> None:
    assert as_value(b"-12", "whole") == -12
    assert (as_value(b"t", "truth"), as_value(b"f", "truth")) == (True, False)
    assert (as_value(None, "whole"), as_value(b"", "text")) == (None, "")


def test_what_a_server_says_is_short_and_in_one_line() -> None:
    assert said("a\n b\t\tc ") == "a b c"
    assert said("x" * 1000) == "x" * 400 + "..."


def test_patience_is_for_one_answer_and_for_all() -> None:
    now_s = time.monotonic()
    short = Patience.of(5)
    assert short.until() == pytest.approx(now_s + 5, abs=1)
    assert short.until(1) == pytest.approx(now_s + 1, abs=1)
    assert Patience().until() == pytest.approx(now_s + 30, abs=1)
    short.extend(100)
    assert short.until() == pytest.approx(now_s + 30, abs=1)
    over = Patience(ends_s=now_s - 100)
    assert over.left_s < 0
    assert over.and_then(5).until() == pytest.approx(now_s + 5, abs=1)
