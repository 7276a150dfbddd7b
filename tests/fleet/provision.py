"""Ansible, and the roots of hosts that it is tried on, in the cache folder of the tests.

    python -m tests.fleet.provision

Ansible is pip's, in an environment of its own. A root is Debian's packages, unpacked: nothing is
installed or configured but what sshd, sudo and the accounts need.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from tests.servers.debian import private_apt
from tests.servers.fetching import UnavailableError, call
from tests.servers.provision import cache_folder, exclusive

SUITES: Final = {"3.11": "bookworm", "3.9": "bullseye"}
"""Python -> the release of Debian that has it."""
PACKAGES: Final = (
    *("openssh-server", "openssh-sftp-server", "sudo", "python3", "coreutils", "dash", "bash"),
    *("base-passwd", "base-files", "util-linux", "mount", "hostname", "grep", "sed", "findutils"),
    *("tar", "gzip", "xz-utils", "init-system-helpers", "libpam-modules", "tzdata"),
)
PROGRAMS: Final = ("apt-get", "dpkg-deb", "tar", "ip", "unshare", "ssh-keygen", "ssh", "mkfs.ext4")
REQUIREMENTS: Final = ("ansible-core>=2.17", "ansible-lint>=24")

OPERATOR: Final = 1000
"""The account that Ansible logs in as; it may become another with sudo."""
POSTGRES: Final = 101
PASSWD: Final = f"""\
root:x:0:0:root:/root:/bin/sh
sshd:x:100:65534::/run/sshd:/usr/sbin/nologin
postgres:x:{POSTGRES}:{POSTGRES}::/var/lib/postgresql:/bin/sh
operator:x:{OPERATOR}:{OPERATOR}::/home/operator:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
"""
GROUP: Final = f"""\
root:x:0:
tty:x:5:
postgres:x:{POSTGRES}:
operator:x:{OPERATOR}:
nogroup:x:65534:
"""
SHADOW: Final = "".join(f"{line.split(':')[0]}:*:19000:0:99999:7:::\n" for line in PASSWD.split())
SSHD: Final = """\
HostKey /etc/ssh/ssh_host_ed25519_key
PasswordAuthentication no
AuthorizedKeysFile /etc/ssh/authorized_keys
StrictModes no
UsePAM no
UseDNS no
MaxStartups 100
Subsystem sftp /usr/lib/openssh/sftp-server
"""
PAM: Final = "auth sufficient pam_permit.so\naccount sufficient pam_permit.so\n"
DENIED: Final = "".join(
    f"{kind} required pam_deny.so\n" for kind in ("auth", "account", "password", "session")
)
PAM_SESSION: Final = "session sufficient pam_permit.so\n"
FILES: Final = {
    "etc/passwd": (PASSWD, 0o644),
    "etc/group": (GROUP, 0o644),
    "etc/shadow": (SHADOW, 0o600),
    "etc/nsswitch.conf": ("passwd: files\ngroup: files\nshadow: files\n", 0o644),
    "etc/ssh/sshd_config": (SSHD, 0o644),
    "etc/pam.d/sudo": (PAM + PAM_SESSION, 0o644),
    "etc/pam.d/other": (DENIED, 0o644),
    "etc/sudoers": ("root ALL=(ALL) ALL\noperator ALL=(ALL) NOPASSWD: ALL\n", 0o440),
}

# Raise it when what is made of these changes: the roots are then made anew.
LAYOUT: Final = 1


class Pieces(NamedTuple):
    """What the tests of Ansible need."""

    ansible: Path
    """The folder of its programs."""
    roots: dict[str, Path]
    """Python -> a root with it."""


def folder() -> Path:
    """Where all of it is kept."""
    return cache_folder() / "fleet"


def why_not() -> str | None:
    """Why this host cannot have them; None if it can."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"no {', '.join(missing)}"
    return "needs root, to make hosts of namespaces" if os.geteuid() else None


def pieces() -> Pieces:
    """All of them, made if the cache does not hold them. Raises UnavailableError."""
    with exclusive(cache_folder()):
        roots = {}
        for python, suite in SUITES.items():
            place = folder() / suite
            recipe = json.dumps([LAYOUT, suite, PACKAGES, FILES])
            _make_once(place, recipe, partial(_make_root, suite=suite))
            roots[python] = place / "root"
        environment = folder() / "ansible"
        recipe = json.dumps([REQUIREMENTS, sys.version])
        _make_once(environment, recipe, _make_environment)
    return Pieces(environment / "bin", roots)


def _make_once(place: Path, recipe: str, make: Callable[[Path], None]) -> None:
    stamp = place / "recipe"
    if not stamp.exists() or stamp.read_text() != recipe:
        shutil.rmtree(place, ignore_errors=True)
        make(place)
        stamp.write_text(recipe)


def _make_environment(place: Path) -> None:
    call([sys.executable, "-m", "venv", str(place)])
    pip = [str(place / "bin/python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    call([*pip, "install", *REQUIREMENTS])


def _make_root(place: Path, suite: str) -> None:
    root, work = place / "root", place / "work"
    work.mkdir(parents=True)
    apt_get = private_apt([suite], work)
    call([*apt_get, "install", "--download-only", "-y", *PACKAGES])
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    for archive in sorted((work / "archives").glob("*.deb")):
        files = subprocess.run(
            ["dpkg-deb", "--fsys-tarfile", archive], capture_output=True, check=True
        ).stdout
        unpack = ["tar", "--extract", "--keep-directory-symlink", "--directory", str(root)]
        # Nobody reads these here, and they are half of it.
        skipped = [f"--exclude=./usr/share/{name}" for name in ("doc", "man", "locale", "i18n")]
        subprocess.run([*unpack, *skipped], input=files, check=True)
    shutil.rmtree(work)
    if not (root / "bin/sh").exists():
        (root / "bin/sh").symlink_to("dash")
    for name, (text, mode) in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(mode)
    for name in ("dev", "proc", "sys", "run/sshd", "home/operator", "var/lib/postgresql", "root"):
        (root / name).mkdir(parents=True, exist_ok=True)
    os.chown(root / "home/operator", OPERATOR, OPERATOR)
    (root / "tmp").chmod(0o1777)
    (root / "var/tmp").chmod(0o1777)
    call(
        [
            "ssh-keygen",
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-f",
            f"{root}/etc/ssh/ssh_host_ed25519_key",
        ]
    )


def main() -> int:
    """Makes them ready; 1 when they are missing and must not be."""
    why = why_not()
    if why is None:
        try:
            made = pieces()
        except UnavailableError as reason:
            why = str(reason)
        else:
            print(f"fleet: ready (Ansible in {made.ansible}; Debian {', '.join(SUITES.values())})")
            return 0
    print(f"fleet: skipped: {why}")
    return int(os.environ.get("CI") == "true")


if __name__ == "__main__":
    sys.exit(main())
