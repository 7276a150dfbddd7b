"""measure --passive against real servers: what it sees of a load, with which rights, and from
where."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest

from advisor.measurement_file import to_json
from advisor.output.systemd import unit_text
from advisor.probe.observe import place_of
from advisor.servers.load.client import LoadResult, LoadTable, run_load
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from tests.servers.account import account
from tests.servers.auditing import dsn_of
from tests.servers.harness import Instance, Server, address_of, server_named
from tests.servers.test_addresses import free_port
from tests.servers.test_load import connected
from tests.support.command_line import OTHER_PYTHON, advisor, environment
from tests.support.faults import missing
from tests.unit.test_observation import as_measurement

pytestmark = pytest.mark.quiet

ROWS: Final = 1_000
OF_THE_LOAD: Final = ("processor-wait", "mean-hardly-known")
INTERVAL_S: Final = 3
LONGER_S: Final[dict[VendorName, float]] = {"postgresql": 12, "mysql": 6, "mariadb": 6}
"""Each tenth of it has some syncs: PostgreSQL's sessions tell their counts once a second."""
METRICS: Final = "fsync-advisor-observe-test.prom"
TIMED: Final = "track_wal_io_timing = on\n"
WITH_BINARY_LOG: Final = "[mariadb]\nlog_bin = binlog\nsync_binlog = 1\n"


@contextmanager
def loaded(server: Server, instance: Instance) -> Iterator[list[LoadResult]]:
    """Three of our clients at work; second by second what came of it."""
    results: list[LoadResult] = []
    is_over = threading.Event()
    with (
        connected(address_of(server, instance), 4) as (admin, *clients),
        LoadTable(admin, ROWS),
    ):

        def work() -> None:
            while not is_over.is_set():
                results.append(run_load(clients, duration_s=1, warmup_s=0, rows=ROWS))

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield results
        finally:
            is_over.set()
            thread.join()


def passive(*options: str, seconds: float = INTERVAL_S) -> dict[str, Any]:
    """What the command saves."""
    asked = ("--interval", str(seconds), "--quiet", "--output", "-", *options)
    done = advisor("measure", "--passive", *asked)
    assert done.returncode == 0, done.stderr
    return without_doubts_of_the_load(done.stdout)


def without_doubts_of_the_load(saved: str) -> dict[str, Any]:
    """What was saved, without what depends on how busy this host is."""
    found: dict[str, Any] = json.loads(saved)
    found["warnings"] = [each for each in found["warnings"] if each["code"] not in OF_THE_LOAD]
    return found


def known(value: Any) -> bool:
    return not isinstance(value, dict)


