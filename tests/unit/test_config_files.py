"""Configuration files read offline: what needs no server, and that nothing in them is a crash."""

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.errors import AdvisorError
from advisor.servers.config import IncludedFolder, read_settings
from advisor.vendors.names import VENDOR_NAMES, VendorName

# As MySQL 9.7.4 wrote it after SET PERSIST and SET PERSIST_ONLY.
AUTO = {
    "Version": 2,
    "mysql_dynamic_variables": {
        "sync_binlog": {
            "Value": "7",
            "Metadata": {"Host": "localhost", "User": "root", "Timestamp": 1795399320543393},
        },
    },
    "mysql_dynamic_parse_early_variables": {
        "max_connections": {"Value": "77", "Metadata": {"Host": "", "User": "", "Timestamp": 0}},
    },
}

# As the manual of MySQL 8.0.11 shows version 1.
AUTO_1 = {
    "Version": 1,
    "mysql_server": {
        "max_connections": {"Value": "152", "Metadata": {"Timestamp": 1519921341372531}},
        "mysql_server_static_options": {
            "innodb_log_file_size": {"Value": "5242880", "Metadata": {"Timestamp": 1}},
        },
    },
}


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def found_in(vendor: VendorName, path: Path) -> dict[str, tuple[str, str]]:
    return {
        name: (entry.value, entry.place)
        for name, entry in read_settings(vendor, [path]).settings.items()
    }


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("skip-innodb_doublewrite", "innodb_doublewrite", "OFF"),
        ("skip_log_bin", "log_bin", "OFF"),
        ("disable-log-bin", "log_bin", "OFF"),
        ("loose_skip_log_bin", "log_bin", "OFF"),
        ("skip-log-bin=0", "log_bin", "ON"),
        ("enable-log-bin", "log_bin", "ON"),
        ("enable-log-bin=FALSE", "log_bin", "ON"),
        ("innodb_doublewrite", "innodb_doublewrite", "ON"),
        ("log-bin=0", "log_bin", "0"),
        ("skip-innodb-doublewrite=OFF", "innodb_doublewrite", "OFF"),
        ("skip-name-resolve", "skip_name_resolve", "ON"),
        ("skip_networking=0", "skip_networking", "0"),
        ("maximum-sort-buffer-size=1M", "maximum_sort_buffer_size", "1M"),
    ],
)
def test_an_option_that_switches(tmp_path: Path, line: str, name: str, value: str) -> None:
    path = write(tmp_path / "my.cnf", f"[mysqld]\n{line}\n")
    assert found_in("mysql", path) == {name: (value, f"{path}:2")}


def test_a_line_that_the_server_ignores_leaves_what_stood_before(tmp_path: Path) -> None:
    """MariaDB 10.11 ignores `yes` for its switch (spellings.toml)."""
    text = "[mariadbd]\ninnodb_doublewrite = OFF\ninnodb_doublewrite = yes\n"
    path = write(tmp_path / "my.cnf", text)
    found = read_settings("mariadb", [path], (10, 11))
    entry = found.settings["innodb_doublewrite"]
    assert (entry.value, entry.place) == ("OFF", f"{path}:2")
    assert found.notes == (
        f"{path}:3: the server ignores this line: 'yes' is no value of innodb_doublewrite",
    )


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("innodb_d=0", "the server does not start with it"),
        ("loose-innodb_d=0", "the server ignores the line"),
    ],
)
def test_a_beginning_of_several_names_is_said(tmp_path: Path, line: str, note: str) -> None:
    path = write(tmp_path / "my.cnf", f"[mariadbd]\n{line}\n")
    found = read_settings("mariadb", [path], (10, 11))
    assert found.settings == {}
    (said,) = found.notes
    assert said.startswith(f"{path}:2: ")
    assert " may be " in said
    assert said.endswith(note)


