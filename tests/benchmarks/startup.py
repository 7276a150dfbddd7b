"""What starting up costs, as a ratio to importing what cannot be done without.

    python -m tests.benchmarks.startup [ROUNDS]

`--help` against `import typer`, and `recommend --from FILE` against importing the five packages
that it is made of: each pair in turn, round after round, medians at the end. What counts is CPU
time, which other programs on the machine change least. The aims are ratios of 1.3 and 1.8.
"""

import os
import subprocess
import sys
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

from tests.support.paths import MEASUREMENTS

MEASUREMENT = MEASUREMENTS / "nvme-consumer.json"
PROGRAM = ("-m", "advisor")
RECOMMEND = ("recommend", "--db", "mysql", "--db-version", "9.7", "--from", str(MEASUREMENT))
PAIRS = {
    "--help": ((*PROGRAM, "--help"), ("-c", "import typer")),
    "recommend --from FILE": (
        (*PROGRAM, *RECOMMEND),
        ("-c", "import typer, jinja2, pydantic, psutil, rich"),
    ),
}


def cpu_ms(arguments: tuple[str, ...]) -> float:
    """User and system time, with what Python has compiled before."""
    compiled = {
        name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, env=compiled
    )
    after = getrusage(RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def main(rounds: int) -> None:
    for name, (ours, theirs) in PAIRS.items():
        cpu_ms(ours)
        cpu_ms(theirs)
        pairs = [(cpu_ms(ours), cpu_ms(theirs)) for _ in range(rounds)]
        our_ms, their_ms = (median(side) for side in zip(*pairs, strict=True))
        ratio = median(one / other for one, other in pairs)
        print(f"{name}: {our_ms:.0f} ms against {their_ms:.0f} ms, ratio {ratio:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
