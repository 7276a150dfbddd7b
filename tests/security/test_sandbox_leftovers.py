"""What is left of a throw-away server, however the command or the server ends: nothing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil
import pytest

from tests.security.attacker import require_root
from tests.security.fake_servers import fake_server
from tests.servers.harness import server_named
from tests.servers.test_verify import processes_in, program_of, verified
from tests.support.command_line import advisor, environment
from tests.support.paths import MEASUREMENTS

pytestmark = pytest.mark.quiet

WAIT_S: Final = 60
IDS: Final = range(61184, 65520)
SERVER: Final = "postgresql-15"
MEASUREMENT: Final = str(MEASUREMENTS / "nvme-plp.json")

HEEDED: Final = (signal.SIGHUP, signal.SIGQUIT)

COMMANDS: Final = {
    "verify": ("verify", "{fragment}"),
    "predict": ("predict", "{fragment}", "--from", MEASUREMENT, "--clients", "1"),
}
MOMENTS: Final = ("data", "run/.s.PGSQL.5432")
"""What lies in the private folder: while its data are made, and while the server runs."""


@pytest.fixture(autouse=True)
def _heeded() -> Iterator[None]:
    """Who runs the tests in the background, or by nohup, has these ignored, and the commands that
    are started would be told to ignore them, too."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in HEEDED}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def sleeping() -> list[psutil.Process]:
    """What a fake server has left behind."""
    found = psutil.process_iter(["cmdline"])
    return [process for process in found if SLEEP_S in (process.info["cmdline"] or [])]


def wait_for(ready: Callable[[], object], process: "subprocess.Popen[bytes] | None" = None) -> None:
    until_s = time.monotonic() + WAIT_S
    while not ready():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < until_s
        time.sleep(0.01)