@pytest.mark.parametrize(
    ("line", "is_read"),
    [
        ("persisted_globals_load=0", False),
        ("skip-persisted-globals-load", False),
        ("persisted-globals-load=FALSE", False),
        ("skip-persisted-globals-load=0", True),
        ("persisted_globals_load", True),
    ],
)
def test_every_spelling_of_the_switch_counts(tmp_path: Path, line: str, is_read: bool) -> None:
    auto = write(tmp_path / "mysqld-auto.cnf", json.dumps(AUTO))
    path = write(tmp_path / "my.cnf", f"[mysqld]\ndatadir={tmp_path}\n{line}\n")
    assert (auto in read_settings("mysql", [path]).files) is is_read


@pytest.mark.parametrize("stored", [AUTO, AUTO_1], ids=["version 2", "version 1"])
def test_what_mysql_persisted_wins(tmp_path: Path, stored: object) -> None:
    auto = write(tmp_path / "data" / "mysqld-auto.cnf", json.dumps(stored))
    path = write(tmp_path / "my.cnf", f"[mysqld]\ndatadir={tmp_path}/data\nmax_connections=9\n")
    found = read_settings("mysql", [path])
    entry = found.settings["max_connections"]
    assert (entry.value, entry.origin, entry.place) == (
        "77" if stored is AUTO else "152",
        "persisted",
        f"{auto}:1",
    )
    assert found.files == (path, auto)
    assert f"{path}:3: max_connections is overridden by {auto}:1" in found.notes
    other = "sync_binlog" if stored is AUTO else "innodb_log_file_size"
    assert found.settings[other].value == ("7" if stored is AUTO else "5242880")


def test_lines_that_add_up_override_nothing(tmp_path: Path) -> None:
    """MySQL 9.7 loads both plugins, and switches both off; of max_connections the last counts."""
    adding = ("plugin-load-add=a.so", "plugin-load-add=b.so")
    switches = ("optimizer_switch=mrr=off", "optimizer_switch=mrr_cost_based=off")
    last = ("max_connections=9", "max_connections=10")
    lines = "".join(f"{line}\n" for line in (*adding, *switches, *last))
    path = write(tmp_path / "my.cnf", f"[mysqld]\n{lines}")
    notes = [note for note in read_settings("mysql", [path]).notes if "overridden" in note]
    assert notes == [f"{path}:6: max_connections is overridden by {path}:7"]


def test_what_mysql_persisted_may_be_switched_off(tmp_path: Path) -> None:
    write(tmp_path / "mysqld-auto.cnf", json.dumps(AUTO))
    text = f"[mysqld]\ndatadir={tmp_path}\npersisted_globals_load=OFF\n"
    path = write(tmp_path / "my.cnf", text)
    assert read_settings("mysql", [path]).files == (path,)


def test_mariadb_persists_nothing(tmp_path: Path) -> None:
    write(tmp_path / "mysqld-auto.cnf", json.dumps(AUTO))
    path = write(tmp_path / "my.cnf", f"[mariadb]\ndatadir={tmp_path}\n")
    found = read_settings("mariadb", [path])
    assert (found.files, found.notes) == ((path,), ())


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "nonsense"])
def test_what_mysql_cannot_have_persisted_is_refused(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "mysqld-auto.cnf", text)
    with pytest.raises(AdvisorError, match="is not JSON"):
        read_settings("mysql", [path])


@pytest.mark.parametrize(
    ("vendor", "text", "note"),
    [
        ("mysql", "[mysqld]\n", "so mysqld-auto.cnf was not read: what was set with SET PERSIST"),
        ("postgresql", "", "so postgresql.auto.conf was not read: what was set with ALTER SYSTEM"),
    ],
)
def test_an_unknown_data_directory_is_said(
    tmp_path: Path, vendor: VendorName, text: str, note: str
) -> None:
    (said,) = read_settings(vendor, [write(tmp_path / "f", text)]).notes
    assert note in said


