"""The bundle of .ci/pyz/bundle.py, built once for all tests that start it."""

import hashlib
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

from tests.package.apart import or_give_up, run
from tests.servers.provision import cache_folder, exclusive
from tests.support.paths import CHECKOUT

BUILDER = CHECKOUT / ".ci/pyz/bundle.py"
MADE_FROM = ("advisor", "profiles", "templates", ".ci/pyz", "pyproject.toml")
KEPT = 3
IN_AN_EMPTY_ROOT = tuple(
    part.replace("=", "/fsync-advisor/")
    for part in ("=lib/ld.so", "--library-path", "=lib", "=bin/python3", "-I", "-S", "=start.py")
)
"""How a bundle is started that lies at the top of a root without a shell."""


def bundle() -> Path:
    """The archive. The cache of the tests has one for each of the last states of a checkout."""
    folder = cache_folder() / "bundle"
    archive = folder / f"fsync-advisor-{made_from()}.tar.gz"
    with exclusive(folder):
        if not archive.exists():
            or_give_up(run(sys.executable, BUILDER, archive, cwd=folder), "building a bundle")
            built = sorted(
                folder.glob("fsync-advisor-*.tar.gz"), key=lambda each: each.stat().st_mtime
            )
            for old in built[:-KEPT]:
                old.unlink()
    return archive


def made_from() -> str:
    """Of this Python, and every file that may be in the bundle or builds it."""
    digest = hashlib.sha256(f"{sys.version} {sys.base_prefix}".encode())
    for path in sources():
        digest.update(str(path.relative_to(CHECKOUT)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


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
