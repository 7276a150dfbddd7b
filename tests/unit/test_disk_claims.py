"""What the lines of a fragment have a server take when it starts; the room is made by hand."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from advisor.errors import AdvisorError
from advisor.knowledge import known_settings
from advisor.servers.config.fragment import parse_fragment
from advisor.servers.sandbox.room import require_room
from advisor.vendors.names import VendorName
from advisor.versions import NumericVersion, parse_version

MIB = 1024**2


class Usage(NamedTuple):
    free: int


def takes(vendor: VendorName, version: NumericVersion, *lines: str) -> str:
    """What is said of lines where nothing is free."""
    fragment = parse_fragment("\n".join(["[mysqld]", *lines, ""]), "f", vendor)
    try:
        require_room(Path("/var/tmp/x"), fragment.lines, known_settings(vendor, version))
    except AdvisorError as error:
        return error.message
    return ""


@pytest.mark.parametrize(
    ("server", "line", "size"),
    [
        ("mysql 9.7", "innodb_redo_log_capacity = 100M", "100 MB"),
        ("mysql 8.0.20", "innodb_log_file_size = 100M", "200 MB"),
        ("mariadb 11.8", "innodb_log_file_size = 100M", "100 MB"),
        ("mariadb 11.8", "innodb_log_file_s = 100M", "100 MB"),
        ("mysql 9.7", "innodb_data_file_path = ibdata1:2900M", "2.83 GB"),
        ("mysql 9.7", "innodb_data_file_path = a:1G;b:512M:autoextend:max:2T", "1.5 GB"),
        ("mysql 9.7", "loose-innodb-data-file-path = a:3G", "3 GB"),
        ("mysql 9.7", "innodb_temp_data_file_path = ibtmp1:12M:autoextend", "12 MB"),
        ("mariadb 10.11", "innodb_undo_tablespaces = 100", "1.56 GB"),
    ],
)
def test_each_takes_what_the_server_makes_of_it(
    monkeypatch: pytest.MonkeyPatch, server: str, line: str, size: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0))
    vendor, _, version = server.partition(" ")
    said = takes(vendor, parse_version(version), line)  # type: ignore[arg-type]
    assert f"would take {size} of disk at the start; /var/tmp has 0 bytes" in said


def test_older_redo_files_have_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0))
    lines = ("innodb_log_files_in_group = 5", "innodb_log_file_size = 100M")
    assert "would take 500 MB" in takes("mysql", (8, 0, 20), *lines)


def test_of_lines_that_set_the_same_the_last_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ("innodb_redo_log_capacity = 400M", "innodb_redo_log_capacity = 100M")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(200 * MIB))
    assert takes("mysql", (9, 7), *lines) == ""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(200 * MIB - 1))
    assert "line 3" in takes("mysql", (9, 7), *lines)


def test_what_is_no_value_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0))
    for line in ("innodb_data_file_path = x", "max_connections"):
        assert takes("mysql", (9, 7), line) == ""
