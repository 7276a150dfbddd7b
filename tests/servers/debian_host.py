"""A host as Debian's packages leave it, with real servers, seen by nobody but the command in it.

Mounts and processes are the command's own (unshare): /etc and /usr are overlays, /var/lib is a
folder of the test. Nothing is installed, and nothing outside the test's folder changes. Needs root.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.servers.account import copy_tree, private_folder, reachable
from tests.servers.engines import ENGINES
from tests.servers.harness import Server, server_named
from tests.support.faults import missing
from tests.support.paths import CHECKOUT

ACCOUNTS: Final = {"postgresql": ("postgres", 117), "mariadb": ("mysql", 118)}

SETUP: Final = """
set -e
mount --make-rprivate /
for name in etc usr; do
    mount -t overlay over -o "lowerdir=/$name,upperdir=$1/$name-upper,workdir=$1/$name-work" /$name
done
mount --bind "$1/var-lib" /var/lib
if mkdir "$1/set-up" 2>/dev/null; then
    rm -rf /etc/postgresql /etc/mysql /etc/my.cnf /usr/lib/postgresql
    rm -f /usr/local/bin/postgres /usr/sbin/mysqld /usr/sbin/mariadbd
    cp -a "$1/files/etc/." /etc/
    cp -a "$1/files/usr/." /usr/
