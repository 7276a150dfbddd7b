"""The slower drive of the tests: our probe and each vendor's server feel it alike."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import pytest

from advisor.servers.load.client import LoadResult, LoadTable, run_load
from tests.servers.account import private_folder
from tests.servers.harness import Preload, Server, address_of, server_named
from tests.servers.test_load import connected
from tests.support.faults import run_probe
from tests.support.slow_drive import preloaded, probe_slowed, slower_by

pytestmark = pytest.mark.quiet

SLOWER_MS = 8.0


def one_client(server: Server, preload: Preload | None, fragment: str = "") -> LoadResult:
    with (
        server.running(fragment, preload=preload) as instance,
        connected(address_of(server, instance), 2) as (admin, client),
        LoadTable(admin),
    ):
        return run_load([client], duration_s=1.5, warmup_s=0.2)


SYNCS = {"postgresql": 1, "mariadb": 1, "mysql": 2}
"""Syncs per commit as the server comes: MySQL has a binary log, and MariaDB none."""


def test_a_server_waits_longer_by_its_syncs(one_of_each: Server, slow_library: Path) -> None:
    as_it_is = one_client(one_of_each, None)
    slower = one_client(one_of_each, Preload(slow_library, slower_by(SLOWER_MS * 1000)))
    added_ms = (median(slower.latencies_us) - median(as_it_is.latencies_us)) / 1000
    assert added_ms == pytest.approx(SYNCS[one_of_each.vendor] * SLOWER_MS, rel=0.15)
    assert slower.tps <= 1000 / (SYNCS[one_of_each.vendor] * SLOWER_MS)


@pytest.mark.parametrize("method", ["fsync", "open_sync", "open_datasync"])
def test_every_sync_method_of_postgresql_is_slower(method: str, slow_library: Path) -> None:
    preload = Preload(slow_library, slower_by(SLOWER_MS * 1000))
    server = server_named("postgresql-15")
    assert one_client(server, preload, f"wal_sync_method = {method}\n").tps <= 1000 / SLOWER_MS


@pytest.mark.parametrize(
    "series",
    [
        "overwrite-fdatasync-8k",
        "overwrite-fsync-8k",
        "overwrite-open_datasync-8k",
        "overwrite-open_sync-8k",
        "append-fdatasync-8k",
        "classic-fsync-4k",
    ],
)
def test_the_probe_measures_the_slower_drive(series: str, slow_library: Path) -> None:
    with private_folder() as folder:
        as_it_is = run_probe(None, folder, series).series(series)["summary"]
        slowed = probe_slowed(slow_library, slower_by(SLOWER_MS * 1000), folder, series)
        slower = slowed.series(series)["summary"]
    added_ms = (slower["p50_us"] - as_it_is["p50_us"]) / 1000
    assert added_ms == pytest.approx(SLOWER_MS, rel=0.1)


def test_the_probe_writes_what_is_not_synced_as_fast_as_before(slow_library: Path) -> None:
    with private_folder() as folder:
        slowed = probe_slowed(
            slow_library, slower_by(SLOWER_MS * 1000), folder, "overwrite-none-8k"
        )
    assert slowed.series("overwrite-none-8k")["summary"]["p50_us"] < 1000


# What the library draws, seen by a program that does nothing but sync.

SYNC_TIMES = """
import os, sys, time
file = os.memfd_create("x")
def times(count):
    for _ in range(count):
        started = time.perf_counter()
        os.fdatasync(file)
        print(round((time.perf_counter() - started) * 1e3), end=" ", flush=True)
times(int(sys.argv[1]))
if sys.argv[2:]:
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    times(int(sys.argv[2]))
    os._exit(0)
"""


def drawn_ms(slow_library: Path, steering: dict[str, str], *arguments: str) -> list[int]:
    run = subprocess.run(
        [sys.executable, "-c", SYNC_TIMES, *arguments],
        env=preloaded(slow_library, steering),
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(text) for text in run.stdout.split()]


def near(drawn: int, delays: Sequence[int]) -> int:
    return min(delays, key=lambda delay: abs(delay - drawn))


def test_delays_are_drawn_from_the_file_all_alike(slow_library: Path, tmp_path: Path) -> None:
    delays = tmp_path / "delays"
    delays.write_text("2000\n2000\n8000\n20000\n")
    drawn = [near(ms, (2, 8, 20)) for ms in drawn_ms(slow_library, slower_by(delays), "200")]
    # 200 draws; expected 100, 50 and 50, the standard deviations 7, 6 and 6.
    assert 65 <= drawn.count(2) <= 135
    assert 20 <= drawn.count(8) <= 80
    assert 20 <= drawn.count(20) <= 80


def test_a_child_does_not_draw_what_its_parent_draws(slow_library: Path) -> None:
    drawn = [near(ms, (1, 5)) for ms in drawn_ms(slow_library, slower_by([1000, 5000]), "1", "40")]
    assert len(drawn) == 81
    assert drawn[1:41] != drawn[41:]


def test_what_cannot_be_steered_by_ends_the_program(slow_library: Path, tmp_path: Path) -> None:
    nowhere = slower_by(tmp_path / "nowhere")
    for steering in (nowhere, {"SLOW_DRIVE_US": "8 ms"}, {"SLOW_DRIVE_US": ""}):
        run = subprocess.run(
            ["/bin/true"],
            env={**os.environ, **steering, "LD_PRELOAD": str(slow_library)},
            check=False,
        )
        assert run.returncode == 127
