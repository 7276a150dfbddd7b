"""fleet init --ansible: the playbooks, run by Ansible over OpenSSH on hosts made of namespaces."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
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

    def commit(self) -> None:
        """The fragments as they are."""
        who = ("-c", "user.name=tests", "-c", "user.email=tests@localhost")
        git = ("git", "-C", str(self.folder / "fragments"), *who)
        for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", "fragments")):
            subprocess.run([*git, *arguments], check=True)

    def server(self, host: str) -> tuple[str, str]:
        """The process of a host's server, and the folder of fragments with its times."""
        process = self.up.inside(host, "head", "-n1", f"/{DATA}/postmaster.pid").stdout
        return process, self.up.inside(host, "ls", "-lA", "--full-time", f"/{DATA}/conf.d").stdout


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
    return json.loads(result_file(site, host).read_text())


def result_file(site: Site, host: str) -> Path:
    """The first measurement of a host, or a later one, which is kept apart."""
    return site.folder / ("measurements" if host == "bare" else "recent") / f"{host}.json"


def left_behind(site: Site, host: str) -> list[str]:
    """What lies on a host where programs are put for a moment."""
    places = ("/tmp", "/var/tmp", "/home/operator/.ansible", "/root/.ansible")
    return site.up.inside(host, "find", *places, "-type", "f").stdout.split()


def faster(text: str) -> str:
    """A measurement that says a hundredth of what the drive took."""
    found = json.loads(text)
    for series in found["series"]:
        summary = series["summary"]
        summary["ops_per_s"] *= 100
        for name in summary:
            if name.endswith("_us") and summary[name] is not None:
                summary[name] /= 100
    return json.dumps(found)


def failure(said: str) -> str:
    """What the last task of a playbook has failed with."""
    return said.rpartition("fatal: [")[2].partition("PLAY RECAP")[0]


def test_each_host_is_measured_and_who_cannot_be_is_named(site: Site) -> None:
    status, said = site.play("measure.yml", "-e", "fsync_advisor_hosts=all")
    assert status == 2, said
    named = failure(said)
    assert '"gone": "Task failed: Failed to connect to the host' in named
    assert "it is mounted noexec" in named
    assert [name for name in ("primary", "replica", "old", "bare") if f'"{name}"' in named] == []
    for host in ("primary", "replica", "old", "bare"):
        assert measurement(site, host)["label"] == host
        assert result_file(site, host).stat().st_size < 20_000  # a summary
        assert measurement(site, host)["plan"]["name"] == ("default" if host == "bare" else "quick")
        assert left_behind(site, host) == []
    assert left_behind(site, "noexec") == []
    first = site.folder / "measurements"
    assert [(first / f"{host}.json").read_text() for host in ("primary", "replica", "old")] == [
        ""
    ] * 3
    shutil.copytree(site.folder / "recent", first, dirs_exist_ok=True)  # what the others rest on


def test_hosts_of_one_backend_are_measured_one_after_the_other(site: Site) -> None:
    """taken_at is when a measurement begins; a quick one takes about 3 s."""
    first, second = sorted(
        datetime.fromisoformat(measurement(site, host)["taken_at"].replace("Z", "+00:00"))
        for host in ("primary", "replica")
    )
    assert (second - first).total_seconds() > 2


@pytest.fixture(scope="module")
def fragment(site: Site) -> Path:
    """What the measurements recommend for the group, beside what is each host's own."""
    listed = site.up.run(str(site.ansible / "ansible-inventory"), "--list", cwd=site.folder)
    groups = site.folder / "inventory.json"
    groups.write_text(listed.stdout)
    results = [str(site.folder / f"measurements/{host}.json") for host in ("primary", "replica")]
    fragments = site.folder / "fragments"
    asked = ("--db", "postgresql", "--db-version", "15", "--memory", "1GB", "--group", "databases")
    places = ("--groups", str(groups), "--output", str(fragments))
    subprocess.run([PROGRAM, "fleet", "recommend", *asked, *places, *results], check=True)
    return fragments / "databases.conf"


def test_what_is_not_committed_is_not_applied(site: Site, fragment: Path) -> None:
    subprocess.run(["git", "init", "-q", fragment.parent], check=True)
    status, said = site.play("apply.yml")
    assert status == 2
    assert "commit it first: ?? databases.conf" in failure(said)


