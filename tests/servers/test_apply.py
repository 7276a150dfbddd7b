"""apply on real servers: the file is where they read it, its values are in force, and go again."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from advisor.vendors.registry import VENDORS
from tests.servers.engines import ENGINES, Place, Programs
from tests.servers.harness import Instance, Server, server_named
from tests.support.paths import CHECKOUT

FRAGMENTS = {
    "postgresql": ("max_wal_size", "2GB", "3GB", "1GB"),
    "mysql": ("innodb_io_capacity", "4321", "5432", "10000"),
    "mariadb": ("innodb_io_capacity", "4321", "5432", "200"),
}
"""Setting, the value of a first and of a second fragment, and the server's default."""


@dataclass(frozen=True)
class Host:
    """A server's configuration, as a package would leave it."""

    server: Server
    place: Place
    programs: Programs

    @property
    def main(self) -> Path:
        inside = self.server.vendor == "postgresql"
        return self.place.data / "postgresql.conf" if inside else self.place.config

    @property
    def file(self) -> Path:
        return self.place.fragments / ENGINES[self.server.vendor].fragment_name

    def apply(self, fragment: str | None, *options: str) -> "subprocess.CompletedProcess[str]":
        """Runs the command; None: with --undo."""
        vendor = self.server.vendor
        program = self.programs[ENGINES[vendor].server]
        command = [sys.executable, "-m", "advisor", "apply", "--db", vendor, "--yes"]
        command += ["--to", str(self.place.fragments), "--config", str(self.main)]
        command += ["--server", str(program), *options, "--undo" if fragment is None else "-"]
        return subprocess.run(
            command,
            input=fragment or "",
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            cwd=self.place.folder,
        )

    def fragment(self, *lines: str) -> str:
        head = "" if self.server.vendor == "postgresql" else "[mysqld]\n"
        return head + "".join(f"{line}\n" for line in lines)

    def parsed(self, name: str) -> str:
        """What the server makes of its files without starting."""
        engine = ENGINES[self.server.vendor]
        return engine.parsed(self.programs, self.place, [name])[name]

    def files(self) -> list[str]:
        return sorted(path.name for path in self.place.fragments.iterdir())


@contextmanager
def host(server: Server) -> Iterator[Host]:
    with server.configured("") as (place, programs):
        found = Host(server, place, programs)
        found.file.unlink()
        yield found


@pytest.fixture
def one(one_of_each: Server) -> Iterator[Host]:
    with host(one_of_each) as found:
        yield found


def test_what_is_applied_is_in_force_and_what_is_undone_is_not(one: Host) -> None:
    """A running server is not touched; PostgreSQL takes it by a reload, the others by a restart."""
    name, first, second, default = FRAGMENTS[one.server.vendor]
    reloads = one.server.vendor == "postgresql"
    with one.server.started(one.place, one.programs) as instance:
        done = one.apply(one.fragment(f"{name} = {first}"))
        assert done.returncode == 0, done.stderr
        assert f"+{name} = {first}" in done.stdout
        needed = "a reload suffices for" if reloads else "restart the server for"
        assert f"{needed}: {name}" in done.stderr
        assert "warning" not in done.stderr
        assert instance.read(name).shown == default
        if reloads:
            instance.query("SELECT pg_reload_conf()")
            assert reloaded(instance, name, first)
    assert one.apply(one.fragment(f"{name} = {second}")).returncode == 0
    assert one.files() == [one.file.name, f"{one.file.name}.before-1"]
    with one.server.started(one.place, one.programs) as instance:
        assert instance.read(name).shown == second
    assert one.apply(None).returncode == 0
    assert f"{name} = {first}\n" in one.file.read_text()
    assert one.parsed(name) == in_unit(first)
    assert one.apply(None).returncode == 0
    assert one.parsed(name) == in_unit(default)
    assert one.files() == [f"{one.file.name}.undone-1", f"{one.file.name}.undone-2"]
    last = one.apply(None)
    assert (last.returncode, last.stdout) == (1, "")
    assert "nothing to undo" in last.stderr


def reloaded(instance: Instance, name: str, value: str) -> bool:
    """Whether the server has the value, sooner or later: a reload is only a signal."""
    for _ in range(200):
        if instance.read(name).shown == value:
            return True
        time.sleep(0.05)
    return False


def in_unit(value: str) -> str:
    """As postgres -C prints a size that counts in MB."""
    return f"{int(value.removesuffix('GB')) * 1024}" if value.endswith("GB") else value


BAD = {
    "postgresql": ("wal_sync_method = fsync_writethrough", "wal_sync_method"),
    "mysql": ("innodb_io_capacity_maximum = 4321", "innodb_io_capacity_maximum"),
    "mariadb": ("innodb_flush_neighbors = 0 (of old", "flush-neighbors"),
}
"""A line that the server does not start with, and what its words name."""


def test_what_the_server_refuses_is_not_written(one: Host) -> None:
    """MariaDB's exit status is 0 for this one."""
    line, named = BAD[one.server.vendor]
    done = one.apply(one.fragment(line))
    assert done.returncode == 1
    assert "refuses this" in done.stderr
    assert named in done.stderr
    assert one.files() == []


def test_a_configuration_that_was_refused_before_is_not_held_against_the_fragment(
    one: Host,
) -> None:
    name, first, _, _ = FRAGMENTS[one.server.vendor]
    (one.place.fragments / ("a" + one.file.suffix)).write_text(
        one.fragment(BAD[one.server.vendor][0])
    )
    done = one.apply(one.fragment(f"{name} = {first}"))
    assert done.returncode == 0, done.stderr
    assert (
        "has not checked this: it refuses the configuration without this file, too" in done.stderr
    )
    assert one.file.exists()


def test_what_takes_a_restart_is_as_the_server_says() -> None:
    with server_named("postgresql-18").running("") as instance:
        rows = instance.query("SELECT name, context = 'postmaster' FROM pg_settings")
    restarts = dict[str, bool](rows)
    told = VENDORS["postgresql"].restart_by_setting
    assert len(told) >= 6
    assert told == {name: restarts[name] for name in told}


@pytest.mark.parametrize("name", ["mysql-9.7", "mariadb-10.11"])
def test_a_value_that_the_server_would_change_is_warned_of(name: str) -> None:
    """They go on with another value than the one in the file; PostgreSQL refuses it."""
    with host(server_named(name)) as one:
        done = one.apply(one.fragment("innodb_io_capacity = 5"), "--dry-run")
        assert one.files() == []
    assert done.returncode == 0
    assert "warning: the server says: " in done.stderr
    assert "'innodb-io-capacity': unsigned value 5 adjusted to 100" in done.stderr
