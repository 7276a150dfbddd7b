"""apply as root in the folder of an account that is hostile: what is planted there, and when.

The races are in races.py; here each attack is made at the moment that suits it best.
"""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.attacker import (
    ATTACKER_ID,
    BYSTANDER_ID,
    as_attacker,
    attacking,
    require_root,
)
from tests.security.races import NAME, OURS, RACES, RESULTS, SECRET, Ground, ground, raced, run
from tests.support.terminal import at_a_terminal, until_it_asks

TRIES_HERE = 50
ROUNDS = 20
"""Of so many tries, on a machine where the attacker is always in time."""


@pytest.fixture
def place() -> Iterator[Ground]:
    require_root()
    with ground() as found:
        yield found


def fragment(place: Ground, text: str = OURS) -> Path:
    path = place.folder / "fragment.cnf"
    path.write_text(text)
    return path


def refused(answer: tuple[int, str]) -> str:
    status, said = answer
    assert status in (1, 2), said
    assert "Traceback" not in said
    assert len([line for line in said.splitlines() if "error" in line or "fault" in line]) <= 1
    return said


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


# Point 1: the folder


def test_a_folder_that_is_a_link_of_the_accounts_is_refused(place: Ground) -> None:
    """Root would make a file for it in a folder where only root may write."""
    link = place.theirs / "link.d"
    as_attacker(lambda: link.symlink_to(place.roots))
    said = refused(place.apply(fragment(place), "--yes", "--force", to=link))
    assert f"{link} is a symbolic link, and user {ATTACKER_ID} can make it lead anywhere" in said
    assert names(place.roots) == []


def test_a_folder_that_is_reached_by_such_a_link_is_refused(place: Ground) -> None:
    (place.roots / "conf.d").mkdir()
    link = place.theirs / "link"
    as_attacker(lambda: link.symlink_to(place.roots))
    said = refused(place.apply(fragment(place), "--yes", "--force", to=link / "conf.d"))
    assert f"{link} is a symbolic link, and" in said
    assert names(place.roots / "conf.d") == []


def test_a_folder_of_roots_below_the_accounts_is_refused(place: Ground) -> None:
    """The account may put another one of root's in its place."""
    below = place.theirs / "roots"
    below.mkdir()
    (place.folder / "my.cnf").write_text(f"[mysqld]\n!includedir {below}\n")
    answer = run(
        *("apply", fragment(place), "--db", "mysql", "--unchecked", "--yes", "--to", below),
        *("--config", place.folder / "my.cnf"),
    )
    said = refused(answer)
    assert f"{place.theirs} belongs to user {ATTACKER_ID}, who could exchange {below}" in said
    assert names(below) == []


@pytest.mark.parametrize(
    ("mode", "who"), [(0o777, "everybody"), (0o775, "group 61234"), (0o1777, "everybody")]
)
def test_a_folder_that_others_may_write_is_refused(place: Ground, mode: int, who: str) -> None:
    folder = place.folder / "open.d"
    folder.mkdir()
    os.chown(folder, 0, ATTACKER_ID)
    folder.chmod(mode)
    said = refused(place.apply(fragment(place), "--yes", "--force", to=folder))
    assert f"{folder} can be written by {who}" in said
    assert "not by root alone" in said
    assert names(folder) == []


def test_roots_own_link_is_followed(place: Ground) -> None:
    """As Debian's /etc/mysql/my.cnf, and /var/run."""
    (place.roots / "conf.d").mkdir(mode=0o755)
    link = place.folder / "link"
    link.symlink_to("roots/conf.d")
    (place.folder / "my.cnf").write_text(f"[mysqld]\n!includedir {link}\n")
    status, said = run(
        *("apply", fragment(place), "--db", "mysql", "--unchecked", "--yes", "--to", link),
        *("--config", place.folder / "my.cnf"),
    )
    assert status == 0, said
    assert names(place.roots / "conf.d") == [NAME]


def asked(place: Ground, *, before_the_answer: str) -> tuple[int, str]:
    """apply at a terminal; the attacker acts while it waits for the answer, which is yes."""
    command = ["apply", fragment(place), "--db", "mysql", "--unchecked"]
    command += ["--to", place.conf_d, "--config", place.main()]
    with at_a_terminal(list(map(str, command))) as (process, terminal):
        said = until_it_asks(process)
        folder, moved = place.conf_d, place.theirs / "moved"

        def attack() -> None:
            folder.rename(moved)
            if before_the_answer == "link":
                folder.symlink_to(place.roots)
            elif before_the_answer == "folder":
                folder.mkdir()

        as_attacker(attack)
        os.write(terminal, b"y\n")
        said += process.communicate()[1]
    return process.returncode, said


@pytest.mark.parametrize("what", ["link", "folder", "nothing"])
def test_a_folder_that_is_exchanged_while_it_asks_is_not_followed(place: Ground, what: str) -> None:
    said = refused(asked(place, before_the_answer=what))
    assert f"{place.conf_d} was exchanged meanwhile; nothing was written" in said
    assert names(place.roots) == []
    assert names(place.theirs / "moved") == []
    assert what == "nothing" or names(place.conf_d) == []


def test_what_is_written_in_the_accounts_folder_is_the_accounts(place: Ground) -> None:
    """All is done with its rights, and so nothing that it could not have done."""
    status, said = place.apply(fragment(place), "--yes")
    assert status == 0, said
    found = (place.conf_d / NAME).lstat()
    assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (ATTACKER_ID, 0o644)
    assert place.apply(fragment(place, f"{OURS}# more\nport = 1\n"), "--yes")[0] == 0
    assert {(place.conf_d / name).lstat().st_uid for name in names(place.conf_d)} == {ATTACKER_ID}
    assert (os.geteuid(), os.getegid()) == (0, 0)


