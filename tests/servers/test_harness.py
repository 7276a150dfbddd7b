"""The harness itself: what it says of a server must be true, and it must leave nothing behind."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from tests.servers.account import private_folder
from tests.servers.harness import (
    Preload,
    Server,
    ServerDidNotStart,
    UnknownSettingError,
    complaints,
    give_up,
)
from tests.servers.provision import SERVERS
from tests.support.paths import CHECKOUT

GOOD = {
    "postgresql": ("commit_siblings = 7\n", "commit_siblings", "7"),
    "mysql": ("[mysqld]\ninnodb-io-capacity = 2000\n", "innodb_io_capacity", "2000"),
    "mariadb": ("[mariadb]\ninnodb-io-capacity = 2000\n", "innodb_io_capacity", "2000"),
}
UNTOUCHED = {"postgresql": "commit_delay", "mysql": "sync_binlog", "mariadb": "sync_binlog"}
UNKNOWN = {
    "postgresql": "speed_of_light = 3\n",
    "mysql": "[mysqld]\nspeed_of_light = 3\n",
    "mariadb": "[mariadb]\nspeed_of_light = 3\n",
}

POSTGRESQL_ONLY = pytest.mark.parametrize(
    "server", [row.name for row in SERVERS if row.vendor == "postgresql"], indirect=True
)


def test_a_setting_of_the_fragment_reads_back_as_from_the_file(server: Server) -> None:
    fragment, name, value = GOOD[server.vendor]
    with server.running(fragment) as instance:
        setting = instance.read(name)
        assert (setting.value, setting.from_file) == (value, True)
        assert complaints(instance.log(), [name]) == []
        assert instance.file_errors() == []


def test_a_setting_the_fragment_leaves_alone_is_not_from_the_file(server: Server) -> None:
    fragment, _, _ = GOOD[server.vendor]
    with server.running(fragment) as instance:
        assert not instance.read(UNTOUCHED[server.vendor]).from_file


def test_the_fragment_wins_over_the_base_configuration(server: Server) -> None:
    fragment, name, value = GOOD[server.vendor]
    with server.running(fragment, {name: "900"}) as instance:
        assert instance.read(name).value == value
    with server.running("", {name: "900"}) as instance:
        setting = instance.read(name)
        assert (setting.value, setting.from_file) == ("900", False)


def test_a_setting_the_server_does_not_have_is_an_error(server: Server) -> None:
    with server.running("") as instance, pytest.raises(UnknownSettingError, match="speed_of_light"):
        instance.read("speed_of_light")


def test_an_unknown_variable_stops_the_start_and_the_log_names_it(server: Server) -> None:
    with (
        pytest.raises(ServerDidNotStart, match="speed_of_light") as failure,
        server.running(UNKNOWN[server.vendor]),
    ):
        pass
    assert complaints(str(failure.value), ["speed_of_light"])


def test_a_value_out_of_range_is_refused_or_clamped_with_a_warning(server: Server) -> None:
    if server.vendor == "postgresql":
        raised = pytest.raises(ServerDidNotStart, match="outside the valid range")
        with raised as failure, server.running("bgwriter_delay = 11s\n"):
            pass
        assert complaints(str(failure.value), ["bgwriter_delay"])
        return
    with server.running("[mysqld]\ninnodb_io_capacity = 50\n") as instance:
        assert instance.read("innodb_io_capacity").value == "100"
        assert complaints(instance.log(), ["innodb_io_capacity"])


@POSTGRESQL_ONLY
def test_a_value_is_also_given_as_the_server_prints_it(server: Server) -> None:
    with server.running("wal_buffers = 16MB\n") as instance:
        setting = instance.read("wal_buffers")
        assert (setting.value, setting.unit, setting.shown) == ("2048", "8kB", "16MB")


@POSTGRESQL_ONLY
def test_a_line_added_to_the_fragment_later_is_held_against_it(server: Server) -> None:
    with server.running("wal_buffers = 16MB\n") as instance:
        instance.fragment.write_text("wal_buffers = 16MB\nwal_writer_delay = 30s\n")
        (error,) = instance.file_errors()
        assert error.startswith("line 2: wal_writer_delay: ")


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_is_left_behind(server: Server, fails: bool) -> None:
    folders = []
    try:
        with server.running("") as instance:
            folders.append(instance.place.folder)
            assert processes_in(folders[0])
            if fails:
                raise InterruptedError
    except InterruptedError:
        assert fails
    assert not folders[0].exists()
    assert not processes_in(folders[0])


def test_nothing_is_left_behind_by_a_server_that_did_not_start(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A place of its own, for other runs of these tests may come and go in the usual one.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        Path(place).chmod(0o755)
        monkeypatch.setattr("tests.servers.account.PARENT", Path(place))
        with pytest.raises(ServerDidNotStart), server.running(UNKNOWN[server.vendor]):
            pass
        assert list(Path(place).iterdir()) == []


def test_a_killed_run_leaves_no_server_and_its_folder_goes_with_the_next(server: Server) -> None:
    script = (
        "import time\nfrom tests.servers import harness\n"
        f"with harness.server_named({server.name!r}).running('') as instance:\n"
        "    print(instance.place.folder, flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) as run:
        assert run.stdout is not None
        folder = Path(run.stdout.readline().strip())
        assert processes_in(folder)
        run.kill()
    deadline = time.monotonic() + 30
    while processes_in(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not processes_in(folder)
    long_ago = time.time() - 3600
    os.utime(folder, (long_ago, long_ago))
    with private_folder():
        assert not folder.exists()


def test_a_preloaded_library_runs_in_the_server_with_its_environment(
    server: Server, tmp_path: Path
) -> None:
    if not shutil.which("gcc"):
        give_up("no gcc here")
    source = tmp_path / "hello.c"
    source.write_text(
        "#include <stdio.h>\n#include <stdlib.h>\n"
        "__attribute__((constructor)) static void hello(void)\n"
        '{ fprintf(stderr, "preloaded with %s\\n", getenv("HELLO")); }\n'
    )
    library = tmp_path / "hello.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    with server.running("", preload=Preload(library, {"HELLO": "42"})) as instance:
        assert "preloaded with 42" in instance.log()


def test_a_library_that_cannot_be_loaded_is_an_error(server: Server, tmp_path: Path) -> None:
    library = tmp_path / "nonsense.so"
    library.write_text("no library")
    with (
        pytest.raises(ServerDidNotStart, match=r"nonsense\.so was not loaded"),
        server.running("", preload=Preload(library, {})),
    ):
        pass


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("0 [Warning] option 'innodb-io-capacity': unsigned value 50 adjusted to 100", True),
        ("0 [ERROR] unknown variable 'loose_innodb_io_capacity=1'", True),
        ("0 [Warning] --innodb-io-capacity is deprecated", True),
        ("0 [Note] innodb_io_capacity is a fine setting", False),
        ("0 [Warning] innodb_io_capacity_max is another setting", False),
        ('UTC [7] LOG:  parameter "innodb_io_capacity" cannot be changed', True),
        ("0 [Warning] CA certificate ca.pem is self signed", False),
    ],
)
def test_complaints_are_about_our_settings_only(line: str, found: bool) -> None:
    assert complaints(f"before\n{line}\nafter", ["innodb_io_capacity"]) == [line] * found


def processes_in(folder: Path) -> list[psutil.Process]:
    """The processes that work in a folder; a server's working directory is its data."""
    return [
        process
        for process in psutil.process_iter(["cwd"])
        if (process.info["cwd"] or "").startswith(str(folder))
    ]
