"""The slower drive of the tests: our probe and each vendor's server feel it alike."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from statistics import fmean

import pytest

from advisor.servers.connection.wire import Connection
from advisor.servers.load.client import LoadTable, run_load
from tests.servers.account import private_folder
from tests.servers.harness import Preload, Server, address_of, server_named
from tests.servers.test_load import connected
from tests.support.slow_drive import logged_delays_ns, preloaded, probe_slowed, slower_by

pytestmark = pytest.mark.quiet

SHORT_MS, LONG_MS = 8.0, 40.0
"""Two delays, measured in turns: what else the machine does meets both, and only adds to both."""

TURNS = 4
COMMITS_PER_TURN = 12


@contextmanager
def one_client(server: Server, preload: Preload, fragment: str) -> Iterator[Connection]:
    """A server on a slower drive, its table filled, and a connection to load it by."""
    with (
        server.running(fragment, preload=preload) as instance,
        connected(address_of(server, instance), 2) as (admin, client),
        LoadTable(admin),
    ):
        yield client


def commits_wait_for(server: Server, slow_library: Path, syncs: int, fragment: str = "") -> None:
    """Two servers, one with each delay, are loaded in turns by one client: every commit waits for
    so many delays at least, and a longer delay makes it longer by no more and no fewer."""
    short_us: list[float] = []
    long_us: list[float] = []
    with ExitStack() as stack:
        in_turns = [
            (stack.enter_context(one_client(server, preload, fragment)), latencies_us)
            for preload, latencies_us in (
                (Preload(slow_library, slower_by(SHORT_MS * 1000)), short_us),
                (Preload(slow_library, slower_by(LONG_MS * 1000)), long_us),
            )
        ]
        for _ in range(TURNS):
            for client, latencies_us in in_turns:
                result = run_load(
                    [client], duration_s=120, warmup_s=0.1, commits_max=COMMITS_PER_TURN
                )
                latencies_us.extend(result.latencies_us)
    assert len(short_us) == len(long_us) == TURNS * COMMITS_PER_TURN
    assert_delayed(
        [latency_us / 1000 for latency_us in short_us],
        [latency_us / 1000 for latency_us in long_us],
        syncs,
    )


def assert_delayed(short_ms: Sequence[float], long_ms: Sequence[float], syncs: int) -> None:
    """Latencies measured in turns, with the short delay and with the long one.

    What the machine does besides can only add to a latency, and adds little to some. So each holds
    its delays whole; the least disturbed of both kinds differ by what the delays differ; and so do
    their first deciles to the nearest number of syncs, so that nine of ten wait for no more.
    """
    assert min(short_ms) >= syncs * SHORT_MS
    assert min(long_ms) >= syncs * LONG_MS
    longer_ms = LONG_MS - SHORT_MS
    assert min(long_ms) - min(short_ms) == pytest.approx(syncs * longer_ms, rel=0.15)
    assert round((first_decile(long_ms) - first_decile(short_ms)) / longer_ms) == syncs


def first_decile(latencies_ms: Sequence[float]) -> float:
    return sorted(latencies_ms)[len(latencies_ms) // 10]


SYNCS = {"postgresql": 1, "mariadb": 1, "mysql": 2}
"""Syncs per commit as the server comes: MySQL has a binary log, and MariaDB none."""


def test_a_server_waits_longer_by_its_syncs(one_of_each: Server, slow_library: Path) -> None:
    commits_wait_for(one_of_each, slow_library, SYNCS[one_of_each.vendor])


@pytest.mark.parametrize("method", ["fsync", "open_sync", "open_datasync"])
def test_every_sync_method_of_postgresql_is_slower(method: str, slow_library: Path) -> None:
    server = server_named("postgresql-15")
    commits_wait_for(server, slow_library, 1, f"wal_sync_method = {method}\n")


@pytest.mark.parametrize(
    ("series", "before", "before_round"),
    [
        # The file's fill, and the first write of the series, are synced before.
        ("overwrite-fdatasync-8k", 2, 0),
        ("overwrite-fsync-8k", 2, 0),
        # That first write by these methods is slow, and then synced like any other.
        ("overwrite-open_datasync-8k", 3, 0),
        ("overwrite-open_sync-8k", 3, 0),
        # Nothing to fill. The emptied file is synced before each round.
        ("append-fdatasync-8k", 1, 1),
        ("classic-fsync-4k", 1, 0),
    ],
)
def test_the_probe_measures_the_slower_drive(
    series: str, before: int, before_round: int, slow_library: Path, tmp_path: Path
) -> None:
    """Each sync draws one of two delays, so that both are measured in one run, mixed."""
    log = tmp_path / "log"
    delays = slower_by([SHORT_MS * 1000, LONG_MS * 1000], log=log)
    with private_folder() as folder:
        slowed = probe_slowed(slow_library, delays, folder, series).series(series)
    (drawn_ns,) = logged_delays_ns(log).values()
    unused_ns = iter(drawn_ns[before:])
    short_ms: list[float] = []
    long_ms: list[float] = []
    for part in slowed["rounds"]:
        list(islice(unused_ns, before_round))
        for index, latency_ns in enumerate(part["latencies_ns"]):
            delay_ns = next(unused_ns)
            assert latency_ns >= delay_ns
            if index >= part["warmup_count"]:
                kind = short_ms if delay_ns == SHORT_MS * 1e6 else long_ms
                kind.append(latency_ns / 1e6)
    assert list(unused_ns) == []  # one delay for each sample
    assert_delayed(short_ms, long_ms, syncs=1)
    kept_ms = [*short_ms, *long_ms]
    assert slowed["summary"]["count"] == len(kept_ms)
    assert slowed["summary"]["mean_us"] == pytest.approx(1000 * fmean(kept_ms))


def test_the_probe_writes_what_is_not_synced_as_fast_as_before(slow_library: Path) -> None:
    delay = slower_by(SHORT_MS * 1000)
    asked = ("overwrite-none-8k", "overwrite-fdatasync-8k")
    with private_folder() as folder:
        slowed = probe_slowed(slow_library, delay, folder, *asked)
    unsynced, synced = (slowed.series(name)["summary"]["p50_us"] for name in asked)
    assert synced > 8 * unsynced  # the two took turns; 8 ms against less than 1 ms, as it were


# What the library draws, as it logs that, and how long a program that only syncs is held by it.

SYNC_TIMES = """
import os, sys, time
file = os.memfd_create("x")
def times(count):
    for _ in range(count):
        started_ns = time.perf_counter_ns()
        os.fdatasync(file)
        print(time.perf_counter_ns() - started_ns, end=" ", flush=True)
