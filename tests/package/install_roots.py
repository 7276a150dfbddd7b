"""Tries the README's ways to install as a stranger would, each in a fresh root.

    python -m tests.package.install_roots --python310 PREFIX [--root NAME] [--to FILE]

Needs root, debootstrap and 4 GB. Debian 12 and Debian 13 as debootstrap makes them (minbase), and a
Debian 12 with Python 3.10 in /usr/local, copied from PREFIX (bin/python3.10 and lib/python3.10),
since no Debian release has that one. For each way a copy of the root, a clone of this checkout's
HEAD in it, and nothing else. What was typed and what came of it goes to install_roots.txt;
test_install.py holds the README's lines against that. Exit status 1 where a line failed.

The mirror is the one this machine's own apt configuration names. What its network needs (resolver,
certificates, proxies) is given to the roots.
"""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.servers.debian import DEBIAN_KEYS, private_apt
from tests.support.paths import CHECKOUT

TRANSCRIPT: Final = CHECKOUT / "tests/package/install_roots.txt"
IN_ROOT: Final = "/root/fsync-advisor"
"""Where the checkout lies."""
MAIN_JOB: Final = "fsync-advisor recommend --db mysql"
ASK_A_SERVER: Final = "fsync-advisor audit --dsn mysql://nobody@127.0.0.1:1/"
"""Where no server is. It needs a driver first."""
SHOWN: Final = 8
OURS: Final = ("# ", "fsync-advisor: ", "  hint: ", f"{IN_ROOT}/dist/")
"""As many lines of what our program says are kept, which begin so; what others say, is not."""
MOUNTS: Final = (
    'mount --rbind . . && cd "$PWD" &&'  # else its / is no mount, and nobody there has mounts
    " mount -t proc proc proc && mount --rbind /dev dev && mount --rbind /sys sys"
)
NETWORK: Final = (
    *("PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT", "UV_DEFAULT_INDEX"),
    *("http_proxy", "https_proxy", "no_proxy"),
)
CERTIFICATES: Final = "/etc/ssl/certs/ca-certificates.crt"
IN_ROOT_CERTIFICATES: Final = "/etc/certificates-of-the-host.crt"
"""A name of their own: the package ca-certificates would replace them."""


class Way(NamedTuple):
    """A way to install: what a stranger has beforehand, and the lines of the README."""

    name: str
    given: tuple[str, ...]
    lines: tuple[str, ...]
    without_network: bool = False
    """The lines, not what is given."""


class Root(NamedTuple):
    """A fresh root."""

    name: str
    suite: str
    python310: bool = False


ROOTS: Final = (
    Root("Debian 12", "bookworm"),
    Root("Debian 13", "trixie"),
    Root("Python 3.10", "bookworm", python310=True),
)

VENV: Final = Way(
    "venv",
    (),
    (
        "apt-get update && apt-get install -y python3-venv && python3 -m venv /opt/fsync-advisor &&"
        " /opt/fsync-advisor/bin/pip install . &&"
        f" ln -sf /opt/fsync-advisor/bin/fsync-advisor /usr/local/bin/ && {MAIN_JOB}",
    ),
)
PIPX: Final = Way("pipx", ("apt-get update", "apt-get install -y pipx"), ("pipx install .",))
UV: Final = Way("uv", (*PIPX.given, "pipx install uv"), ("uv tool install .",))
PYZ: Final = Way(
    "pyz",
    ("apt-get update", "apt-get install -y python3"),
    ("python3 fsync-advisor.pyz recommend --db mysql",),
    without_network=True,
)
BUILD_PYZ: Final = "/opt/fsync-advisor/bin/python .ci/pyz"
"""Typed where VENV was."""
WAYS: Final = (VENV, PIPX, UV, PYZ)

README_LINES: Final = (*VENV.lines, *PIPX.lines, *UV.lines, BUILD_PYZ, *PYZ.lines)


class Typed(NamedTuple):
    """A line, and what came of it."""

    line: str
    status: int
    seconds: float
    said: str
    right: bool

    def told(self) -> str:
        said = self.said.splitlines()
        kept = [line for line in said if line.startswith(OURS)][:SHOWN]
        head = f"$ {self.line}\n[exit {self.status}, {self.seconds:.0f} s]\n"
        return head + "".join(f"{line}\n" for line in kept)


