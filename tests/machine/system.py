"""The guest's system: Debian's kernel and tools, unpacked once into the tests' cache.

Nothing is installed. The guest's root is this host's, read-only, with these tools beneath it and
memory above; a small initramfs puts that together (init.sh).
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.servers.debian import private_apt
from tests.servers.fetching import UnavailableError, call
from tests.servers.provision import cache_folder, exclusive

PACKAGES: Final = (
    "linux-image-amd64",
    *("kmod", "busybox-static", "cpio", "mount", "util-linux", "iproute2"),
    *("e2fsprogs", "xfsprogs", "btrfs-progs"),
    *("mdadm", "lvm2", "dmsetup", "thin-provisioning-tools", "bcache-tools"),
    *("nfs-kernel-server", "nfs-common", "nbd-server", "nbd-client", "drbd-utils", "fdisk"),
)
PROGRAMS: Final = ("qemu-system-x86_64", "apt-get", "dpkg-deb", "tar")
SUITE: Final = "bookworm"
INIT: Final = Path(__file__).with_name("init.sh")

MOUNT_POINTS: Final = ("proc", "sys", "dev", "host", "tools", "upper", "results", "new")
EARLY: Final = ("virtio_pci", "9pnet_virtio", "9p", "overlay")
"""Modules without which the guest cannot reach its root."""


class System(NamedTuple):
    """What QEMU boots."""

    kernel: Path
    initramfs: Path
    tools: Path


def why_not() -> str | None:
    """Why this host cannot have the machine; None if it can."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"no {', '.join(missing)}"
    if os.uname().machine != "x86_64":
        return "the emulated machine is an x86-64"
    if os.geteuid():
        return "needs root, to read all of this host's files"
    return None


def system() -> System:
    """The kernel, the initramfs and the tools, made if the cache does not hold them.

    Raises UnavailableError.
    """
    folder = cache_folder() / "machine"
    with exclusive(cache_folder()):
        recipe = hashlib.sha256(Path(__file__).read_bytes() + INIT.read_bytes()).hexdigest()
        stamp = folder / "recipe"
        if not stamp.exists() or stamp.read_text() != recipe:
            shutil.rmtree(folder, ignore_errors=True)
            _make(folder)
            stamp.write_text(recipe)
    (kernel,) = (folder / "tools/boot").glob("vmlinuz-*")
    return System(kernel, folder / "initramfs", folder / "tools")


def _make(folder: Path) -> None:
    tools, work = folder / "tools", folder / "work"
    work.mkdir(parents=True)
    apt_get = private_apt([SUITE], work)
    call([*apt_get, "install", "--download-only", "-y", *PACKAGES])
    # As the host's root has them: one place for programs, one for libraries.
    for name in ("bin", "sbin", "lib", "lib64"):
        (tools / "usr" / name).mkdir(parents=True)
        (tools / name).symlink_to(f"usr/{name}")
    for archive in sorted((work / "archives").glob("*.deb")):
        files = subprocess.run(
            ["dpkg-deb", "--fsys-tarfile", archive], capture_output=True, check=True
        ).stdout
        unpack = ["tar", "--extract", "--keep-directory-symlink", "--directory", str(tools)]
        subprocess.run(unpack, input=files, check=True)
    shutil.rmtree(work)
    (modules,) = (tools / "lib/modules").iterdir()
    _depmod(tools, modules.name)
    _initramfs(folder, tools, modules)


def _depmod(tools: Path, version: str) -> None:
    """The tools' own, for this host may have none."""
    command = ["depmod", "-b", str(tools), version]
    done = subprocess.run(command, executable=tools / "bin/kmod", capture_output=True, text=True)
    if done.returncode:
        raise UnavailableError(f"depmod: {done.stderr.strip()}")


def _initramfs(folder: Path, tools: Path, modules: Path) -> None:
    """busybox, the early modules in the order in which they load, and init."""
    root = folder / "root"
    for name in (
        "bin",
        "modules",
        "proc",
        "sys",
        "dev",
        "host",
        "tools",
        "upper",
        "results",
        "new",
    ):
        (root / name).mkdir(parents=True)
    shutil.copy(tools / "bin/busybox", root / "bin/busybox")
    shutil.copy(INIT, root / "init")
    (root / "init").chmod(0o755)
    ordered = list(dict.fromkeys(_load_order(modules, EARLY)))
    for path in ordered:
        shutil.copy(path, root / "modules" / path.name)
    (root / "modules/order").write_text("".join(f"{path.name}\n" for path in ordered))
    names = sorted(str(path.relative_to(root)) for path in root.rglob("*"))
    with (folder / "initramfs").open("wb") as archive:
        subprocess.run(
            [tools / "bin/cpio", "--create", "--format=newc", "--quiet", "--owner=0:0"],
            cwd=root,
            input="\n".join(names).encode(),
            stdout=archive,
            check=True,
        )
    shutil.rmtree(root)


def _load_order(modules: Path, names: tuple[str, ...]) -> Iterator[Path]:
    """Each module after what it needs, by modules.dep."""
    needs: dict[str, list[str]] = {}
    for line in (modules / "modules.dep").read_text().splitlines():
        path, _, needed = line.partition(":")
        needs[path] = needed.split()
    by_name = {Path(path).name.partition(".")[0].replace("-", "_"): path for path in needs}
    for name in names:
        if found := by_name.get(name):  # else it is built into the kernel
            # modules.dep has what is needed first last.
            yield from (modules / needed for needed in reversed(needs[found]))
            yield modules / found


def main() -> int:
    """Makes it ready; 1 when it is missing and must not be."""
    why = why_not()
    if why is None:
        try:
            kernel = system().kernel.name
        except UnavailableError as reason:
            why = str(reason)
        else:
            print(f"emulated machine: ready (Debian {SUITE}, {kernel})")
            return 0
    print(f"emulated machine: skipped: {why}")
    return int(os.environ.get("CI") == "true")


if __name__ == "__main__":
    sys.exit(main())
