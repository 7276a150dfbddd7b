"""What `fleet report` takes for thousands of measurements: wall-clock time and peak memory.

    python -m tests.benchmarks.fleet DIRECTORY [FILES] [--from MEASUREMENT] [--format FORMAT]

Makes FILES (10 000) measurements in a new directory there, and reports on them in each format. They
are variations of the golden ones; with --from, of that file, such as `measure --output` writes: it
has every latency, half a megabyte with the default plan. The aim is 60 s and 500 MiB.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random
from time import perf_counter

from tests.support.paths import MEASUREMENTS
from tests.support.simulated_fleet import labelled, varied

FORMATS = ("json", "html", "markdown", "terminal")


def make(directory: Path, count: int, sources: list[Path]) -> list[Path]:
    texts = [path.read_text() for path in sources]
    chance = Random(1)
    paths = []
    for number in range(count):
        factor = chance.lognormvariate(0, 0.1) * (5 if chance.random() < 0.01 else 1)
        text = varied(texts[number % len(texts)], factor)
        text = labelled(text, f"host-{number:05}")
        paths.append(directory / f"host-{number:05}.json")
        paths[-1].write_text(text)
    return paths


def main(parent: Path, count: int, source: Path | None, formats: tuple[str, ...]) -> None:
    sources = [source] if source else sorted(MEASUREMENTS.glob("*.json"))
    with tempfile.TemporaryDirectory(dir=parent, prefix="fleet-") as name:
        paths = make(Path(name), count, sources)
        mean_kb = sum(path.stat().st_size for path in paths) / count / 1000
        print(f"{count} files of {mean_kb:.0f} kB on average", flush=True)
        for format_ in formats:
            command = [sys.executable, "-m", "advisor", "fleet", "report", "--format", format_]
            began_s = perf_counter()
            with open(os.devnull, "w") as nowhere:
                process = subprocess.Popen([*command, *map(str, paths)], stdout=nowhere)
                _, status, usage = os.wait4(process.pid, 0)
            took_s = perf_counter() - began_s
            assert status == 0
            cpu_s = usage.ru_utime + usage.ru_stime
            memory = f"{usage.ru_maxrss / 1024:.0f} MiB"
            print(f"{format_:>9}: {took_s:.1f} s, {cpu_s:.1f} s of CPU, {memory}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("files", type=int, nargs="?", default=10_000)
    parser.add_argument("--from", dest="source", type=Path)
    parser.add_argument("--format", choices=FORMATS)
    given = parser.parse_args()
    formats = (given.format,) if given.format else FORMATS
    main(given.directory, given.files, given.source, formats)