def test_a_fragment_that_stops_the_server_is_undone_on_the_first_host(
    site: Site, fragment: Path
) -> None:
    """The kernel here has no huge pages to give, so no server starts."""
    good = fragment.read_text()
    before = site.server("primary")
    fragment.write_text(f"{good}huge_pages = on\n")
    site.commit()
    status, said = site.play("apply.yml")
    assert status == 2
    assert "The roll-out stops at replica: Restart the server" in failure(said)
    assert site.query("replica", "SHOW huge_pages") == "try"
    assert site.up.inside("replica", "test", "-e", f"/{OURS}").returncode == 1
    assert left_behind(site, "replica") == []
    assert site.server("primary") == before
    fragment.write_text(good)
    site.commit()


def test_what_waits_for_a_restart_is_no_harm(site: Site, fragment: Path) -> None:
    only = ("-e", "fsync_advisor_hosts=replica", "-e", "fsync_advisor_restart=false")
    status, said = site.play("apply.yml", *only)
    assert status == 0, said
    assert "these wait for a restart of the server: " in said
    waiting = "SELECT name FROM pg_settings WHERE pending_restart"
    assert "shared_buffers" in site.query("replica", waiting).split()
    site.up.inside("replica", "rm", f"/{OURS}")
    site.up.inside("replica", "/etc/init.d/postgresql", "restart")


def test_a_value_that_another_one_overrides_is_undone(site: Site, fragment: Path) -> None:
    """One on the server's command line, of which no file tells."""
    service, given = "/etc/init.d/postgresql", " -c shared_buffers=200MB"
    site.up.inside("replica", "sed", "-i", f's/-D "[$]data"/&{given}/', service)
    before = site.server("primary")
    status, said = site.play("apply.yml")
    assert status == 2
    told = failure(said)
    assert "The roll-out stops at replica: Verify that what it was given is in force: " in told
    assert "shared_buffers: " in told
    assert "another value is in force, from command line" in told
    assert site.up.inside("replica", "test", "-e", f"/{OURS}").returncode == 1
    assert site.server("primary") == before
    site.up.inside("replica", "sed", "-i", f"s/{given}//", service)


def test_a_good_one_reaches_all_and_the_second_time_changes_nothing(
    site: Site, fragment: Path
) -> None:
    status, said = site.play("apply.yml")
    assert status == 0, said
    rolled_out = said.partition("PLAY [Apply in batches]")[2]
    assert re.findall(r"included: fsync_advisor for (\w+)", rolled_out) == ["replica", "primary"]
    wanted = [line for line in fragment.read_text().splitlines() if line and line[0] != "#"]
    before = {host: site.server(host) for host in ("primary", "replica")}
    for host in before:
        written = site.up.inside(host, "cat", f"/{OURS}").stdout.splitlines()
        assert set(wanted) <= set(written)
        assert any(line.startswith("shared_buffers = ") for line in written)  # the host's own
        assert site.query(host, "SELECT count(*) FROM pg_settings WHERE pending_restart") == "0"
        assert site.query(host, "SHOW shared_buffers") == "256MB"  # a quarter of 1 GB
    status, said = site.play("apply.yml", "-e", '{"fsync_advisor_batches": ["100%"]}')
    assert status == 0, said
    changed = re.findall(r"^(\w+) .*changed=(\d+)", said, re.M)
    assert changed == [("localhost", "0"), ("primary", "0"), ("replica", "0")]
    assert {host: site.server(host) for host in before} == before


def test_slower_twice_is_an_alarm_and_once_is_none(site: Site) -> None:
    """And the host whose /var/tmp is noexec is measured where programs can be run."""
    for host in ("primary", "old"):
        file = site.folder / f"measurements/{host}.json"
        file.write_text(faster(file.read_text()))
    complaints = site.folder / "drift/complaints"
    (complaints / "primary").touch()
    where = ("-e", "fsync_advisor_run_directory=/tmp")
    status, said = site.play("drift.yml", "-e", "fsync_advisor_hosts=primary:old:noexec", *where)
    assert status == 2
    named = failure(said)
    assert '"primary": "in two runs in a row: fsync-advisor: ' in named
    assert '"old"' not in named
    assert {"primary", "old"} <= {path.name for path in complaints.iterdir()}
    measured = json.loads((site.folder / "drift/now/noexec.json").read_text())
    assert (measured["label"], measured["plan"]["name"]) == ("noexec", "quick")
    assert left_behind(site, "noexec") == []
