"""Asking the host's programs: what they say, and every way in which they say nothing."""

from pathlib import Path

import pytest

from advisor.model import Unknown
from advisor.servers.installed import host_programs
from advisor.servers.installed.host_programs import ask_host


def program(folder: Path, script: str) -> tuple[str, ...]:
    """Writes the program "teller"; where it lies, as a search path."""
    path = folder / "teller"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return ("/nowhere", str(folder))


def test_what_a_program_says(tmp_path: Path) -> None:
    folders = program(tmp_path, 'echo "$1 $2"; echo noise >&2')
    assert ask_host(("teller", "table", "a b"), folders) == "table a b\n"


def test_nothing_of_the_users_own_reaches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DM_DEV_DIR", "/evil")
    monkeypatch.setenv("PATH", str(tmp_path))
    folders = program(tmp_path, 'echo "$PATH:$DM_DEV_DIR"; pwd')
    assert ask_host(("teller",), folders) == "/usr/sbin:/usr/bin:/sbin:/bin:\n/\n"
    assert ask_host(("teller",)) == Unknown(unknown="teller is not installed")


def test_what_is_not_utf_8_can_be_saved(tmp_path: Path) -> None:
    said = ask_host(("teller",), program(tmp_path, "printf 'a\\377b'"))
    assert said == "a\ufffdb"


def test_one_that_fails_says_why(tmp_path: Path) -> None:
    folders = program(tmp_path, "echo out; echo 'Permission  denied' >&2; exit 1")
    assert ask_host(("teller",), folders) == Unknown(unknown="teller: Permission denied")
    folders = program(tmp_path, "exit 3")
    assert ask_host(("teller",), folders) == Unknown(unknown="teller: exit status 3")


def test_one_that_cannot_be_started(tmp_path: Path) -> None:
    folders = program(tmp_path, "")
    (tmp_path / "teller").write_text("#!/nowhere/sh\n")
    assert ask_host(("teller",), folders) == Unknown(
        unknown="teller cannot be started: No such file or directory"
    )


def test_one_that_does_not_answer_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_programs, "HOST_TIMEOUT_S", 0.1)
    folders = program(tmp_path, "exec sleep 60")
    assert ask_host(("teller",), folders) == Unknown(unknown="teller did not answer within 0.1 s")
