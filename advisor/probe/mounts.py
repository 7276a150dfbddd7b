"""Which mount a path is on: /proc/self/mountinfo."""

import os
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mount:
    """One line of mountinfo."""

    device_id: str
    root: str
    """The directory of the file system that is mounted there."""
    point: str
    filesystem: str
    source: str
    options: tuple[str, ...]
    """The mount's own options, then the super block's, none twice."""

    def option(self, name: str) -> str | None:
        """The value of `name=value`, or None."""
        prefix = f"{name}="
        values = (
            option.removeprefix(prefix) for option in self.options if option.startswith(prefix)
        )
        return next(values, None)


def mounts(root: Path = Path("/")) -> list[Mount]:
    """All mounts this process sees, in the kernel's order; empty when /proc does not say."""
    try:
        text = (root / "proc/self/mountinfo").read_text("utf-8", "surrogateescape")
    except OSError:
        return []
    return _parse_all(text)


def _parse_all(text: str) -> list[Mount]:
    # A line ends with \n alone: the kernel escapes that one in names, and no other separator.
    return [mount for line in text.split("\n") if (mount := _parse(line)) is not None]


def mount_of(path: str, device: int, root: Path = Path("/")) -> Mount | None:
    """The mount that holds the resolved `path`, whose st_dev is `device`.

    A mount of that very device first, since a later mount may hide others; else by path alone,
    since a btrfs subvolume's device is not the one in mountinfo. Of several the longest, then the
    last.
    """
    device_id = f"{os.major(device)}:{os.minor(device)}"
    holders = [mount for mount in mounts(root) if _holds(mount.point, path)]
    return max(
        reversed(holders),
        key=lambda mount: (mount.device_id == device_id, len(mount.point)),
        default=None,
    )


def seen_from_here(process_id: int, path: str, root: Path = Path("/")) -> tuple[Path | None, bool]:
    """A path of another process as this one has it, and whether that process has mounts of its own.

    None where no mount here shows the same directory, or where we may not look.
    """
    process = root / "proc" / str(process_id)
    try:
        if os.path.samefile(process / "ns/mnt", root / "proc/self/ns/mnt"):
            return Path(path), False
    except OSError:
        return Path(path), False  # another user's: what it shows is taken as it is
    try:
        text = (process / "mountinfo").read_text("utf-8", "surrogateescape")
        there = os.stat(f"{process}/root{path}")
    except OSError:
        return None, True
    holders = [mount for mount in _parse_all(text) if _holds(mount.point, path)]
    inner = max(reversed(holders), key=lambda mount: len(mount.point), default=None)
    if inner is None:
        return None, True
    inside = _joined(inner.root, os.path.relpath(path, inner.point))
    for mount in reversed(mounts(root)):
        if mount.device_id == inner.device_id and _holds(mount.root, inside):
            here = _joined(mount.point, os.path.relpath(inside, mount.root))
            try:
                if os.path.samestat(os.stat(here), there):
                    return Path(here), True
            except OSError:
                continue
    return None, True


def _joined(folder: str, rest: str) -> str:
    return os.path.normpath(os.path.join(folder, rest))


def _holds(point: str, path: str) -> bool:
    return point == "/" or path == point or path.startswith(f"{point}/")


def _parse(line: str) -> Mount | None:
    """ "36 35 98:0 /root /point rw,noatime shared:1 - ext4 /dev/sda1 rw,errors=continue"."""
    head, separator, tail = line.partition(" - ")
    fields, super_fields = head.split(" "), tail.split(" ")
    if not separator or len(fields) < 6 or len(super_fields) < 2:
        return None
    options = [*_options(fields[5]), *_options(" ".join(super_fields[2:]))]
    return Mount(
        device_id=fields[2],
        root=_unescape(fields[3]),
        point=_unescape(fields[4]),
        filesystem=super_fields[0],
        source=_unescape(super_fields[1]),
        options=tuple(dict.fromkeys(options)),
    )


def _options(text: str) -> list[str]:
    """Split at commas that no backslash precedes (overlay escapes those in its paths)."""
    return [
        _unescape(option).replace("\\,", ",") for option in re.split(r"(?<!\\),", text) if option
    ]


def _unescape(text: str) -> str:
    """The kernel writes space, tab, newline and backslash as \\040, \\011, \\012 and \\134."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
