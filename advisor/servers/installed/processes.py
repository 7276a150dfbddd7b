"""Starting and ending other programs: never as root, never outliving us."""

import ctypes
import os
import pwd
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from advisor.errors import AdvisorError

STOP_TIMEOUT_S: Final = 10
RUN_TIMEOUT_S: Final = 120
PR_SET_PDEATHSIG: Final = 1

ENVIRONMENT: Final = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
"""Nothing of the user's own (PGDATA, MYSQL_HOME, locale) reaches a server."""

Arguments = Sequence[str | Path]


def account() -> pwd.struct_passwd | None:
    """As whom servers run where we are root, since none starts as root; else None: as ourselves.

    Raises AdvisorError where there is no such account.
    """
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("nobody")
    except KeyError as error:
        raise AdvisorError(
            "no server starts as root, and there is no account nobody", "run as another user"
        ) from error


@contextmanager
def signals_held_back() -> Iterator[None]:
    """SIGINT and SIGTERM wait until the block is done, so that it happens wholly or not at all."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start(
    command: Arguments,
    output: BinaryIO | int,
    given: int = subprocess.DEVNULL,
    *,
    who: pwd.struct_passwd | None = None,
    only_errors: bool = False,
) -> "subprocess.Popen[bytes]":
    """Starts a program in a session of its own; both its outputs go to `output`, or only errors.

    Where we are root it runs as `who`, else as `account()`. Should we be killed, the kernel ends it
    with SIGTERM.
    """
    who = (who or account()) if os.geteuid() == 0 else None
    libc = ctypes.CDLL(None)

    def in_the_child() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))

    return subprocess.Popen(
        command,
        stdin=given,
        stdout=subprocess.DEVNULL if only_errors else output,
        stderr=output if only_errors else subprocess.STDOUT,
        env=ENVIRONMENT,
        cwd="/",
        user=who.pw_uid if who else None,
        group=who.pw_gid if who else None,
        extra_groups=[] if who else None,
        start_new_session=True,
        preexec_fn=in_the_child,
    )


def run(command: Arguments, script: str = "") -> str:
    """Runs a program to its end, `script` on its standard input; what it said.

    Raises AdvisorError where it fails, cannot be started, or takes longer than RUN_TIMEOUT_S.
    """
    try:
        with signals_held_back():
            process = start(command, subprocess.PIPE, subprocess.PIPE)
    except (OSError, subprocess.SubprocessError) as error:
        raise _not_started(command, account(), error) from error
    try:
        said = process.communicate(script.encode(), RUN_TIMEOUT_S)[0].decode(errors="replace")
    except subprocess.TimeoutExpired as error:
        raise AdvisorError(f"{command[0]} was not done after {RUN_TIMEOUT_S} s") from error
    finally:
        _end_group(process)
    if process.returncode != 0:
        last = " ".join(said.split()[-60:])
        raise AdvisorError(f"{command[0]} ends with status {process.returncode}: {last}")
    return said


def complaints_of(command: Arguments, who: pwd.struct_passwd | None) -> tuple[int, str]:
    """Runs a program to its end as `who`; its exit status, and what it said on stderr.

    Raises AdvisorError where it cannot be started, or takes longer than RUN_TIMEOUT_S.
    """
    try:
        with signals_held_back():
            process = start(command, subprocess.PIPE, who=who, only_errors=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise _not_started(command, who or account(), error) from error
    try:
        said = process.communicate(timeout=RUN_TIMEOUT_S)[1]
    except subprocess.TimeoutExpired as error:
        raise AdvisorError(f"{command[0]} was not done after {RUN_TIMEOUT_S} s") from error
    finally:
        _end_group(process)
    return process.returncode, said.decode(errors="replace")


def _not_started(
    command: Arguments, who: pwd.struct_passwd | None, error: Exception
) -> AdvisorError:
    """`who`: the account that runs it when we are root."""
    why = error.strerror if isinstance(error, OSError) else error
    if who is None or os.geteuid() != 0:
        return AdvisorError(f"{command[0]} cannot be started: {why}")
    return AdvisorError(
        f"{command[0]} cannot be started as {who.pw_name}: {why}",
        f"let {who.pw_name} read it and enter its folders, or run as another user",
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