@pytest.mark.parametrize(
    ("name", "fragment", "patterns", "unknown"),
    [
        (
            "postgresql-14",
            TIMED,
            ["observed-log", "observed-device"],
            {"binary_log_syncs_per_s"},
        ),
        ("postgresql-15", "", ["observed-device"], {"binary_log_syncs_per_s"}),
        (
            "postgresql-18",
            f"{TIMED}wal_sync_method = open_datasync\n",
            ["observed-log", "observed-device"],
            {"binary_log_syncs_per_s"},
        ),
        (
            "postgresql-19",
            TIMED,
            ["observed-log", "observed-device"],
            {"binary_log_syncs_per_s"},
        ),
        (
            "mysql-9.7",
            "[mysqld]\n",
            ["observed-log", "observed-device", "observed-binary-log"],
            {"checkpoints_timed", "checkpoints_requested", "full_page_percent"},
        ),
        (
            "mariadb-10.11",
            WITH_BINARY_LOG,
            ["observed-device"],
            {"checkpoints_timed", "checkpoints_requested", "full_page_percent"},
        ),
        (
            "mariadb-11.8",
            f"{WITH_BINARY_LOG}performance_schema = ON\n",
            ["observed-device", "observed-binary-log"],
            {"checkpoints_timed", "checkpoints_requested", "full_page_percent"},
        ),
    ],
)
def test_what_is_seen_of_a_load(
    name: str, fragment: str, patterns: list[str], unknown: set[str]
) -> None:
    server = server_named(name)
    with server.running(fragment) as instance, loaded(server, instance) as results:
        found = passive("--dsn", dsn_of(server, instance))
    seen = found["observation"]
    assert [series["pattern"] for series in found["series"]] == patterns
    assert {name for name, value in seen.items() if not known(value)} == unknown
    assert seen["server"].startswith(f"{VENDORS[server.vendor].title} {name.rpartition('-')[2]}")
    clients_per_s = sum(part.commits for part in results) / sum(part.elapsed_s for part in results)
    assert seen["commits_per_s"] == pytest.approx(clients_per_s, rel=0.5)
    assert 0.3 < seen["syncs_per_commit"] < 2.3
    assert 50 < seen["log_bytes_per_commit"] < 5_000
    assert seen["interval_s"] == pytest.approx(INTERVAL_S, rel=0.3)
    assert seen["looks"] == 11
    assert 0 < seen["sync_busy_percent"] < 400  # of three clients, and of the server itself
    assert found["source"] == "observed"
    assert found["written_bytes"] == 0
    assert known(found["target"]["directory"])
    assert all(series["summary"]["mean_us"] > 1 for series in found["series"])


RIGHTS: Final[dict[VendorName, tuple[str, ...]]] = {
    "postgresql": ("CREATE ROLE looker LOGIN",),
    "mysql": ("CREATE USER looker@localhost",),
    "mariadb": ("CREATE USER looker@localhost",),
}


def test_an_account_without_rights_sees_nearly_as_much(one_of_each: Server) -> None:
    """PostgreSQL hides its directory, which its process shows; MySQL the times of its files."""
    server = one_of_each
    fragment = {"postgresql": TIMED, "mysql": "", "mariadb": WITH_BINARY_LOG}[server.vendor]
    with server.running(fragment) as instance:
        for statement in RIGHTS[server.vendor]:
            instance.query(statement)
        dsn = dsn_of(server, instance, "looker")
        with loaded(server, instance):
            found = passive("--dsn", dsn)
    patterns = [series["pattern"] for series in found["series"]]
    codes = [warning["code"] for warning in found["warnings"]]
    assert known(found["observation"]["commits_per_s"])
    assert known(found["observation"]["log_bytes_per_s"])
    if server.vendor == "postgresql":
        assert patterns == ["observed-log", "observed-device"]
        assert codes == []
        assert found["target"]["directory"] == str(instance.place.data / "pg_wal")
    else:
        assert patterns == ["observed-device"]
        assert codes == ["untimed-syncs"]
        denied = {"mysql": "SELECT command denied", "mariadb": "MariaDB does not time the syncs"}
        assert denied[server.vendor] in found["warnings"][0]["text"]


