"""trial, run as users run it, on real servers and an emulated drive."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.account import private_folder
from tests.servers.harness import Server, server_named
from tests.servers.test_verify import processes_in, program_of
from tests.support.command_line import advisor, environment
from tests.support.emulated_drive import (
    CannotEmulate,
    compile_drive,
    emulated_drive,
    load_profile,
    mounted_drive,
)
from tests.support.faults import missing
from tests.support.paths import MEASUREMENTS
from tests.support.terminal import Conversation

pytestmark = pytest.mark.quiet

HDD = str(MEASUREMENTS / "hdd.json")
SHORT = ("--turn", "1", "--warmup", "0", "--clients", "1", "--rows", "2000")
UNTIL_CLEAR = ("--seconds", "240")
FEWEST_ROUNDS = ("--seconds", "40")
FASTER = {
    "postgresql": "synchronous_commit = off\nport = 1\n",
    "mysql": "[mysqld]\ninnodb_flush_log_at_trx_commit = 2\nsync_binlog = 0\nport = 1\n",
    "mariadb": "[mysqld]\ninnodb_flush_log_at_trx_commit = 2\nport = 1\n",
}
RISKY = {
    "postgresql": "synchronous_commit = off",
    "mysql": "innodb_flush_log_at_trx_commit = 2",
    "mariadb": "innodb_flush_log_at_trx_commit = 2",
}


@contextmanager
def slow_place() -> Iterator[Path]:
    """A folder on a drive with 3000 operations/s and 1 ms a flush."""
    with private_folder(of_account=False) as room:
        try:
            program = compile_drive(room)
            with (
                emulated_drive(
                    program, load_profile("cloud-3000"), room, size_bytes=4 << 30
                ) as drive,
                mounted_drive(drive, room / "drive") as place,
            ):
                yield place
        except CannotEmulate as error:
            missing(str(error))


def test_a_configuration_that_does_not_wait_for_the_drive_is_faster(one_of_each: Server) -> None:
    """On a drive that makes every commit wait for a millisecond and more."""
    with program_of(one_of_each) as (program, _), slow_place() as place:
        fragment = place / "faster.cnf"
        fragment.write_text(FASTER[one_of_each.vendor])
        asked = ("trial", "--db", one_of_each.vendor, "--server", str(program))
        contenders = (str(fragment), "default", str(place))
        done = advisor(*asked, *SHORT, *UNTIL_CLEAR, *contenders, "--format", "json")
        assert done.returncode == 0, done.stderr
        fragment.unlink()
        assert [entry.name for entry in place.iterdir()] == ["lost+found"]
        assert processes_in(place) == []
    found = json.loads(done.stdout)
    assert (found["engine"], found["ending"]) == (one_of_each.vendor, "clear")
    faster, default = found["contenders"]
    assert (faster["name"], default["name"]) == (str(fragment), "default")
    assert len(faster["runs"]) == len(default["runs"]) >= 4
    assert all(each["recovery_s"] > 0 for each in (faster, default))
    (comparison,) = found["comparisons"]
    assert (comparison["ratio"]["decision"], comparison["ratio"]["low"] > 1) == ("faster", True)
    assert RISKY[one_of_each.vendor] in faster["fragment"]
    assert "port" not in faster["fragment"]  # what was not tried may hold a password
    assert default["fragment"] == ""
    risky, *_, not_tried, _ = found["notes"]
    assert risky.startswith(f"{fragment}: {RISKY[one_of_each.vendor]}: ")
    assert not_tried.startswith(f"{fragment}: not tried: port (line ")
    said = done.stderr.splitlines()
    assert any("throw-away servers take turns in" in line for line in said)


def test_ours_is_recommended_from_a_measurement_and_shown_to_people() -> None:
    with program_of(server_named("postgresql-15")) as (program, places):
        asked = ("trial", "--db", "postgresql", "--server", str(program), "--from", HDD)
        done = advisor(*asked, *SHORT, *FEWEST_ROUNDS, "--memory", "256MB", places=places)
        assert done.returncode == 0, done.stderr
        assert list(places.iterdir()) == []
    assert "ours" in done.stdout
    assert "default" in done.stdout
    assert "PostgreSQL 15" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("answer", ["", "no"])
def test_on_a_terminal_it_asks_before_it_writes(answer: str) -> None:
    with program_of(server_named("postgresql-15")) as (program, places):
        command = [sys.executable, "-m", "advisor", "trial", "--db", "postgresql"]
        talk = Conversation([*command, "--server", str(program)], environment(places))
        talk.expect("up to 600 s of load: 2 throw-away servers take turns in")
        talk.answer(r"Load the drive of .*\? \[y/N\]", answer)
        assert talk.ended() == 1
        assert "not confirmed; nothing was started" in talk.text()
        assert "measuring" not in talk.text()
        assert list(places.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_interrupted_leaves_nothing(number: signal.Signals) -> None:
    with program_of(server_named("postgresql-15")) as (program, places):
        command = [sys.executable, "-m", "advisor", "trial", "--db", "postgresql", "--from", HDD]
        command += ["--server", str(program), "--seconds", "600", "--turn", "1"]
        running = subprocess.Popen(
            command, env=environment(places), stderr=subprocess.PIPE, text=True
        )
        assert running.stderr is not None
        for line in running.stderr:
            if "round 1" in line:
                break
        time.sleep(0.5)
        running.send_signal(number)
        running.communicate(timeout=60)
        assert running.returncode == 130
        assert list(places.iterdir()) == []
        assert processes_in(places) == []
