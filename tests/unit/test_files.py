"""The safe writer and the reader: what they refuse, and that a failure leaves nothing behind."""

import errno
import fcntl
import io
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from advisor import directory, files, output_files
from advisor.effective_user import Account, acting_as
from advisor.errors import AdvisorError, UsageError
from advisor.files import is_directory, read_text
from advisor.output_files import check_writable, write_text
from tests.support.faults import missing

# Run by somebody without privileges: in the folder argv[1], argv[2] the operation on path argv[3].
UNPRIVILEGED = """
import os, sys
from pathlib import Path
from advisor import directory, files, output_files
from advisor.effective_user import Account, acting_as
from advisor.errors import AdvisorError
os.chdir(sys.argv[1])
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
path = Path(sys.argv[3])
try:
    if sys.argv[2] == "read":
        files.read_text(path)
    elif sys.argv[2] == "check":
        output_files.check_writable(path, force=False)
    else:
        output_files.write_text(path, "x", force=True)
except AdvisorError as error:
    print(f"{type(error).__name__}: {error.message}")
"""


def unprivileged(folder: Path, operation: str, path: str) -> str:
    """What an operation says to somebody without privileges; empty when it succeeds."""
    command = [sys.executable, "-c", UNPRIVILEGED, str(folder), operation, path]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def failing(number: int) -> Any:
    def fail(*_: object, **__: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return fail


# Looking


def test_only_what_can_be_looked_at_is_a_directory(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert is_directory(tmp_path)
    no_directories = [file, loop, tmp_path / "none", tmp_path / ("x" * 300)]
    assert not any(is_directory(path) for path in no_directories)


# Reading


def test_reading_what_is_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    with pytest.raises(AdvisorError) as refusal:
        read_text(path)
    assert refusal.value.message == f"{path} cannot be read: No such file or directory"


def test_reading_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AdvisorError, match="cannot be read: Is a directory"):
        read_text(tmp_path)


def test_reading_what_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "drive.json"
    path.write_bytes(b"abc\xff")
    with pytest.raises(AdvisorError) as refusal:
        read_text(path)
    assert refusal.value.message == f"{path} is not text: byte 3 is not UTF-8"


def test_reading_without_permission_is_refused(tmp_path: Path) -> None:
    (tmp_path / "drive.json").write_text("{}")
    (tmp_path / "drive.json").chmod(0)
    assert unprivileged(tmp_path, "read", "drive.json") == (
        "AdvisorError: drive.json cannot be read: Permission denied"
    )


def test_reading_more_than_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_INPUT_BYTES", 4)
    path = tmp_path / "drive.json"
    path.write_text("12345")
    with pytest.raises(AdvisorError, match="is larger than 4 bytes"):
        read_text(path)
    path.write_text("1234")
    assert read_text(path) == "1234"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"12345")))
    with pytest.raises(AdvisorError, match=r"^standard input is larger than 4 bytes"):
        read_text(Path("-"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"1234")))
    assert read_text(Path("-")) == "1234"


def test_standard_input_is_read_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("µs".encode())))
    assert read_text(Path("-")) == "µs"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff")))
    with pytest.raises(AdvisorError, match=r"^standard input is not text: byte 0"):
        read_text(Path("-"))


# Refusing to write, early


def test_an_existing_file_is_not_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "zz.cnf"
    path.write_text("old")
    for refused in (check_writable, lambda path, force: write_text(path, "new", force=force)):
        with pytest.raises(UsageError) as refusal:
            refused(path, force=False)
        assert refusal.value.message == f"{path} exists already"
        assert "--force" in refusal.value.hint
    assert path.read_text() == "old"
    check_writable(path, force=True)


