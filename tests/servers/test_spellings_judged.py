"""Every spelling in spellings.toml of what can corrupt or lose data, held against what audit, apply
and verify make of it. What the servers have is in the table; what that risks is said here.
"""

from pathlib import Path
from typing import Final

import pytest

from advisor.audit.run import run_audit
from advisor.commands.source import knowledge_for
from advisor.errors import GuardError
from advisor.knowledge import known_settings
from advisor.request import Request
from advisor.rules.risks import RISKS
from advisor.server_state import EffectiveSetting, ServerState
from advisor.servers.apply.guards import check_risk
from advisor.servers.config import parse_fragment, read_settings
from advisor.vendors.registry import VENDORS
from tests.servers.test_spellings import IGNORED, REFUSED, VERSIONS, Spelling, rows_of

CORRUPTION: Final = "corruption-risk"
LOSS: Final = "data-loss"

DANGEROUS: Final[dict[str, dict[str, str]]] = {
    "fsync": {"off": CORRUPTION},
    "full_page_writes": {"off": CORRUPTION},
    "data_sync_retry": {"on": CORRUPTION},
    "zero_damaged_pages": {"on": CORRUPTION},
    "ignore_checksum_failure": {"on": CORRUPTION},
    "ignore_invalid_pages": {"on": CORRUPTION},
    "innodb_checksum_algorithm": {"none": CORRUPTION, "strict_none": CORRUPTION},
    "innodb_log_checksums": {"FALSE": CORRUPTION},
    "debug_no_sync": {"TRUE": CORRUPTION},
    "synchronous_commit": {"off": LOSS},
    "innodb_flush_log_at_trx_commit": {"0": LOSS, "2": LOSS},
    "innodb_doublewrite": {
        "OFF": CORRUPTION,
        "FALSE": CORRUPTION,
        "fast": CORRUPTION,
        "DETECT_ONLY": CORRUPTION,
    },
    "innodb_flush_method": {
        "nosync": CORRUPTION,
        "littlesync": CORRUPTION,
        "O_DIRECT_NO_FSYNC": CORRUPTION,
    },
}
"""Setting -> what the server has -> how grave that is."""

HARMLESS: Final = {"sync_binlog": "1", "innodb_force_recovery": "0"}
"""Setting -> its one value that risks nothing."""


def severity(row: Spelling) -> str:
    """How grave it is what the server has of a line; "" where it is as it should be."""
    if row.setting in HARMLESS:
        grave = LOSS if row.setting == "sync_binlog" else CORRUPTION
        return "" if row.reads == HARMLESS[row.setting] else grave
    if row.server == "mysql-9.7" and row.reads == "O_DIRECT_NO_FSYNC":
        return LOSS  # with the log on another device, as `file_with` has it; since 8.0.14
    return DANGEROUS[row.setting].get(row.reads, "")


def risky_rows(server: str) -> list[Spelling]:
    rows = [row for row in rows_of(server) if row.setting in RISKS]
    assert len(rows) > 100
    return rows


def file_with(row: Spelling) -> str:
    if row.vendor == "postgresql":
        return f"{row.line()}\n"
    return f"[mysqld]\nlog_bin\ninnodb_log_group_home_dir=/log\n{row.line()}\n"


def audited(row: Spelling, path: Path) -> str:
    """The severity of the audit's finding about the setting; "" for none, or for a lesser one."""
    path.write_text(file_with(row), encoding="utf-8")
    version = VERSIONS[row.server]
    read = read_settings(row.vendor, [path], version)
    state = ServerState(row.vendor, version, read.settings)
    request = Request(row.vendor, version, "as given")
    found, _ = run_audit(state, request, knowledge_for(row.vendor), None)
    severities = [one.severity for one in found.findings if one.setting == row.setting]
    return next((severe for severe in severities if severe in (CORRUPTION, LOSS)), "")


@pytest.mark.parametrize("server", VERSIONS)
def test_audit_finds_what_the_server_has(server: str, tmp_path: Path) -> None:
    different = {
        str(row): (row.reads, found)
        for row in risky_rows(server)
        if row.reads not in (REFUSED, IGNORED)
        if (found := audited(row, tmp_path / "file")) != severity(row)
    }
    assert different == {}


def is_written(row: Spelling) -> bool:
    """Whether apply would write the line with durability durable."""
    fragment = parse_fragment(file_with(row), "f", row.vendor)
    known = known_settings(row.vendor, VERSIONS[row.server])
    try:
        check_risk(known, fragment.lines[-1], "f", "durable")
    except GuardError:
        return False
    return True


IGNORED_THERE: Final = {
    'mariadb-10.11: loose-innodb-flush-method = "bogus"',
    'mariadb-11.8: loose-innodb-doublewrite = "bogus"',
    "mariadb-10.11: autoset-innodb-doublewrite",
}
"""Lines that the server does without, so that it has its default; a fragment must not hold them."""


@pytest.mark.parametrize("server", VERSIONS)
def test_apply_writes_no_spelling_of_a_danger(server: str) -> None:
    rows = [row for row in risky_rows(server) if row.reads not in (REFUSED, IGNORED)]
    written = {str(row) for row in rows if is_written(row)}
    harmless = {str(row) for row in rows if severity(row) == ""}
    assert written - harmless == set()
    assert harmless - written == {row for row in IGNORED_THERE if row.startswith(server)}


