"""Settings that stand for others: what a server makes of them, and what an audit finds then.

What MariaDB 11.8.9 and MySQL 9.7.4 make of them was asked of them: tests/servers/test_derived.py.
What MySQL 8.0 and 8.4 do, which nobody has to ask, is their manuals' word.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from advisor.audit.findings import Audit
from advisor.audit.lines import lines_of
from advisor.audit.run import run_audit, with_derived
from advisor.commands.source import knowledge_for, stored_measurement
from advisor.request import Request
from advisor.server_state import EffectiveSetting, ServerState
from advisor.servers.config import read_settings
from advisor.vendors.names import VendorName
from advisor.versions import parse_version
from tests.support.paths import MEASUREMENTS


def audit_of_lines(
    folder: Path, vendor: VendorName, version: str, lines: Sequence[str], *, measured: bool = False
) -> Audit:
    file = folder / "my.cnf"
    file.write_text("[mysqld]\n" + "".join(f"{line}\n" for line in lines))
    number = parse_version(version)
    state = ServerState(vendor, number, read_settings(vendor, [file], number).settings)
    drive = stored_measurement(MEASUREMENTS / "nvme-consumer.json") if measured else None
    # What the memory is has been said: only then a pool of another size is a finding.
    memory_bytes = 8 * 1024**3 if measured else None
    request = Request(vendor, number, "as given", memory_bytes=memory_bytes)
    return run_audit(state, request, knowledge_for(vendor), drive)[0]


Shown = list[tuple[str, str, str]]


def shown(found: Audit) -> Shown:
    return [(each.severity, each.setting, each.current) for each in found.findings]


FAST = [("corruption-risk", "innodb_doublewrite", "fast")]


@pytest.mark.parametrize(
    ("version", "lines", "expected"),
    [
        ("11.8", ["innodb_flush_method = O_DIRECT_NO_FSYNC"], FAST),
        ("11.8", ["innodb_flush_m = o_direct_no_fsync"], FAST),
        ("11.8", ["innodb_flush_method = 5"], FAST),
        ("11.8", ["innodb_flush_method = O_DIRECT_NO_FSYNC", "innodb_doublewrite = ON"], FAST),
        (
            "11.8",
            ["innodb_flush_method = O_DIRECT_NO_FSYNC", "innodb_doublewrite = OFF"],
            [("corruption-risk", "innodb_doublewrite", "OFF")],
        ),
        ("11.8", ["innodb_flush_method = O_DIRECT"], []),
        (
            "11.8",
            ["innodb_flush_method = nosync", "innodb_data_file_buffering = OFF"],
            [("performance", "innodb_data_file_buffering", "ON")],
        ),
        # Before 11.0 it is a setting of its own.
        (
            "10.11",
            ["innodb_flush_method = O_DIRECT_NO_FSYNC"],
            [("corruption-risk", "innodb_flush_method", "O_DIRECT_NO_FSYNC")],
        ),
    ],
)
def test_mariadb_translates_the_flush_method(
    tmp_path: Path, version: str, lines: Sequence[str], expected: Shown
) -> None:
    assert shown(audit_of_lines(tmp_path, "mariadb", version, lines)) == expected


def test_the_finding_names_the_line_that_is_to_blame(tmp_path: Path) -> None:
    lines = ["innodb_doublewrite = ON", "innodb_flush_method = O_DIRECT_NO_FSYNC"]
    (finding,) = audit_of_lines(tmp_path, "mariadb", "11.8", lines).findings
    assert finding.place == f"{tmp_path}/my.cnf:3"
    assert finding.reason.startswith("innodb_flush_method sets it. ")
    assert finding.restart
    assert finding.change == (
        "write innodb_doublewrite = ON in place of innodb_flush_method"
        f" at {tmp_path}/my.cnf:3, then restart the server"
    )


def test_a_running_mariadb_shows_the_value_and_the_line_is_named_all_the_same() -> None:
    def given(name: str, value: str, place: str) -> EffectiveSetting:
        return EffectiveSetting(name, value, origin="file" if place else "default", place=place)

    settings = {
        "innodb_flush_method": given("innodb_flush_method", "O_DIRECT_NO_FSYNC", "/my.cnf:2"),
        "innodb_doublewrite": given("innodb_doublewrite", "fast", ""),
    }
    state = ServerState("mariadb", (11, 8, 9), settings)
    request = Request("mariadb", (11, 8, 9), "as it says")
    (finding,) = run_audit(state, request, knowledge_for("mariadb"), None)[0].findings
    assert (finding.current, finding.place) == ("fast", "/my.cnf:2")
    assert "in place of innodb_flush_method" in finding.change


@pytest.mark.parametrize(
    ("version", "lines", "current"),
    [
        # size x files, 48M x 2 by default
        ("8.0.30", ["innodb_log_file_size = 2G"], "4G"),
        ("8.4", ["innodb_log_file_size = 2G", "innodb_log_files_in_group = 4"], "8G"),
        ("8.0.36", ["innodb_log_files_in_group = 4"], "192M"),
        # Where both are set, the newer one counts.
        ("8.4", ["innodb_log_file_size = 2G", "innodb_redo_log_capacity = 4G"], "4G"),
        ("8.4", [], "100M"),
    ],
)
def test_mysql_takes_the_redo_capacity_from_the_older_settings(
    tmp_path: Path, version: str, lines: Sequence[str], current: str
) -> None:
    number = parse_version(version)
    file = tmp_path / "my.cnf"
    file.write_text("[mysqld]\n" + "".join(f"{line}\n" for line in lines))
    settings = read_settings("mysql", [file], number).settings
    state = with_derived(ServerState("mysql", number, settings))
    (line,) = (
        line
        for line in lines_of(state, knowledge_for("mysql").settings, ())
        if line.setting.name == "innodb_redo_log_capacity"
    )
    assert line.value is not None
    assert line.spec.render(line.value) == current


ON = "innodb_dedicated_server = ON"
CHOSEN = ["innodb_buffer_pool_size", "innodb_redo_log_capacity", "innodb_flush_method"]


@pytest.mark.parametrize("version", ["8.0.36", "8.4", "9.7"])
def test_beside_a_dedicated_server_nothing_is_advised_that_it_chooses(
    tmp_path: Path, version: str
) -> None:
    without = audit_of_lines(tmp_path, "mysql", version, [], measured=True)
    assert "innodb_buffer_pool_size" in [each.setting for each in without.findings]
    found = audit_of_lines(tmp_path, "mysql", version, [ON], measured=True)
    assert not {each.setting for each in found.findings} & set(CHOSEN)
    (note,) = (note for note in found.notes if "innodb_dedicated_server" in note)
    assert "innodb_buffer_pool_size, " in note
    off = audit_of_lines(tmp_path, "mysql", version, [ON.replace("ON", "OFF")], measured=True)
    assert shown(off) == shown(without)


def test_what_can_corrupt_is_found_beside_a_dedicated_server_too(tmp_path: Path) -> None:
    lines = [ON, "innodb_flush_method = nosync"]
    found = audit_of_lines(tmp_path, "mysql", "8.0.36", lines)
    assert shown(found) == [("corruption-risk", "innodb_flush_method", "nosync")]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("8.0.13", [("corruption-risk", "innodb_flush_method", "O_DIRECT_NO_FSYNC")]),
        ("8.4", []),
        ("9.7", []),
    ],
)
def test_before_8_4_a_dedicated_server_flushes_no_data_files(
    tmp_path: Path, version: str, expected: Shown
) -> None:
    assert shown(audit_of_lines(tmp_path, "mysql", version, [ON])) == expected


@pytest.mark.parametrize(("vendor", "version"), [("mysql", "9.7"), ("mariadb", "10.11")])
def test_a_binary_log_called_off_is_written(
    tmp_path: Path, vendor: VendorName, version: str
) -> None:
    lines = ["log_bin = OFF", "sync_binlog = 0"]
    found = audit_of_lines(tmp_path, vendor, version, lines)
    assert shown(found) == [("data-loss", "sync_binlog", "0")]
    (note,) = (note for note in found.notes if "binary log" in note)
    assert note == (
        f"{tmp_path}/my.cnf:2: log_bin = OFF switches nothing off: the binary log is written, and"
        " called OFF; skip_log_bin switches it off"
    )
    named = audit_of_lines(tmp_path, vendor, version, ["log_bin = binlog"])
    skipped = audit_of_lines(tmp_path, vendor, version, ["skip_log_bin"])
    assert not any("switches it off" in note for each in (named, skipped) for note in each.notes)


@pytest.mark.parametrize(("version", "current"), [("10.11", "OFF"), ("11.8", "OFF")])
def test_the_beginning_of_a_name_is_that_name(tmp_path: Path, version: str, current: str) -> None:
    found = audit_of_lines(tmp_path, "mariadb", version, ["innodb-doublew=0"])
    assert shown(found) == [("corruption-risk", "innodb_doublewrite", current)]
