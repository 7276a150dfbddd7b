"""The files of `fleet init --ansible`, as ansible-lint and Ansible read them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.fleet.provision import pieces, why_not
from tests.servers.fetching import UnavailableError
from tests.support.faults import missing
from tests.support.paths import CHECKOUT

TEMPLATES: Final = CHECKOUT / "templates/fleet/ansible"
PROGRAM: Final = Path(sys.executable).with_name("fsync-advisor")
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
