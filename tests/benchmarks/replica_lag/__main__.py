"""Real pairs of a source and a replica, held against what `capacity --source-tps` says of them.

    python -m tests.benchmarks.replica_lag [--part NAME]...

README.md here has the question, the rivals and the rule by which it stops, written before the runs.
What comes of each part takes its place in results.json after each pair; report.py makes the tables
of it. Needs root, for memory that is mounted; about 15 minutes, with no other load beside.
"""

import argparse
import json
import os
import platform
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from advisor.measurement import Measurement
from advisor.probe.host import describe_host
from advisor.vendors.names import VendorName
from tests.benchmarks.replica_lag.cold import CASES, cold_cells
from tests.benchmarks.replica_lag.pair import (
    LoadedPair,
    applied,
    committed_per_s,
    growth_per_s,
    loaded_pair,
    probed,
    rate_of,
    watched,
)
from tests.benchmarks.replica_lag.predicted import Asked, applied_by_model, cpu_of
from tests.powercut.disk import own_mounts
from tests.servers.account import private_folder
from tests.servers.harness import Server, server_named, version_of
from tests.support.endings import end_by_exceptions
from tests.support.slow_drive import compile_slow_drive

RESULTS: Final = Path(__file__).with_name("results.json")
SEED: Final = 20261130
REPEATS: Final = 2
APPLIERS: Final = (1, 4, 16)
SHARES: Final = (0.6, 0.8, 1.2, 1.5)
"""Of what the model says that the replica applies."""
WATCHED_S: Final = 5.0
SATURATED_S: Final = 2.0
FEWEST_COMMITS: Final = 200
MOST_COMMITS: Final = 12_000
BULK_COMMITS: Final = 100_000
PAGES_TPS: Final = 3_000.0
FLAT_OUT_TPS: Final = 1e6
DELAYS_US: Final = {"innodb": (1_000, 2_000, 5_000), "postgresql": (1_000, 20_000)}
WATCHED: Final[Mapping[str, Mapping[int, Sequence[int]]]] = {
    "innodb": {2_000: (1, 16), 5_000: (4,)},
    "postgresql": {20_000: (1,)},
}
"""Delay -> with how many appliers the lag is watched."""
UNFLUSHED: Final = ("innodb_flush_log_at_trx_commit", "sync_binlog")
COLD: Final = "cold pages"
PARTS: Final = ("mysql-9.7", "mariadb-11.8", "postgresql-15", "postgresql-19", COLD)


