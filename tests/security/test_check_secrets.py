"""The check of apply: it reads, copies and starts nothing on behalf of who has no right to it."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.security.attacker import ATTACKER_ID, as_attacker, attacking, require_root
from tests.security.fake_servers import FakeServer, fake_server
from tests.servers.harness import server_named
from tests.servers.test_verify import program_of
from tests.support.command_line import advisor
from tests.support.faults import missing

SECRET: Final = "geheim4711"
NOBODY_ID: Final = 65534
"""An account that has a name."""
LIBRARY: Final = """
#include <fcntl.h>
#include <unistd.h>
__attribute__((constructor)) static void loaded(void) {
    close(open(MARK, O_CREAT | O_WRONLY, 0666));
}
"""
OURS: Final = "[mysqld]\ninnodb_io_capacity = 500\n"

READS_ALL: Final = f"""
for word in "$@"; do case "$word" in --defaults-file=*) main=${{word#*=}};; esac; done
included=$(sed -n 's/^!includedir *//p' "$main")
grep -rl {SECRET} "$main" $included > $MARKS/found 2> /dev/null || rm -f $MARKS/found
exit 0
"""
"""A server that tells whether it finds the secret in what it is given."""


@dataclass(frozen=True)
class Host:
    """A configuration of root's that includes a folder of the account that runs the server."""

    server: FakeServer
    program: Path

    @property
    def theirs(self) -> Path:
        return self.server.folder / "theirs"

    @property
    def conf_d(self) -> Path:
        return self.theirs / "conf.d"

    @property
    def main(self) -> Path:
        return self.server.folder / "my.cnf"

    def apply(self, text: str, *options: str) -> "subprocess.CompletedProcess[str]":
        """Without writing; all is left as it was."""
        done = self.tried(text, *options)
        assert "Traceback" not in done.stderr
        assert list(self.server.places.iterdir()) == []
        return done

    def tried(self, text: str, *options: str) -> "subprocess.CompletedProcess[str]":
        vendor = self.server.vendor
        asked = ["apply", "--db", vendor, "-", "--dry-run", "--diff", "--config", str(self.main)]
        asked += ["--to", str(self.conf_d), "--server", str(self.program), *options]
        return advisor(*asked, text=text, places=self.server.places)


@contextmanager
def host(
    server: FakeServer, program: Path | None = None, owner_id: int = ATTACKER_ID
) -> Iterator[Host]:
    """`owner_id`: the account of the server."""
    found = Host(server, program or server.program)
    found.theirs.mkdir()
    found.theirs.chmod(0o755)
    os.chown(found.theirs, owner_id, owner_id)
    as_attacker(lambda: found.conf_d.mkdir(mode=0o755), owner_id)
    as_attacker(lambda: (found.theirs / "data").mkdir(mode=0o700), owner_id)
    found.main.write_text(f"[mysqld]\ndatadir = {found.theirs}/data\n!includedir {found.conf_d}\n")
    found.main.chmod(0o644)
    yield found


def test_what_root_alone_can_read_is_copied_to_nobody_and_shown_to_nobody() -> None:
    require_root()
    with fake_server("mysql") as server, host(server) as one:
        server.write(READS_ALL)
        secret = server.folder / "secret"
        as_attacker(lambda: (one.conf_d / "zzz.cnf").symlink_to(secret))
        for text in (
            f"root:{SECRET}:19000:0\n",
            f"[mysqld]\npassword = {SECRET}\n!include {SECRET}\n",
            f"[mysqld]\ninnodb_io_capacity = {SECRET[-4:]} # {SECRET}\n",
        ):
            secret.write_text(text)
            secret.chmod(0o600)
            for options in ((), ("--unchecked", "--force")):
                done = one.apply(OURS, *options)
                assert server.marked() == {}
                assert SECRET[-4:] not in done.stdout + done.stderr
                assert done.returncode == 1
                assert f"{one.conf_d}/zzz.cnf cannot be read" in done.stderr
        # What it can read is copied, and it finds that.
        secret.chmod(0o644)
        assert one.apply(OURS, "--force").returncode == 0
        assert list(server.marked()) == ["found"]


def test_a_link_that_comes_and_goes_leads_root_nowhere() -> None:
    """Between the reading and the check, again and again."""
    require_root()
    with fake_server("mysql") as server, host(server) as one:
        server.write(READS_ALL)
        secret = server.folder / "secret"
        secret.write_text(f"[mysqld]\ninnodb_io_capacity_max = 3{SECRET}\n")
        secret.chmod(0o600)
        path, other = one.conf_d / "a.cnf", one.conf_d / "other"

        def swap() -> None:
            other.symlink_to(secret)
            other.rename(path)
            other.write_text("[mysqld]\ninnodb_io_capacity_max = 2000\n")
            other.rename(path)

        with attacking(swap):
            for _ in range(3):
                done = one.apply(OURS)
                assert SECRET not in done.stdout + done.stderr
                assert server.marked() == {}


def test_a_link_in_the_place_of_a_copy_gives_no_file_away() -> None:
    """Once the folder with the copies was the account's, and then each was given to it by name."""
    require_root()
    with fake_server("mysql") as server, host(server, owner_id=NOBODY_ID) as one:
        server.write("exit 0")
        names = [f"{number:03}.cnf" for number in range(600)]
        for name in names:
            (one.conf_d / name).write_text("[mysqld]\n")
            (one.conf_d / name).chmod(0o644)
        trap = one.theirs / "trap"

        def lay() -> None:
            trap.mkdir()
            for name in (*names, "my.cnf"):
                (trap / name).symlink_to(server.victim)

        def plant() -> None:
            for folder in os.listdir(server.places):
                for inner in os.listdir(server.places / folder):
                    path = server.places / folder / inner
                    path.rename(f"{path}-away")
                    trap.rename(path)

        as_attacker(lay, NOBODY_ID)
        with attacking(plant, NOBODY_ID):
            for _ in range(2):
                one.tried(OURS)
                assert server.untouched()
        assert list(server.places.iterdir()) == []


@contextmanager
def library(folder: Path) -> Iterator[tuple[Path, Path]]:
    """A plugin that leaves a mark where it is loaded, and the mark."""
    plugins, mark = folder / "plugins", folder / "marks" / "loaded"
    plugins.mkdir()
    plugins.chmod(0o755)
    source = folder / "evil.c"
    source.write_text(LIBRARY)
    command = ["gcc", "-shared", "-fPIC", f'-DMARK="{mark}"', "-o", f"{plugins}/evil.so"]
    try:
        subprocess.run([*command, str(source)], check=True)
    except FileNotFoundError:
        missing("gcc is not installed")
    (plugins / "evil.so").chmod(0o755)
    yield plugins, mark


LOADING: Final = ("plugin-load-add = evil.so", "early-plugin-load = evil.so", "plugin_load=evil.so")


@pytest.mark.parametrize("name", ["mysql-9.7", "mariadb-10.11"])
def test_no_plugin_of_a_configuration_is_loaded(name: str) -> None:
    require_root()
    server = server_named(name)
    with (
        fake_server(server.vendor) as fake,
        program_of(server) as (program, _),
        library(fake.folder) as (plugins, mark),
        host(fake, program) as one,
    ):
        where = f"plugin-dir = {plugins}\n"
        # In the fragment:
        for line in LOADING[: 2 if server.vendor == "mysql" else 1]:
            done = one.apply(f"{OURS}{where}{line}\n")
            assert not mark.exists()
            assert done.returncode == 1
            assert "has not checked this: line 4 is not for a check: plugin" in done.stderr
            assert "--unchecked writes it all the same" in done.stderr
        done = one.apply(f"{OURS}{where}{LOADING[0]}\n", "--unchecked")
        assert done.returncode == 0, done.stderr
        # In what is there already:
        (one.conf_d / "z.cnf").write_text(f"[mysqld]\n{where}{LOADING[0]}\n{LOADING[2]}\n")
        (one.conf_d / "z.cnf").chmod(0o644)
        done = one.apply(OURS)
        assert done.returncode == 0, done.stderr
        assert not mark.exists()
        ctypes.CDLL(str(plugins / "evil.so"))
        assert mark.exists()  # so it is by that that its loading is seen


@pytest.mark.parametrize(
    ("vendor", "line"),
    [
        ("mysql", "init_file = x.sql"),
        ("mysql", "plugin-load-add = x"),
        ("mysql", "loose-loose-init-file = x.sql"),
        ("mariadb", "plugin_load_ad = x"),
        ("mariadb", "wsrep_provider = x"),
        ("mysql", "log_bin = /var/lib/mysql/binlog"),
    ],
)
def test_a_line_beyond_the_settings_that_are_tried_is_not_checked(vendor: str, line: str) -> None:
    require_root()
    with fake_server(vendor) as server, host(server) as one:
        server.write("touch $MARKS/asked")
        done = one.apply(f"{OURS}{line}\n")
        assert (done.returncode, server.marked()) == (1, {})
        assert "has not checked this: line 4 is not for a check: " in done.stderr