@contextmanager
def tunnel_to(port: int) -> Iterator[int]:
    """A port of this host at which another program listens, which passes everything on."""

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while part := source.recv(65_536):
                target.sendall(part)
            target.shutdown(socket.SHUT_WR)

    def join(ours: socket.socket) -> None:
        with ours, socket.create_connection(("127.0.0.1", port)) as theirs:
            back = threading.Thread(target=pump, args=(theirs, ours))
            back.start()
            pump(ours, theirs)
            back.join()

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=join, args=(listener.accept()[0],)).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_loopback_address_leads_to_this_host_unless_a_tunnel_listens_there() -> None:
    server, port = server_named("mysql-9.7"), free_port()
    network = {"skip_networking": "OFF", "bind_address": "127.0.0.1", "port": str(port)}
    with server.running("[mysqld]\n", network) as instance:
        instance.query("CREATE USER me IDENTIFIED BY 'secret'")
        instance.query("GRANT ALL ON *.* TO me")
        dsn = f"mysql://me:secret@127.0.0.1:{port}/"
        with loaded(server, instance):
            found = passive("--dsn", dsn)
        assert "observed-device" in [series["pattern"] for series in found["series"]]
        assert found["warnings"] == []
        assert found["target"]["directory"].startswith(str(instance.place.data))
        done = advisor("measure", "--passive", "--interval", "1", "--dsn", dsn, "/dev/shm")
        assert (done.returncode, "the log of --dsn's server lies in" in done.stderr) == (2, True)
        with tunnel_to(port) as other, loaded(server, instance):
            dsn = f"mysql://me:secret@127.0.0.1:{other}/"
            found = passive("--dsn", dsn)
        assert [series["pattern"] for series in found["series"]] == [
            "observed-log",
            "observed-binary-log",
        ]
        assert [warning["code"] for warning in found["warnings"]] == ["no-host-counters"]
        assert "listens there, which is no server" in found["target"]["directory"]["unknown"]
        with tunnel_to(port) as other, loaded(server, instance):  # unless somebody says where it is
            dsn = f"mysql://me:secret@127.0.0.1:{other}/"
            found = passive("--dsn", dsn, str(instance.place.data))
        assert "observed-device" in [series["pattern"] for series in found["series"]]
        assert [warning["code"] for warning in found["warnings"]] == ["drive-not-checked"]


def test_a_directory_on_another_drive_than_the_servers_log_is_refused(one_of_each: Server) -> None:
    with one_of_each.running("") as instance:
        dsn = dsn_of(one_of_each, instance)
        if not place_of(instance.place.data).devices:
            missing("the server's data lies on no block device")
        for command in (["measure"], ["drift", "-"]):
            asked = [*command, "--passive", "--interval", "1", "--dsn", dsn, "/dev/shm"]
            done = advisor(*asked, text=to_json(as_measurement()))
            assert (done.returncode, done.stdout) == (2, "")
            assert f"the log of --dsn's server lies in {instance.place.data}" in done.stderr
            assert "/dev/shm on no block device" in done.stderr
            assert "hint: leave the directory out" in done.stderr


def test_a_drive_is_not_judged_in_the_logs_stead() -> None:
    """Where nothing shows to this account which drive it is."""
    server = server_named("postgresql-15")
    if os.geteuid() != 0:
        missing("only root may ask as another account")
    with server.running(TIMED) as instance:
        instance.place.folder.chmod(0o755)
        instance.query("CREATE ROLE looker LOGIN")
        asked = ("--interval", "3", "--dsn", dsn_of(server, instance, "looker"))
        with loaded(server, instance):
            done = advisor(
                *("measure", "--passive", *asked, "--output", "-", "/dev/shm"), user="daemon"
            )
    assert done.returncode == 0, done.stderr
    found = without_doubts_of_the_load(done.stdout)
    assert [series["pattern"] for series in found["series"]] == ["observed-log"]
    (warning,) = found["warnings"]
    assert warning["code"] == "drive-not-checked"
    assert "GRANT pg_read_all_settings (or pg_monitor) shows it" in warning["text"]
    assert found["target"]["directory"] == {"unknown": warning["text"]}


def test_an_idle_server_is_one_line(one_of_each: Server) -> None:
    with one_of_each.running("") as instance:
        dsn = dsn_of(one_of_each, instance)
        done = advisor("measure", "--passive", "--interval", "1", "--dsn", dsn)
    # Another process of this host may have synced something meanwhile, or the server by itself.
    if done.returncode == 1:
        line, hint = done.stderr.splitlines()[-2:]
        assert re.search(
            r"nothing was synced in \d s, so there is nothing to observe|"
            r"syncs were made, but nothing told how long one takes",
            line,
        )
        assert re.match("  hint: (observe while the database commits|measure the drive)", hint)


