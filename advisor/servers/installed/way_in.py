"""Whether an account may pass every directory on the way to a program."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from advisor.effective_user import Account
from advisor.servers.installed.accounts import named_account

MAX_LINKS: Final = 40
"""As many as Linux follows."""
_ACL: Final = "system.posix_acl_access"


def barred_at(user: str, path: Path) -> Path | None:
    """The first thing on the way to a program that the account may not pass: a directory, or the
    program itself. None where nothing is in the way, the account is not of this host, or something
    cannot be looked at."""
    who = named_account(user)
    if who is None:
        return None
    try:
        return next((step for step in _way_to(path) if not _may_pass(who.ids, step)), None)
    except OSError:
        return None


def _way_to(path: Path) -> Iterator[Path]:
    """Each directory from / on, those that links lead through among them, and the program."""
    here, links = Path("/"), 0
    waiting = [*path.absolute().parts[1:]]
    yield here
    while waiting:
        name = waiting.pop(0)
        if name == "..":
            here = here.parent
            continue
        step = here / name
        if step.is_symlink():
            links += 1
            if links > MAX_LINKS:
                return
            target = step.readlink()
            if target.is_absolute():
                here = Path("/")
            waiting = [*(part for part in target.parts if part != "/"), *waiting]
            continue
        here = step
        yield here


def _may_pass(who: Account, path: Path) -> bool:
    """By owner, group and others. True where an access list decides, which is not read here."""
    found = path.lstat()
    if _ACL in os.listxattr(path, follow_symlinks=False):
        return True
    if found.st_uid == who.user_id:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid in (who.group_id, *who.group_ids):
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)
