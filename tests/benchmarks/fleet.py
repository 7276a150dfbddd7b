"""What `fleet report` and `fleet recommend` take for thousands of results: time and peak memory.

    python -m tests.benchmarks.fleet DIRECTORY [--hosts N] [--advised N] [--from MEASUREMENT]
                                      [--only WHAT]

Makes results of N hosts (100,000) in a new directory there, in groups of 100, and as many earlier
ones; reports on them by group and against those in each format; and advises the first 10,000 by
group. The results are a thousand variations of a golden one, or of MEASUREMENT such as
`measure --summary` writes, with a hundred names each (hard links): so they are read from memory,
not from a drive. `--only recommend`, `--only json` and so on make one of the runs again. The aim is
120 s and 500 MiB for a report, and seconds for the advice. The figures are stored in fleet.json;
where the host is busy, cpu_s says more than wall_s.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Final

from tests.support.paths import MEASUREMENTS
from tests.support.simulated_fleet import scattered, varied

RESULTS: Final = Path(__file__).with_suffix(".json")
FORMATS: Final = ("terminal", "json", "html", "markdown")
VARIATIONS: Final = 1000
GROUP: Final = 100


def make(folder: Path, source: str, hosts: int, seed: int) -> int:
    """Results under the names of all hosts; how large one is."""
    folder.mkdir()
    size_bytes = 0
    factors = list(scattered(Random(seed), min(VARIATIONS, hosts), slow=10))
    for number in range(hosts):
        path = folder / f"db-{number:06}.json"
        if number < VARIATIONS:
            path.write_text(varied(source, factors[number]))
            size_bytes += path.stat().st_size
        else:
            path.hardlink_to(folder / f"db-{number % VARIATIONS:06}.json")
    return size_bytes // len(factors)


def groups_file(path: Path, hosts: int) -> Path:
    names = (f"db-{number:06}" for number in range(hosts))
    tables: dict[str, dict[str, list[str]]] = {}
    while members := list(islice(names, GROUP)):
        tables[f"group-{len(tables):04}"] = {"hosts": members}
    path.write_text(json.dumps(tables))
    return path


def taken(arguments: list[object]) -> dict[str, float]:
    command = [sys.executable, "-m", "advisor", *map(str, arguments)]
    began_s = perf_counter()
    with open(os.devnull, "w") as nowhere:
        process = subprocess.Popen(command, stdout=nowhere, stderr=nowhere)
        _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) in (0, 3), command  # 3: some are slower than before
    return {
        "wall_s": round(perf_counter() - began_s, 1),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_mib": round(usage.ru_maxrss / 1024),
    }


def runs(
    place: Path, hosts: int, advised: int, source: str, only: str | None
) -> Iterator[tuple[str, object]]:
    size_bytes = make(place / "now", source, hosts, seed=1)
    make(place / "before", source, hosts, seed=2)
    yield "hosts", hosts
    yield "bytes_each", size_bytes
    options = ["--groups", groups_file(place / "all.json", hosts), "--baseline", place / "before"]
    for format_ in FORMATS if only is None else {only} & set(FORMATS):
        report = ["fleet", "report", "--format", format_, *options, place / "now"]
        yield f"report as {format_}", taken(report)
    if only not in (None, "recommend"):
        return
    (place / "first").mkdir()
    for number in range(advised):
        name = f"db-{number:06}.json"
        (place / "first" / name).hardlink_to(place / "now" / name)
    options = ["--groups", groups_file(place / "first.json", advised), "--output", place / "out"]
    yield "advised hosts", advised
    yield "recommend", taken(["fleet", "recommend", "--db", "mysql", *options, place / "first"])


def main(parent: Path, hosts: int, advised: int, source: Path, only: str | None) -> None:
    found = json.loads(RESULTS.read_text()) if only else {}
    with tempfile.TemporaryDirectory(dir=parent, prefix="fleet-") as name:
        for what, figure in runs(Path(name), hosts, advised, source.read_text(), only):
            print(f"{what}: {figure}", flush=True)
            found[what] = figure
    RESULTS.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--hosts", type=int, default=100_000)
    parser.add_argument("--advised", type=int, default=10_000)
    parser.add_argument("--from", dest="source", type=Path, default=MEASUREMENTS / "nvme-plp.json")
    parser.add_argument("--only", choices=(*FORMATS, "recommend"))
    given = parser.parse_args()
    advised = min(given.hosts, given.advised)
    main(given.directory, given.hosts, advised, given.source, given.only)
