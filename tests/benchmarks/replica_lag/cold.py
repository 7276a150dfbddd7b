"""A standby of PostgreSQL whose pages are not in memory, on an emulated drive.

Each transaction changes a page of its own, one after another through a table, so that none is met
again before all others were. All have changed once since the checkpoint: none is in the log as a
whole. Before each run the standby's files are put out of the kernel's memory.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

from advisor.capacity.page_load import DataSet
from advisor.measurement import Measurement
from advisor.measurement_file import from_json
from advisor.vendors.pages import PageUse
from tests.benchmarks.replica_lag.pair import (
    DURABLE,
    FRAGMENTS,
    LoadedPair,
    applied,
    bulk_sql,
    committed_per_s,
    growth_per_s,
    rate_of,
    watched,
)
from tests.benchmarks.replica_lag.predicted import Asked, model_of
from tests.servers.harness import Server, version_of
from tests.servers.replication import Pair, members, start_replication
from tests.support.emulated_drive import (
    DriveProfile,
    EmulatedDrive,
    compile_drive,
    emulated_drive,
    load_profile,
    mounted_drive,
)
from tests.support.emulated_drive.profiles import Limits
from tests.support.faults import probe_command

PAGES: Final = 8_000
BUFFERS: Final = "shared_buffers = 2MB\n"
STEP: Final = 7_919
"""A prime: the next page is far from the last."""
TABLE_SQL: Final = (
    "CREATE TABLE pages (id integer PRIMARY KEY, v integer, pad text) WITH (fillfactor = 10)",
    f"INSERT INTO pages SELECT i, 0, repeat('x', 750) FROM generate_series(0, {PAGES - 1}) i",
    "CREATE SEQUENCE turn",
    "VACUUM pages",
    "CHECKPOINT",
    "UPDATE pages SET v = 1",
)
CHANGE: Final = f"UPDATE pages SET v = v + 1 WHERE id = (SELECT nextval('turn') * {STEP} % {PAGES})"


READS: Final = ("overwrite-fdatasync-8k", "random-16k-x8", "random-read-16k-x8")
SIZE_BYTES: Final = 2 << 30
LOG_BYTES: Final = 200
CPU_US: Final = 2.0
"""Little beside any read."""


class ColdCase(NamedTuple):
    """One drive."""

    profile: DriveProfile
    commits: int
    """Of a saturated run."""
    shares: Sequence[float] = ()
    """Of what the model says, for runs in which the lag is watched."""


CLOUD: Final = load_profile("cloud-3000").model_copy(
    update={"name": "cloud-600", "limits": Limits(ops_per_s=600)}
)
CASES: Final[Mapping[str, tuple[ColdCase, ...]]] = {
    "postgresql-14": (ColdCase(load_profile("network-2ms"), 3000),),
    "postgresql-15": (ColdCase(CLOUD, 1500, (0.6, 0.8, 1.2, 1.5)),),
    "postgresql-19": (
        ColdCase(CLOUD, 1500, (0.8, 1.2)),
        ColdCase(load_profile("network-2ms"), 4000),
    ),
}


def cold_cells(server: Server, case: ColdCase, room: Path, order: Random) -> dict[str, Any]:
    """All runs of a case."""
    with (
        emulated_drive(compile_drive(room), case.profile, room, size_bytes=SIZE_BYTES) as drive,
        mounted_drive(drive, room / "drive") as place,
    ):
        os.chmod(place, 0o777)
        measured = probed_reads(place)
        predicted = predicted_per_s(measured, server)
        found: dict[str, Any] = {
            "server": server.name,
            "drive": case.profile.name,
            "page_reads_per_s": _reads_per_s(measured),
            "predicted_per_s": predicted,
            "saturated": [],
            "lag": [],
        }
        with cold_pair(server, room, drive, place) as pair:
            for _ in range(2):
                put_out_of_memory(pair, drive, place)
                rate = rate_of(applied(pair, 1, case.commits, 0))
                found["saturated"].append({"appliers": 1, "applied_per_s": round(rate, 2)})
            for share in order.sample(case.shares, len(case.shares)):
                put_out_of_memory(pair, drive, place)
                samples = watched(pair, share * predicted, 5.0, 0, in_bulk=True)
                found["lag"].append(
                    {
                        "appliers": 1,
                        "asked_per_s": round(share * predicted, 1),
                        "committed_per_s": round(committed_per_s(samples), 2),
                        "lag_growth_per_s": round(growth_per_s(samples), 2),
                        "predicted_applied_per_s": round(predicted, 2),
                        "samples": [[round(each, 2) for each in one] for one in samples[::5]],
                    }
                )
    return found


def probed_reads(place: Path) -> Measurement:
    """The drive, as our probe has it."""
    run = subprocess.run(
        probe_command(place, *READS), capture_output=True, text=True, check=True, timeout=120
    )
    return from_json(run.stdout, "the probe")


def _reads_per_s(measured: Measurement) -> float:
    reads = measured.data_drive.page_reads
    assert reads is not None
    return reads.summary.ops_per_s


@contextmanager
def cold_pair(
    server: Server, room: Path, drive: EmulatedDrive, place: Path
) -> Iterator[LoadedPair]:
    """A pair whose standby lies on the drive, mounted at `place`."""
    common = FRAGMENTS["postgresql"] + "autovacuum = off\n"
    with drive.hurried():
        source, replica = members(
            server.name,
            room,
            [room / "source", place / "replica"],
            [
                f"{common}synchronous_commit = off\n",
                f"{common}{DURABLE['postgresql']}{BUFFERS}",
            ],
        )
    with ExitStack() as stack:
        source_runs = stack.enter_context(source.machine.running(source.folder))
        with drive.hurried():
            replica_runs = stack.enter_context(replica.machine.running(replica.folder))
            start_replication(source, source_runs, [replica_runs])
            clients = stack.enter_context(source_runs.connected(1))
            (looking,) = stack.enter_context(replica_runs.connected(1))
            for statement in TABLE_SQL:
                clients[0].query(statement)
            Pair(source_runs, replica_runs).wait_until_caught_up()
        yield LoadedPair(clients, looking, bulk_sql(CHANGE))


def put_out_of_memory(pair: LoadedPair, drive: EmulatedDrive, place: Path) -> None:
    """The standby's data files, written out before."""
    with drive.hurried():
        pair.replica.query("CHECKPOINT")
        for path in (place / "replica" / "data" / "base").rglob("*"):
            if path.is_file():
                with path.open("rb") as file:
                    os.fsync(file.fileno())
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def predicted_per_s(measured: Measurement, server: Server) -> float:
    """What the model makes of a drive of which each transaction needs a page."""
    pages = PageUse(8192, False, cache_bytes=8192, checkpoint_log_bytes=1e15)
    asked = Asked(
        server.vendor,
        version_of(server),
        1,
        ((1, CPU_US),),
        LOG_BYTES,
        pages,
        DataSet(PAGES * 8192),
    )
    return model_of(measured, asked).applied().applied_per_s