times(int(sys.argv[1]))
if sys.argv[2:]:
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    times(int(sys.argv[2]))
    os._exit(0)
"""


def sync_times_ns(slow_library: Path, steering: dict[str, str], *arguments: str) -> list[int]:
    run = subprocess.run(
        [sys.executable, "-c", SYNC_TIMES, *arguments],
        env=preloaded(slow_library, steering),
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(text) for text in run.stdout.split()]


def test_delays_are_drawn_from_the_file_all_alike(slow_library: Path, tmp_path: Path) -> None:
    delays, log = tmp_path / "delays", tmp_path / "log"
    delays.write_text("2000\n2000\n8000\n20000\n")
    taken_ns = sync_times_ns(slow_library, slower_by(delays, log=log), "200")
    (drawn_ns,) = logged_delays_ns(log).values()
    assert len(drawn_ns) == len(taken_ns) == 200
    # 200 draws; expected 100, 50 and 50, the standard deviations 7, 6 and 6.
    assert set(drawn_ns) == {2_000_000, 8_000_000, 20_000_000}
    assert 65 <= drawn_ns.count(2_000_000) <= 135
    assert 20 <= drawn_ns.count(8_000_000) <= 80
    assert 20 <= drawn_ns.count(20_000_000) <= 80
    # And each call took what it drew: never less, and no multiple of it.
    pairs = list(zip(drawn_ns, taken_ns, strict=True))
    assert all(taken >= drawn for drawn, taken in pairs)
    shortest_ns, longest_ns = (
        min(taken for drawn, taken in pairs if drawn == delay_ns)
        for delay_ns in (2_000_000, 20_000_000)
    )
    assert longest_ns - shortest_ns == pytest.approx(18_000_000, rel=0.1)


def test_a_child_does_not_draw_what_its_parent_draws(slow_library: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    sync_times_ns(slow_library, slower_by([1000, 5000], log=log), "1", "40")
    parent_ns, child_ns = logged_delays_ns(log).values()
    assert (len(parent_ns), len(child_ns)) == (41, 40)
    assert parent_ns[1:] != child_ns


def test_what_cannot_be_steered_by_ends_the_program(slow_library: Path, tmp_path: Path) -> None:
    nowhere = slower_by(tmp_path / "nowhere")
    for steering in (nowhere, {"SLOW_DRIVE_US": "8 ms"}, {"SLOW_DRIVE_US": ""}):
        run = subprocess.run(
            ["/bin/true"],
            env={**os.environ, **steering, "LD_PRELOAD": str(slow_library)},
            check=False,
        )
        assert run.returncode == 127