def test_a_server_that_goes_away_meanwhile_is_one_line(one_of_each: Server) -> None:
    with one_of_each.running("") as instance:
        dsn = dsn_of(one_of_each, instance)
        timer = threading.Timer(2.5, instance.process.kill)
        timer.start()
        done = advisor("measure", "--passive", "--interval", "20", "--dsn", dsn)
        timer.join()
    assert (done.returncode, done.stdout) == (1, "")
    assert "the observation was cut off" in done.stderr
    assert "hint: observe again once the server runs" in done.stderr
    assert "Traceback" not in done.stderr


# Watching


def test_a_server_is_held_against_its_past(one_of_each: Server, tmp_path: Path) -> None:
    """Under the same load it is not called another drive, whatever the noise of this host."""
    fragment = {"postgresql": TIMED, "mysql": "", "mariadb": WITH_BINARY_LOG}[one_of_each.vendor]
    baseline, seconds = tmp_path / "baseline.json", LONGER_S[one_of_each.vendor]
    with one_of_each.running(fragment) as instance:
        dsn = dsn_of(one_of_each, instance)
        with loaded(one_of_each, instance):
            found = passive("--dsn", dsn, seconds=seconds)
            baseline.write_text(json.dumps(found))
        asked = ["--interval", str(seconds), "--dsn", dsn, "--format", "json"]
        with loaded(one_of_each, instance):
            done = advisor("drift", str(baseline), "--passive", *asked, "--tolerance", "400")
    assert done.stdout, done.stderr
    check = json.loads(done.stdout)["baseline"]
    assert [each["what"] for each in check["changed"] if each["what"] != "load"] == []
    assert done.returncode in (0, 1)  # 1: noise hides what counts


def test_the_commands_of_a_unit_work_as_the_servers_own_account(tmp_path: Path) -> None:
    """As systemd runs them: one after another, while each ends well, with a folder of their own."""
    server, state = server_named("postgresql-15"), Path("/var/tmp/fsync-advisor-observe-test")
    account_id = account().pw_uid
    state.mkdir()
    try:
        os.chown(state, account_id, account().pw_gid)
        with server.running(TIMED) as instance:
            commands = unit_commands(dsn_of(server, instance), state.parent)
            for _ in range(2):
                with loaded(server, instance):
                    statuses = [ended(command) for command in commands]
                assert statuses[:2] == [0, 0]
                if (state / "baseline.json").exists():
                    assert statuses[2] in (0, 1, 3)  # it was compared
                else:
                    assert statuses[2] == 0
                    (state / "baseline.json").write_bytes((state / "observed.json").read_bytes())
        metrics = (state / METRICS).read_text()
        assert "fsync_advisor_observed_commits_per_second{" in metrics
        assert 'fsync_advisor_sync_latency_mean_seconds{series="observed-log-fdatasync"' in metrics
        assert (state / METRICS).stat().st_mode & 0o004  # for node_exporter
        assert (state / "observed.json").stat().st_uid == account_id
    finally:
        shutil.rmtree(state)


def unit_commands(dsn: str, states: Path) -> list[list[str]]:
    """What systemd starts: words with their quotes taken off, and its own signs replaced."""
    text = unit_text(
        "service",
        name="fsync-advisor-observe-test",
        user=account().pw_name,
        program=[OTHER_PYTHON, "-m", "advisor"],
        observing=["--interval", str(INTERVAL_S), "--dsn", dsn],
        interval_s=INTERVAL_S,
    )
    lines = re.findall(r"^ExecStart=(.*)$", text, re.M)
    return [
        [
            word.replace("%S", str(states)).replace("%%", "%").replace("$$", "$")
            for word in shlex.split(line)
        ]
        for line in lines
    ]


def ended(command: list[str]) -> int:
    return subprocess.run(
        command,
        cwd="/",
        env=environment(None),
        user=account().pw_uid,
        group=account().pw_gid,
        extra_groups=[],
        stdout=subprocess.DEVNULL,
        check=False,
    ).returncode
