"""The bundle of .ci/pyz/bundle.py, built once for all tests that start it."""

import fcntl
import hashlib
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

from tests.package.apart import or_give_up, run
from tests.servers.provision import cache_folder
from tests.support.paths import CHECKOUT

BUILDER = CHECKOUT / ".ci/pyz/bundle.py"
MADE_FROM = ("advisor", "profiles", "templates", ".ci/pyz", "pyproject.toml")
IN_AN_EMPTY_ROOT = tuple(
    part.replace("=", "/fsync-advisor/")
    for part in ("=lib/ld.so", "--library-path", "=lib", "=bin/python3", "-I", "-S", "=start.py")
)
"""How a bundle is started that lies at the top of a root without a shell."""


def bundle() -> Path:
    """The archive, kept in the cache of the tests until what it is made from changes."""
    folder = cache_folder() / "bundle"
    folder.mkdir(parents=True, exist_ok=True)
    archive, stamp = folder / "fsync-advisor.tar.gz", folder / "made-from"
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = made_from()
        if not (archive.exists() and stamp.exists() and stamp.read_text() == wanted):
            stamp.unlink(missing_ok=True)
            or_give_up(run(sys.executable, BUILDER, archive, cwd=folder), "building a bundle")
            stamp.write_text(wanted)
    return archive


def made_from() -> str:
    """Of this Python, and every file that may be in the bundle or builds it."""
    digest = hashlib.sha256(f"{sys.version} {sys.base_prefix}".encode())
    for path in sources():
        digest.update(str(path.relative_to(CHECKOUT)).encode() + path.read_bytes())
    return digest.hexdigest()


def sources() -> Iterator[Path]:
    for name in MADE_FROM:
        place = CHECKOUT / name
        files = [place] if place.is_file() else sorted(place.rglob("*"))
        yield from (path for path in files if path.is_file() and path.suffix != ".pyc")


def unpack(archive: Path, folder: Path) -> Path:
    """fsync-advisor/, unpacked into `folder`."""
    with tarfile.open(archive) as opened:
        opened.extractall(folder)
    return folder / "fsync-advisor"
