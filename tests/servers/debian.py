"""A server from Debian: a package with all it depends on, down to the C library, unpacked.

Nothing is installed. apt-get resolves, fetches and checks, in a private place; programs are started
through the C library they came with.
"""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from tests.servers.engines import ENGINES
from tests.servers.fetching import UnavailableError, call

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
Dir::Etc::preferences "{work}/preferences";
Dir::Etc::preferencesparts "-";
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

# Whatever is not named is taken from experimental only where nothing else has it.
PREFERENCES = """\
Package: src:{source}
Pin: release a=experimental
Pin-Priority: 990
"""

LAUNCHER = """\
#!/bin/sh
# Starts the program beside it with the C library of its own release.
tree="${{0%/{program}}}"
exec "$tree/{loader}" --library-path "{libraries}" {named} "$tree/{original}" "$@"
"""


def unpack_debian(suites: Sequence[str], package: str, tree: Path, work: Path) -> str:
    """Fill a tree with a package of the first suite and all it depends on."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb") and DEBIAN_KEYS.exists()):
        raise UnavailableError("Debian packages need apt-get, dpkg-deb and Debian's archive keys")
    apt_get = private_apt(suites, work)
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
    return f"Debian {suites[0]}, {unquote(version.removesuffix('.deb'))}"


def unpack_experimental(package: str, source: str, tree: Path, work: Path) -> str:
    """Fill a tree with a package of experimental; of its own source only, the rest is sid's."""
    (work / "preferences").write_text(PREFERENCES.format(source=source))
    return unpack_debian(["experimental", "sid"], package, tree, work)


def private_apt(suites: Sequence[str], work: Path, components: str = "main") -> list[str]:
    """An apt-get command that knows some suites and keeps all it writes in `work`."""
    for folder in ("lists/partial", "archives/partial"):
        (work / folder).mkdir(parents=True)
    (work / "status").touch()
    (work / "apt.conf").write_text(APT_CONFIGURATION.format(work=work))
    apt_get = ["apt-get", "-qq", "-c", str(work / "apt.conf")]
    # What this machine's apt configuration names, where nothing else holds the addresses.
    listing = call(["apt-get", "update", "--print-uris", "-o", f"Dir::State::lists={work}/lists"])
    archives = list(dict.fromkeys(re.findall(r"'(\S+?)/dists/(\S+)/InRelease'", listing)))
    lines = [
        line
        for suite in suites
        for line in archive_lines(suite, archives, apt_get, work, components)
    ]
    (work / "sources.list").write_text("".join(lines))
    call([*apt_get, "update"])
    return apt_get


def archive_lines(
    suite: str,
    archives: Sequence[tuple[str, str]],
    apt_get: Sequence[str],
    work: Path,
    components: str,
) -> list[str]:
    """What to write into sources.list for a suite; `archives` are addresses and their suites."""
    parts = (suite, f"{suite}-updates", f"{suite}-security")
    exact = [(base, release) for base, release in archives if release in parts]
    lines = []
    refusals = []
    for base, release in exact or dict.fromkeys((base, suite) for base, _ in archives):
        line = f"deb [signed-by={DEBIAN_KEYS}] {base} {release} {components}\n"
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
    return lines


def give_launchers(tree: Path) -> None:
    """Put a launcher in the place of every server program."""
    folders = [tree / name for name in ("lib64", "usr/lib64", "lib", "usr/lib")]
    libraries = sorted(path for folder in folders for path in folder.glob("*-linux-gnu"))
    # A link to an absolute path, as bullseye's in lib64, leads out of the tree.
    loader = next(
        path
        for folder in (*folders, *libraries)
        for path in folder.glob("ld-linux*")
        if path.resolve().is_relative_to(tree.resolve())
    )
    # The C library before 2.33 cannot do it; MySQL and MariaDB can do without.
    named = '--argv0 "$0"' if b"--argv0" in loader.read_bytes() else ""
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
                    named=named,
                    libraries=":".join(f"$tree/{path.relative_to(tree)}" for path in libraries),
                    original=original.relative_to(tree),
                )
            )
            program.chmod(0o755)
