"""The files of `fleet init --ansible`, as ansible-lint and Ansible read them."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.fleet.provision import pieces, why_not
from tests.servers.fetching import UnavailableError
from tests.support.faults import missing
from tests.support.paths import CHECKOUT, MEASUREMENTS

TEMPLATES: Final = CHECKOUT / "templates/fleet/ansible"
PROGRAM: Final = Path(sys.executable).with_name("fsync-advisor")
FAILED: Final = 2
UNREACHABLE: Final = 4
"""Exit statuses of ansible-playbook."""
PLAYBOOKS: Final = ("apply.yml", "drift.yml", "measure.yml")


@pytest.fixture(scope="module")
def ansible() -> Path:
    if reason := why_not():
        missing(reason)
    try:
        return pieces().ansible
    except UnavailableError as unavailable:
        missing(str(unavailable))


def test_ansible_lint_has_nothing_to_say_in_its_strictest_profile(
    ansible: Path, tmp_path: Path
) -> None:
    subprocess.run([PROGRAM, "fleet", "init", "--ansible", tmp_path / "site", "-q"], check=True)
    path = f"{ansible}:{os.environ['PATH']}"
    options = ("--offline", "--strict", "--profile", "production", "--nocolor")
    done = subprocess.run(
        [ansible / "ansible-lint", *options],
        cwd=tmp_path / "site",
        env={**os.environ, "PATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed: 0 failure(s), 0 warning(s)" in done.stderr


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """What `fleet init` wrote, with fragments from stored results: db-2 is on tmpfs, db-4 has no
    result, db-5 is much slower than the others."""
    place = tmp_path / "site"
    quiet = partial(subprocess.run, check=True, stdout=subprocess.DEVNULL)
    quiet([PROGRAM, "fleet", "init", "--ansible", place, "-q"])
    (place / "fsync-advisor.tar.xz").touch()
    results = dict.fromkeys(("db-1", "db-3", "db-6", "db-7"), "nvme-plp")
    results |= {"db-2": "tmpfs", "db-5": "hdd"}
    (place / "measurements").mkdir()
    for host, stored in results.items():
        shutil.copy(MEASUREMENTS / f"{stored}.json", place / f"measurements/{host}.json")
    hosts = [f"db-{n}" for n in range(1, 8)]
    (place / "groups.toml").write_text(f"[databases]\nhosts = {json.dumps(hosts)}\n")
    asked = ("--db", "postgresql", "--groups", "groups.toml", "--output", "fragments", "-q")
    quiet([PROGRAM, "fleet", "recommend", *asked, "measurements"], cwd=place)
    moved = {"left_out": [{"host": "db-1", "why": "it is in another group now"}]}
    (place / "fragments/former.json").write_text(json.dumps(moved))
    commit(place)
    return place


def commit(site: Path) -> None:
    """The fragments as they are."""
    git = ("git", "-C", site / "fragments", "-c", "user.name=x", "-c", "user.email=x@localhost")
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", "fragments")):
        subprocess.run([*git, *arguments], check=True)


def played(
    ansible: Path, site: Path, playbook: str, *options: str, replicas: Sequence[str] = ()
) -> tuple[int, str]:
    """Exit status and words of a playbook for db-1 to db-8, which nothing answers for."""
    hosts = {f"db-{n}": {"fsync_advisor_replica": f"db-{n}" in replicas} for n in range(1, 9)}
    nowhere = {"ansible_host": "127.0.0.1", "ansible_port": 1}
    settings = {"fsync_advisor_command": str(PROGRAM), **nowhere}
    inventory = {"databases": {"hosts": hosts, "vars": settings}, "new": {"hosts": {"db-9": {}}}}
    (site / "inventory").mkdir()
    (site / "inventory/hosts.yml").write_text(yaml.safe_dump(inventory))
    done = subprocess.run(
        [ansible / "ansible-playbook", playbook, *options],
        cwd=site,
        env={**os.environ, "HOME": str(site), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def applied(ansible: Path, site: Path, replicas: Sequence[str], *options: str) -> str:
    """What apply.yml says, which tries to reach one host after another."""
    status, said = played(ansible, site, "apply.yml", *options, replicas=replicas)
    assert status == UNREACHABLE, said
    return said


def tried(said: str) -> list[str]:
    """The hosts that were not reached, or that failed, in that order."""
    return re.findall(r"fatal: \[(.*?)\]", said)


def refused(ansible: Path, site: Path, playbook: str, *options: str) -> str:
    """What a playbook says that ends before any host is touched."""
    status, said = played(ansible, site, playbook, *options)
    assert status == FAILED, said
    assert "UNREACHABLE" not in said
    return said


def test_who_had_no_part_in_the_advice_of_its_group_is_left_out_and_named(
    ansible: Path, site: Path
) -> None:
    said = applied(ansible, site, ["db-2", "db-5", "db-6"])
    assert "db-2: not-durable: tmpfs keeps files in memory" in said
    assert "db-4: it has no result" in said
    assert "db-5: outlier: a sync takes" in said
    assert "db-8: its group was advised without it" in said
    assert '"db-1: ' not in said
    assert tried(said) == ["db-6", "db-1", "db-3", "db-7"]  # the replica of those left comes first


def test_who_is_named_gets_a_fragment_nevertheless(ansible: Path, site: Path) -> None:
    anyway = '{"fsync_advisor_apply_anyway": ["db-5"]}'
    said = applied(ansible, site, ["db-2", "db-5", "db-6"], "-e", anyway)
    assert '"db-5: ' not in said
    assert tried(said)[0] == "db-5"


def test_where_there_are_no_replicas_nothing_is_said_of_them(ansible: Path, site: Path) -> None:
    """And of hosts that were not asked for."""
    said = applied(ansible, site, [], "-e", "fsync_advisor_hosts=db-1:db-2")
    assert "WARNING" not in said
    assert '"db-2: not-durable: ' in said
    assert '"db-4: ' not in said
    assert tried(said) == ["db-1"]


def test_a_host_that_is_in_no_group_gets_no_fragment_and_is_named(
    ansible: Path, site: Path
) -> None:
    said = applied(ansible, site, [], "-e", "fsync_advisor_hosts=databases:new")
    assert "db-9: it is in no group that was advised" in said
    assert tried(said) == ["db-1", "db-3", "db-6", "db-7"]


def test_a_missing_fragment_is_told_before_any_host_is_touched(ansible: Path, site: Path) -> None:
    """db-9's name is given, but none of its groups was advised."""
    asked = {"fsync_advisor_hosts": "databases:new", "fsync_advisor_apply_anyway": ["db-9"]}
    said = refused(ansible, site, "apply.yml", "-e", json.dumps(asked))
    assert tried(said) == ["db-9"]
    assert "needed is the fragment of one of its groups (new); there are none" in said