def test_postgresql_as_debian_keeps_it(tmp_path: Path) -> None:
    data, etc = tmp_path / "lib", tmp_path / "etc"
    write(data / "PG_VERSION", "15\n")
    auto = write(data / "postgresql.auto.conf", "fsync = 'off'\n")
    write(etc / "conf.d" / "a.conf", "fsync = on\n")
    text = f"data_directory = '{data}'\ninclude_dir 'conf.d'\n"
    main = write(etc / "postgresql.conf", text)
    found = read_settings("postgresql", [main])
    assert found.version == (15,)
    assert found.settings["fsync"].place == f"{auto}:1"
    assert found.files == (main, etc / "conf.d" / "a.conf", auto)
    assert found.included_folders == (IncludedFolder(etc / "conf.d", ".conf", f"{main}:2", 1),)


def test_groups_of_one_series_are_read_for_that_series_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "my.cnf", f"[mysqld-8.4]\ndatadir={tmp_path}\nsync_binlog=0\n")
    assert "sync_binlog" in read_settings("mysql", [path], (8, 4)).settings
    assert "sync_binlog" not in read_settings("mysql", [path], (9, 7)).settings
    unknown = read_settings("mysql", [path])
    assert unknown.settings == {}
    assert f"{path}: [mysqld-8.4] is read by that series alone, and was not taken" in unknown.notes


def test_text_may_stand_for_what_is_on_the_disk(tmp_path: Path) -> None:
    main = write(tmp_path / "postgresql.conf", "include_dir = 'conf.d'\n")
    write(tmp_path / "conf.d" / "b.conf", "fsync = off\n")
    write(tmp_path / "conf.d" / "z.conf", "wal_level = replica\n")
    new = tmp_path / "conf.d" / "c.conf"
    instead = {new: "fsync = on\n", tmp_path / "conf.d" / "z.conf": "wal_level = minimal\n"}
    found = read_settings("postgresql", [main], instead=instead)
    assert [found.settings[name].value for name in ("fsync", "wal_level")] == ["on", "minimal"]
    assert [file.name for file in found.files[1:]] == ["b.conf", "c.conf", "z.conf"]


@pytest.mark.parametrize("vendor", VENDOR_NAMES)
def test_a_file_that_is_missing_is_refused(tmp_path: Path, vendor: VendorName) -> None:
    with pytest.raises(AdvisorError) as refusal:
        read_settings(vendor, [tmp_path / "none"])
    assert refusal.value.message == f"{tmp_path}/none cannot be read: No such file or directory"


def test_files_that_multiply_end(tmp_path: Path) -> None:
    text = "[mysqld]\n" + f"!include {tmp_path}/my.cnf\n" * 4
    path = write(tmp_path / "my.cnf", text)
    with pytest.raises(AdvisorError, match="more than 1000 files are included"):
        read_settings("mysql", [path])


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    path = write(tmp_path / "my.cnf", f"[mysqld]\n!include {tmp_path}/pipe\ndatadir={tmp_path}\n")
    assert read_settings("mysql", [path]).notes == (
        f"{tmp_path}/pipe is not a regular file and was not read",
    )


LINES = st.sampled_from(
    [
        "[mysqld]",
        "[",
        "[]",
        "include 'f'",
        "include_dir '.'",
        "include_if_exists = '\\0'",
        "!include FOLDER/f",
        "!includedir FOLDER",
        "!includedir",
        "!",
        "=",
        "a = 'b",
        "skip_",
        "skip-=",
        "loose_",
        "data_directory = ''",
        "data_directory = 'x\\0y'",
        "datadir = /\x01",
        "datadir = FOLDER",
        "\x00",
        "'" * 50,
        "a=" + "\\" * 9,
    ]
)


@given(text=st.lists(st.one_of(LINES, st.text(max_size=30)), max_size=12).map("\n".join))
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@pytest.mark.parametrize("vendor", VENDOR_NAMES)
def test_no_file_is_a_crash(tmp_path: Path, vendor: VendorName, text: str) -> None:
    path = tmp_path / "f"
    text = text.replace("FOLDER", str(tmp_path))
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    (tmp_path / "f.conf").write_bytes(path.read_bytes())
    (tmp_path / "f.cnf").write_bytes(path.read_bytes())
    with suppress(AdvisorError):
        assert read_settings(vendor, [path]).files[:1] == (path,)
