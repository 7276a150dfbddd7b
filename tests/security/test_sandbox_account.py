"""verify as root: whose the throw-away server is, what it may do, and what it cannot reach."""

import os
import pwd
import time
from pathlib import Path
from typing import Final

import pytest

from advisor.errors import AdvisorError
from advisor.servers.installed.accounts import account_of_our_own, owner_account
from advisor.servers.sandbox import sandbox
from advisor.vendors.registry import VENDORS
from tests.security.attacker import attacking, require_root
from tests.security.fake_servers import FakeServer, fake_server
from tests.servers.harness import server_named
from tests.servers.test_verify import program_of
from tests.support.command_line import advisor

NOBODY_ID: Final = 65534
IDS: Final = range(61184, 65520)
FRAGMENT: Final = "fsync = on\n"

PLANTS: Final = """
for path in "$2/../fragment.conf" "$2/../server.log" "$2/postgresql.conf"; do
    rm -f "$path"
    ln -s $VICTIM "$path"
done
exit 0
"""
"""The server's own program, in the data directory that it is to make and beside it."""

TELLS: Final = """
exec > $MARKS/told 2> $MARKS/errors
id -u; id -G
readlink /proc/self/ns/net
sed -n 's/^ *\\(.*\\):.*/\\1/p' /proc/self/net/dev
grep NoNewPrivs /proc/self/status
cat /proc/self/oom_score_adj
ulimit -c; ulimit -f
grep -c : /etc/passwd
stat -c '%u %a' "$2" "$2/.."
"""


def verified(server: FakeServer, text: str = FRAGMENT) -> str:
    """What verify says of a server that does not start."""
    done = server.run("verify", "-", text=text)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert list(server.places.iterdir()) == []
    return done.stderr


def test_what_the_servers_program_plants_is_not_followed() -> None:
    require_root()
    with fake_server("postgresql") as server:
        server.write("echo FATAL:  no; exit 1", initdb=PLANTS)
        verified(server)
        assert server.untouched()


def test_it_runs_as_nobody_that_exists_without_a_network_and_within_limits() -> None:
    require_root()
    with fake_server("postgresql") as server:
        server.write("echo FATAL:  no; exit 1", initdb=TELLS)
        said = verified(server)
        told = server.marked()["told"].splitlines()
    uid, groups, network, interfaces, privileges, score, cores, blocks, accounts, data, above = told
    assert int(uid) in IDS
    assert f"as uid {uid}\n" in said
    assert groups == uid
    with pytest.raises(KeyError):
        pwd.getpwuid(int(uid))
    assert network != os.readlink("/proc/self/ns/net")
    assert interfaces == "lo"
    assert privileges.split() == ["NoNewPrivs:", "1"]
    assert (score, cores, accounts) == ("1000", "0", "1")
    free = os.statvfs("/var/tmp")
    assert 0 < int(blocks) * 512 < free.f_bavail * free.f_frsize
    assert data == f"{uid} 700"
    assert above == "0 710"


def test_where_nothing_may_be_mounted_the_servers_own_account_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """initdb looks its own name up; MySQL and MariaDB do not."""
    require_root()
    monkeypatch.setattr(sandbox, "can_rename_accounts", lambda: False)
    theirs = owner_account(NOBODY_ID)
    monkeypatch.setattr(sandbox, "named_account", lambda name: {"postgres": theirs}.get(name))
    assert sandbox._account(VENDORS["postgresql"]) is theirs
    for name in ("mysql", "mariadb"):
        who = sandbox._account(VENDORS[name])
        assert who is not None
        assert who.is_ours
        assert who.ids.user_id in IDS
    monkeypatch.setattr(sandbox, "named_account", lambda name: None)
    with pytest.raises(AdvisorError, match="there is no account postgres, and nothing may be"):
        sandbox._account(VENDORS["postgresql"])


def test_no_account_that_somebody_has_is_taken() -> None:
    """By an entry in the system's list, a process, or another server of ours."""
    require_root()
    first = account_of_our_own().ids.user_id
    with attacking(lambda: time.sleep(0.01), first + 1):
        assert account_of_our_own().ids.user_id == first + 2
    assert account_of_our_own().ids.user_id == first + 1


def test_a_process_of_nobody_makes_root_change_nothing() -> None:
    """The account that once ran every throw-away server, and runs what others start, too."""
    require_root()
    server = server_named("postgresql-15")
    with fake_server("postgresql") as fake, program_of(server) as (program, places):

        def plant() -> None:
            for folder in places.iterdir():
                for name in ("fragment.conf", "server.log"):
                    path = folder / name
                    if path.is_file() and not path.is_symlink():
                        path.unlink()
                        path.symlink_to(fake.victim)

        with attacking(plant, NOBODY_ID):
            asked = ("verify", "--db", "postgresql", "-", "--server", str(program))
            done = advisor(*asked, text=FRAGMENT, places=places)
        assert fake.untouched()
        assert done.returncode == 0, done.stderr
        assert list(places.iterdir()) == []


def test_a_place_that_another_can_exchange_is_refused(tmp_path: Path) -> None:
    require_root()
    with fake_server("postgresql") as server:
        os.chown(server.places, NOBODY_ID, NOBODY_ID)
        server.write("exit 1", initdb="touch $MARKS/started")
        done = server.run("verify", "-", text=FRAGMENT)
        assert (done.returncode, server.marked()) == (1, {})
        assert f"{server.places} belongs to nobody, who could exchange" in done.stderr
        server.places.chmod(0o777)
        os.chown(server.places, 0, 0)
        done = server.run("verify", "-", text=FRAGMENT)
        assert (done.returncode, server.marked()) == (1, {})
        # In a folder like /tmp nobody can take away what is another's.
        server.places.chmod(0o1777)
        server.run("verify", "-", text=FRAGMENT)
        assert list(server.marked()) == ["started"]
