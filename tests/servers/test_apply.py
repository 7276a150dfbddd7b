"""apply on real servers: the file is where they read it, its values are in force, and go again."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from advisor.vendors.registry import VENDORS
from tests.servers.account import account
from tests.servers.apply_host import Host, host
from tests.servers.engines import ENGINES
from tests.servers.harness import Instance, Server, server_named
from tests.support.faults import missing

FRAGMENTS = {
    "postgresql": ("max_wal_size", "2GB", "3GB", "1GB"),
    "mysql": ("innodb_io_capacity", "4321", "5432", "10000"),
    "mariadb": ("innodb_io_capacity", "4321", "5432", "200"),
}
"""Setting, the value of a first and of a second fragment, and the server's default."""


@pytest.fixture
def one(one_of_each: Server) -> Iterator[Host]:
    with host(one_of_each) as found:
        yield found


def test_what_is_applied_is_in_force_and_what_is_undone_is_not(one: Host) -> None:
    """A running server is not touched; PostgreSQL takes it by a reload, the others by a restart."""
    name, first, second, default = FRAGMENTS[one.server.vendor]
    reloads = one.server.vendor == "postgresql"
    with one.server.started(one.place, one.programs) as instance:
        done = one.apply(one.fragment(f"{name} = {first}"), "--diff")
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
    fragment = one.fragment(f"{name} = {first}")
    why = "has not checked this: it refuses the configuration without this file, too"
    done = one.apply(fragment, "--quiet")
    assert done.returncode == 1
    assert why in done.stderr
    assert "--unchecked writes it all the same" in done.stderr
    assert not one.file.exists()
    done = one.apply(fragment, "--unchecked")
    assert done.returncode == 0, done.stderr
    assert why in done.stderr
    assert one.file.exists()


@pytest.mark.parametrize("name", ["mariadb-10.11", "mysql-9.7"])
def test_the_options_of_plugins_that_the_server_loads_are_not_held_against_it(name: str) -> None:
    """Debian's MariaDB has the first two lines as a file of its own, for each of five plugins. The
    check loads none, and the server would refuse the second line."""
    with host(server_named(name)) as one:
        own = "plugin_load_add=provider_bzip2\nprovider_bzip2=force_plus_permanent\n"
        (one.place.fragments / "provider.cnf").write_text(f"[server]\n{own}")
        done = one.apply(one.fragment("innodb_io_capacity = 300"))
        assert (done.returncode, "warning" in done.stderr) == (0, False), done.stderr
        assert one.file.exists()


def test_a_program_that_the_servers_account_cannot_reach(one: Host) -> None:
    """Root may look into the folder; who runs the check may not."""
    if os.geteuid() != 0:
        missing("the check runs as another account only where root starts it")
    program = one.programs[ENGINES[one.server.vendor].server]
    with TemporaryDirectory(prefix="closed-", dir="/var/tmp") as folder:
        closed = Path(folder) / program.name
        closed.write_text(f'#!/bin/sh\nexec {program} "$@"\n')
        closed.chmod(0o755)
        name, first, _, _ = FRAGMENTS[one.server.vendor]
        fragment = one.fragment(f"{name} = {first}")
        done = one.apply(fragment, "--server", str(closed))
        assert one.files() == []
        unchecked = one.apply(fragment, "--server", str(closed), "--unchecked")
    assert unchecked.returncode == 0, unchecked.stderr
    assert f"warning: {closed} cannot be started as " in unchecked.stderr
    assert one.file.exists()
    assert done.returncode == 1
    who = account().pw_name
    assert f"{closed} cannot be started as {who}: Permission denied\n" in done.stderr
    assert f"let {who} read it and enter its folders" in done.stderr
    assert "PosixPath" not in done.stderr


def test_an_undo_that_the_server_refuses_is_said_even_in_silence(one: Host) -> None:
    line, named = BAD[one.server.vendor]
    one.file.write_text("# fsync-advisor\n")
    backup = one.file.with_name(f"{one.file.name}.before-1")
    backup.write_text(f"# fsync-advisor\n{one.fragment(line)}")
    done = one.apply(None, "--quiet")
    assert done.returncode == 0
    assert "refuses this" in done.stderr
    assert named in done.stderr


def test_a_server_of_another_series_is_no_check() -> None:
    """PostgreSQL's data directory says whose it is."""
    with host(server_named("postgresql-15")) as one, host(server_named("postgresql-18")) as other:
        program = other.programs["postgres"]
        done = one.apply("max_wal_size = 2GB\n", "--server", str(program))
        assert one.files() == []
    assert done.returncode == 1
    assert "it is PostgreSQL 18, and the data directory is PostgreSQL 15's" in done.stderr


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
