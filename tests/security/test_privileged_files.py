"""Directories opened once, and --output as root, among others who plant what they can."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.attacker import ATTACKER_ID, as_attacker, require_root
from tests.security.races import REPORT, Ground, ground, run


@pytest.fixture
def place() -> Iterator[Ground]:
    require_root()
    with ground() as found:
        yield found


@pytest.fixture
def sticky(place: Ground) -> Path:
    """A folder like /tmp."""
    folder = place.folder / "sticky"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


def write(path: Path) -> tuple[int, str]:
    return run("import", REPORT, "--output", path, "--force")


# Point 6: what stands in the new file's place


@pytest.mark.parametrize(
    ("old", "new"), [(0o4777, 0o644), (0o2775, 0o644), (0o666, 0o644), (0o600, 0o600)]
)
def test_roots_file_is_not_wider_than_somebodys_old_one_nor_than_roots_own(
    sticky: Path, old: int, new: int
) -> None:
    product = sticky / "product"

    def plant() -> None:
        product.write_text("planted\n")
        product.chmod(old)

    as_attacker(plant)
    before = os.umask(0o022)
    try:
        status, said = write(product)
    finally:
        os.umask(before)
    assert status == 0, said
    found = product.lstat()
    assert (found.st_uid, found.st_gid, found.st_mode) == (0, 0, stat.S_IFREG | new)


@pytest.mark.parametrize("kind", ["device", "pipe", "socket", "link", "dangling link"])
def test_what_is_no_regular_file_is_refused_and_stays(sticky: Path, kind: str) -> None:
    node, target = sticky / "node", sticky / "target"
    target.write_text("untouched\n")
    match kind:
        case "device":
            os.mknod(node, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        case "pipe":
            as_attacker(lambda: os.mkfifo(node))
        case "socket":
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(node))
        case "link":
            as_attacker(lambda: node.symlink_to(target))
        case "dangling link":
            as_attacker(lambda: node.symlink_to(sticky / "nowhere"))
    before = node.lstat()
    status, said = write(node)
    assert status == 2
    assert f"{node} is " in said
    after = node.lstat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert target.read_text() == "untouched\n"
    assert sorted(os.listdir(sticky)) == ["node", "target"]


# Where --output leads to


def test_somebodys_link_on_the_way_is_refused(place: Ground) -> None:
    link = place.theirs / "out"
    as_attacker(lambda: link.symlink_to(place.roots))
    status, said = write(link / "product")
    assert status == 1
    assert f"{link} is a symbolic link, and user {ATTACKER_ID} can make it lead anywhere" in said
    assert os.listdir(place.roots) == []


def test_roots_link_in_somebodys_folder_is_refused(place: Ground) -> None:
    """Who owns the folder can exchange it."""
    link = place.theirs / "out"
    link.symlink_to(place.roots)
    status, said = write(link / "product")
    assert status == 1
    assert f"{link} is a symbolic link, and user {ATTACKER_ID} can make it lead anywhere" in said


def test_a_folder_that_a_group_may_write_is_refused(place: Ground) -> None:
    folder = place.folder / "shared"
    folder.mkdir()
    os.chown(folder, 0, ATTACKER_ID)
    folder.chmod(0o2775)
    status, said = write(folder / "product")
    assert status == 1
    assert f"{folder} can be written by group 61234, not by root alone" in said


def test_a_group_that_nobody_else_is_in_is_as_good_as_none(place: Ground) -> None:
    """What a user makes with umask 002."""
    folder = place.folder / "own"
    folder.mkdir()
    folder.chmod(0o2775)
    status, said = write(folder / "product")
    assert status == 0, said


def test_in_somebodys_folder_the_file_is_theirs(place: Ground) -> None:
    status, said = write(place.theirs / "product")
    assert status == 0, said
    assert (place.theirs / "product").lstat().st_uid == ATTACKER_ID


def test_somebodys_draft_is_left_and_our_own_is_swept(sticky: Path) -> None:
    theirs, ours = (sticky / f".product.{name}.draft" for name in ("theirs", "ours"))
    as_attacker(lambda: theirs.write_text(""))
    ours.write_text("half of")
    assert write(sticky / "product")[0] == 0
    assert sorted(os.listdir(sticky)) == [theirs.name, "product"]


def test_root_waits_for_no_pipe_of_another_account(place: Ground) -> None:
    theirs = place.theirs / "my.cnf"
    as_attacker(lambda: os.mkfifo(theirs))
    own = place.folder / "own.cnf"
    os.mkfifo(own)
    command = [sys.executable, "-m", "advisor", "audit", "--db", "mysql", "--db-version", "9.7"]
    done = subprocess.run(
        [*command, "--config", theirs], capture_output=True, text=True, timeout=60
    )
    assert f"{theirs} is not a regular file and was not read" in done.stderr
    waiting = subprocess.Popen([*command, "--config", own], stdout=subprocess.PIPE, text=True)
    own.write_text("[mysqld]\nsync_binlog = 5\n")  # which waits for the reader
    assert "sync_binlog = 5" in waiting.communicate(timeout=60)[0]
