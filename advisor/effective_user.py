"""Working with another account's rights for a moment, where we are root.

The effective ids change, and with them what the kernel lets us open, link and remove; the real and
saved ones stay root's. So the account can neither signal, stop nor trace us meanwhile, which it
could do to a child that had become that account wholly, and a file system of its own (FUSE) cannot
hold us up: the kernel lets nobody in whose ids differ. No program is started in such a moment.
"""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

NO_GROUP: Final = 65534
"""What belongs to no group that means anything; for a user that no passwd file knows."""


class Account(NamedTuple):
    """A user, and the groups it is in."""

    user_id: int
    group_id: int
    group_ids: tuple[int, ...]


def account_of(user_id: int) -> Account:
    """The account of that number; one of no group, where nobody knows it."""
    try:
        entry = pwd.getpwuid(user_id)
    except KeyError:
        return Account(user_id, NO_GROUP, ())
    groups = os.getgrouplist(entry.pw_name, entry.pw_gid)
    return Account(user_id, entry.pw_gid, tuple(groups))


def user_name(user_id: int) -> str:
    """What to call a user in a message."""
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return f"user {user_id}"


@contextmanager
def acting_as(account: Account | None) -> Iterator[None]:
    """With that account's rights and no others; None: with our own. Raises OSError.

    An exception on the way back leaves less than root has, never more.
    """
    if account is None:
        yield
        return
    user_id, group_id, groups = os.geteuid(), os.getegid(), os.getgroups()
    try:
        os.setgroups(account.group_ids)
        os.setegid(account.group_id)
        os.seteuid(account.user_id)
        yield
    finally:
        os.seteuid(user_id)
        os.setegid(group_id)
        os.setgroups(groups)
