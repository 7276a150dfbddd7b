"""ZFS for the machine: Debian has its modules as source, compiled here for the guest's kernel.

    python -m tests.machine.zfs

Compiles once into the tests' cache, which takes some 8 minutes and is no part of tests/run: without
it the cases with ZFS are skipped. Nothing is installed.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.machine.system import SUITE, System, system
from tests.servers.debian import private_apt
from tests.servers.fetching import UnavailableError, call
from tests.servers.provision import cache_folder, exclusive

PROGRAMS: Final = ("gcc-12", "make", "apt-get", "dpkg-deb")
"""gcc-12 is what Debian's headers for that kernel ask for."""
FLAVOUR: Final = "-amd64"
HEADERS: Final = ("linux-kbuild-6.1", "linux-compiler-gcc-12-x86")
SOURCE: Final = "zfs-dkms"
TOOLS: Final = (
    *("zfsutils-linux", "libzfs4linux", "libzpool5linux"),
    *("libnvpair3linux", "libuutil3linux"),
)
KEPT: Final = (
    ("sbin/zfs", "usr/sbin"),
    ("sbin/zpool", "usr/sbin"),
    ("lib/x86_64-linux-gnu/*.so.*", "usr/lib/x86_64-linux-gnu"),
)
"""What of the tools' packages the guest needs, and where."""
WITHOUT_DEBUG_INFO: Final = ("CONFIG_DEBUG_INFO=", "CONFIG_DEBUG_INFO_BTF_MODULES=")
NOT_BUILT: Final = "ZFS is not built for the machine's kernel (python -m tests.machine.zfs)"


def kernel_of(machine: System) -> str:
    """The version that it boots: "6.1.0-57-amd64"."""
    return machine.kernel.name.removeprefix("vmlinuz-")


def folder(kernel: str) -> Path:
    """Where what was compiled for a kernel is, or would be: `modules` and `usr`.

    It is in the guest as well, which has this host's files.
    """
    return cache_folder() / "machine-zfs" / kernel


def is_built(kernel: str) -> bool:
    """Whether it is there; what has its name is whole."""
    return folder(kernel).is_dir()


def build() -> Path:
    """Compiles it for the machine's kernel, where the cache does not hold it.

    Raises UnavailableError.
    """
    kernel = kernel_of(system())
    place = folder(kernel)
    with exclusive(place.parent):
        if not is_built(kernel):
            missing = [name for name in PROGRAMS if shutil.which(name) is None]
            if missing:
                raise UnavailableError(f"no {', '.join(missing)}")
            work = place.with_name(f"{kernel}.work")
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            _make(kernel, work).rename(place)
            shutil.rmtree(work)
    return place


def _make(kernel: str, work: Path) -> Path:
    headers = (f"linux-headers-{kernel}", f"linux-headers-{kernel.removesuffix(FLAVOUR)}-common")
    apt_get = private_apt([SUITE], work, "main contrib")
    packages = work / "packages"
    packages.mkdir()
    call([*apt_get, "download", *headers, *HEADERS, SOURCE, *TOOLS], cwd=packages)
    whole = work / "whole"
    for archive in sorted(packages.glob("*.deb")):
        call(["dpkg-deb", "-x", str(archive), str(whole)])
    made = work / "made"
    for pattern, place in KEPT:
        (made / place).mkdir(parents=True, exist_ok=True)
        for path in whole.glob(pattern):
            shutil.copy2(path, made / place, follow_symlinks=False)
    (made / "modules").mkdir()
    for module in _compiled(whole / "usr/src", headers, work / "log"):
        shutil.copy2(module, made / "modules")
    return made


def _compiled(sources: Path, headers: tuple[str, str], log: Path) -> list[Path]:
    own, common = (sources / name for name in headers)
    makefile = own / "Makefile"  # includes the common one by its installed place
    makefile.write_text(makefile.read_text().replace("/usr/src", str(sources)))
    (zfs,) = sources.glob("zfs-*")
    configure = ("./configure", "--with-config=kernel", "--disable-pyzfs")
    kernel = (f"--with-linux={common}", f"--with-linux-obj={own}")
    _logged((*configure, *kernel), zfs, log)
    _logged(("make", f"-j{os.cpu_count()}", *WITHOUT_DEBUG_INFO), zfs, log)
    return sorted((zfs / "module").glob("*/*.ko"))


def _logged(command: tuple[str, ...], place: Path, log: Path) -> None:
    with log.open("ab") as file:
        done = subprocess.run(
            command, cwd=place, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=_plain()
        )
    if done.returncode:
        text = log.read_text(errors="replace").splitlines()
        errors = [line for line in text if "error:" in line.lower()] or text[-1:]
        raise UnavailableError(f"{command[0]}: {' '.join(errors[:1])} (all of it: {log})")


def _plain() -> Mapping[str, str]:
    """Without what a make above would hand down."""
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


def main() -> int:
    """Makes it ready; 1 when it cannot be."""
    try:
        print(f"ZFS for the machine: {build()}")
    except UnavailableError as reason:
        print(f"ZFS for the machine: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
