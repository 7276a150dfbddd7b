"""Test files have no name, touch nothing that exists, and end with their scratch."""

import errno
import os
import stat
from pathlib import Path

import pytest

from advisor.errors import AdvisorError
from advisor.probe.scratch import Scratch


def open_files() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def test_a_test_file_is_private_regular_empty_and_nameless(tmp_path: Path) -> None:
    with Scratch(tmp_path) as scratch:
        made = os.fstat(scratch.create())
        assert os.listdir(tmp_path) == []
    assert stat.S_ISREG(made.st_mode)
    assert stat.S_IMODE(made.st_mode) == 0o600
    assert made.st_nlink == 0
    assert made.st_size == 0
    assert made.st_dev == tmp_path.stat().st_dev


def test_a_test_file_without_tmpfile_is_private_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "O_TMPFILE", os.O_DIRECTORY)  # as on kernels before 3.11: EISDIR
    with Scratch(tmp_path) as scratch:
        made = os.fstat(scratch.create())
        assert os.listdir(tmp_path) == []
    assert (stat.S_IMODE(made.st_mode), made.st_nlink, made.st_size) == (0o600, 0, 0)


def test_neither_names_nor_descriptors_remain(tmp_path: Path) -> None:
    before = open_files()
    with Scratch(tmp_path) as scratch:
        fd = scratch.create()
        scratch.reopen(fd, os.O_DSYNC)
    assert open_files() == before
    assert os.listdir(tmp_path) == []


def test_a_second_descriptor_writes_to_the_same_file(tmp_path: Path) -> None:
    with Scratch(tmp_path) as scratch:
        fd = scratch.create()
        os.pwrite(scratch.reopen(fd, os.O_DSYNC), b"same", 0)
        assert os.pread(fd, 4, 0) == b"same"


def test_the_fallback_does_not_follow_or_open_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "O_TMPFILE", os.O_DIRECTORY)
    monkeypatch.setattr("secrets.token_hex", lambda count: "guessed")
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "sync").write_bytes(b"precious")
    (tmp_path / ".fsync-advisor-guessed").symlink_to(precious)
    with Scratch(tmp_path) as scratch, pytest.raises(AdvisorError, match="EEXIST"):
        scratch.create()
    assert (precious / "sync").read_bytes() == b"precious"
    assert (tmp_path / ".fsync-advisor-guessed").is_symlink()


def test_a_failure_in_the_fallback_leaves_no_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "O_TMPFILE", os.O_DIRECTORY)
    monkeypatch.setattr(os, "O_NOFOLLOW", os.O_NOFOLLOW | os.O_TMPFILE | os.O_PATH)
    with Scratch(tmp_path) as scratch, pytest.raises(AdvisorError):
        scratch.create()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("filesystem", ["btrfs", "zfs"])
def test_a_file_that_is_not_synced_without_a_name_keeps_it_until_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filesystem: str
) -> None:
    monkeypatch.setattr(Scratch, "_filesystem", lambda _: filesystem)
    before = open_files()

    def fill() -> None:
        with Scratch(tmp_path) as scratch:
            files = [os.fstat(scratch.create()) for _ in range(2)]
            assert [(stat.S_IMODE(made.st_mode), made.st_nlink) for made in files] == [
                (0o600, 1)
            ] * 2
            names = os.listdir(tmp_path)
            assert len(names) == 2
            assert all(name.startswith(".fsync-advisor-") for name in names)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill()
    assert os.listdir(tmp_path) == []
    assert open_files() == before


