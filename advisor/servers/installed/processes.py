"""Starting and ending the programs of servers: confined, and never outliving us."""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from advisor.errors import AdvisorError
from advisor.interruption import signals_held_back
from advisor.servers.installed.confinement import Confinement

STOP_TIMEOUT_S: Final = 10
RUN_TIMEOUT_S: Final = 120

ENVIRONMENT: Final = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
"""Nothing of the user's own (PGDATA, MYSQL_HOME, locale) reaches a server."""

Arguments = Sequence[str | Path]


def start(
    command: Arguments,
    output: BinaryIO | int,
    given: int = subprocess.DEVNULL,
    *,
    confinement: Confinement,
    only_errors: bool = False,
) -> "subprocess.Popen[bytes]":
    """Starts a program in a session of its own; both its outputs go to `output`, or only errors.

    Should we be killed, the kernel ends it.
    """
    return subprocess.Popen(
        command,
        stdin=given,
        stdout=subprocess.DEVNULL if only_errors else output,
        stderr=output if only_errors else subprocess.STDOUT,
        env=ENVIRONMENT,
        cwd="/",
        start_new_session=True,
        preexec_fn=confinement.enter,
    )


def run(command: Arguments, script: str = "", *, confinement: Confinement) -> str:
    """Runs a program to its end, `script` on its standard input; what it said.

    Raises AdvisorError where it fails, cannot be started, or takes longer than RUN_TIMEOUT_S.
    """
    try:
        with signals_held_back():
            process = start(command, subprocess.PIPE, subprocess.PIPE, confinement=confinement)
    except (OSError, subprocess.SubprocessError) as error:
        raise _not_started(command, confinement, error) from error
    try:
        said = process.communicate(script.encode(), RUN_TIMEOUT_S)[0].decode(errors="replace")
    except subprocess.TimeoutExpired as error:
        raise AdvisorError(f"{command[0]} did not finish within {RUN_TIMEOUT_S} s") from error
    finally:
        _end_group(process)
    if process.returncode != 0:
        last = " ".join(said.split()[-60:])
        raise AdvisorError(f"{command[0]} ends with status {process.returncode}: {last}")
    return said


def complaints_of(command: Arguments, confinement: Confinement) -> tuple[int, str]:
    """Runs a program to its end; its exit status, and what it said on stderr.

    Raises AdvisorError where it cannot be started, or takes longer than RUN_TIMEOUT_S.
    """
    try:
        with signals_held_back():
            process = start(command, subprocess.PIPE, confinement=confinement, only_errors=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise _not_started(command, confinement, error) from error
    try:
        said = process.communicate(timeout=RUN_TIMEOUT_S)[1]
    except subprocess.TimeoutExpired as error:
        raise AdvisorError(f"{command[0]} did not finish within {RUN_TIMEOUT_S} s") from error
    finally:
        _end_group(process)
    return process.returncode, said.decode(errors="replace")


def _not_started(command: Arguments, confinement: Confinement, error: Exception) -> AdvisorError:
    why = error.strerror if isinstance(error, OSError) else error
    who = confinement.who
    if who is None:
        return AdvisorError(f"{command[0]} cannot be started: {why}")
    reader = "everybody" if who.is_ours else who.name
    return AdvisorError(
        f"{command[0]} cannot be started as {who.name}: {why}",
        f"let {reader} read it and enter its folders, or run as another user",
    )


def stop(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    """Ends a program the orderly way, and one that does not heed that the other way."""
    with signals_held_back():
        process.send_signal(number)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    """Whatever is left of a program we started and of its own children."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            with suppress(OSError):
                stream.close()