def test_a_directory_is_never_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(UsageError, match="is a directory"):
        write_text(folder, "new", force=True)
    assert names_in(tmp_path) == ["folder"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none" / "zz.cnf"
    with pytest.raises(AdvisorError) as refusal:
        check_writable(path, force=False)
    assert refusal.value.message == (
        f"{path} cannot be written: {tmp_path / 'none'} does not exist"
    )


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "zz.cnf"
    with pytest.raises(AdvisorError) as refusal:
        check_writable(path, force=False)
    assert refusal.value.message == (
        f"{path} cannot be written: {tmp_path / 'file'} is not a directory"
    )


@pytest.mark.parametrize("operation", ["check", "write"])
def test_a_folder_without_permission_is_named(tmp_path: Path, operation: str) -> None:
    tmp_path.chmod(0o555)
    assert unprivileged(tmp_path, operation, "zz.cnf") == (
        "AdvisorError: zz.cnf cannot be written: . is not writable"
    )
    assert names_in(tmp_path) == []


# Path.is_dir() raises PermissionError where the folder cannot even be searched.
@pytest.mark.parametrize("operation", ["check", "write"])
def test_a_folder_that_cannot_be_searched_is_an_error_and_not_a_crash(
    tmp_path: Path, operation: str
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    assert unprivileged(tmp_path, operation, "closed/zz.cnf") == (
        "AdvisorError: closed/zz.cnf cannot be written: Permission denied"
    )


def test_a_name_that_is_too_long_is_an_error_and_not_a_crash(tmp_path: Path) -> None:
    with pytest.raises(AdvisorError, match="cannot be written: File name too long"):
        check_writable(tmp_path / ("x" * 300), force=False)


def test_no_file_and_standard_output_are_always_writable() -> None:
    check_writable(None, force=False)
    check_writable(Path("-"), force=False)


# Writing


def test_a_new_file_holds_the_text_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "zz.cnf"
    write_text(path, "8 µs\n")
    assert path.read_bytes() == b"8 \xc2\xb5s\n"
    assert names_in(tmp_path) == ["zz.cnf"]


def test_standard_output_gets_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    write_text(Path("-"), "text\n")
    assert capsys.readouterr().out == "text\n"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_what_the_umask_leaves(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        write_text(tmp_path / "zz.cnf", "")
        left = os.umask(umask)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "zz.cnf").stat().st_mode) == mode
    assert left == umask


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (0o600, 0o600),
        (0o640, 0o640),
        (0o664, 0o664),
        (0o755, 0o644),
        (0o666, 0o664),
        (0o4777, 0o664),
        (0o2755, 0o644),
        (0o1777, 0o664),
    ],
)
def test_a_replaced_file_keeps_who_may_read_it_and_nothing_more(
    tmp_path: Path, old: int, new: int
) -> None:
    path = tmp_path / "a.cnf"
    path.write_text("old\n")
    path.chmod(old)
    write_text(path, "new\n", force=True)
    assert path.read_text() == "new\n"
    assert stat.S_IMODE(path.stat().st_mode) == new


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("link", "is a symbolic link"),
        ("dangling link", "is a symbolic link"),
        ("pipe", "is a named pipe"),
        ("device", "is not a regular file"),
        ("socket", "is not a regular file"),
        ("directory", "is a directory"),
    ],
)
def test_what_is_no_regular_file_stays(tmp_path: Path, kind: str, said: str, force: bool) -> None:
    path, other = tmp_path / "node", tmp_path / "other"
    other.write_text("untouched\n")
    match kind:
        case "link":
            path.symlink_to(other)
        case "dangling link":
            path.symlink_to(tmp_path / "nowhere")
        case "pipe":
            os.mkfifo(path)
        case "device":
            os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        case "socket":
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(path))
        case "directory":
            path.mkdir()
    before = path.lstat()
    with pytest.raises(UsageError) as refusal:
        write_text(path, "new\n", force=force)
    assert refusal.value.message == f"{path} {said}"
    after = path.lstat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert other.read_text() == "untouched\n"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["node", "other"]


def test_a_reader_of_the_old_file_keeps_the_old_text(tmp_path: Path) -> None:
    path = tmp_path / "zz.cnf"
    path.write_text("old")
    with path.open() as reader:
        write_text(path, "new", force=True)
        assert reader.read() == "old"


def test_a_file_that_appears_meanwhile_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "zz.cnf"
    path.write_text("somebody else's")
    monkeypatch.setattr(output_files, "check_writable", lambda path, *, force: None)
    with pytest.raises(UsageError, match="exists already"):
        write_text(path, "new")
    assert path.read_text() == "somebody else's"
    assert names_in(tmp_path) == ["zz.cnf"]


@pytest.mark.parametrize("force", [False, True])
def test_the_text_is_on_the_drive_before_the_name_is_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    path = tmp_path / "zz.cnf"
    if force:
        path.write_text("old")
    seen: list[tuple[str, str]] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        seen.append((kind, path.read_text() if path.exists() else ""))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    write_text(path, "new", force=force)
    assert seen == [("file", "old" if force else ""), ("folder", "new")]


@pytest.mark.parametrize(
    ("operation", "force"), [("fsync", True), ("fsync", False), ("fchmod", True), ("link", False)]
)
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operation: str, force: bool
) -> None:
    path = tmp_path / "zz.cnf"
    if force:
        path.write_text("old")
    monkeypatch.setattr(os, operation, failing(errno.EIO))
    with pytest.raises(AdvisorError) as refusal:
        write_text(path, "new", force=force)
    assert refusal.value.message == f"{path} cannot be written: Input/output error"
    assert names_in(tmp_path) == (["zz.cnf"] if force else [])
    if force:
        assert path.read_text() == "old"