@contextmanager
def started(
    places: Path, program: Path, command: Sequence[str], vendor: str = "postgresql"
) -> Iterator["subprocess.Popen[bytes]"]:
    fragment = places.parent / "fragment"
    fragment.write_text("fsync = on\n")
    words = [word.format(fragment=fragment) for word in command]
    asked = [*words, "--db", vendor, "--server", str(program)]
    with subprocess.Popen(
        [sys.executable, "-m", "advisor", *asked],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env=environment(places),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


# tests/servers/test_verify.py has the others.
@pytest.mark.parametrize(
    ("command", "moment", "number"),
    [
        ("verify", MOMENTS[0], signal.SIGHUP),
        ("verify", MOMENTS[1], signal.SIGQUIT),
        ("predict", MOMENTS[1], signal.SIGHUP),
        ("predict", MOMENTS[1], signal.SIGTERM),
    ],
)
def test_a_signal_leaves_no_folder_and_no_process(
    command: str, moment: str, number: signal.Signals
) -> None:
    with program_of(server_named(SERVER)) as (program, places):
        with started(places, program, COMMANDS[command]) as process:
            wait_for(lambda: list(places.glob(f"*/{moment}")), process)
            process.send_signal(number)
            process.send_signal(number)  # as a terminal that goes away, and its shell
            _, err = process.communicate(timeout=WAIT_S)
        assert process.returncode == 130, err
        assert b"Traceback" not in err
        assert list(places.iterdir()) == []
        assert processes_in(places) == []


def test_who_reads_no_more_is_left_no_folder_and_no_process() -> None:
    """SIGPIPE."""
    with program_of(server_named(SERVER)) as (program, places):
        with started(places, program, COMMANDS["verify"]) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            process.stderr.close()
            assert process.wait(WAIT_S) in (1, 120)
        assert list(places.iterdir()) == []
        assert processes_in(places) == []


def test_what_nohup_lets_pass_ends_nothing() -> None:
    with fake_server("postgresql") as server:
        server.write("exit 1", initdb="touch $MARKS/started; sleep 2; exit 7")
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            with started(server.places, server.program, COMMANDS["verify"]) as process:
                wait_for(server.marked, process)
                process.send_signal(signal.SIGHUP)
                _, err = process.communicate(timeout=WAIT_S)
        finally:
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
    assert process.returncode == 1
    assert b"initdb ends with status 7" in err


def test_killed_its_server_ends_too_and_the_next_run_removes_the_folder() -> None:
    require_root()
    with program_of(server_named(SERVER)) as (program, places):
        foreign = places / "verify-fsync-0123456789ab"
        foreign.mkdir()
        os.chown(foreign, 60999, 60999)
        shared = {path.name for path in Path("/dev/shm").iterdir()}
        with started(places, program, COMMANDS["predict"]) as process:
            wait_for(lambda: list(places.glob(f"*/{MOMENTS[1]}")), process)
            servers = processes_in(places)
            assert servers
            others = [left for left in places.iterdir() if left != foreign]
            process.kill()
            process.wait()
        _, alive = psutil.wait_procs(servers, timeout=WAIT_S)
        assert alive == []
        assert processes_in(places) == []
        new = {path.name for path in Path("/dev/shm").iterdir()} - shared
        assert [path for path in new if Path("/dev/shm", path).stat().st_uid in IDS] == []
        assert [left for left in places.iterdir() if left != foreign] == others
        left_sockets = set(places.glob(f"*/{MOMENTS[1]}"))
        # Who uses one holds it; who does not run removes what nobody holds.
        with started(places, program, COMMANDS["predict"]) as first:
            wait_for(lambda: set(places.glob(f"*/{MOMENTS[1]}")) - left_sockets, first)
            (used,) = (left for left in places.iterdir() if left != foreign)
            assert used not in others
            asked = ("verify", "--db", "postgresql", "-", "--server", str(program))
            assert advisor(*asked, text="fsync = on\n", places=places).returncode == 0
            first.communicate(timeout=WAIT_S)
            assert first.returncode == 0
        assert list(places.iterdir()) == [foreign]


SLEEP_S: Final = f"300.{os.getpid()}"
"""By which ours are told."""
DETACHES: Final = f"""
setsid sh -c 'sleep {SLEEP_S} & sleep {SLEEP_S}' > /dev/null 2>&1 &
echo FATAL:  no; exit 1
"""


@pytest.mark.parametrize("of", ["server", "initdb"])
def test_a_process_that_a_server_detached_is_ended(of: str) -> None:
    require_root()
    with fake_server("postgresql") as server:
        server.write(DETACHES if of == "server" else "exit 1", DETACHES if of == "initdb" else "")
        done = server.run("verify", "-", text="fsync = on\n")
        assert done.returncode == 1
        assert sleeping() == []


def test_no_spelling_of_daemonize_leaves_a_server() -> None:
    """That nothing is left `verified` sees to."""
    lines = ("enable-daemonize", "skip-daemonize=0", "loose-loose-daemonize", "sync_binlog=7")
    done = verified(server_named("mysql-9.7"), "\n".join(["[mysqld]", *lines, ""]))
    assert done.returncode == 0, done.stderr
    assert "MySQL 9.7.4: 3 not tried, 1 ok" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_leaves_nothing_of_a_check(number: signal.Signals) -> None:
    with fake_server("mysql") as server:
        server.write("sleep 300 & sleep 300")
        conf_d = server.folder / "conf.d"
        conf_d.mkdir()
        (server.folder / "my.cnf").write_text(f"[mysqld]\n!includedir {conf_d}\n")
        fragment = server.folder / "f.cnf"
        fragment.write_text("[mysqld]\ninnodb_io_capacity = 500\n")
        command = ("apply", str(fragment), "--dry-run", "--config", f"{server.folder}/my.cnf")
        with started(server.places, server.program, command, "mysql") as process:
            wait_for(lambda: processes_in(server.places), process)
            process.send_signal(number)
            _, err = process.communicate(timeout=WAIT_S)
        assert process.returncode == 130, err
        assert list(server.places.iterdir()) == []
        assert processes_in(server.places) == []
        assert list(conf_d.iterdir()) == []