class Tried:
    """A copy of a root in which lines are typed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def command(self, line: str, *apart: str) -> list[str]:
        """What runs a line there, as root; `apart`: what it does not share, beside mounts."""
        inside = f"exec chroot . /bin/bash -c {shlex.quote(line)}"
        script = f"cd {shlex.quote(str(self.folder))} && {MOUNTS} && {inside}"
        return ["unshare", "--mount", *apart, "sh", "-c", script]

    def type(self, line: str, *, network: bool = True) -> Typed:
        """As root, in the checkout."""
        start = time.monotonic()
        done = subprocess.run(
            self.command(f"cd {IN_ROOT} && {line}", *([] if network else ["--net"])),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Typed(
            line, done.returncode, time.monotonic() - start, done.stdout, done.returncode == 0
        )


def environment() -> dict[str, str]:
    """Of somebody who has just logged in as root, and what this machine's network needs."""
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/root/.local/bin"
    usual = {"HOME": "/root", "PATH": path, "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    told = {name: os.environ[name] for name in NETWORK if name in os.environ}
    trusted = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
    return usual | told | dict.fromkeys(trusted, IN_ROOT_CERTIFICATES)


def make_root(root: Root, folder: Path, python310: Path) -> None:
    with tempfile.TemporaryDirectory() as work:
        private_apt([root.suite], Path(work))
        sources = (Path(work) / "sources.list").read_text()
    mirror = sources.split()[2]
    call("debootstrap", "--variant=minbase", f"--keyring={DEBIAN_KEYS}", root.suite, folder, mirror)
    (folder / "etc/apt/sources.list").write_text(sources)  # with updates, as an installed one has
    for name in ("etc/resolv.conf", "etc/hosts"):
        shutil.copy(f"/{name}", folder / name)
    shutil.copy(CERTIFICATES, folder / IN_ROOT_CERTIFICATES[1:])
    if root.python310:
        give_python310(folder, python310)


def give_python310(folder: Path, prefix: Path) -> None:
    place = folder / "usr/local"
    shutil.copy(prefix / "bin/python3.10", place / "bin/python3.10")
    (place / "bin/python3").symlink_to("python3.10")
    library = "lib/python3.10"
    call("cp", "-a", prefix / library, place / "lib")
    shutil.rmtree(place / library / "site-packages")
    (place / library / "site-packages").mkdir()
    for archive in (prefix / "lib").glob("libpython3.10.so*"):
        shutil.copy(archive, place / "lib", follow_symlinks=False)


def given(root: Root, way: Way) -> tuple[str, ...]:
    """What is typed before the README's lines."""
    if not root.python310:
        return way.given
    libraries = "apt-get install -y libssl3 libffi8 libbz2-1.0 libreadline8 libsqlite3-0 zlib1g"
    tools = {"pipx": "pipx", "uv": "uv"}.get(way.name)
    pip = ("python3 -m ensurepip", f"python3 -m pip install {tools}") if tools else ()
    return ("apt-get update", libraries, *pip)


def try_way(root: Root, way: Way, tried: Tried, pyz: Path) -> Iterator[Typed]:
    """Types what is given, the lines, and what belongs to them."""
    for line in given(root, way):
        yield tried.type(line)
    if way is PYZ:
        shutil.copy(pyz, tried.folder / IN_ROOT[1:] / "fsync-advisor.pyz")
    for line in way.lines:
        yield tried.type(line, network=not way.without_network)
    if way in (PIPX, UV):
        yield tried.type(MAIN_JOB)
    if way is PYZ:
        asked = ASK_A_SERVER.replace("fsync-advisor", "python3 fsync-advisor.pyz", 1)
        yield expected(tried.type(asked, network=False), "needed", absent=True)
        return
    without = expected(tried.type(ASK_A_SERVER), "is needed")
    yield without
    # The hint is what helps, letter by letter.
    hint = re.search(r"hint: in a checkout: (.*)", without.said)
    yield tried.type(hint[1] if hint else "false  # no hint")
    yield expected(tried.type(ASK_A_SERVER), "needed", absent=True)
    if way is VENV:
        yield tried.type(BUILD_PYZ)
        call("cp", tried.folder / IN_ROOT[1:] / "dist/fsync-advisor.pyz", pyz)


def expected(typed: Typed, words: str, *, absent: bool = False) -> Typed:
    """Right where it failed as it should: nobody listens there."""
    return typed._replace(right=typed.status == 1 and (words in typed.said) != absent)


def call(*command: str | Path) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--python310", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("/var/tmp"), help="where the roots go")
    parser.add_argument("--to", type=Path, default=TRANSCRIPT)
    parser.add_argument("--root", help="this one alone", choices=[root.name for root in ROOTS])
    asked = parser.parse_args(arguments)
    failed = False
    work = Path(tempfile.mkdtemp(dir=asked.work, prefix="install-roots-"))
    text = ""
    try:
        for root in (root for root in ROOTS if asked.root in (None, root.name)):
            fresh = work / "fresh"
            make_root(root, fresh, asked.python310)
            for way in WAYS:
                tried = Tried(work / "tried")
                call("cp", "-a", "--reflink=auto", fresh, tried.folder)
                call("git", "clone", "-q", CHECKOUT, f"{tried.folder}{IN_ROOT}")
                text += f"\n== {root.name}: {way.name}\n"
                for typed in try_way(root, way, tried, work / "fsync-advisor.pyz"):
                    text += typed.told()
                    print(f"{root.name}: {way.name}: {typed.told()}", flush=True)
                    if not typed.right:
                        failed = True
                        print(typed.said, file=sys.stderr)
                shutil.rmtree(tried.folder)
            shutil.rmtree(fresh)
    finally:
        shutil.rmtree(work)
    asked.to.write_text(text.lstrip())
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