@pytest.mark.parametrize("server", VERSIONS)
def test_apply_writes_no_value_that_the_server_does_not_take(server: str) -> None:
    rows = [row for row in risky_rows(server) if row.reads in (REFUSED, IGNORED)]
    assert len(rows) > 30
    assert [str(row) for row in rows if not row.is_line and is_written(row)] == []


@pytest.mark.parametrize("line", ["innodb_d=0", "innodb_flush_log=0", "innodb_fl=nosync"])
@pytest.mark.parametrize("server", ["mariadb-10.11", "mariadb-11.8"])
def test_apply_writes_no_beginning_that_may_name_a_danger(server: str, line: str) -> None:
    name, _, text = line.partition("=")
    assert not is_written(Spelling(server, name, name, text, REFUSED, True))


# Server, line, what the server shows, whether verify calls that "as written": the table has the
# values; a value that is another than the text says is not as written.
@pytest.mark.parametrize(
    ("server", "line", "shown", "as_written"),
    [
        ("postgresql-19", "fsync = of", "off", True),
        ("postgresql-19", "fsync = of", "on", False),
        ("postgresql-19", "fsync = nO", "off", True),
        ("postgresql-13", "full_page_writes = fa", "off", True),
        ("postgresql-13", "data_sync_retry = ye", "on", True),
        ("postgresql-13", "zero_damaged_pages = t", "on", True),
        ("postgresql-19", "ignore_checksum_failure = 0", "off", True),
        ("postgresql-19", "ignore_checksum_failure = 0", "on", False),
        ("postgresql-13", "synchronous_commit = no", "off", True),
        ("postgresql-13", "synchronous_commit = LOCAL", "local", True),
        ("postgresql-13", "synchronous_commit = yes", "off", False),
        ("mysql-9.7", "innodb_flush_log_at_trx_commit = 3", "2", False),
        ("mariadb-11.8", "innodb_flush_log_at_trx_commit = 3", "3", True),
        ("mariadb-11.8", "innodb_flush_log_at_trx = 0", "0", True),
        ("mysql-9.7", "skip-innodb-flush-log-at-trx-commit", "0", True),
        ("mysql-9.7", "skip-innodb-flush-log-at-trx-commit = 0", "1", True),
        ("mysql-9.7", "sync_binlog = true", "0", False),
        ("mysql-9.7", "sync_binlog = 1K", "1024", True),
        ("mariadb-10.11", "loose-sync-binlog = bogus", "0", False),
        ("mariadb-10.11", "sync_b = 7", "7", True),
        ("mysql-9.7", "innodb_doublewrite = f", "OFF", True),
        ("mariadb-11.8", "innodb_doublewrite = f", "fast", True),
        ("mariadb-11.8", "innodb_doublewrite = f", "OFF", False),
        ("mariadb-10.11", "innodb_doublew = 0", "OFF", True),
        ("mariadb-10.11", "innodb_doublew = 0", "ON", False),
        ("mariadb-10.11", "innodb_doublewrite = yes", "ON", False),
        ("mysql-9.7", "skip-innodb-doublewrite = OFF", "OFF", True),
        ("mysql-9.7", "skip-innodb-doublewrite = OFF", "ON", False),
        ("mysql-9.7", "maximum-innodb-doublewrite = 0", "OFF", True),
        ("mariadb-10.11", "x.innodb-doublewrite = 0", "OFF", True),
        ("mysql-9.7", "innodb_flush_method = n", "nosync", True),
        ("mysql-9.7", "innodb_flush_method = 4", "O_DIRECT", True),
        ("mysql-9.7", "innodb_flush_method = 4", "fsync", False),
        ("mariadb-10.11", "innodb_flush_m = nosync", "nosync", True),
        ("mysql-9.7", "innodb_force_recovery = 7", "6", False),
        ("mariadb-11.8", "innodb_force_recov = 6", "6", True),
        ("mysql-9.7", "skip-log-bin", "OFF", True),
        ("mysql-9.7", "skip-log-bin", "ON", False),
        ("mysql-9.7", "log-bin = 0", "ON", True),
        ("mysql-9.7", "log-bin = OFF", "OFF", False),
    ],
)
def test_verify_reads_back_what_is_meant(
    monkeypatch: pytest.MonkeyPatch, server: str, line: str, shown: str, as_written: bool
) -> None:
    from advisor.servers.sandbox import verify as module

    vendor, version = VENDORS[server.partition("-")[0]], VERSIONS[server]  # type: ignore[index]
    text = line if vendor.name == "postgresql" else f"[mysqld]\n{line}\n"
    (written,) = parse_fragment(text, "f", vendor.name).lines
    known = known_settings(vendor.name, version)
    names = known.names | RISKS.keys()
    actual = {
        name: EffectiveSetting(name, shown, shown=shown, place=f"/fragment.conf:{written.number}")
        for name in names
    }
    option, found = module._find(written, actual, known)
    assert found is not None
    verdict, _ = module._judge(written, option, found, {}, {}, known)
    assert verdict == ("ok" if as_written else "differs")