class Bench:
    """One server's pairs."""

    def __init__(self, server: Server, room: Path, cores: int, order: random.Random) -> None:
        self.server = server
        self.vendor: VendorName = server.vendor
        self.engine = "postgresql" if server.vendor == "postgresql" else "innodb"
        self._room = room
        self._library = compile_slow_drive(room)
        self._order = order
        self._cores = cores

    @contextmanager
    def _pair(self, delay_us: float) -> Iterator[LoadedPair]:
        folder = self._room / f"{delay_us:.0f}"
        folder.mkdir(mode=0o755)
        with loaded_pair(self.server.name, self.vendor, folder, self._library, delay_us) as pair:
            yield pair

    def calibrated(self) -> tuple[Asked, dict[str, Any]]:
        """CPU time, where nobody waits for the drive; none of these runs is judged."""
        rates: dict[int, float] = {}
        with self._pair(0) as pair:
            if self.engine == "postgresql":
                samples = applied(pair, 1, BULK_COMMITS, 0)
                rates[1] = rate_of(samples)
                log_bytes = round(self._bytes_per_commit(pair))
            else:
                for name in UNFLUSHED:
                    pair.replica.query(f"SET GLOBAL {name} = 0")
                for appliers in APPLIERS:
                    rates[appliers] = rate_of(applied(pair, appliers, MOST_COMMITS, appliers))
        version = version_of(self.server)
        if self.engine == "postgresql":
            cpu = ((1, max(1.0, 1e6 / rates[1] - log_bytes / 250)),)
            asked = Asked(self.vendor, version, self._cores, cpu, log_bytes)
        else:
            asked = Asked(self.vendor, version, self._cores, cpu_of(self._cores, rates))
        return asked, {"unflushed_tps": rates, "cpu_us_per_txn": asked.cpu}

    def _bytes_per_commit(self, pair: LoadedPair) -> float:
        before = pair.committed(0)
        commits = pair.commit_in_bulk(1000)
        return (pair.committed(0) - before) / commits

    def on_drive(self, delay_us: int, asked: Asked) -> dict[str, Any]:
        """All cells of a pair."""
        measured = probed(self._library, delay_us, self._room)
        counts = APPLIERS if self.engine == "innodb" else (1,)
        predicted = dict(zip(counts, applied_by_model(measured, asked, counts), strict=True))
        found: dict[str, Any] = {
            "delay_us": delay_us,
            "drive": drive_of(measured),
            "predicted_per_s": predicted,
            "saturated": [],
            "lag": [],
        }
        with self._pair(delay_us) as pair:
            for appliers in self._shuffled([*counts] * REPEATS):
                found["saturated"].append(self._saturated(pair, appliers, predicted[appliers]))
            watched_counts = WATCHED[self.engine].get(delay_us, ())
            for appliers in self._shuffled(watched_counts):
                pair.hold(appliers)
                pair.apply()
                for tps in self._shuffled(self._rates(predicted[appliers])):
                    found["lag"].append(self._watched(pair, appliers, tps, predicted[appliers]))
        return found

    def _rates(self, predicted_per_s: float) -> Sequence[float]:
        if self.engine == "postgresql":
            return PAGES_TPS, FLAT_OUT_TPS
        return [share * predicted_per_s for share in SHARES]

    def _saturated(self, pair: LoadedPair, appliers: int, predicted: float) -> dict[str, Any]:
        commits = min(MOST_COMMITS, max(FEWEST_COMMITS, round(predicted * SATURATED_S)))
        if self.engine == "postgresql":
            commits = BULK_COMMITS
        samples = applied(pair, appliers, commits, self._order.randrange(10**6))
        return {"appliers": appliers, "applied_per_s": round(rate_of(samples), 2)}

    def _watched(
        self, pair: LoadedPair, appliers: int, tps: float, predicted: float
    ) -> dict[str, Any]:
        seed = self._order.randrange(10**4)
        in_bulk = self.engine == "postgresql"
        samples = watched(pair, tps, WATCHED_S, seed, in_bulk=in_bulk)
        return {
            "appliers": appliers,
            "asked_per_s": round(tps, 1),
            "committed_per_s": round(committed_per_s(samples), 2),
            "lag_growth_per_s": round(growth_per_s(samples), 2),
            "predicted_applied_per_s": round(predicted, 2),
            "samples": [[round(figure, 2) for figure in sample] for sample in samples[::5]],
        }

    def _shuffled(self, what: Sequence[Any]) -> list[Any]:
        return self._order.sample(what, len(what))


def drive_of(measured: Measurement) -> dict[str, float]:
    """What a sync of the log and one of a growing file take."""
    sync, append = measured.effective_sync, measured.append
    assert sync is not None
    assert append is not None
    return {"sync_us": sync.summary.mean_us, "append_us": append.summary.mean_us}


def main(names: Sequence[str]) -> None:
    cores = describe_host().cpu_count
    assert isinstance(cores, int)
    order = random.Random(SEED)
    found: dict[str, Any] = {"schema_version": 1, "servers": [], "cold": []}
    if RESULTS.exists():
        found = json.loads(RESULTS.read_text())
    found["servers"] = [one for one in found["servers"] if one["name"] not in names]
    about = {
        "taken_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "kernel": platform.release(),
        "cores": cores,
        "seed": SEED,
    }
    for name in names:
        if name == COLD:
            found["cold"] = []
            continue
        server = server_named(name)
        with private_folder(of_account=False) as room:
            bench = Bench(server, room, cores, order)
            asked, calibration = bench.calibrated()
            one = {"name": name, "version": server.version, **about, **calibration, "drives": []}
            found["servers"].append(one)
            for delay_us in DELAYS_US[bench.engine]:
                one["drives"].append(bench.on_drive(delay_us, asked))
                keep(found)
                print(f"{name} +{delay_us} us", file=sys.stderr, flush=True)
    for name, cases in CASES.items() if COLD in names else ():
        for case in cases:
            with private_folder(of_account=False) as room:
                found["cold"].append({**cold_cells(server_named(name), case, room, order), **about})
            keep(found)
            print(f"{name} {case.profile.name}", file=sys.stderr, flush=True)


def keep(found: dict[str, Any]) -> None:
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    end_by_exceptions()
    own_mounts()
    os.umask(0o022)  # servers run as another account
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", action="append", choices=PARTS)
    main(parser.parse_args().part or PARTS)
