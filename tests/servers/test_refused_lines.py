"""Lines that keep servers from starting, and those that only seem to: asked of the servers."""

import pytest

from tests.servers.harness import ServerDidNotStart, server_named

STOP = (
    ("postgresql-15", "fsync = perhaps\n"),
    ("postgresql-15", "fsync on off\n"),
    ("postgresql-15", "\ufefffsync = on\n"),
    ("postgresql-15", "commit_delay = 10ms\n"),
    ("postgresql-15", "wal_sync_method = fsync_writethrough\n"),
    ("mysql-9.7", "[mysqld]\nsync_binlog = lots\nsync_binlog = 1\n"),
    ("mariadb-10.11", "[mysqld]\nsync_binlog = lots\nsync_binlog = 1\n"),
    ("mariadb-10.11", "[mysqld]\ninnodb_d = 0\n"),
)

START = (
    ("postgresql-15", "fsync = perhaps\nfsync = on\n", "fsync", "on"),
    # The file is an included one: it ends where it cannot be read.
    ("mysql-9.7", "\ufeff[mysqld]\nsync_binlog = 7\n", "sync_binlog", "1"),
    ("mysql-9.7", "sync_binlog = 7\n", "sync_binlog", "1"),
    ("mysql-9.7", "[mysqld]\nsync_binlog = 5\n[bro\nsync_binlog = 7\n", "sync_binlog", "5"),
    ("mariadb-11.8", "\ufeff[mysqld]\nsync_binlog = 7\n", "sync_binlog", "0"),
    ("mariadb-11.8", "[mysqld]\nsync_binlog = 5\n[bro\nsync_binlog = 7\n", "sync_binlog", "5"),
)


@pytest.mark.parametrize(("name", "fragment"), STOP)
def test_a_line_that_stops_the_server(name: str, fragment: str) -> None:
    with pytest.raises(ServerDidNotStart), server_named(name).running(fragment):
        pass


@pytest.mark.parametrize(("name", "fragment", "setting", "value"), START)
def test_a_line_that_does_not(name: str, fragment: str, setting: str, value: str) -> None:
    with server_named(name).running(fragment) as instance:
        assert instance.read(setting).value == value
