"""The README's commands run, and its transcripts are what the program prints."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.package.install_roots import README_LINES, VENV
from tests.support.paths import CHECKOUT

RUN_ELSEWHERE = (*README_LINES, "tests/run")
"""install_roots.py installs; this is tests/run."""


@dataclass
class Command:
    """A command of the README, and the lines shown below it."""

    text: str
    shown: list[str] = field(default_factory=list)


def commands() -> list[Command]:
    found: list[Command] = []
    for block in re.findall(r"```console\n(.*?)```", (CHECKOUT / "README.md").read_text(), re.S):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Command(line.removeprefix("$ ")))
            elif found[-1].text.endswith("&&"):  # goes on
                found[-1].text += f" {line.strip()}"
            else:
                found[-1].shown.append(line)
    return found


def run_here() -> list[Command]:
    return [one for one in commands() if not one.text.startswith(RUN_ELSEWHERE)]


def run(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        shell=True,
        cwd=cwd,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_all_commands_run_in_order(tmp_path: Path) -> None:
    for folder in ("tests/golden", "tests/importers/fixtures"):
        shutil.copytree(CHECKOUT / folder, tmp_path / folder)
    ran = [(command.text, run(command.text, tmp_path)) for command in run_here()]
    failed = [(text, done.stderr) for text, done in ran if done.returncode != 0]
    assert failed == []
    assert len(ran) >= 8


@pytest.mark.parametrize(
    "command", [one for one in run_here() if one.shown], ids=lambda one: one.text[:60]
)
def test_transcript(command: Command, update_golden: bool) -> None:
    printed = run(command.text, CHECKOUT).stdout.splitlines()
    if update_golden:
        readme = CHECKOUT / "README.md"
        stored, fresh = ("\n".join([command.text, *shown]) for shown in (command.shown, printed))
        readme.write_text(readme.read_text().replace(stored, fresh))
    else:
        assert printed == command.shown


def test_the_first_line_of_the_readme_installs_and_does_the_main_job() -> None:
    first = commands()[0].text
    assert (first,) == VENV.lines
    assert first.startswith("apt-get update && apt-get install -y python3-venv && ")
    assert first.endswith(" && fsync-advisor recommend --db mysql")


def test_what_installs_is_what_was_tried_in_fresh_roots() -> None:
    installing = [one.text for one in commands() if re.search(r"install |\.pyz|\.ci/", one.text)]
    assert sorted(set(installing)) == sorted(README_LINES)
