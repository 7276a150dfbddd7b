"""fleet init --ansible: the playbooks, run by Ansible over OpenSSH on hosts made of namespaces."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import yaml

from tests.fleet.hosts import Fleet, HostPlan, fleet
from tests.fleet.provision import Pieces, pieces, why_not
from tests.servers.account import private_folder
from tests.servers.fetching import UnavailableError
from tests.servers.provision import SERVERS, installation, why_missing
from tests.support.bundle import bundle
from tests.support.faults import missing

PROGRAM: Final = Path(sys.executable).with_name("fsync-advisor")
DATA: Final = "var/lib/postgresql/data"
OURS: Final = f"{DATA}/conf.d/zz-fsync-advisor.conf"
FRAGMENT: Final = """\
# Durable, and another value of one setting that needs a restart.
wal_buffers = '4MB'
checkpoint_timeout = '15min'
"""


class Site(NamedTuple):
    """What `fleet init --ansible` wrote, with an inventory of hosts that are up."""

    up: Fleet
    folder: Path
    ansible: Path

    def play(self, name: str, *options: str) -> tuple[int, str]:
        """Exit status and output of a playbook."""
        command = [str(self.ansible / "ansible-playbook"), name, *options]
        done = self.up.run(*command, cwd=self.folder)
        return done.returncode, done.stdout + done.stderr

    def query(self, host: str, statement: str) -> str:
        """What the server of a host answers."""
        psql = ("psql", "--user=postgres", "-AtX", "-c", statement)
        done = self.up.inside(host, *psql)
        return done.stdout.strip()

    def commit(self, text: str) -> None:
        """A fragment for all databases, under git."""
        fragments = self.folder / "fragments"
        (fragments / "databases.conf").write_text(text)
        who = ("-c", "user.name=tests", "-c", "user.email=tests@localhost")
        git = ("git", "-C", str(fragments), *who)
        for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", "fragment")):
            subprocess.run([*git, *arguments], check=True)


@pytest.fixture(scope="module")
def made() -> Pieces:
    """Ansible and the roots."""
    if reason := why_not():
        missing(reason)
    try:
        return pieces()
    except UnavailableError as reason:
        missing(str(reason))


@pytest.fixture(scope="module")
def site(made: Pieces) -> Iterator[Site]:
    """Two PostgreSQL servers that share a backend, three hosts that are hard to measure, and one
    that is not there."""
    (row,) = (row for row in SERVERS if row.name == "postgresql-15")
    server = installation(row)
    if server is None or not (server.tree / "usr/lib/postgresql/15/bin/psql").exists():
        missing(f"PostgreSQL 15 of Debian is not here: {why_missing(row)}")
    program = bundle()
    newer, older = made.roots["3.11"], made.roots["3.9"]
    plans = (
        HostPlan("primary", newer, server=server.tree, data=server.template),
        HostPlan("replica", newer, server=server.tree, data=server.template),
        HostPlan("old", older),
        HostPlan("bare", newer, without_python=True),
        HostPlan("noexec", newer, noexec=True),
    )
    with private_folder(of_account=False) as folder, fleet(folder, plans) as up:
        place = folder / "site"
        subprocess.run([PROGRAM, "fleet", "init", "--ansible", place, "--quiet"], check=True)
        shutil.copy(program, place / "fsync-advisor.tar.gz")
        (place / "inventory").mkdir()
        (place / "inventory/hosts.yml").write_text(yaml.safe_dump(inventory(up)))
        (place / "measurements").mkdir()
        for name in ("primary", "replica", "old", "noexec"):  # so that only "bare" is new
            (place / f"measurements/{name}.json").touch()
        (place / "fragments").mkdir()
        yield Site(up, place, made.ansible)


def inventory(up: Fleet) -> dict[str, Any]:
    """Of the hosts, and of one that nothing answers for."""
    addresses = {**up.hosts, "gone": "192.168.77.99"}
    hosts: dict[str, dict[str, object]] = {
        name: {"ansible_host": address, "fsync_advisor_backend": "local"}
        for name, address in addresses.items()
    }
    for name in ("primary", "replica"):
        hosts[name]["fsync_advisor_backend"] = "san-a"
    hosts["replica"]["fsync_advisor_replica"] = True
    postgres = "/opt/postgresql/usr/lib/postgresql/15/bin/postgres"
    settings = {
        "ansible_user": "operator",
        "ansible_ssh_private_key_file": str(up.key),
        "ansible_ssh_common_args": up.ssh_options(),
        "ansible_python_interpreter": "/usr/bin/python3",
        "fsync_advisor_program": "{{ playbook_dir }}/fsync-advisor.tar.gz",
        "fsync_advisor_command": str(PROGRAM),
        "fsync_advisor_apply_options": [
            "--config",
            f"/{DATA}/postgresql.conf",
            "--server",
            postgres,
        ],
        "fsync_advisor_restart": True,
    }
    servers = {name: hosts.pop(name) for name in ("primary", "replica")}
    groups = {"databases": {"hosts": servers}, "others": {"hosts": hosts}}
    return {"all": {"vars": settings, "children": groups}}


def measurement(site: Site, host: str) -> Any:
    return json.loads((site.folder / f"measurements/{host}.json").read_text())


def left_behind(site: Site, host: str) -> list[str]:
    """What lies on a host where programs are put for a moment."""
    listed = site.up.inside(
        host, "find", "/tmp", "/var/tmp", "/home/operator/.ansible", "-type", "f"
    )
    return listed.stdout.split()


def test_each_host_is_measured_and_who_cannot_be_is_named(site: Site) -> None:
    status, said = site.play("measure.yml", "-e", "fsync_advisor_hosts=all")
    assert status == 2, said
    last = said.rpartition("TASK [fsync_advisor : Fail where")[2]
    assert '"gone": "Failed to connect' in last or "gone" in last
    assert "noexec" in last
    for host in ("primary", "replica", "old", "bare"):
        assert measurement(site, host)["label"] == host
        assert left_behind(site, host) == []
