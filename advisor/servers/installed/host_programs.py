"""Asking the host's own programs what /sys does not tell: dmsetup, zfs, zpool, drbdsetup."""

import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final

from advisor.interruption import signals_held_back
from advisor.model import Known, Unknown
from advisor.servers.installed.confinement import Confinement
from advisor.servers.installed.processes import ENVIRONMENT

SYSTEM_FOLDERS: Final = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""Root's own, whatever PATH says."""

HOST_TIMEOUT_S: Final = 2
END_TIMEOUT_S: Final = 0.2
MAX_WORDS: Final = 20
"""So many of a program's first words of complaint are told."""


def ask_host(command: tuple[str, ...], folders: tuple[str, ...] = SYSTEM_FOLDERS) -> Known[str]:
    """What a program of the system says on stdout, or why nothing: it is not installed, fails, or
    does not answer within HOST_TIMEOUT_S."""
    name, *arguments = command
    places = [Path(folder) / name for folder in folders]
    program = next((place for place in places if place.is_file()), None)
    if program is None:
        return Unknown(unknown=f"{name} is not installed")
    try:
        with signals_held_back():
            process = subprocess.Popen(
                [program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
                preexec_fn=Confinement().enter,
            )
    except (OSError, subprocess.SubprocessError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        return Unknown(unknown=f"{name} cannot be started: {why}")
    try:
        said, complaint = process.communicate(timeout=HOST_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return Unknown(unknown=f"{name} did not answer within {HOST_TIMEOUT_S} s")
    finally:
        _end(process)
    if process.returncode != 0:
        words = " ".join(complaint.decode(errors="replace").split()[:MAX_WORDS])
        return Unknown(unknown=f"{name}: {words or f'exit status {process.returncode}'}")
    return said.decode(errors="replace")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Of a pool that hangs, zfs waits in the kernel, where no signal ends it: it is left there."""
    if process.returncode is None:
        process.kill()
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_TIMEOUT_S)
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()
