"""Settings of other storage engines and of forks in an audit: which value is a finding, of what
severity, where it stands, and what is not one. Typed by hand from the sources that
profiles/other_engines.toml names."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from advisor.audit.other_engines import fork_notes, with_other_engines
from advisor.durability import Durability
from advisor.knowledge import load_other_engines
from advisor.rules.other_engines import OtherSetting
from advisor.server_state import EffectiveSetting, Origin, ServerState
from advisor.vendors.names import VendorName
from advisor.versions import parse_version
from tests.support.command_line import run

VERSIONS: dict[VendorName, str] = {"mysql": "8.0.36", "mariadb": "11.8.3", "postgresql": "17"}


def found_in(
    vendor: VendorName,
    settings: dict[str, str],
    accepted: Durability = "durable",
    origin: Origin = "default",
) -> list[tuple[str, str, str, str]]:
    """What is found on a running server that shows these."""
    shown = {name: EffectiveSetting(name, text, "", origin) for name, text in settings.items()}
    state = ServerState(vendor, parse_version(VERSIONS[vendor]), shown)
    found = with_other_engines((), state, accepted, load_other_engines().setting)
    return [(one.severity, one.setting, one.current, one.recommended) for one in found]


@pytest.mark.parametrize(
    ("vendor", "name", "text", "finding"),
    [
        ("mysql", "rocksdb_flush_log_at_trx_commit", "0", ("data-loss", "0", "1")),
        ("mariadb", "rocksdb_flush_log_at_trx_commit", "2", ("data-loss", "2", "1")),
        ("mysql", "rocksdb_write_disable_wal", "ON", ("data-loss", "ON", "OFF")),
        ("mariadb", "rocksdb_wal_recovery_mode", "3", ("corruption-risk", "3", "2")),
        ("mariadb", "aria_group_commit", "soft", ("data-loss", "soft", "none")),
        ("mariadb", "aria_sync_log_dir", "NEVER", ("data-loss", "NEVER", "NEWFILE")),
        ("mariadb", "aria_sync_log_dir", "0", ("data-loss", "NEVER", "NEWFILE")),
        ("mariadb", "aria_page_checksum", "OFF", ("corruption-risk", "OFF", "ON")),
    ],
)
def test_a_value_that_risks_more_is_found(
    vendor: VendorName, name: str, text: str, finding: tuple[str, str, str]
) -> None:
    severity, current, wanted = finding
    assert found_in(vendor, {name: text}) == [(severity, name, current, wanted)]


@pytest.mark.parametrize(
    ("vendor", "settings"),
    [
        # Defaults: MyRocks' recovery mode is 1 or, in Percona Server since 5.7.31, 2.
        ("mysql", {"rocksdb_flush_log_at_trx_commit": "1", "rocksdb_wal_recovery_mode": "2"}),
        ("mariadb", {"rocksdb_wal_recovery_mode": "1", "rocksdb_write_disable_wal": "OFF"}),
        ("mariadb", {"aria_group_commit": "none", "aria_sync_log_dir": "NEWFILE"}),
        ("mariadb", {"aria_group_commit": "hard", "aria_sync_log_dir": "ALWAYS"}),
        ("mariadb", {"aria_page_checksum": "ON"}),
        ("mysql", {"innodb_flush_method": "O_DIRECT"}),
        ("mysql", {"aria_group_commit": "soft"}),
        ("mariadb", {"innodb_flush_method": "ALL_O_DIRECT"}),
        ("postgresql", {"rocksdb_flush_log_at_trx_commit": "0"}),
        ("mysql", {}),
        ("mariadb", {"aria_group_commit": "perhaps"}),
    ],
)
def test_what_risks_nothing_is_no_finding(vendor: VendorName, settings: dict[str, str]) -> None:
    assert found_in(vendor, settings) == []


@pytest.mark.parametrize(
    ("accepted", "name", "text", "count"),
    [
        ("durable", "aria_group_commit", "soft", 1),
        ("loses-recent-on-power-loss", "aria_group_commit", "soft", 0),
        ("loses-recent-on-power-loss", "rocksdb_flush_log_at_trx_commit", "2", 1),
        ("loses-recent-on-power-loss", "rocksdb_flush_log_at_trx_commit", "0", 1),
        ("loses-recent-on-crash", "rocksdb_flush_log_at_trx_commit", "0", 0),
    ],
)
def test_what_is_accepted_is_no_finding(
    accepted: Durability, name: str, text: str, count: int
) -> None:
    assert len(found_in("mariadb", {name: text}, accepted)) == count


def test_no_class_accepts_corruption() -> None:
    settings = {"rocksdb_wal_recovery_mode": "3"}
    assert len(found_in("mysql", settings, "loses-recent-on-crash")) == 1


def test_the_gravest_comes_first() -> None:
    settings = {"aria_group_commit": "soft", "aria_page_checksum": "OFF"}
    assert [each[0] for each in found_in("mariadb", settings)] == ["corruption-risk", "data-loss"]


@pytest.mark.parametrize(
    ("vendor", "comment", "titles"),
    [
        ("mysql", "Percona Server (GPL), Release 34, Revision e2841f91", ["Percona Server"]),
        ("mysql", "MySQL Community Server - GPL", []),
        ("mysql", "", []),
        ("mariadb", "Percona Server (GPL)", []),
    ],
)
def test_percona_server_is_told_by_its_comment(
    vendor: VendorName, comment: str, titles: list[str]
) -> None:
    """Its @@version_comment; SELECT version() is "8.0.36-28"."""
    shown = {"version_comment": EffectiveSetting("version_comment", comment)}
    state = ServerState(vendor, parse_version(VERSIONS[vendor]), shown)
    notes = fork_notes(state, load_other_engines().fork)
    assert [note.partition(" (as ")[0] for note in notes] == titles


# The command


def audited(
    capsys: pytest.CaptureFixture[str], path: Path, vendor: str, version: str, text: str
) -> Any:
    path.write_text(text)
    asked = ("audit", "--db", vendor, "--db-version", version, "--config", str(path))
    status, out, _ = run(capsys, *asked, "--format", "json")
    assert status in (0, 3)
    return json.loads(out)["findings"]


def test_a_file_is_read_as_mariadb_reads_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A number for a word, a prefix for off, loose- for an engine that may not be there."""
    path = tmp_path / "my.cnf"
    text = (
        "[mariadb]\naria_sync_log_dir = 0\nskip-aria-page-checksum\n"
        "loose-rocksdb-flush-log-at-trx-commit = 2\nloose-rocksdb-write-disable-wal\n"
    )
    found = audited(capsys, path, "mariadb", "11.8", text)
    assert [(one["setting"], one["current"], one["place"]) for one in found] == [
        ("aria_page_checksum", "OFF", f"{path}:3"),
        ("rocksdb_flush_log_at_trx_commit", "2", f"{path}:4"),
        ("rocksdb_write_disable_wal", "ON", f"{path}:5"),
        ("aria_sync_log_dir", "NEVER", f"{path}:2"),
    ]
    assert found[3]["change"] == (
        f"in {path}:2 write aria_sync_log_dir = NEWFILE, which takes effect at the next restart,"
        " or at once with SET GLOBAL"
    )


