"""A replica on a slow drive falls behind where the model says so, and not where it says otherwise:
the short form of tests/benchmarks/replica_lag."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from advisor.vendors.registry import VENDORS
from tests.benchmarks.replica_lag.pair import (
    committed_per_s,
    growth_per_s,
    loaded_pair,
    probed,
    watched,
)
from tests.benchmarks.replica_lag.predicted import Asked, applied_by_model
from tests.servers.account import PARENT, PREFIX, private_folder
from tests.servers.harness import server_named, version_of
from tests.support.faults import missing
from tests.support.paths import CHECKOUT
from tests.support.slow_drive import compile_slow_drive

pytestmark = pytest.mark.quiet

DELAY_US = 5_000.0
CPU = ((1, 100.0),)
"""Little beside two syncs of 5 ms."""


def test_the_lag_grows_where_the_model_says_so() -> None:
    server = server_named("mysql-9.7")
    with private_folder(of_account=False) as room:
        library = compile_slow_drive(room)
        os.chmod(library, 0o755)
        measured = probed(library, DELAY_US, room)
        asked = Asked(server.vendor, version_of(server), os.cpu_count() or 1, CPU)
        (applied_per_s,) = applied_by_model(measured, asked, [1])
        with loaded_pair(server.name, server.vendor, room, library, DELAY_US) as pair:
            pair.hold(1)
            pair.apply()
            keeps_up = watched(pair, applied_per_s / 2, 5.0, 1)
            falls_behind = watched(pair, applied_per_s * 2, 5.0, 2)
    # Of 1 what the lag grows by, as a share of what is committed: none, and a half.
    shares = [growth_per_s(run) / committed_per_s(run) for run in (keeps_up, falls_behind)]
    assert shares[0] < 0.1
    assert 0.3 < shares[1] < 0.7


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_who_ends_the_benchmark_ends_its_servers_and_mounts(number: signal.Signals) -> None:
    if os.geteuid() != 0:
        missing("mounting needs root")
    server_named("mysql-9.7")
    command = [sys.executable, "-m", "tests.benchmarks.replica_lag", "--part", "mysql-9.7"]
    benchmark = subprocess.Popen(command, cwd=CHECKOUT, stderr=subprocess.DEVNULL)
    ours = psutil.Process(benchmark.pid)
    until_s = time.monotonic() + 60
    servers: list[psutil.Process] = []
    while len(servers) < 2 and time.monotonic() < until_s and benchmark.poll() is None:
        time.sleep(0.2)
        servers = [each for each in ours.children() if "--gtid-mode=ON" in each.cmdline()]
    folder = Path(*Path(servers[0].cmdline()[0]).parts[: len(PARENT.parts) + 1])
    benchmark.send_signal(number)
    benchmark.wait(60)
    _, alive = psutil.wait_procs(servers, timeout=20)
    assert len(servers) == 2
    assert alive == []
    assert folder.name.startswith(PREFIX)
    assert str(folder) not in Path("/proc/mounts").read_text()
    # Who is killed leaves the folder alone, which the next run takes away.
    assert folder.exists() == (number == signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize(
    ("name", "asked", "default_count", "others"),
    [
        ("mysql-9.7", "@@replica_parallel_workers, @@replica_preserve_commit_order", 4, "1"),
        ("mariadb-10.11", "@@slave_parallel_threads, @@slave_parallel_mode", 0, "optimistic"),
        ("mariadb-11.8", "@@slave_parallel_threads, @@slave_parallel_mode", 0, "optimistic"),
    ],
)
def test_the_appliers_are_those_of_a_server_that_was_told_nothing(
    name: str, asked: str, default_count: int, others: str
) -> None:
    """MariaDB's --help says conservative, the server that runs optimistic."""
    server = server_named(name)
    with server.running("") as instance:
        (row,) = instance.query(f"SELECT {asked}")
    assert [str(value) for value in row] == [str(default_count), others]
    kind = VENDORS[server.vendor].replaying(version_of(server)).appliers
    assert kind is not None
    assert (kind.default_count, kind.needs, kind.lifted_by) == (default_count, (), "")