def test_what_the_account_may_not_write_root_does_not_write_for_it(place: Ground) -> None:
    place.conf_d.chmod(0o555)
    said = refused(place.apply(fragment(place), "--yes"))
    assert f"{place.conf_d / NAME} cannot be written: Permission denied" in said
    assert names(place.conf_d) == []


def test_a_configuration_of_the_accounts_does_not_choose_a_folder_of_roots(place: Ground) -> None:
    main = place.theirs / "my.cnf"
    as_attacker(lambda: main.write_text(f"[mysqld]\n!includedir {place.roots}\n"))
    command = ("apply", fragment(place), "--db", "mysql", "--unchecked", "--yes", "--config", main)
    said = refused(run(*command))
    assert f"{main} belongs to user {ATTACKER_ID}, and includes {place.roots}" in said
    assert names(place.roots) == []
    assert run(*command, "--to", place.roots)[0] == 0  # somebody has said so


# Point 12: what --undo takes, what may hang, who can hold it up


def planted(place: Ground, name: str, kind: str) -> Path:
    """Something of the attacker's in its own folder."""
    path = place.conf_d / name

    def plant() -> None:
        if kind == "link":
            path.symlink_to(place.secret)
        elif kind == "pipe":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()

    as_attacker(plant)
    return path


KINDS = {"link": "a symbolic link", "pipe": "a named pipe", "folder": "a directory"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_backup_is_neither_shown_nor_put_back(place: Ground, kind: str) -> None:
    as_attacker(lambda: (place.conf_d / NAME).write_text(OURS))
    path = planted(place, f"{NAME}.before-9", kind)
    said = refused(place.apply("--undo", "--diff", "--yes"))
    assert f"{path} is {KINDS[kind]}, not a regular file" in said
    assert SECRET not in said
    assert (place.conf_d / NAME).read_text() == OURS
    assert names(place.conf_d) == [NAME, f"{NAME}.before-9"]


@pytest.mark.parametrize("folder", ["roots", "theirs"])
def test_a_backup_of_somebody_elses_is_not_put_back(place: Ground, folder: str) -> None:
    here = place.roots if folder == "roots" else place.conf_d
    (here / NAME).write_text(OURS)
    backup = here / f"{NAME}.before-9"
    backup.write_text(f"{OURS}# {SECRET}\n")
    os.chown(backup, BYSTANDER_ID, BYSTANDER_ID)
    (place.folder / "my.cnf").write_text(f"[mysqld]\n!includedir {here}\n")
    answer = run(
        *("apply", "--undo", "--db", "mysql", "--yes", "--diff", "--to", here),
        *("--config", place.folder / "my.cnf"),
    )
    said = refused(answer)
    assert f"{backup} belongs to user {BYSTANDER_ID}" in said
    assert SECRET not in said
    assert (here / NAME).read_text() == OURS


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_in_our_files_place_does_not_hang(place: Ground, kind: str) -> None:
    path = planted(place, NAME, kind)
    for what in (
        (fragment(place), "--yes"),
        ("--undo", "--diff", "--yes"),
        ("--undo", "--dry-run"),
    ):
        said = refused(place.apply(*what))
        assert str(path) in said
        assert SECRET not in said
    assert names(place.conf_d) == [NAME]


def test_a_main_configuration_that_is_a_pipe_does_not_hang(place: Ground) -> None:
    main = place.theirs / "my.cnf"
    as_attacker(lambda: os.mkfifo(main))
    answer = run(
        *("apply", fragment(place), "--db", "mysql", "--unchecked", "--yes"),
        *("--to", place.conf_d, "--config", main),
    )
    assert f"{main} is not a regular file" in refused(answer)


def test_who_may_only_read_the_folder_does_not_hold_it_up(place: Ground) -> None:
    """A lock of the folder itself is anybody's who can open it."""
    import fcntl

    held: list[int] = []

    def hold() -> None:
        if not held:
            held.append(os.open(place.conf_d, os.O_RDONLY))
            fcntl.flock(held[0], fcntl.LOCK_EX)
        for name in os.listdir(place.conf_d):
            fcntl.flock(os.open(place.conf_d / name, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)

    with attacking(hold, BYSTANDER_ID):
        for number in range(5):
            text = f"{OURS}innodb_io_capacity_max = {5000 + number}\n"
            status, said = place.apply(fragment(place, text), "--yes")
            assert status == 0, said
    assert ".fsync-advisor.lock" not in names(place.conf_d)


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "open"])
def test_a_planted_lock_is_said(place: Ground, kind: str) -> None:
    path = planted(place, ".fsync-advisor.lock", kind)
    if kind == "open":
        as_attacker(lambda: path.write_text(""))
    said = refused(place.apply(fragment(place), "--yes"))
    assert str(path) in said
    assert "can be held by others" in said if kind == "open" else KINDS[kind] in said
    assert place.secret.read_text() == f"{SECRET}\n"


# The races


@pytest.mark.quiet
@pytest.mark.parametrize("name", RACES)
def test_no_race_is_won(name: str) -> None:
    """Until root's command has done at least once what the attacker wants to bend."""
    require_root()
    for _ in range(ROUNDS):
        found = raced(name, TRIES_HERE)
        assert (found.tries, found.won) == (TRIES_HERE, {})
        if found.done > 0:
            return
    pytest.fail("nothing was at stake")


def test_the_stored_result_is_of_all_races_and_none_was_won() -> None:
    stored = json.loads(RESULTS.read_text())
    assert stored.keys() == RACES.keys()
    assert {(race["tries"], len(race["won"])) for race in stored.values()} == {(1000, 0)}
    assert all(race["done"] > 0 for race in stored.values())
