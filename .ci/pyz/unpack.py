"""Unpacks what fsync-advisor.pyz holds, once, where nobody else can change it.

Into fsync-advisor/ in XDG_CACHE_HOME, else in .cache in the home that the user database names:
HOME may be another user's under sudo. What lies there is run, as root too, so the way to it is held
to what every other file of root's is: advisor/trusted_path.py.
"""

import os
import pwd
import stat
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from typing import NoReturn

from advisor.effective_user import user_name
from advisor.errors import AdvisorError
from advisor.trusted_path import LIST, UntrustedError, open_trusted


def unpacked(archive: str, key: str, wheels: Iterable[str]) -> str:
    """The folder that holds what these wheels hold; exits with one line where there can be none."""
    base = cache()
    try:
        folder = private_folder(base) / key
        if not folder.is_dir():
            if not {"-q", "--quiet"} & set(sys.argv[1:]):
                print(f"fsync-advisor: unpacking into {folder}, once", file=sys.stderr)
            unpack(archive, folder, wheels)
    except AdvisorError as error:
        refuse(base, error.message, f"{error.hint}, or ")
    except OSError as error:
        refuse(base, str(error))
    return str(folder)


def refuse(base: Path, why: str, hint: str = "") -> NoReturn:
    sys.exit(
        f"fsync-advisor: cannot unpack into {base}: {why};"
        f" {hint}set XDG_CACHE_HOME to a folder of your own"
    )


def cache() -> Path:
    chosen = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if chosen.is_absolute():
        return chosen
    try:
        return Path(pwd.getpwuid(os.geteuid()).pw_dir) / ".cache"
    except KeyError:
        refuse(Path("~/.cache"), f"user {os.geteuid()} has no home")


def private_folder(base: Path) -> Path:
    """fsync-advisor/ in `base`, both made where they are missing; its path without links.

    Raises UntrustedError where another user can write there, AdvisorError where nothing that lies
    there can be run, and OSError.
    """
    there, missing = base, ["fsync-advisor"]
    while not there.exists():
        missing.append(there.name)
        there = there.parent
    descriptor, path = open_trusted(there)
    try:
        if os.geteuid() == 0 and (owner := os.fstat(descriptor).st_uid) != 0:
            raise UntrustedError(f"{path} belongs to {user_name(owner)}", "unset XDG_CACHE_HOME")
        while missing:
            name = missing.pop()
            with suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=descriptor)
            within = os.open(name, LIST, dir_fd=descriptor)
            os.close(descriptor)
            descriptor, path = within, path / name
        found = os.fstat(descriptor)
        options = os.fstatvfs(descriptor).f_flag
    finally:
        os.close(descriptor)
    if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UntrustedError(f"{path} is not yours alone", f"remove {path}")
    if options & os.ST_NOEXEC:
        raise AdvisorError(
            f"{path} is mounted noexec, and the kernel maps no compiled module from there",
            "mount it with exec",
        )
    return path


def unpack(archive: str, folder: Path, wheels: Iterable[str]) -> None:
    """Beside its place, and renamed into it when all of it is on the drive."""
    usual = os.umask(0o077)
    draft = Path(tempfile.mkdtemp(prefix=".", dir=folder.parent))
    try:
        with zipfile.ZipFile(archive) as whole:
            for name in wheels:
                with whole.open(f"wheels/{name}") as wheel, zipfile.ZipFile(wheel) as inner:
                    inner.extractall(draft)
        for path in [*draft.rglob("*"), draft]:
            descriptor = os.open(path, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
        try:
            draft.rename(folder)
        except OSError:
            if not folder.is_dir():  # it is, where another start was faster
                raise
    finally:
        os.umask(usual)
        rmtree(draft, ignore_errors=True)