fi
start="$1/start"
shift
sh "$start"
exec "$@"
"""
"""Its first argument is the folder; the others are the command."""

DEBIAN_MY_CNF: Final = """\
[client-server]
socket = {data}/mysqld.sock
!includedir /etc/mysql/conf.d/
!includedir /etc/mysql/mariadb.conf.d/
"""


class DebianHost:
    """A folder that becomes the host, and what is set up in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("etc-upper", "etc-work", "usr-upper", "usr-work", "var-lib", "t"):
            (folder / name).mkdir()
        for name in ("etc", "usr"):
            (folder / "files" / name).mkdir(parents=True)
        (folder / "start").touch()
        passwd = Path("/etc/passwd").read_text().splitlines()
        names = {name for name, _ in ACCOUNTS.values()}
        kept = [line for line in passwd if line.split(":")[0] not in names]
        own = [f"{name}:x:{uid}:{uid}::/nonexistent:/bin/false" for name, uid in ACCOUNTS.values()]
        (folder / "files/etc/passwd").write_text("\n".join([*kept, *own, ""]))

    def postgresql(self, cluster: str = "main", *, log: str = "") -> Path:
        """A cluster of Debian's postgresql-common; its data directory. `log`: where pg_wal lies."""
        server = server_named("postgresql-15")
        data = self.folder / f"var-lib/postgresql/15/{cluster}"
        data.parent.mkdir(parents=True, exist_ok=True)
        copy_tree(server.installed.template, data)
        config = self.folder / f"files/etc/postgresql/15/{cluster}"
        (config / "conf.d").mkdir(parents=True)
        for name in ("postgresql.conf", "pg_hba.conf", "pg_ident.conf"):
            shutil.move(data / name, config / name)
        place = f"/var/lib/postgresql/15/{cluster}"
        with (config / "postgresql.conf").open("a") as main:
            main.write(
                f"data_directory = '{place}'\n"
                f"hba_file = '/etc/postgresql/15/{cluster}/pg_hba.conf'\n"
                f"ident_file = '/etc/postgresql/15/{cluster}/pg_ident.conf'\n"
                f"listen_addresses = ''\nunix_socket_directories = '{place}'\n"
                "include_dir = 'conf.d'\n"
            )
        (config / "start.conf").write_text("auto\n")
        if log:
            shutil.move(data / "pg_wal", self.folder / "var-lib" / log)
            (data / "pg_wal").symlink_to(f"/var/lib/{log}")
            self._give("postgresql", self.folder / "var-lib" / log)
        self._programs(server, "usr/lib/postgresql/15/bin")
        self._give("postgresql", data.parent.parent, config.parent.parent)
        return Path(place)

    def mariadb(self) -> Path:
        """Debian's mariadb-server; its data directory."""
        server = server_named("mariadb-10.11")
        data = self.folder / "var-lib/mysql"
        copy_tree(server.installed.template, data)
        config = self.folder / "files/etc/mysql"
        for name in ("conf.d", "mariadb.conf.d"):
            (config / name).mkdir(parents=True)
        (config / "my.cnf").write_text(DEBIAN_MY_CNF.format(data="/var/lib/mysql"))
        (config / "mariadb.conf.d/50-server.cnf").write_text(
            "[mysqld]\nuser = mysql\npid-file = /var/lib/mysql/mysqld.pid\nbasedir = /usr\n"
            "datadir = /var/lib/mysql\nskip-networking\n"
        )
        self._programs(server, "usr/sbin")
        shared = self.folder / "files/usr/share"
        shared.mkdir()
        for name in ("mysql", "mariadb"):
            if (server.installed.tree / "usr/share" / name).exists():
                copy_tree(server.installed.tree / "usr/share" / name, shared / name)
        self._give("mariadb", data)
        return Path("/var/lib/mysql")

    def start(self, vendor: str, *words: str) -> None:
        """Has a server run before the command does."""
        name, uid = ACCOUNTS[vendor]
        line = f"setpriv --reuid {uid} --regid {uid} --clear-groups {' '.join(words)}"
        with (self.folder / "start").open("a") as script:
            script.write(f"{line} >{self.folder}/{name}.log 2>&1 </dev/null &\nsleep 2\n")

    def mount(self, name: str, device: Path | None = None, size_mib: int = 800) -> None:
        """Has /var/lib/NAME be a volume of its own: `device`, else a file beside the others."""
        image = device or self.folder / f"{name}.image"
        if device is None:
            with image.open("wb") as file:
                file.truncate(size_mib << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
        place = self.folder / "var-lib" / name
        with (self.folder / "start").open("a") as script:
            script.write(
                f"cp -a {place} {self.folder}/kept-{name}\n"
                f"mount {'-o loop ' * (device is None)}{image} /var/lib/{name}\n"
                f"cp -a {self.folder}/kept-{name}/. /var/lib/{name}/\n"
            )

    def command(self, *arguments: str) -> list[str]:
        """What runs fsync-advisor there."""
        own = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
        script = ["sh", "-c", SETUP, "sh", str(self.folder)]
        return [*own, *script, sys.executable, "-m", "advisor", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        own = {"PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"}
        path = "/usr/sbin:/usr/bin:/sbin:/bin"
        return {**os.environ, **own, "TMPDIR": str(self.folder / "t"), "PATH": path}

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """One command there, without a terminal."""
        return subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env=self.environment,
            cwd=CHECKOUT,
        )

    def etc(self, path: str) -> Path:
        """Where a file of that host's /etc is, if a command has written there."""
        return self.folder / "etc-upper" / path

    def _programs(self, server: Server, folder: str) -> None:
        """Programs that start those of the cache, with the libraries they came with."""
        private = self.folder / server.name
        private.mkdir(exist_ok=True)
        tree = private / "tree" if (private / "tree").exists() else None
        tree = tree or reachable(server.installed.tree, private)
        place = self.folder / "files" / folder
        place.mkdir(parents=True, exist_ok=True)
        for name in ENGINES[server.vendor].programs:
            program = place / name
            program.write_text(f'#!/bin/sh\nexec {tree / server.installed.programs[name]} "$@"\n')
            program.chmod(0o755)

    def _give(self, vendor: str, *folders: Path) -> None:
        _, uid = ACCOUNTS[vendor]
        for folder in folders:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, uid, uid, follow_symlinks=False)


@contextmanager
def debian_host() -> Iterator[DebianHost]:
    """A host without servers."""
    if os.geteuid() != 0:
        missing("mounts of one's own need root")
    probe = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], check=False)
    if probe.returncode != 0:
        missing("this machine lets nobody have mounts of one's own")
    with private_folder(of_account=False) as folder:
        yield DebianHost(folder)
