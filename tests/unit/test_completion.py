"""What the shells complete, asked of the shells themselves."""

import re
import shlex
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.support.command_line import run_process
from tests.support.faults import missing

SHELLS = ("bash", "zsh", "fish")

BASH = """
source {script}
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_fsync_advisor
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
ZSH = """
zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell 'PS1=; autoload -U compinit; compinit -u -D; source {script}'
zpty -w shell 'zstyle ":completion:*" list-prompt ""; zstyle ":completion:*:default" list-colors ""'
zpty -w shell 'LISTMAX=10000; stty columns 200 rows 1000; setopt no_list_packed no_beep'
zpty -w shell 'print READY'
zpty -r shell seen '*READY*READY*'
zpty -n -w shell $'{line}\\t\\t'
sleep 1.5
zpty -n -w shell $'\\x03'
seen=; while zpty -rt shell part; do seen+=$part; done
print -r -- $seen
"""


@cache
def script(shell: str) -> str:
    done = run_process("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def completed(shell: str, line: str, folder: Path) -> set[str]:
    """The words that the shell offers at the end of a line."""
    if shutil.which(shell) is None:
        missing(f"{shell} is not installed")
    (folder / "script").write_text(script(shell))
    if shell == "bash":
        *words, last = line.split(" ")
        asked = BASH.format(script=folder / "script", words=shlex.join([*words, last]))
    elif shell == "fish":
        asked = f"source {folder / 'script'}; complete -C {shlex.quote(line)}"
    else:
        asked = ZSH.format(script=folder / "script", line=line)
    done = subprocess.run(
        [shell, *(["--no-config"] if shell == "fish" else []), "-c", asked],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        timeout=60,
    )
    assert done.stderr == ""
    if shell == "zsh":
        return set(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\a]", " ", done.stdout).split())
    return {each.split("\t")[0] for each in done.stdout.splitlines()}


@pytest.mark.parametrize("shell", SHELLS)
def test_commands_are_completed(shell: str, tmp_path: Path) -> None:
    assert completed(shell, "fsync-advisor re", tmp_path) >= {"recommend", "report"}
    assert "measure" not in completed(shell, "fsync-advisor re", tmp_path)


@pytest.mark.parametrize("shell", SHELLS)
def test_values_of_an_option_are_completed(shell: str, tmp_path: Path) -> None:
    offered = completed(shell, "fsync-advisor recommend --db m", tmp_path)
    assert offered >= {"mysql", "mariadb"}
    assert "postgresql" not in offered
    assert completed(shell, "fsync-advisor completion ", tmp_path) >= set(SHELLS)


@pytest.mark.parametrize("shell", SHELLS)
def test_options_are_those_of_the_command(shell: str, tmp_path: Path) -> None:
    offered = completed(shell, "fsync-advisor rules list --", tmp_path)
    assert offered >= {"--db", "--engine", "--format", "--help"}
    assert not offered & {"--from", "--version"}


@pytest.mark.parametrize("shell", SHELLS)
def test_files_are_completed_where_a_file_is_meant(shell: str, tmp_path: Path) -> None:
    (tmp_path / "drive-one.json").touch()
    (tmp_path / "drive-two.json").touch()
    offered = completed(shell, "fsync-advisor recommend --from dr", tmp_path)
    assert offered >= {"drive-one.json", "drive-two.json"}


def test_a_shell_that_we_do_not_know_is_told() -> None:
    done = run_process("completion", "tcsh")
    assert done.returncode == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in done.stderr
