"""Values that servers refuse for options without a rule of ours. What they take was asked of them;
tests/servers/test_option_values.py holds it against them."""

import json
from pathlib import Path

import pytest

from advisor.knowledge import load_option_names, load_other_options, load_settings
from advisor.servers.config import read_settings
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.versions import parse_version
from tests.support.command_line import run

VENDOR_NAMES: tuple[VendorName, ...] = ("mysql", "mariadb", "postgresql")


def refused(folder: Path, vendor: VendorName, version: str, *lines: str) -> dict[str, str]:
    file = folder / "some.conf"
    group = "" if vendor == "postgresql" else "[mysqld]\n"
    file.write_text(group + "".join(f"{line}\n" for line in lines))
    found = read_settings(vendor, [file], parse_version(version) or None)
    return {line.name: line.why for line in found.refused}


REFUSED: tuple[tuple[VendorName, str, str, str], ...] = (
    ("postgresql", "15", "work_mem = 4Mb", "'4Mb': the setting takes B, kB, MB, GB, TB"),
    ("postgresql", "15", "work_mem = 4MiB", "'4MiB': the setting takes B, kB, MB, GB, TB"),
    ("postgresql", "17", "work_mem = 16kB", "16 is outside 64 to 2147483647"),
    ("postgresql", "15", "port = 70000", "70000 is outside 1 to 65535"),
    ("postgresql", "15", "max_connections = lots", "'lots' is not a number in the server's"),
    ("postgresql", "13", "autovacuum = maybe", "must be a boolean"),
    ("postgresql", "16", "log_statement = most", "'most' is not one of none, ddl, mod, all"),
    ("postgresql", "18", "statement_timeout = 1hour", "takes us, ms, s, min, h, d"),
    ("mysql", "9.7", "max_connections = lots", "'lots' is no whole number"),
    ("mysql", "9.7", "max_connections", "needs a value"),
    ("mysql", "9.7", "long_query_time = 1s", "'1s' is not a number"),
    ("mysql", "9.7", "binlog_format = rows", "'rows' is not one of MIXED, STATEMENT, ROW"),
    ("mysql", "9.7", "sql_mode = NO_AUTO_CREATE_USER", "is not one of "),
    ("mysql", "9.7", "sql_mode = ANSI, TRADITIONAL", "' TRADITIONAL' is not one of "),
    ("mysql", "9.7", "sql_mode = ANSI,", "'ANSI,' has a comma too many"),
    ("mysql", "9.7", "long_query_time =", "the value is empty"),
    ("mysql", "8.0", "max_connections = lots", "'lots' is no whole number"),
    ("mysql", "8.4", "replica_parallel_workers = four", "'four' is no whole number"),
    ("mysql", "5.7", "wait_timeout = 8h", "'8h' is no whole number"),
    ("mariadb", "10.11", "max_connections = lots", "'lots' is no whole number"),
    ("mariadb", "10.11", "innodb_checksum_algorithm = none", "'none' is not one of crc32, "),
    ("mariadb", "11.8", "wait_timeout = -1", "'-1' must not be negative"),
    ("mariadb", "11.8", "max_allowed = lots", "max_allowed_packet: 'lots' is no whole number"),
    ("mariadb", "10.6", "thread_cache_size = auto", "'auto' is no whole number"),
    ("mariadb", "11.8", "sql_mode = STRICT", "'STRICT' may be STRICT_TRANS_TABLES or "),
)
"""Vendor, version, line, why it is refused."""

