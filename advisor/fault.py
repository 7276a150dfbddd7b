"""A fault of our own: one line on stderr, and a file with what its report needs."""

import os
import re
import shlex
import sys
import traceback
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from advisor import __version__
from advisor.output.text import one_line
from advisor.output_files import write_private

DEBUG: Final = "FSYNC_ADVISOR_DEBUG"
"""The environment variable that has the traceback shown."""
PASSWORDS: Final = (
    re.compile(r"(?P<before>://[^/\s:@]*:)(?P<secret>\S*)(?=@)"),
    re.compile(
        r"(?P<before>password\s*=\s*)(?P<secret>'(?:\\.|[^'\\])*'?|(?:\\.|[^\s&'\"\\])+)",
        re.IGNORECASE | re.DOTALL,
    ),
)
"""As they stand in a DSN."""
DSN: Final = "--dsn"
VARIABLES: Final = ("PGPASSWORD", "MYSQL_PWD")
SECRET_MIN: Final = 4
"""Whatever is shorter stands in any text."""


def tell_fault(error: BaseException, arguments: Sequence[str]) -> None:
    """Says on stderr what to report. Raises nothing, not even where stderr is closed."""
    arguments, secrets = _hidden(arguments)
    shown = _without(secrets, "".join(traceback.format_exception(error)))
    command = shlex.join(["fsync-advisor", *arguments])
    if os.environ.get(DEBUG) == "1":
        _print(f"{shown}fsync-advisor: this is a fault of fsync-advisor {__version__}")
        return
    report = f"version: {__version__}\ncommand: {command}\n\n{shown}"
    saved = write_private(_folders(), "fault-", report)
    if saved is None:
        send = (
            f"please report it with the version ({__version__}), the command ({command}) and what"
            f" {DEBUG}=1 shows"
        )
    else:
        send = f"please report it with {saved}, which has the version, command and traceback"
    said = one_line(f"{type(error).__name__}: {_without(secrets, str(error))}")
    _print(f"fsync-advisor: {said}: this is a fault of fsync-advisor; {send}")


def without_passwords(text: str) -> str:
    """`text` with what looks like the password of a DSN hidden."""
    for pattern in PASSWORDS:
        text = pattern.sub(r"\g<before>***", text)
    return text


def _hidden(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The arguments without any DSN, for a password may stand in it as it should not; and what is
    to be shown nowhere: these, the passwords in them, and the environment's."""
    shown: list[str] = []
    secrets = [os.environ.get(name, "") for name in VARIABLES]
    for before, argument in pairwise(["", *arguments]):
        option, joined, value = argument.partition("=")
        given = argument if before == DSN else value if option == DSN and joined else None
        if given is None:
            shown.append(without_passwords(argument))
            continue
        scheme, is_url, _ = given.partition("://")
        told = f"{scheme}://***" if is_url and scheme.isalpha() else "***"
        shown += [told] if before == DSN else [DSN, told]
        found = (match["secret"] for each in PASSWORDS for match in each.finditer(given))
        secrets += [given, *found]
    secrets += [each.strip("'") for each in secrets]
    secrets = sorted({each for each in secrets if len(each) >= SECRET_MIN}, key=len, reverse=True)
    return shown, secrets


def _without(secrets: Sequence[str], text: str) -> str:
    for secret in secrets:
        text = text.replace(secret, "***").replace(repr(secret)[1:-1], "***")
    return without_passwords(text)


def _folders() -> list[Path]:
    """The user's state directory (XDG Base Directory Specification), then the temporary one."""
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    if not state.is_absolute():  # the specification has us ignore it then
        state = Path(os.path.expanduser("~/.local/state"))  # noqa: PTH111 (raises nothing)
    folders = [state / "fsync-advisor"] if state.is_absolute() else []
    return [*folders, Path(os.environ.get("TMPDIR") or "/tmp")]


def _print(text: str) -> None:
    if sys.stderr is None:  # closed before we started; print() would take stdout
        return
    try:
        print(text, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        # What is left in the buffer must not fail once more when the interpreter ends.
        sys.stderr = None
