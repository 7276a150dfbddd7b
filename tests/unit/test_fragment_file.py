"""Fragments as people write them, line by line."""

import pytest

from advisor.errors import AdvisorError
from advisor.servers.config.fragment import parse_fragment
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.versions import NumericVersion

OPTION_FILE = """\
# a comment
; another
stray = 1

[client]
port = 3306
[mysqld]
innodb-io-capacity=200
  INNODB_buffer_pool_size =  4G   # four
loose-innodb_x = "a # b"
skip-name-resolve
log_bin = 'binlog'
sql_mode=
[mysqld-8.0] # of old
max_connections = 10=20
"""

POSTGRESQL = """\
# a comment
shared_buffers = 4GB   # four

wal_compression on
Checkpoint_Timeout=5min
log_line_prefix = 'it''s %m # '
search_path = 'a\\'b'
my.own = 1
two words here
fsync =
"""


def test_an_option_file() -> None:
    found = parse_fragment(OPTION_FILE, "f", "mysql")
    assert [(line.number, line.name, line.value, line.group) for line in found.lines] == [
        (3, "stray", "1", None),
        (6, "port", "3306", "client"),
        (8, "innodb_io_capacity", "200", "mysqld"),
        (9, "INNODB_buffer_pool_size", "4G", "mysqld"),
        (10, "loose_innodb_x", "a # b", "mysqld"),
        (11, "skip_name_resolve", None, "mysqld"),
        (12, "log_bin", "binlog", "mysqld"),
        (13, "sql_mode", "", "mysqld"),
        (15, "max_connections", "10=20", "mysqld-8.0"),
    ]


def test_a_postgresql_file() -> None:
    found = parse_fragment(POSTGRESQL, "f", "postgresql")
    assert [(line.number, line.name, line.value) for line in found.lines] == [
        (2, "shared_buffers", "4GB"),
        (4, "wal_compression", "on"),
        (5, "checkpoint_timeout", "5min"),
        (6, "log_line_prefix", "it's %m # "),
        (7, "search_path", "a'b"),
        (8, "my.own", "1"),
        (9, "two words here", None),
        (10, "fsync =", None),
    ]


@pytest.mark.parametrize(
    ("vendor", "line"),
    [
        ("mysql", "!include /etc/other.cnf"),
        ("mariadb", "!includedir /etc/mysql/conf.d"),
        ("postgresql", "include 'other.conf'"),
        ("postgresql", "include_if_exists = 'other.conf'"),
        ("postgresql", "INCLUDE_DIR 'conf.d'"),
    ],
)
def test_a_line_that_includes_others_is_refused_by_number(vendor: VendorName, line: str) -> None:
    with pytest.raises(AdvisorError) as refusal:
        parse_fragment(f"# one\n{line}\n", "my.conf", vendor)
    assert refusal.value.message == (
        f"my.conf:2: {line!r} includes other files, which are not verified here"
    )


def test_lines_left_out_keep_the_others_in_their_place() -> None:
    found = parse_fragment("a = 1\nb = 2\nc = 3", "f", "postgresql")
    assert found.without({2}) == "a = 1\n\nc = 3\n"


# As --verbose --help of MySQL 9.7.4, MariaDB 11.8.9 and 10.11.19 lists them.
@pytest.mark.parametrize(
    ("vendor", "version", "groups"),
    [
        ("mysql", (9, 7, 4), "mysqld server mysqld-9.7"),
        (
            "mariadb",
            (11, 8, 9),
            "mysqld server mysqld-11.8 mariadb mariadb-11.8 mariadb-11 mariadbd mariadbd-11.8 "
            "mariadbd-11 client-server galera",
        ),
        (
            "mariadb",
            (10, 11, 19),
            "mysqld server mysqld-10.11 mariadb mariadb-10.11 mariadbd mariadbd-10.11 "
            "client-server galera",
        ),
    ],
)
def test_the_groups_a_server_reads(
    vendor: VendorName, version: NumericVersion, groups: str
) -> None:
    assert VENDORS[vendor].groups_read(version) == set(groups.split())