def test_a_fragment_without_its_advice_is_refused(ansible: Path, site: Path) -> None:
    """Else nothing would keep it from db-2, which is not durable."""
    (site / "fragments/databases.json").unlink()
    commit(site)
    said = refused(ansible, site, "apply.yml")
    assert "without its .json nothing says which hosts each of these is for: databases" in said


def test_nobody_to_apply_to_is_a_failure(ansible: Path, site: Path) -> None:
    said = refused(ansible, site, "apply.yml", "-e", "fsync_advisor_hosts=db-2")
    assert '"db-2: not-durable: ' in said
    assert "no fragment is applied to any host" in said


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_pattern_that_no_host_matches_is_a_failure(
    playbook: str, ansible: Path, site: Path
) -> None:
    said = refused(ansible, site, playbook, "-e", "fsync_advisor_hosts=databses")
    assert "fsync_advisor_hosts: no host of the inventory matches databses" in said


def test_a_program_that_is_not_there_is_named(ansible: Path, site: Path) -> None:
    (site / "fsync-advisor.tar.xz").unlink()
    said = refused(ansible, site, "measure.yml")
    assert "fsync-advisor.tar.xz is not there: README.md says how to build it" in said


def test_git_ignores_no_file_of_a_group(site: Path) -> None:
    """Of a group that is called inventory, too."""
    subprocess.run(["git", "init", "-q", site], check=True)
    names = ("fragments/inventory.json", "inventory.json", "drift/now/db-1.json")
    asked = ["git", "-C", str(site), "check-ignore", *names]
    ignored = subprocess.run(asked, capture_output=True, text=True).stdout.split()
    assert ignored == ["inventory.json", "drift/now/db-1.json"]


def mappings(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in a file: plays, blocks and tasks among them."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, (dict, list)):
            yield from mappings(inner)


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.yml")), ids=lambda path: path.stem)
def test_root_is_for_apply_alone(path: Path) -> None:
    """`become` without an account is root's."""
    read = yaml.safe_load(path.read_text())
    as_root = [each for each in mappings(read) if each.get("become") and "become_user" not in each]
    assert len(as_root) == (path == TEMPLATES / "apply.yml")


def test_the_account_that_measures_is_never_root() -> None:
    known = yaml.safe_load((TEMPLATES / "roles/fsync_advisor/vars/main.yml").read_text())
    servers = known["fsync_advisor_known_servers"]
    assert {name: server["account"] for name, server in servers.items()} == {
        "postgresql": "postgres",
        "mysql": "mysql",
        "mariadb": "mysql",
    }


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.*")), ids=lambda path: path.name)
def test_no_file_has_room_for_a_password(path: Path) -> None:
    if path.is_file() and path.name != "README.md":
        text = path.read_text().lower()
        assert [word for word in ("passw", "secret:", "vault", "token") if word in text] == []


def test_the_playbooks_are_these() -> None:
    assert tuple(sorted(path.name for path in TEMPLATES.glob("*.yml"))) == PLAYBOOKS
