"""As whom the programs of servers run where we are root: never as root, never as `nobody`."""

import grp
import os
import pwd
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.errors import AdvisorError
from advisor.interruption import signals_held_back

FIRST_ID: Final = 61184
LAST_ID: Final = 65519
"""Where systemd takes the ids of a DynamicUser from: https://systemd.io/UIDS-GIDS/"""

ID_TRIES: Final = 100
KILL_TRIES: Final = 40
POLL_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Account:
    """User, group and further groups of a process."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    name: str
    """For people; "uid 61184" where it has no name."""
    is_ours: bool = False
    """Whether nobody else has it: it was picked for one run, and owns nothing but that run's."""

    @property
    def group_ids(self) -> tuple[int, ...]:
        """Its own group, and the others."""
        return (self.gid, *self.groups)


def account_of_our_own() -> Account:
    """A user and a group that nobody has: no entry, no process. Raises AdvisorError.

    Where to begin follows from our process's number, so that two runs at once take two.
    """
    for step in range(ID_TRIES):
        number = FIRST_ID + (os.getpid() + step) % (LAST_ID - FIRST_ID + 1)
        if not _has_entry(number) and not _has_processes(number):
            return Account(number, number, (), f"uid {number}", is_ours=True)
    raise AdvisorError(
        f"no user id from {FIRST_ID} to {LAST_ID} is to be had for the server",
        "run as another user than root",
    )


def named_account(name: str) -> Account | None:
    """The account of that name; None where there is none, or where it is root's."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return _of_entry(entry) if entry.pw_uid else None


def owner_account(uid: int, gid: int) -> Account:
    """Who owns something."""
    try:
        return _of_entry(pwd.getpwuid(uid))
    except KeyError:
        return Account(uid, gid, (), f"uid {uid}")


def end_all_of(who: Account) -> None:
    """Ends every process of an account that is ours, also what left its session and its parent."""
    if not who.is_ours:
        return
    with signals_held_back():
        for _ in range(KILL_TRIES):
            if not _has_processes(who.uid):
                return
            _kill_all(who)
            signal.sigtimedwait((), POLL_S)


@contextmanager
def acting_as(who: Account | None) -> Iterator[None]:
    """Files are opened as that account, and not with root's rights; None: as who we are."""
    if who is None:
        yield
        return
    groups = os.getgroups()
    with signals_held_back():
        os.setgroups(who.group_ids)
        os.setegid(who.gid)
        os.seteuid(who.uid)
    try:
        yield
    finally:
        with signals_held_back():
            os.seteuid(0)
            os.setegid(0)
            os.setgroups(groups)


def become(who: Account) -> None:
    """Makes this process that account's for good. For a child."""
    os.setgroups(who.group_ids)
    os.setresgid(who.gid, who.gid, who.gid)
    os.setresuid(who.uid, who.uid, who.uid)


def _of_entry(entry: pwd.struct_passwd) -> Account:
    groups = os.getgrouplist(entry.pw_name, entry.pw_gid)
    others = tuple(group for group in groups if group != entry.pw_gid)
    return Account(entry.pw_uid, entry.pw_gid, others, entry.pw_name)


def _has_entry(number: int) -> bool:
    lookups: tuple[Callable[[int], object], ...] = (pwd.getpwuid, grp.getgrgid)
    for look_up in lookups:
        try:
            look_up(number)
        except KeyError:
            continue
        return True
    return False


def _has_processes(uid: int) -> bool:
    """Whether one runs, by any of its four user ids."""
    for process in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):
            lines = process.read_text(encoding="utf-8", errors="replace").splitlines()
            if any(line.startswith("Uid:") and str(uid) in line.split() for line in lines):
                return True
    return False


def _kill_all(who: Account) -> None:
    """To every process that the account may signal, which are its own."""
    child = os.fork()
    if child == 0:
        try:
            become(who)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
