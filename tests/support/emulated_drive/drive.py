"""Serves an emulated drive, and mounts a file system on it.

    program = compile_drive(folder)
    with emulated_drive(program, load_profile("cloud-3000"), folder, size_bytes=8 << 30) as drive:
        with mounted_drive(drive, folder / "data", "ext4") as place:
            ...

A program in C (main.c, on libfuse3) serves one file, and a loop device with direct I/O lies on it,
so that our probe, servers and O_DIRECT meet a block device with a write-back cache and flushes,
and nothing but the drive is slowed. The kernel's loop device carries out one flush at a time and
starts nothing else meanwhile, as a SATA drive does; NVMe drives would go on.

Needs root, /dev/fuse and loop devices.
"""

import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Literal, NamedTuple

from tests.support.emulated_drive.profiles import DriveProfile

CutMode = Literal["lose", "prefix", "reorder", "torn"]
"""What a power cut keeps of a volatile cache: nothing; its oldest writes; any of them; any of their
sectors."""

Kind = Literal["read", "write", "flush"]
Filesystem = Literal["ext4", "xfs", "btrfs"]

SOURCES: Final = ("main.c", "timing.c", "volatile_cache.c")
MAKE: Final[dict[Filesystem, tuple[str, ...]]] = {
    # Nothing is left for the file system to do in the background, on a drive that is measured.
    "ext4": ("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"),
    "xfs": ("mkfs.xfs", "-q", "-f"),
    "btrfs": ("mkfs.btrfs", "-q", "-f"),
}
NO_DELAY: Final = (
    "read_us 0.5:0",
    "write_us 0.5:0",
    "flush_us 0.5:0",
    "ops_per_s 0",
    "bytes_per_s 0",
    "rotation_us 0",
    "cache_bytes 0",
    "drain_bytes_per_s 0",
    "fast_bytes 0",
)
ANSWER_TIMEOUT_S: Final = 60
NOTHING_S: Final = 0.02


class CannotEmulate(Exception):  # noqa: N818 -- says what happened
    """This machine cannot do it; the text says why."""


def compile_drive(folder: Path) -> Path:
    """The program, compiled into `folder`. Raises CannotEmulate."""
    program = folder / "emulated-drive"
    here = Path(__file__).parent
    flags = run_tool("pkg-config", "--cflags", "--libs", "fuse3").split()
    sources = [str(here / name) for name in SOURCES]
    options = ["-O2", "-Wall", "-Wextra", "-Werror", "-o", str(program)]
    run_tool("gcc", *options, *sources, *flags, "-lm", "-lpthread")
    return program


class PowerCut(NamedTuple):
    """When it was, on the monotonic clock; how many writes the cache held, and how many of them
    were kept in whole or in part."""

    at_s: float
    held: int
    kept: int


