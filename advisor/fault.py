"""A fault of our own: one line on stderr, and a file with what its report needs."""

import os
import re
import shlex
import sys
import traceback
from collections.abc import Sequence
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
IN_A_URL: Final = re.compile(r"(?P<before>^[^=\s]*://[^/\s:@]*:)(?P<secret>.*)(?=@)", re.DOTALL)
"""The same where it is a whole argument: nobody who writes a blank or an @ is told on."""

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
    """The arguments without passwords; and the passwords, these and the environment's."""
    patterns = (IN_A_URL, *PASSWORDS)
    found = [
        match["secret"]
        for argument in arguments
        for pattern in patterns
        for match in pattern.finditer(argument)
    ]
    found += [os.environ.get(name, "") for name in VARIABLES]
    found += [each.strip("'") for each in found]
    secrets = sorted({each for each in found if len(each) >= SECRET_MIN}, key=len, reverse=True)
    shown = (IN_A_URL.sub(r"\g<before>***", argument) for argument in arguments)
    return [without_passwords(argument) for argument in shown], secrets


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
