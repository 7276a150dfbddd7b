"""Running what fetches: a command to its end, or why this machine cannot have it."""

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path


class UnavailableError(Exception):
    """This machine cannot have that server; the text says why."""


def call(command: Sequence[str], cwd: Path | None = None) -> str:
    """Run a command to its end; its output, or the last of what it complained about."""
    done = subprocess.run(
        command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode != 0:
        complaint = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise UnavailableError(
            f"{shlex.join(command)}: {' '.join(complaint) or f'exit {done.returncode}'}"
        )
    return done.stdout
