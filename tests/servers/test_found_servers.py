"""Commands to which nobody says where the database is, on hosts as Debian's packages leave them."""

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.servers.debian_host import DebianHost, debian_host
from tests.support.emulated_drive import (
    CannotEmulate,
    EmulatedDrive,
    compile_drive,
    emulated_drive,
    load_profile,
)
from tests.support.faults import missing

ONE: Final = "measuring /var/lib/mysql (ext4 on "


@pytest.fixture
def host() -> Iterator[DebianHost]:
    with debian_host() as found:
        yield found


def test_the_only_server_is_meant(host: DebianHost) -> None:
    """Its data directory, vendor, version and configuration."""
    host.mariadb()
    done = host.run("recommend", "--quick")
    assert done.returncode == 0, done.stderr
    first = done.stderr.splitlines()[0]
    assert first.startswith(f"fsync-advisor: {ONE}")
    assert first.endswith("), the data of MariaDB 10.11.19")
    assert "settings for MariaDB 10.11.19 (installed here: /usr/sbin/mariadbd)" in done.stdout
    done = host.run("audit", "--quick", "--format", "json")
    assert done.stderr.splitlines()[0] == first
    found = json.loads(done.stdout)
    assert (found["engine"], found["engine_version"]) == ("mariadb", "10.11.19")
    assert found["version_source"] == "its data is in /var/lib/mysql"
    assert found["measured"]["directory"] == "/var/lib/mysql"


def test_explicit_options_win(host: DebianHost) -> None:
    host.mariadb()
    other = host.run("recommend", "--quick", "--db", "postgresql", "--db-version", "16")
    assert other.returncode == 0, other.stderr
    assert other.stderr.splitlines()[0].endswith(
        ", the current directory: no PostgreSQL server was found on this host"
    )
    at = host.run("recommend", "--quick", "/var/lib/mysql")
    assert "settings for MariaDB 10.11.19" in at.stdout


@pytest.fixture
def drive(tmp_path: Path) -> Iterator[EmulatedDrive]:
    """Another drive than that of the host's folder."""
    program = compile_drive(tmp_path)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm"))
        profile = load_profile("sata-protected")
        made = emulated_drive(program, profile, Path(folder), size_bytes=800 << 20)
        try:
            other = stack.enter_context(made)
        except CannotEmulate as error:
            missing(str(error))
        yield other


def test_a_log_on_another_volume_of_the_same_drive(host: DebianHost) -> None:
    host.postgresql(log="wal")
    host.mount("wal")
    done = host.run("recommend", "--quick")
    assert "the log has no drive of its own, both are on " in done.stderr


def test_a_log_on_another_drive_is_measured_and_used(
    host: DebianHost, drive: EmulatedDrive
) -> None:
    host.postgresql(log="wal")
    host.mount("wal", drive.device)
    saved = host.folder / "t/drive.json"
    done = host.run("recommend", "--quick", "--save", str(saved))
    lines = done.stderr.splitlines()
    assert re.fullmatch(r"fsync-advisor: measuring /var/lib/wal \(ext4 on .*\), the log", lines[0])
    assert re.fullmatch(
        r"fsync-advisor: measuring /var/lib/postgresql/15/main \(ext4 on .*\), the data of"
        r" PostgreSQL 15\.20",
        lines[1],
    )
    assert "the log has its own drive: settings of commits and of the log rest on" in done.stderr
    stored = json.loads(saved.read_text())
    assert stored["target"]["directory"] == "/var/lib/wal"
    assert stored["data_files"]["target"]["directory"] == "/var/lib/postgresql/15/main"
    assert stored["binary_log"] is None
    data = host.run("measure", "--quick", "/var/lib/postgresql/15/main")
    assert "--log-dir /var/lib/wal measures that, too" in data.stderr
    named = host.run("measure", "--quick", "--log-dir", "/var/lib/wal", "/var/lib/postgresql")
    assert "\n/var/lib/wal: ext4 on " in named.stdout
    assert "data files: /var/lib/postgresql: ext4 on " in named.stdout
