"""The account of a server's programs where we are root: never root, never `nobody`."""

import grp
import os
import pwd
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.effective_user import Account, account_of, user_name
from advisor.errors import AdvisorError
from advisor.interruption import signals_held_back

FIRST_ID: Final = 61184
LAST_ID: Final = 65519
"""Where systemd takes the ids of a DynamicUser from: https://systemd.io/UIDS-GIDS/"""

ID_TRIES: Final = 100
KILL_TRIES: Final = 40
POLL_S: Final = 0.05

_TAKEN: Final[set[int]] = set()
"""The ids that this process has picked."""


@dataclass(frozen=True, slots=True)
class ServerAccount:
    """Whose programs of a server are."""

    ids: Account
    name: str
    """For people; "uid 61184" where it has no name."""
    is_ours: bool = False
    """Whether nobody else has it: it was picked for one run, and owns nothing but that run's."""


def account_of_our_own() -> ServerAccount:
    """A user and a group that nobody has: no entry, no process. Raises AdvisorError.

    Where to begin follows from our process's number, so that two runs at once take two; and none is
    taken twice by one, for of two servers each is ended by its account.
    """
    for step in range(ID_TRIES):
        number = FIRST_ID + (os.getpid() + step) % (LAST_ID - FIRST_ID + 1)
        if number in _TAKEN or _has_entry(number) or _has_processes(number):
            continue
        _TAKEN.add(number)
        ids = Account(number, number, (number,))
        return ServerAccount(ids, f"uid {number}", is_ours=True)
    raise AdvisorError(
        f"no user id from {FIRST_ID} to {LAST_ID} is free for the server",
        "run as another user than root",
    )


def named_account(name: str) -> ServerAccount | None:
    """The account of that name; None where there is none, or where it is root's."""
    try:
        uid = pwd.getpwnam(name).pw_uid
    except KeyError:
        return None
    return owner_account(uid) if uid else None


def owner_account(uid: int) -> ServerAccount:
    """Who owns something."""
    return ServerAccount(account_of(uid), user_name(uid))


def end_all_of(who: ServerAccount) -> None:
    """Ends every process of an account that is ours, also what left its session and its parent."""
    if not who.is_ours:
        return
    with signals_held_back():
        for _ in range(KILL_TRIES):
            if not _has_processes(who.ids.user_id):
                return
            _kill_all(who.ids)
            signal.sigtimedwait((), POLL_S)


def become(who: Account) -> None:
    """Makes this process that account's for good. For a child."""
    os.setgroups(who.group_ids)
    os.setresgid(who.group_id, who.group_id, who.group_id)
    os.setresuid(who.user_id, who.user_id, who.user_id)


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