def test_files_of_a_killed_run_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scratch, "_filesystem", lambda _: "btrfs")
    (tmp_path / ".fsync-advisor-0123456789abcdef").write_bytes(b"x" * 3000)
    (tmp_path / ".fsync-advisor-0123456789abcdee").write_bytes(b"x" * 96)
    (tmp_path / ".fsync-advisor-notes").write_bytes(b"not ours")
    (tmp_path / ".fsync-advisor-00000000000000aa").mkdir()
    (tmp_path / ".fsync-advisor-00000000000000aa/file").write_bytes(b"x" * 4000)
    (tmp_path / ".fsync-advisor-00000000000000ab").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / ".fsync-advisor-00000000000000ac")
    with Scratch(tmp_path) as going_on, Scratch(tmp_path) as scratch:
        going_on.create()
        going_on.create_directory(())
        assert scratch.left_behind() == (3, 7096)
    assert len(os.listdir(tmp_path)) == 6


def test_a_directory_goes_with_its_files(tmp_path: Path) -> None:
    before = open_files()

    def fill() -> None:
        with Scratch(tmp_path) as scratch:
            fd = scratch.create_directory(("old", "new"))
            assert stat.S_IMODE(os.fstat(fd).st_mode) == 0o700
            for name in ("new", "old"):
                os.close(os.open(name, os.O_CREAT | os.O_WRONLY, dir_fd=fd))
            (name,) = os.listdir(tmp_path)
            assert name.startswith(".fsync-advisor-")
            assert sorted(os.listdir(tmp_path / name)) == ["new", "old"]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill()
    assert os.listdir(tmp_path) == []
    assert open_files() == before


def test_a_directory_that_somebody_removed_is_not_missed(tmp_path: Path) -> None:
    with Scratch(tmp_path) as scratch:
        scratch.create_directory(("old", "new"))
        (name,) = os.listdir(tmp_path)
        (tmp_path / name).rmdir()


def test_a_directory_that_cannot_be_removed_is_for_the_next_run_to_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "no")

    with Scratch(tmp_path) as scratch:
        fd = scratch.create_directory(("old", "new"))
        os.close(os.open("old", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
        monkeypatch.setattr(os, "unlink", refused)
        monkeypatch.setattr(os, "rmdir", refused)
    with Scratch(tmp_path) as scratch:
        assert scratch.left_behind() == (1, 0)


def test_a_directory_that_is_somebody_elses_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was put in the place of ours between two calls."""
    mkdir = os.mkdir

    def and_put_something_there(name: str, mode: int, *, dir_fd: int) -> None:
        mkdir(name, mode, dir_fd=dir_fd)
        (tmp_path / name / "precious").write_bytes(b"precious")

    monkeypatch.setattr(os, "mkdir", and_put_something_there)
    monkeypatch.setattr("advisor.probe.scratch.REMOVED_WITHIN_S", 0)
    with pytest.raises(AdvisorError, match="is not empty"), Scratch(tmp_path) as scratch:
        scratch.create_directory(("precious",))
    (left,) = tmp_path.glob("*/precious")
    assert left.read_bytes() == b"precious"


def test_a_named_file_that_somebody_removed_is_not_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scratch, "_filesystem", lambda _: "zfs")
    with Scratch(tmp_path) as scratch:
        scratch.create()
        (name,) = os.listdir(tmp_path)
        (tmp_path / name).unlink()


def test_a_file_on_another_device_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Scratch(tmp_path) as scratch:
        monkeypatch.setattr(scratch, "_device", os.makedev(250, 7))
        with pytest.raises(AdvisorError, match=r"is on another device .*the directory on 250:7"):
            scratch.create()


def test_space_is_asked_for_twice_over_and_with_a_reserve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Scratch(tmp_path) as scratch:
        monkeypatch.setattr(scratch, "free_bytes", lambda: 25 << 20)
        scratch.require_free(planned_bytes=10 << 20, reserve_bytes=5 << 20)
        with pytest.raises(AdvisorError, match="25 MiB free, 26 MiB needed"):
            scratch.require_free(planned_bytes=10 << 20, reserve_bytes=(5 << 20) + 1)


def test_unknown_space_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Scratch(tmp_path) as scratch:
        monkeypatch.setattr(scratch, "free_bytes", lambda: None)
        scratch.require_free(planned_bytes=1 << 60, reserve_bytes=0)
