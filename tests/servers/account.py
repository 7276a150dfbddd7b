"""The account of database servers in the tests, and their folder."""

import ctypes
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

# /tmp is often memory, and a server's data belongs on a drive; the path must be short, for a
# socket's name in it may have 107 bytes.
PARENT = Path("/var/tmp")
PREFIX = "fsync-advisor-"
ABANDONED_AFTER_SECONDS = 60

# Nothing of the developer's own environment (PGDATA, MYSQL_HOME, locale) reaches a server.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


class ProgramError(Exception):
    """A program ended with an error; the text is what it said."""


def account() -> pwd.struct_passwd:
    """Ourselves; or, since no server starts as root, the one every system has for such things."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


@contextmanager
def private_folder(*, of_account: bool = True) -> Iterator[Path]:
    """A new folder on a drive; removed at the end. It belongs to the account; or, since root does
    not write where another may swap a folder, to us, for everybody to enter."""
    remove_abandoned()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=PARENT))
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # Held as long as we live: how others know that the folder is in use.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if of_account:
            os.chown(folder, account().pw_uid, account().pw_gid)
        else:
            folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder)
        os.close(descriptor)


def hand_over(folder: Path) -> None:
    """Give what we have put in a private folder to the account, whatever our umask is."""
    for path in folder.rglob("*"):
        os.chown(path, account().pw_uid, account().pw_gid, follow_symlinks=False)


def remove_abandoned() -> None:
    """Remove our folders whose process was killed before it could."""
    for folder in PARENT.glob(f"{PREFIX}*"):
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                status = os.fstat(descriptor)
                ours = status.st_uid in (account().pw_uid, os.geteuid())
                if ours and time.time() - status.st_mtime > ABANDONED_AFTER_SECONDS:
                    shutil.rmtree(folder)
            finally:
                os.close(descriptor)


def copy_tree(source: Path, target: Path, *, share: bool = False) -> None:
    """Copy a folder with owners and modes; `share`: by hard links where the file system can."""
    if share:
        linked = subprocess.run(["cp", "-al", source, target], capture_output=True)
        if linked.returncode == 0:
            return
        shutil.rmtree(target, ignore_errors=True)
    subprocess.run(["cp", "-a", "--reflink=auto", source, target], check=True)


def reachable(tree: Path, private: Path) -> Path:
    """A tree of programs, where the account can get at it: root's cache may be closed to it."""
    if os.geteuid() != 0:
        return tree
    copy_tree(tree, private / "tree", share=True)
    return private / "tree"


def run_as_account(command: Sequence[str | Path], script: str = "") -> str:
    """Run a program to its end as the account; its output. `script` is its standard input."""
    user, group, groups = identity()
    done = subprocess.run(
        command,
        input=script,
        env=ENVIRONMENT,
        cwd="/",
        text=True,
        capture_output=True,
        user=user,
        group=group,
        extra_groups=groups,
    )
    if done.returncode != 0:
        raise ProgramError(f"{command[0]} exits {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def start_as_account(
    command: Sequence[str | Path],
    log: BinaryIO,
    environment: Mapping[str, str],
    when_orphaned: signal.Signals,
    control_group: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program as the account, both its outputs in `log`.

    It gets the signal `when_orphaned` when the thread that started it ends, however that ends: no
    server outlives a killed test run. `control_group`: the file of the processes of one, to which
    it is to belong.
    """
    user, group, groups = identity()
    libc = ctypes.CDLL(None)
    set_parent_death_signal = 1

    with open(control_group or os.devnull, "wb", buffering=0) as processes:  # as this user

        def bind() -> None:
            libc.prctl(set_parent_death_signal, int(when_orphaned))
            processes.write(b"0")

        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**ENVIRONMENT, **environment},
            cwd="/",
            user=user,
            group=group,
            extra_groups=groups,
            start_new_session=True,  # an interrupt typed at the terminal is for the tests alone
            preexec_fn=bind,
        )


def identity() -> tuple[int | None, int | None, list[int] | None]:
    """User, group and further groups to change to; only root changes them."""
    if os.geteuid() != 0:
        return None, None, None
    return account().pw_uid, account().pw_gid, []
