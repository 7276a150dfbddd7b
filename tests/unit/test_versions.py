"""Versions: what is none, which of two is later, and whether one lies in a range."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.errors import UsageError
from advisor.vendors.names import VENDOR_NAMES, VendorName, vendor_named
from advisor.vendors.registry import VENDORS, version_of
from advisor.versions import NumericVersion, format_version, in_range, parse_version, told_parts


@pytest.mark.parametrize("text", ["", "latest", "-8", "MariaDB 10.11", ".5"])
def test_what_is_not_a_version_is_refused_by_name(text: str) -> None:
    with pytest.raises(UsageError, match="is not a version") as refusal:
        parse_version(text)
    assert repr(text) in refusal.value.message


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("17", (17,)),
        (" v8.0.36", (8, 0, 36)),
        ("10.11.19-MariaDB-0+deb12u1", (10, 11, 19)),
        ("15.10 (Debian 15.10-0+deb12u1)", (15, 10)),
        ("18beta2", (18,)),
        ("8.0.36-28.1", (8, 0, 36)),
        ("1.2.3.4.5", (1, 2, 3, 4)),
    ],
)
def test_the_leading_number_is_read(text: str, version: NumericVersion) -> None:
    assert parse_version(text) == version


@given(st.lists(st.integers(min_value=0, max_value=999), min_size=1, max_size=4).map(tuple))
def test_a_written_version_reads_back_as_it_was(version: NumericVersion) -> None:
    assert parse_version(format_version(version)) == version


@pytest.mark.parametrize(
    ("version", "since", "until", "inside"),
    [
        ((8, 0, 29), (8, 0, 30), None, False),
        ((8, 0, 30), (8, 0, 30), None, True),
        ((8, 4), None, (8, 4), False),
        ((8, 4, 0), None, (8, 4), False),
        ((8, 3, 99), None, (8, 4), True),
        ((10, 11, 2), (10, 6), (11, 0), True),
        ((10, 5, 99), (10, 6), (11, 0), False),
        ((9, 9), (10, 6), None, False),  # numbers, not text: "9.9" > "10.6"
        ((1,), None, None, True),
    ],
)
def test_a_range_is_half_open(
    version: NumericVersion,
    since: NumericVersion | None,
    until: NumericVersion | None,
    inside: bool,
) -> None:
    assert in_range(version, since, until) is inside


@pytest.mark.parametrize(
    ("vendor", "version", "started"),
    [
        ("postgresql", (15, 10), True),
        ("postgresql", (15,), True),
        ("postgresql", (12, 22), False),
        ("mariadb", (10, 11, 19), True),
        ("mariadb", (10, 1, 1), False),  # 10.1 is not a beginning of 10.11
        ("mariadb", (10,), False),
        ("mysql", (9, 7, 4), True),
        ("mysql", (10, 11), False),
    ],
)
def test_only_release_series_that_the_tests_start_count_as_started(
    vendor: VendorName, version: NumericVersion, started: bool
) -> None:
    assert VENDORS[vendor].is_started(version) is started


@pytest.mark.parametrize("vendor", VENDOR_NAMES)
def test_what_is_started_is_among_what_is_known(vendor: VendorName) -> None:
    oldest, newest = map(parse_version, VENDORS[vendor].known_versions)
    started = [parse_version(series) for series in VENDORS[vendor].started_versions]
    assert started
    assert all(oldest <= series <= newest for series in started)


@pytest.mark.parametrize(
    ("series", "text"),
    [
        ((), ""),
        (("9.7",), "9.7"),
        (("10.11", "11.8"), "10.11 and 11.8"),
        (("10.6", "10.11", "11.8"), "10.6, 10.11 and 11.8"),
        (("15", "16"), "15 and 16"),
        (("13", "14", "15"), "13 to 15"),
        (("13", "15", "16"), "13, 15 and 16"),  # "13 to 16" would claim 14
    ],
)
def test_series_are_told_without_claiming_one_in_between(
    series: tuple[str, ...], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(VENDORS["postgresql"]), "started_versions", series)
    assert VENDORS["postgresql"].started_text() == text


@pytest.mark.parametrize(
    ("text", "printed"), [("8.0.36", "8.0.36"), ("v10.11.19-MariaDB", "10.11.19")]
)
def test_a_version_prints_as_it_is_written(text: str, printed: str) -> None:
    version = parse_version(text)
    assert (f"{version}", str(version)) == (printed, printed)


# What people find a server's version in: the programs' and packages' own texts of Debian 11 to
# 13, Ubuntu 22.04, the PostgreSQL and MariaDB package archives, Amazon Aurora's manual.


@pytest.mark.parametrize(
    ("vendor", "text", "version"),
    [
        ("mysql", "8.0.36", (8, 0, 36)),
        ("mysql", "MySQL 8.4", (8, 4)),
        ("mysql", "mysql:8.4", (8, 4)),
        ("mysql", "mysql  Ver 8.0.36-0ubuntu0.22.04.1 for Linux on x86_64 ((Ubuntu))", (8, 0, 36)),
        ("mysql", "mysql  Ver 14.14 Distrib 5.7.44, for Linux (x86_64) using EditLine", (5, 7, 44)),
        ("mysql", "8.0.36-0ubuntu0.22.04.1", (8, 0, 36)),
        ("mysql", "8.0.35-27 Percona Server (GPL), Release 27", (8, 0, 35)),
        ("mysql", "Percona Server 8.0.35-27", (8, 0, 35)),
        ("mysql", "8.0.mysql_aurora.3.04.0", (8, 0)),
        ("mysql", "80036", (8, 0, 36)),
        ("mariadb", "10.11.6-MariaDB-0+deb12u1-log", (10, 11, 6)),
        ("mariadb", "5.5.5-10.11.6-MariaDB", (10, 11, 6)),
        ("mariadb", "1:10.11.6-0+deb12u1", (10, 11, 6)),
        ("mariadb", "1:11.8.3+maria~deb13", (11, 8, 3)),
        ("mariadb", "mysql  Ver 15.1 Distrib 10.11.6-MariaDB, for debian-linux-gnu", (10, 11, 6)),
        ("mariadb", "mariadb from 11.8.3-MariaDB, client 15.2 for debian-linux-gnu", (11, 8, 3)),
        ("mariadb", "101106", (10, 11, 6)),
        ("postgresql", "PostgreSQL 16.2 (Debian 16.2-1.pgdg120+2) on x86_64-pc-linux", (16, 2)),
        ("postgresql", "psql (PostgreSQL) 16.2 (Ubuntu 16.2-1.pgdg22.04+1)", (16, 2)),
        ("postgresql", "16.2-1.pgdg120+2", (16, 2)),
        ("postgresql", "postgres:18", (18,)),
        ("postgresql", "18beta2", (18,)),
        ("postgresql", "160002", (16, 2)),
        ("postgresql", "90624", (9, 6, 24)),
        ("postgresql", " v17\n", (17,)),
    ],
)
def test_a_version_is_taken_as_it_is_found(
    vendor: VendorName, text: str, version: NumericVersion
) -> None:
    assert told_parts(version_of(vendor, text)) == version


@pytest.mark.parametrize(
    ("vendor", "text", "later_than", "earlier_than"),
    [
        # innodb_redo_log_capacity came with 8.0.30 and grew with 8.0.34.
        ("mysql", "8.0", (8, 0, 45), (8, 1)),
        ("mysql", "8", (8, 4, 7), (9,)),
        ("mariadb", "10.11", (10, 11, 19), (10, 12)),
        ("postgresql", "17", (17, 10), (18,)),
    ],
)
def test_a_series_is_its_newest_release(
    vendor: VendorName, text: str, later_than: NumericVersion, earlier_than: NumericVersion
) -> None:
    version = version_of(vendor, text)
    assert later_than < version < earlier_than
    assert format_version(version) == text


@pytest.mark.parametrize(
    ("vendor", "text", "other"),
    [
        ("mysql", "10.11.6-MariaDB", "mariadb"),
        ("mysql", "5.5.5-10.11.6-MariaDB", "mariadb"),
        ("mysql", "mysql  Ver 15.1 Distrib 10.11.6-MariaDB, for Linux", "mariadb"),
        ("mysql", "PostgreSQL 16.2 (Debian 16.2-1.pgdg120+2)", "postgresql"),
        ("mariadb", "/usr/sbin/mysqld  Ver 9.7.4 for Linux on x86_64 (Debian)", "mysql"),
        ("mariadb", "Percona Server 8.0.35", "mysql"),
        ("mariadb", "8.0.mysql_aurora.3.04.0", "mysql"),
        ("postgresql", "10.11.6-MariaDB", "mariadb"),
        ("postgresql", "mysql 16", "mysql"),
    ],
)
def test_another_servers_version_is_refused(vendor: VendorName, text: str, other: str) -> None:
    with pytest.raises(UsageError, match="is a version of") as refusal:
        version_of(vendor, text)
    assert refusal.value.hint == f"did you mean --db {other}?"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "latest",
        "-8",
        ".5",
        "Ubuntu 22.04",
        "MySQL",
        "oracle 19",
        "8,4",
        "9.x",
        "8.*",
        "1e3",
        "8.0.0.0.1",
    ],
)
def test_what_is_no_servers_version_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a version"):
        version_of("mysql", text)


@pytest.mark.parametrize(
    ("text", "vendor"),
    [
        ("MySQL", "mysql"),
        ("MariaDB", "mariadb"),
        ("maria", "mariadb"),
        ("Postgres", "postgresql"),
        ("PostgreSQL", "postgresql"),
        ("pg", "postgresql"),
        ("pgsql", "postgresql"),
        ("psql", "postgresql"),
        ("oracle", None),
        ("", None),
        ("my", None),
        ("mysqld", None),  # which may be MariaDB
    ],
)
def test_a_server_goes_by_more_names_than_one(text: str, vendor: VendorName | None) -> None:
    assert vendor_named(text) == vendor
