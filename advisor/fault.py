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
    (r"(://[^/\s:@]*):[^\s@]*@", r"\1:***@"),
    (r"(?i)(password=)[^\s&'\"]*", r"\1***"),
)
"""As they stand in a DSN."""


def tell_fault(error: BaseException, arguments: Sequence[str]) -> None:
    """Says on stderr what to report. Raises nothing, not even where stderr is closed."""
    shown = "".join(traceback.format_exception(error))
    command = without_passwords(shlex.join(["fsync-advisor", *arguments]))
    if os.environ.get(DEBUG) == "1":
        _print(f"{shown}fsync-advisor: this is a fault of fsync-advisor {__version__}")
        return
    report = f"version: {__version__}\ncommand: {command}\n\n{without_passwords(shown)}"
    saved = write_private(_folders(), "fault-", report)
    if saved is None:
        send = (
            f"please report it with the version ({__version__}), the command ({command}) and what"
            f" {DEBUG}=1 shows"
        )
    else:
        send = f"please report it with {saved}, which has the version, command and traceback"
    kind = type(error).__name__
    _print(
        f"fsync-advisor: {one_line(f'{kind}: {error}')}: this is a fault of fsync-advisor; {send}"
    )


def without_passwords(text: str) -> str:
    """`text` with what looks like the password of a DSN hidden."""
    for pattern, hidden in PASSWORDS:
        text = re.sub(pattern, hidden, text)
    return text


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
