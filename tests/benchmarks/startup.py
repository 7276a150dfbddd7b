"""What starting up costs, as a ratio to importing what cannot be done without.

    python -m tests.benchmarks.startup [ROUNDS]

`--help` against `import typer`, and `recommend --from FILE` against importing the five core
packages: each pair in turn, round after round, medians at the end. The aim is a ratio of 2.
"""

import subprocess
import sys
from statistics import median
from time import perf_counter

from tests.support.paths import MEASUREMENTS

MEASUREMENT = MEASUREMENTS / "nvme-consumer.json"
PROGRAM = ("-m", "advisor")
RECOMMEND = ("recommend", "--db", "mysql", "--db-version", "9.7", "--from", str(MEASUREMENT))
PAIRS = {
    "--help": ((*PROGRAM, "--help"), ("-c", "import typer")),
    "recommend --from FILE": (
        (*PROGRAM, *RECOMMEND),
        ("-c", "import typer, rich, pydantic, jinja2, psutil"),
    ),
}


def milliseconds(arguments: tuple[str, ...]) -> float:
    began_s = perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return (perf_counter() - began_s) * 1000


def main(rounds: int) -> None:
    for name, (ours, theirs) in PAIRS.items():
        milliseconds(ours)
        milliseconds(theirs)
        pairs = [(milliseconds(ours), milliseconds(theirs)) for _ in range(rounds)]
        our_ms, their_ms = (median(side) for side in zip(*pairs, strict=True))
        ratio = median(one / other for one, other in pairs)
        print(f"{name}: {our_ms:.0f} ms against {their_ms:.0f} ms, ratio {ratio:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
