"""What a server's program may do: its account, its limits, and that it ends with us.

All of it is done in the child, between fork and exec.
"""

import ctypes
import fcntl
import os
import resource
import signal
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from advisor.servers.installed.accounts import ServerAccount, become

PROCESSES_MAX: Final = 4096
"""Threads count, too: predict has up to 512 clients, each of which has a process or a thread."""

PR_SET_PDEATHSIG: Final = 1
PR_SET_NO_NEW_PRIVS: Final = 38
CLONE_NEWNS: Final = 0x00020000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWNET: Final = 0x40000000
MS_NOSUID_NODEV_NOEXEC: Final = 2 | 4 | 8
MS_BIND: Final = 4096
MS_REC_PRIVATE: Final = 0x4000 | 0x40000
SIOCSIFFLAGS: Final = 0x8914
IFF_UP: Final = 1
AF_INET: Final = 2
SOCK_DGRAM: Final = 2

_LIBC: Final = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Confinement:
    """The account of a program, and its limits."""

    who: ServerAccount | None = None
    """None: our own."""
    file_bytes: int | None = None
    """No file of its grows larger; None: as the system allows."""
    passwd: Path | None = None
    """What it sees as the system's list of accounts: some look up their own name."""

    def enter(self) -> None:
        """Confines the process that calls this. Raises OSError."""
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        orphaned = signal.SIGTERM
        if self.who is not None:
            self._leave_the_host()
            orphaned = signal.SIGKILL  # nothing of it lies outside what ends with it
        self._limit()
        if self.who is not None:
            become(self.who.ids)
            _LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        _LIBC.prctl(PR_SET_PDEATHSIG, int(orphaned))  # changing ids takes it back

    def _leave_the_host(self) -> None:
        """Own namespaces as far as the kernel and a container's rules allow: an empty network,
        shared memory that ends with the last process, and mounts for what follows."""
        if _LIBC.unshare(CLONE_NEWNET) == 0:
            _start_loopback()
        _LIBC.unshare(CLONE_NEWIPC)
        try:
            _own_mounts()
            if self.passwd is not None:
                _mount(os.fsencode(self.passwd), b"/etc/passwd", MS_BIND)
        except OSError:
            if self.passwd is not None:
                raise

    def _limit(self) -> None:
        limits = {resource.RLIMIT_CORE: 0}
        if self.file_bytes is not None:
            limits[resource.RLIMIT_FSIZE] = self.file_bytes
        if self.who is not None and self.who.is_ours:
            limits[resource.RLIMIT_NPROC] = PROCESSES_MAX
        for which, most in limits.items():
            hard = resource.getrlimit(which)[1]
            least = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(which, (least, least))
        # Where memory runs out, this goes first, and not the host's own database.
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def can_rename_accounts() -> bool:
    """Whether a program can be shown another list of accounts."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            _own_mounts()
            _mount(b"/dev/null", b"/etc/passwd", MS_BIND)
            status = 0
        except OSError:
            status = 1
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    return status == 0


def _own_mounts() -> None:
    """Mounts that nobody else sees, and shared memory that ends with them. Raises OSError."""
    if _LIBC.unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "no mount namespace")
    _mount(b"none", b"/", MS_REC_PRIVATE)
    with suppress(OSError):
        _mount(b"tmpfs", b"/dev/shm", MS_NOSUID_NODEV_NOEXEC, b"tmpfs", b"mode=1777,size=1g")


def _mount(what: bytes, where: bytes, flags: int, kind: Any = None, options: Any = None) -> None:
    if _LIBC.mount(what, where, kind, ctypes.c_ulong(flags), options) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), os.fsdecode(where))


def _start_loopback() -> None:
    """PostgreSQL before 15 counts over it."""
    any_socket = _LIBC.socket(AF_INET, SOCK_DGRAM, 0)
    if any_socket >= 0:
        with suppress(OSError):
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
        os.close(any_socket)
