"""The command line, run within this process and in one of its own."""

import os
import pwd
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from advisor.cli import main
from tests.support.paths import CHECKOUT

OTHER_PYTHON = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
"""For accounts that cannot get at the Python of the tests."""


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of one command, run in this process."""
    with pytest.raises(SystemExit) as ended:
        main(list(map(str, arguments)))
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def run_process(
    *arguments: object,
    given: str | bytes = "",
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """One command in a process of its own, with `given` on its standard input."""
    done = subprocess.run(
        [sys.executable, "-m", "advisor", *map(str, arguments)],
        input=given.encode() if isinstance(given, str) else given,
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def environment(places: Path | None) -> dict[str, str]:
    """For a command in any folder, of any account; `places` is where it has its temporary files."""
    path = os.pathsep.join([str(CHECKOUT), *filter(None, sys.path)])
    own = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    return {**os.environ, **own, **({"TMPDIR": str(places)} if places else {})}


def advisor(
    *arguments: str, text: str = "", places: Path | None = None, user: str | None = None
) -> subprocess.CompletedProcess[str]:
    """One command, run from / and as another account if told so, with `text` on its input."""
    return subprocess.run(
        [OTHER_PYTHON if user else sys.executable, "-m", "advisor", *arguments],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=environment(places),
        user=user,
        group=None if user is None else pwd.getpwnam(user).pw_gid,
        extra_groups=None if user is None else [],
    )