TAKEN: tuple[tuple[VendorName, str, str], ...] = (
    ("postgresql", "15", "work_mem = 4MB"),
    ("postgresql", "15", "work_mem = '4 MB'"),
    ("postgresql", "15", "work_mem = 4096"),
    ("postgresql", "15", "client_min_messages = DEBUG"),
    ("postgresql", "15", "default_transaction_isolation = 'repeatable read'"),
    ("postgresql", "15", "ssl_max_protocol_version = ''"),
    ("postgresql", "15", "listen_addresses = '*'"),
    ("mysql", "9.7", "max_connections = 1k"),
    ("mysql", "9.7", "wait_timeout = -1"),
    ("mysql", "9.7", "sql_mode = ansi,strict_all"),
    ("mysql", "9.7", "sql_mode ="),
    ("mysql", "9.7", "sql_mode = 4"),
    ("mysql", "9.7", "log_output = file,table"),
    ("mariadb", "11.8", "max_connections ="),
    ("mariadb", "11.8", "max_user_connections = -1"),
    ("mariadb", "11.8", "max_allowed = 16M"),
    ("mariadb", "11.8", "max_conn = 100"),
    ("mariadb", "11.8", "wsrep_SR_store = none"),
    ("mysql", "9.7", "optimizer_switch = mrr=off"),
    ("mysql", "9.7", "binlog_format = R"),
    ("mysql", "9.7", "binlog_format = 1"),
    ("mysql", "9.7", "log_error = no_number"),
    ("mysql", "9.7", "archive = FORCE"),
    ("mariadb", "10.11", "max_connections = 1k"),
)

NOT_KNOWN: tuple[tuple[VendorName, str, str], ...] = (
    ("postgresql", "16", "default_toast_compression = lz4"),
    ("postgresql", "18", "io_method = io_uring"),
    ("postgresql", "15", "my_extension.size = lots"),
    ("mysql", "8.0", "sql_mode = NO_AUTO_CREATE_USER"),
    ("mysql", "5.7", "sql_mode = NO_AUTO_CREATE_USER"),
    ("mysql", "9.8", "max_connections = lots"),
    ("mariadb", "10.6", "binlog_format = rows"),
)
"""What only some builds take, what an extension may bring, and versions that were not asked."""


@pytest.mark.parametrize(("vendor", "version", "line", "why"), REFUSED)
def test_a_value_that_the_server_refuses(
    tmp_path: Path, vendor: VendorName, version: str, line: str, why: str
) -> None:
    (said,) = refused(tmp_path, vendor, version, line).values()
    assert why in said


@pytest.mark.parametrize(("vendor", "version", "line"), TAKEN + NOT_KNOWN)
def test_a_value_that_it_takes_or_may_take(
    tmp_path: Path, vendor: VendorName, version: str, line: str
) -> None:
    assert refused(tmp_path, vendor, version, line) == {}


def test_of_two_lines_postgresql_reads_the_last_and_mysql_both(tmp_path: Path) -> None:
    twice = ("max_connections = lots", "max_connections = 100")
    assert refused(tmp_path, "postgresql", "15", *twice) == {}
    assert refused(tmp_path, "mysql", "9.7", *twice).keys() == {"max_connections"}


@pytest.mark.parametrize("version", ["", "15"])
def test_audit_says_it_and_does_not_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: str
) -> None:
    file = tmp_path / "postgresql.conf"
    file.write_text("work_mem = 4Mb\nmax_connections = lots\nport = abc\n")
    asked = ["audit", "--db", "postgresql", "--config", file, "--format", "json"]
    status, out, _ = run(capsys, *asked, *(["--db-version", version] if version else []))
    assert status == 3
    findings = json.loads(out)["findings"]
    assert [(each["setting"], each["severity"], each["place"]) for each in findings] == [
        ("work_mem", "prevents-start", f"{file}:1"),
        ("max_connections", "prevents-start", f"{file}:2"),
        ("port", "prevents-start", f"{file}:3"),
    ]


@pytest.mark.parametrize("vendor", VENDOR_NAMES)
def test_none_is_a_setting_of_ours_and_all_are_options_of_the_server(vendor: VendorName) -> None:
    """What is known of a setting stands in one place."""
    ours = {
        each.name
        for each in load_settings(VENDORS[vendor].engine)
        if any(spec.vendor == vendor for spec in each.spec)
    }
    names = load_option_names(vendor)
    for series, options in load_other_options(vendor).asked.items():
        assert options.keys() & ours == set(), series
        assert options.keys() <= names.get(series, options.keys()), series
        assert len(options) > 100, series