class EmulatedDrive:
    """A drive that is served; `device` is its block device."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", profile: DriveProfile, device: Path
    ) -> None:
        self._process = process
        self.profile = profile
        self.device = device

    def cut(
        self, image: Path, mode: CutMode = "lose", *, seed: int = 0, wait_ms: int = 0
    ) -> PowerCut:
        """The drive as a power cut at this instant leaves it, in a new file `image`.

        An empty cache is given `wait_ms` to get a write. For a drive with `volatile` alone.
        """
        answer = self._ask(f"cut {mode} {seed} {wait_ms} {image.absolute()}")
        at_ns, held, kept = map(int, answer.split())
        return PowerCut(at_ns / 1e9, held, kept)

    def fail(self, kind: Kind, error: int, *, after: int = 0) -> None:
        """After so many further requests of the kind, each fails with that errno; 0: none does."""
        self._ask(f"fail {kind} {after} {error}")

    def configure(self, *figures: str) -> None:
        """Other figures from now on, as timing.c knows them: "flush_us 0.5:2000"."""
        for figure in figures:
            self._ask(f"configure {figure}")

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """Within the block it takes no time, afterwards again as its profile says, rested."""
        self.configure(*NO_DELAY)
        try:
            yield
        finally:
            self.configure(*self.profile.figures())
            self._ask("restart")

    def exhaust(self) -> None:
        """From now on as after a long load: its credits are spent, its fast cells are full."""
        self._ask("exhaust")

    def counts(self) -> tuple[int, int, int]:
        """The reads, writes and flushes so far."""
        reads, writes, flushes, *_ = map(int, self._ask("counts").split())
        return reads, writes, flushes

    def served_us(self) -> float:
        """What writes and flushes took so far, in microseconds, from when each came to the program
        until it answered."""
        return sum(self.times_us())

    def times_us(self) -> tuple[float, float]:
        """The same of the writes, and of the flushes."""
        *_, writes_ns, flushes_ns = map(int, self._ask("counts").split())
        return writes_ns / 1000, flushes_ns / 1000

    def _ask(self, command: str) -> str:
        answer = _converse(self._process, command)
        word, _, rest = answer.partition(" ")
        if word != "ok":
            raise OSError(int(rest), os.strerror(int(rest)), command)
        return rest


@contextmanager
def emulated_drive(
    program: Path,
    profile: DriveProfile,
    folder: Path,
    *,
    size_bytes: int,
    volatile: bool = False,
    overhead_us: float = 0.0,
    seed: int = 1,
) -> Iterator[EmulatedDrive]:
    """A drive whose images lie in `folder`, sparse, for as long as the block takes.

    `volatile`: what is not flushed is kept apart, so that the drive's power can be cut; it costs a
    second image. `overhead_us`: what the way to the program costs here, taken off each latency.
    Raises CannotEmulate.
    """
    _require_means()
    with ExitStack() as stack:
        room = Path(tempfile.mkdtemp(prefix="emulated-drive-", dir=folder))
        stack.callback(shutil.rmtree, room)
        current, durable, point = room / "current", room / "durable", room / "mount"
        for image in (current, durable):
            with image.open("wb") as file:
                file.truncate(size_bytes)
        point.mkdir()
        figures = [*profile.figures(), f"lies {int(profile.lies)}"]
        figures += [f"overhead_us {overhead_us:.9g}", f"seed {seed}"]
        second = str(durable) if volatile else "-"
        command = [str(program), str(point), str(current), second, str(size_bytes)]
        process = stack.enter_context(_serving(command, figures))
        stack.callback(subprocess.run, ["umount", "--lazy", str(point)], capture_output=True)
        device = run_tool(
            "losetup", "--find", "--show", "--direct-io=on", str(point / "drive")
        ).strip()
        stack.callback(_detach, device)
        rotates = Path("/sys/block", Path(device).name, "queue/rotational")
        stack.callback(rotates.write_text, rotates.read_text())  # the next file's drive is another
        rotates.write_text(str(int(profile.disk is not None)))
        yield EmulatedDrive(process, profile, Path(device))


@contextmanager
def mounted_drive(
    drive: EmulatedDrive, point: Path, filesystem: Filesystem = "ext4", options: Sequence[str] = ()
) -> Iterator[Path]:
    """A new file system on the drive, mounted for as long as the block takes.

    It is made, mounted and unmounted in a hurry.
    """
    point.mkdir()
    try:
        with drive.hurried():
            run_tool(*MAKE[filesystem], str(drive.device))
            option = ("-o", ",".join(options)) if options else ()
            run_tool("mount", *option, str(drive.device), str(point))
        try:
            yield point
        finally:
            with drive.hurried():
                _unmount(point)
    finally:
        point.rmdir()


def _require_means() -> None:
    if os.geteuid() != 0:
        raise CannotEmulate("mounting needs root")
    for node in ("/dev/fuse", "/dev/loop-control"):
        if not Path(node).exists():
            raise CannotEmulate(f"there is no {node}")


@contextmanager
def _serving(command: Sequence[str], figures: Sequence[str]) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        if (said := _converse(process, "\n".join([*figures, "start"]))) != "ready":
            raise CannotEmulate(f"the drive does not start: {said or process.wait()}")
        yield process
    finally:
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()  # the program ends with its input
        try:
            process.wait(ANSWER_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _converse(process: "subprocess.Popen[bytes]", text: str) -> str:
    """The line that answers; "" where the program ends without one."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("the program's streams are not ours")
    process.stdin.write(text.encode() + b"\n")
    process.stdin.flush()
    ready, _, _ = select.select([process.stdout], [], [], ANSWER_TIMEOUT_S)
    if not ready:
        raise CannotEmulate(f"the drive does not answer within {ANSWER_TIMEOUT_S} s")
    return process.stdout.readline().decode().rstrip("\n")


def _detach(device: str) -> None:
    """A loop device goes when its last user has: a file system that was just unmounted."""
    subprocess.run(["losetup", "--detach", device], capture_output=True, check=False)
    backing = Path("/sys/block") / Path(device).name / "loop/backing_file"
    for _ in range(500):
        if not backing.exists():
            return
        time.sleep(NOTHING_S)


def _unmount(point: Path) -> None:
    """A server that was just ended may still be going."""
    for _ in range(250):
        if subprocess.run(["umount", str(point)], capture_output=True).returncode == 0:
            return
        time.sleep(NOTHING_S)
    run_tool("umount", str(point))


def run_tool(*command: str) -> str:
    """What a program of the system prints. Raises CannotEmulate."""
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise CannotEmulate(f"{command[0]} is not installed") from error
    except subprocess.CalledProcessError as error:
        said = " ".join(error.stderr.split())
        raise CannotEmulate(f"{' '.join(command)} does not work here: {said}") from error
    return done.stdout
