"""The advisor's own files under power cuts: after each the old one or the new one, whole.

A command writes the same file again and again, each time with other contents; the drive is cut at
random instants, half of them while the draft of a new file lies beside the old one.
"""

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from disk import Cut, Disk, Filesystem, mounted

from advisor.errors import AdvisorError

ROOT: Final = Path(__file__).parents[2]
GOLDEN: Final = ROOT / "tests" / "golden" / "measurements"
FIXTURES: Final = ROOT / "tests" / "importers" / "fixtures"
OUTPUT: Final = "product"
DRAFT_WAIT_S: Final = 10
DRAFT_LASTS_S: Final = 0.004
PAUSE_S: Final = 0.5
FILESYSTEMS: Final[tuple[Filesystem, ...]] = ("ext4", "xfs")

Arguments = Callable[[Path, int], list[str]]


def _measure(place: Path, _: int) -> list[str]:
    return ["measure", str(place), "--quick"]


def _recommend(_: Path, number: int) -> list[str]:
    drive = ("hdd", "nvme-plp")[number % 2]
    return ["recommend", "--db", "mysql", "--db-version", "9.7", "--from", f"{GOLDEN}/{drive}.json"]


def _import(_: Path, number: int) -> list[str]:
    return ["import", str(FIXTURES / ("pg-18.3.txt", "pg-16.txt")[number % 2])]


COMMANDS: Final[Mapping[str, Arguments]] = {
    "measure": _measure,
    "recommend": _recommend,
    "import": _import,
}
"""What comes before --output, of run `number` on the drive at `place`."""


@dataclass(frozen=True)
class Written:
    """One run of the command."""

    began_s: float
    ended_s: float
    content: bytes


@dataclass(frozen=True)
class Left:
    """What a cut has left."""

    cut: Cut
    content: bytes | None
    drafts: int
    """Unfinished files beside it."""


@dataclass(frozen=True)
class Rehearsal:
    """What a command wrote on one drive, and what the cuts left."""

    filesystem: Filesystem
    seed: int
    written: Sequence[Written]
    left: Sequence[Left]

    def wrong(self) -> list[Left]:
        """Neither the old file nor the new one, whole."""
        return [one for one in self.left if one.content not in allowed(self.written, one.cut)]


def allowed(written: Sequence[Written], cut: Cut) -> list[bytes | None]:
    """What may be in the file after a cut: the last finished run's, or that of one under way."""
    finished = [one.content for one in written if one.ended_s < cut.began_s]
    under_way = [
        one.content for one in written if one.began_s < cut.ended_s and one.ended_s >= cut.began_s
    ]
    return [finished[-1] if finished else None, *under_way]


def rehearse(room: Path, filesystem: Filesystem, command: str, cuts: int, seed: int) -> Rehearsal:
    """Runs the command again and again until it was cut so often."""
    disk = Disk(room, "drive", filesystem)
    written: list[Written] = []
    ending = threading.Event()
    draw = random.Random(seed)
    with disk.plugged_in() as place:
        writer = threading.Thread(target=_write, args=(COMMANDS[command], place, written, ending))
        writer.start()
        try:
            images = [_cut(room, disk, place, draw, number) for number in range(cuts)]
        finally:
            ending.set()
            writer.join()
    if not written:
        raise AdvisorError(f"{command} wrote nothing")
    left = [_left(room, filesystem, cut) for cut in images]
    return Rehearsal(filesystem, seed, written, left)


def _write(
    arguments: Arguments, place: Path, written: list[Written], ending: threading.Event
) -> None:
    output = place / OUTPUT
    while not ending.is_set():
        command = [sys.executable, "-m", "advisor", *arguments(place, len(written))]
        began_s = time.monotonic()
        done = subprocess.run(
            [*command, "--output", str(output), "--force"],
            cwd=ROOT,
            capture_output=True,
        )
        if done.returncode == 0:
            written.append(Written(began_s, time.monotonic(), output.read_bytes()))


def _cut(room: Path, disk: Disk, place: Path, draw: random.Random, number: int) -> Cut:
    if number % 2:
        until_s = time.monotonic() + DRAFT_WAIT_S
        while not _drafts(place) and time.monotonic() < until_s:
            time.sleep(0.0002)  # a draft is there for some milliseconds
        time.sleep(draw.uniform(0, DRAFT_LASTS_S))
    else:
        time.sleep(draw.uniform(0, PAUSE_S))
    return disk.cut(room / f"cut-{number}")


def _drafts(place: Path) -> int:
    return sum(name.startswith(f".{OUTPUT}.") for name in os.listdir(place))


def _left(room: Path, filesystem: Filesystem, cut: Cut) -> Left:
    with mounted(cut.image, room.parent / "after", filesystem) as place:
        file = place / OUTPUT
        content = file.read_bytes() if file.exists() else None
        drafts = _drafts(place)
    cut.image.unlink()
    return Left(cut, content, drafts)