@pytest.mark.parametrize("taken", [False, True])
def test_a_file_system_without_hard_links_serves_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    """As vfat answers; every other test here has a file system with hard links."""
    path = tmp_path / "zz.cnf"

    def no_hard_links(*_: object, **__: object) -> None:
        if taken:
            path.write_text("somebody else's")  # in the last moment
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_hard_links)
    if taken:
        with pytest.raises(UsageError):
            write_text(path, "ours")
    else:
        write_text(path, "ours")
    assert path.read_text() == ("somebody else's" if taken else "ours")
    assert names_in(tmp_path) == ["zz.cnf"]


def test_an_interruption_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: int) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_text(tmp_path / "zz.cnf", "new")
    assert names_in(tmp_path) == []


def without_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a file system that cannot rename without replacing, either: sshfs, 9p."""
    monkeypatch.setattr(os, "link", failing(errno.EPERM))
    monkeypatch.setattr(directory, "_rename_without_replacing", failing(errno.EINVAL))


def test_without_hard_links_a_new_file_is_whole_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_hard_links(monkeypatch)
    write_text(tmp_path / "zz.cnf", "new")
    assert (tmp_path / "zz.cnf").read_text() == "new"
    with pytest.raises(UsageError, match="exists already"):
        write_text(tmp_path / "zz.cnf", "newer")
    assert names_in(tmp_path) == ["zz.cnf"]


def test_without_hard_links_a_failing_rename_leaves_no_empty_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_hard_links(monkeypatch)
    monkeypatch.setattr(os, "rename", failing(errno.EIO))
    with pytest.raises(AdvisorError, match="cannot be written: Input/output error"):
        write_text(tmp_path / "zz.cnf", "new")
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("force", [False, True])
def test_a_directory_that_cannot_be_synced_is_said_of_a_file_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    path = tmp_path / "zz.cnf"
    if force:
        path.write_text("old")
    fsync = os.fsync

    def fails_for_directories(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fails_for_directories)
    with pytest.raises(AdvisorError) as refusal:
        write_text(path, "new", force=force)
    assert refusal.value.message == (
        f"{path} was written, but may not survive a power loss: syncing {tmp_path} failed:"
        " Input/output error"
    )
    assert path.read_text() == "new"
    assert names_in(tmp_path) == ["zz.cnf"]


def test_a_draft_that_was_left_is_swept_and_one_that_is_written_is_not(tmp_path: Path) -> None:
    left, written = (tmp_path / f".zz.cnf.{name}.draft" for name in ("left", "written"))
    left.write_text("half of")
    with written.open("w") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        write_text(tmp_path / "zz.cnf", "new")
        assert names_in(tmp_path) == [written.name, "zz.cnf"]
    (tmp_path / ".other.cnf.x.draft").touch()
    write_text(tmp_path / "zz.cnf", "newer", force=True)
    assert names_in(tmp_path) == [".other.cnf.x.draft", "zz.cnf"]


# Directories


def test_a_directory_has_its_path_without_links(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to("a/../a")
    (tmp_path / "loop").symlink_to("loop")
    with directory.open_directory(tmp_path / "link" / "b" / ".." / "." / "b") as found:
        assert found.path == tmp_path / "a" / "b"
        assert os.path.samestat(os.fstat(found.descriptor), (tmp_path / "a/b").stat())
        assert found.account is None
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        directory.open_directory(tmp_path / "loop")
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        directory.open_directory(tmp_path / "file")


def test_a_relative_path_may_go_above_where_we_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    with directory.open_directory(Path("../..")) as found:
        assert found.path == tmp_path
    with directory.open_directory(Path("../../../../../../../../../..")) as found:
        assert found.path == Path("/")


def test_a_tree_is_removed_without_following_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    (tmp_path / "in" / "side" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "side" / "link").symlink_to(outside)
    (tmp_path / "in" / "file").touch()
    with directory.open_directory(tmp_path) as found:
        found.remove_tree("in")
        found.remove_tree("none")
    assert names_in(tmp_path) == ["outside"]
    assert names_in(outside) == ["kept"]


def test_rights_come_back_whatever_happens() -> None:
    if os.geteuid() != 0:
        missing("acting as another needs root")
    before = os.geteuid(), os.getegid(), os.getgroups()

    def act() -> NoReturn:
        with acting_as(Account(61234, 61235, (61236,))):
            assert (os.geteuid(), os.getegid(), os.getgroups()) == (61234, 61235, [61236])
            assert os.getresuid()[0] == 0
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        act()
    assert (os.geteuid(), os.getegid(), os.getgroups()) == before
