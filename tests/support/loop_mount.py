"""File systems of the tests' own, mounted for a moment. Needs root."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.faults import missing


@contextmanager
def loop_mount(folder: Path, size_mib: int, *options: str) -> Iterator[Path]:
    """A new ext4 of `size_mib` on a loop device, mounted under `folder` with mount's `options`."""
    _require_root()
    image = folder / "image"
    with image.open("wb") as file:
        file.truncate(size_mib << 20)
    _run("mkfs.ext4", "-q", "-F", str(image))
    with _mounted(folder, "-o", ",".join(["loop", *options]), str(image)) as point:
        yield point


@contextmanager
def tmpfs_mount(folder: Path, size_mib: int, *options: str) -> Iterator[Path]:
    """A new tmpfs of `size_mib`, mounted under `folder` with mount's `options`."""
    _require_root()
    everything = ",".join([f"size={size_mib}m", *options])
    with _mounted(folder, "-t", "tmpfs", "-o", everything, "tmpfs") as point:
        yield point


@contextmanager
def overlay_mount(folder: Path) -> Iterator[Path]:
    """An empty overlay whose upper layer is in `folder`, mounted under it."""
    _require_root()
    for name in ("lower", "upper", "work"):
        (folder / name).mkdir()
    layers = [f"{key}dir={folder / key}" for key in ("lower", "upper", "work")]
    with _mounted(folder, "-t", "overlay", "-o", ",".join(layers), "overlay") as point:
        yield point


@contextmanager
def _mounted(folder: Path, *arguments: str) -> Iterator[Path]:
    point = folder / "mount point"  # the space must survive /proc/self/mountinfo
    point.mkdir()
    _run("mount", *arguments, str(point))
    try:
        yield point
    finally:
        subprocess.run(["umount", str(point)], check=True)


def _require_root() -> None:
    if os.geteuid() != 0:
        missing("mounting needs root")


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        missing(f"{command[0]} is not installed")
    except subprocess.CalledProcessError as error:
        missing(f"{command[0]} does not work here: {error.stderr.strip()}")
