"""The advisor's own files under power cuts: after each the old one or the new one, whole.

A command writes the same file again and again, each time with other contents; the drive is cut at
random instants, half of them while the draft of a new file lies beside the old one.
"""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.errors import AdvisorError
from tests.powercut.disk import Cut, Disk, Filesystem, mounted
from tests.support.paths import CHECKOUT, FIXTURES, MEASUREMENTS

DRAFT_WAIT_S: Final = 10
DRAFT_LASTS_S: Final = 0.004
PAUSE_S: Final = 0.5
FRAGMENTS: Final = "conf.d"
FILESYSTEMS: Final[tuple[Filesystem, ...]] = ("ext4", "xfs")


LONG: Final = "# long\n" * 2000


@dataclass(frozen=True)
class Command:
    """A command of the advisor that writes a file."""

    arguments: Callable[[Path, int], list[str]]
    """Of run `number` on the drive at `place`."""
    product: str = "product"
    """The file, seen from `place`."""


def _measure(place: Path, _: int) -> list[str]:
    return ["measure", str(place), "--quick", *_output(place)]


def _recommend(place: Path, number: int) -> list[str]:
    stored = MEASUREMENTS / ("hdd.json", "nvme-plp.json")[number % 2]
    server = ["--db", "mysql", "--db-version", "9.7"]
    return ["recommend", *server, "--from", str(stored), *_output(place)]


def _import(place: Path, number: int) -> list[str]:
    report = FIXTURES / ("pg-18.3.txt", "pg-16.txt")[number % 2]
    return ["import", str(report), *_output(place)]


def _apply(place: Path, number: int) -> list[str]:
    config, fragment = place / "my.cnf", place / "fragment.cnf"
    fragments = place / FRAGMENTS
    fragments.mkdir(exist_ok=True)
    config.write_text(f"[mysqld]\n!includedir {fragments}/\n")
    fragment.write_text(f"[mysqld]\ninnodb_io_capacity = {1000 + number}\n" + LONG)
    where = ["--db", "mysql", "--to", str(fragments), "--config", str(config)]
    return ["apply", str(fragment), *where, "--yes", "--unchecked"]


def _output(place: Path) -> list[str]:
    return ["--output", str(place / "product"), "--force"]


COMMANDS: Final[Mapping[str, Command]] = {
    "measure": Command(_measure),
    "recommend": Command(_recommend),
    "import": Command(_import),
    "apply": Command(_apply, f"{FRAGMENTS}/zz-fsync-advisor.cnf"),
}


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


def rehearse(room: Path, filesystem: Filesystem, name: str, cuts: int, seed: int) -> Rehearsal:
    """Runs a command again and again until it was cut so often."""
    command = COMMANDS[name]
    disk = Disk(room, "drive", filesystem)
    written: list[Written] = []
    ending = threading.Event()
    draw = random.Random(seed)
    with disk.plugged_in() as place:
        writer = threading.Thread(target=_write, args=(command, place, written, ending))
        writer.start()
        try:
            images = []
            for number in range(cuts):
                _wait(place / command.product, draw, for_a_draft=number % 2 == 1)
                images.append(disk.cut(room / f"cut-{number}"))
        finally:
            ending.set()
            writer.join()
    if not written:
        raise AdvisorError(f"{name} wrote nothing")
    left = [_left(room, filesystem, command.product, cut) for cut in images]
    return Rehearsal(filesystem, seed, written, left)


def _write(command: Command, place: Path, written: list[Written], ending: threading.Event) -> None:
    while not ending.is_set():
        arguments = command.arguments(place, len(written))
        began_s = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "advisor", *arguments], cwd=CHECKOUT, capture_output=True
        )
        if done.returncode == 0:
            content = (place / command.product).read_bytes()
            written.append(Written(began_s, time.monotonic(), content))


def _wait(product: Path, draw: random.Random, *, for_a_draft: bool) -> None:
    """Until the instant of the next cut."""
    if not for_a_draft:
        time.sleep(draw.uniform(0, PAUSE_S))
        return
    until_s = time.monotonic() + DRAFT_WAIT_S
    while not _drafts(product) and time.monotonic() < until_s:
        time.sleep(0.0002)  # a draft is there for some milliseconds
    time.sleep(draw.uniform(0, DRAFT_LASTS_S))


def _drafts(product: Path) -> int:
    return sum(1 for _ in product.parent.glob(f".{product.name}.*"))


def _left(room: Path, filesystem: Filesystem, product: str, cut: Cut) -> Left:
    with mounted(cut.image, room.parent / "after", filesystem) as place:
        file = place / product
        content = file.read_bytes() if file.exists() else None
        drafts = _drafts(file)
    cut.image.unlink()
    return Left(cut, content, drafts)
