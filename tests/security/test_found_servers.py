"""What a server's process, its folders and its configuration may make root do, where root looks for
servers by itself."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from advisor.instance import RunningServer
from advisor.servers.installed import find_instances
from tests.security.attacker import ATTACKER_ID, require_root
from tests.security.races import Ground, ground

SYSTEM_ID = 990
"""Of an account such as packages make."""


@pytest.fixture
def place() -> Iterator[Ground]:
    require_root()
    with ground() as found:
        yield found


def data_of(folder: Path, user_id: int, mode: int = 0o700) -> Path:
    data = folder / f"data-{user_id}"
    data.mkdir(mode=mode)
    (data / "PG_VERSION").write_text("15\n")
    (data / "postgresql.conf").write_text("port = 5433\n")
    for path in (*data.iterdir(), data):
        os.chown(path, user_id, user_id)
    data.chmod(mode)
    return data


def doubts(*running: RunningServer) -> list[str]:
    return [each.doubt for each in find_instances(running, root=Path("/nonexistent"))]


def test_only_what_a_system_account_owns_is_taken_unasked(place: Ground) -> None:
    own = data_of(place.folder, SYSTEM_ID)
    theirs = data_of(place.folder, ATTACKER_ID)
    assert doubts(RunningServer("postgres", own, user_id=SYSTEM_ID)) == [""]
    (doubt,) = doubts(RunningServer("postgres", theirs, user_id=ATTACKER_ID))
    assert doubt.startswith("it belongs to ")


def test_a_folder_that_others_may_exchange_is_not_taken_unasked(place: Ground) -> None:
    own = data_of(place.folder, SYSTEM_ID, 0o777)
    (doubt,) = doubts(RunningServer("postgres", own, user_id=SYSTEM_ID))
    assert "can be written by everybody" in doubt
    (place.folder / "link").symlink_to(own)
    os.lchown(place.folder / "link", ATTACKER_ID, ATTACKER_ID)
    (doubt,) = doubts(RunningServer("postgres", place.folder / "link", user_id=SYSTEM_ID))
    assert "is a symbolic link" in doubt


def test_a_configuration_that_the_servers_account_cannot_read_is_not_read(place: Ground) -> None:
    """A command line names what it likes."""
    own = data_of(place.folder, SYSTEM_ID)
    secret = place.folder / "secret.conf"
    secret.write_text("data_directory = '/root'\n")
    secret.chmod(0o600)
    arguments = ("-D", str(own), "-c", f"config_file={secret}")
    process = RunningServer("postgres", own, arguments, SYSTEM_ID)
    (found,) = find_instances([process], root=Path("/nonexistent"))
    assert (found.main, found.version[:1], found.doubt) == ((), (15,), "")
    secret.chmod(0o644)
    (found,) = find_instances([process], root=Path("/nonexistent"))
    assert found.main == (secret,)


def test_no_program_of_a_process_is_started(place: Ground) -> None:
    """Root runs what packages have installed, and nothing that a process says it is."""
    own = data_of(place.folder, SYSTEM_ID)
    program, mark = place.folder / "postgres", place.folder / "mark"
    program.write_text(f"#!/bin/sh\ntouch {mark}\necho 'postgres (PostgreSQL) 15.9'\n")
    program.chmod(0o755)
    process = RunningServer("postgres", own, (str(program), "-D", str(own)), SYSTEM_ID)
    (found,) = find_instances([process], root=place.folder)
    assert found.program != program
    assert not mark.exists()
