"""How long an HTML report takes from a stored measurement, with and without charts.

    python -m tests.benchmarks.report_time [ROUNDS]

The whole command, in a process of its own: both ways in turn, round after round, medians at the
end. The aims are 3 s with charts and 1 s without.
"""

import subprocess
import sys
from statistics import median
from time import perf_counter
from typing import Final

from tests.support.paths import MEASUREMENTS

REPORT: Final = (sys.executable, "-m", "advisor", "report", "--format", "html", "--quiet")
MYSQL: Final = ("--db", "mysql", "--db-version", "8.4")
THREE: Final = ("--db", "mysql", "--db", "mariadb", "--db", "postgresql")
ASKED: Final = {
    "nvme-consumer, no server": ("nvme-consumer",),
    "nvme-consumer, MySQL": ("nvme-consumer", *MYSQL),
    "hdd, MySQL": ("hdd", *MYSQL),
    "nvme-consumer, three servers": ("nvme-consumer", *THREE),
}
WAYS: Final = ("--charts", "--no-charts")


def seconds(measurement: str, *options: str) -> float:
    file = MEASUREMENTS / f"{measurement}.json"
    began_s = perf_counter()
    subprocess.run([*REPORT, "--from", file, *options], check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - began_s


def main(rounds: int) -> None:
    for name, asked in ASKED.items():
        for way in WAYS:
            seconds(*asked, way)
        runs = [[seconds(*asked, way) for way in WAYS] for _ in range(rounds)]
        with_s, without_s = (median(side) for side in zip(*runs, strict=True))
        print(f"{name}: {with_s:.2f} s with charts, {without_s:.2f} s without")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
