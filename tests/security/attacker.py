"""A process of somebody without rights, who does the same again and again while root works."""

import ctypes
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.support.faults import missing

ATTACKER_ID: Final = 61234
"""A user and a group that no passwd file knows."""
BYSTANDER_ID: Final = 61235
"""Somebody else who has no rights either."""
RENAME_EXCHANGE: Final = 2
AT_FDCWD: Final = -100
PR_SET_PDEATHSIG: Final = 1


def require_root() -> None:
    if os.geteuid() != 0:
        missing("an attack on root needs root")


def become(user_id: int) -> None:
    """That user for good, in no other group."""
    os.setgroups([])
    os.setgid(user_id)
    os.setuid(user_id)


def as_attacker(act: Callable[[], object], user_id: int = ATTACKER_ID) -> None:
    """Done once, with the attacker's rights, before anything goes on."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            become(user_id)
            act()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0


@contextmanager
def attacking(act: Callable[[], object], user_id: int = ATTACKER_ID) -> Iterator[None]:
    """`act` in a busy loop of a process of the attacker's, for as long as the block lasts."""
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
            become(user_id)
            os.write(tell, b".")
            while True:
                with suppress(OSError):
                    act()
        finally:
            os._exit(1)
    os.close(tell)
    try:
        assert os.read(ready, 1) == b"."
        yield
    finally:
        os.close(ready)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def exchange(one: Path, other: Path) -> None:
    """Two names change places in one step (renameat2). Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    if libc.renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE) != 0:
        raise OSError(ctypes.get_errno(), "renameat2")