@pytest.mark.parametrize(
    ("version", "severity"),
    [("5.7", "data-loss"), ("8.0", "prevents-start"), ("9.7", "prevents-start")],
)
def test_a_word_of_percona_server_is_known(
    version: str, severity: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Percona Server 8.0 removed it; Oracle's never had it."""
    text = "[mysqld]\ninnodb_flush_method = ALL_O_DIRECT\n"
    (found,) = audited(capsys, tmp_path / "my.cnf", "mysql", version, text)
    assert (found["severity"], found["setting"]) == (severity, "innodb_flush_method")
    assert found["restart"] is True


@pytest.mark.parametrize("text", ["O_DIRECT", "0", "fsync"])
def test_the_other_words_are_not_its_affair(
    text: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = f"[mysqld]\ninnodb_flush_method = {text}\n"
    found = audited(capsys, tmp_path / "my.cnf", "mysql", "5.7", text)
    assert "Percona" not in " ".join(each["reason"] for each in found)


@pytest.mark.parametrize(
    ("line", "severity", "setting"),
    [
        ("aria_group_commit = sotf", "prevents-start", "aria_group_commit"),
        ("aria_sync_log_dir = 3", "prevents-start", "aria_sync_log_dir"),
        (
            "loose-rocksdb_flush_log_at_trx_commit = 9",  # cut down to 2, its greatest
            "data-loss",
            "rocksdb_flush_log_at_trx_commit",
        ),
        ("rocksdb_wal_recovery_mode = 9", "corruption-risk", "rocksdb_wal_recovery_mode"),
        (
            "rocksdb_flush_log_at_trx_commit = abc",
            "prevents-start",
            "rocksdb_flush_log_at_trx_commit",
        ),
        ("loose-aria_group_commit = sotf", None, ""),  # ignored
    ],
)
def test_a_line_that_the_server_refuses_is_found(
    line: str,
    severity: str | None,
    setting: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    path = tmp_path / "my.cnf"
    found = audited(capsys, path, "mariadb", "11.8", f"[mariadb]\nplugin_load_add = x\n{line}\n")
    told = [(each["severity"], each["setting"], each["place"]) for each in found]
    assert told == ([(severity, setting, f"{path}:3")] if severity else [])


# The file


@pytest.mark.parametrize(
    ("update", "said"),
    [
        ({"safe": 0}, "called safe"),
        ({"choices": ["a"]}, "an enum has choices"),
        ({"type": "enum", "choices": ["1", "2"]}, "no choice: 0"),
        ({"db": []}, "at least 1"),
        ({"risks": {}}, "at least 1"),
    ],
)
def test_an_entry_that_contradicts_itself_is_refused(update: dict[str, Any], said: str) -> None:
    entry = next(
        each
        for each in load_other_engines().setting
        if each.name == "rocksdb_flush_log_at_trx_commit"
    )
    with pytest.raises(ValidationError, match=said):
        OtherSetting.model_validate({**entry.model_dump(mode="json"), **update})
