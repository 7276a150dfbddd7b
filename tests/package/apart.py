"""Starting what is installed elsewhere, without this environment."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support.faults import missing


def run(
    *command: str | Path, cwd: Path, more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`more`: environment variables besides this process's own."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**environment, **(more or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def or_give_up(done: subprocess.CompletedProcess[str], what: str) -> None:
    """A package registry out of reach is a skip on a user's machine and a failure with CI=true."""
    if done.returncode == 0:
        return
    missing(f"{what} needs a package registry: {done.stderr[-300:]}")
