"""What a server may cost us before it has proven anything: time, bytes, rows, memory.

Each is held where it is spent: time at every wait for the socket, bytes at every read of it. For
what a library spends as it likes the drivers have a process of their own, with the kernel's limit
on its memory, and an end when its time is up.
"""

import resource
from dataclasses import dataclass
from math import inf
from pathlib import Path
from time import monotonic
from typing import Final

from advisor.errors import AdvisorError

CONNECT_TIMEOUT_S: Final = 10
ANSWER_S: Final = 30.0
"""A server that takes longer for one answer has hung."""

ANSWER_BYTES: Final = 4 * 1024**2
"""Of one answer. A real server's longest, SHOW GLOBAL VARIABLES, has 0.1 MB."""
ROWS_MAX: Final = 100_000
COLUMNS_MAX: Final = 128
"""A real server's widest, MariaDB's SHOW ALL SLAVES STATUS, has some 60."""
READ_COSTS_BYTES: Final = 24
"""What each read counts beside its bytes, for a row without bytes takes memory, too."""

MEMORY_BYTES: Final = 96 * 1024**2
"""More than that the drivers may not take, whatever they are sent."""

PAGE_BYTES: Final = resource.getpagesize()
STATM: Final = Path("/proc/self/statm")
STATM_DATA: Final = 5
"""Which of its fields counts the pages that RLIMIT_DATA is about: proc_pid_statm(5)."""


class WireError(AdvisorError):
    """What a server sends, or does not send, has ended a connection."""


class RefusalError(AdvisorError):
    """The server refuses a statement, or to let us in; the message has its words."""


@dataclass(slots=True)
class Patience:
    """How long a server is waited for."""

    answer_s: float = ANSWER_S
    """For any one answer."""
    ends_s: float = inf
    """Until when in all, by the monotonic clock."""

    @classmethod
    def of(cls, seconds: float) -> "Patience":
        """For so long in all, from now on."""
        return cls(ends_s=monotonic() + seconds)

    def extend(self, seconds: float) -> None:
        """What we spend ourselves is not the server's."""
        self.ends_s += seconds

    def and_then(self, seconds: float) -> "Patience":
        """What is left of this one, and some more even where nothing is."""
        return Patience(self.answer_s, max(self.ends_s, monotonic()) + seconds)

    def until(self, answer_s: float = inf) -> float:
        """When an answer that is asked for now must be there, by the monotonic clock."""
        return min(monotonic() + min(answer_s, self.answer_s), self.ends_s)

    @property
    def left_s(self) -> float:
        """How long it still is waited for; negative when that is over."""
        return self.ends_s - monotonic()


def left_s(until_s: float) -> float:
    """How long one may still wait. Raises WireError where that is over."""
    if (left := until_s - monotonic()) > 0:
        return left
    raise overdue()


def overdue() -> WireError:
    """The error to raise where time is up."""
    return WireError("the server does not answer in time", "is it overloaded, or no such server?")


def too_much(what: str) -> WireError:
    """The error to raise for an answer that no server of ours gives."""
    return WireError(f"the server answers with more than {what}; no such answer is expected")


def too_many_bytes() -> WireError:
    return too_much(f"{ANSWER_BYTES // 1024**2} MiB")


def limit_process() -> None:
    """From now on this process takes no more than MEMORY_BYTES beside what it has, whichever
    library asks for it; and leaves no core, which would have the password in it.

    Where /proc is missing, memory is not limited.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        used_bytes = int(STATM.read_text().split()[STATM_DATA]) * PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return
    limit, (soft, hard) = used_bytes + MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_DATA)
    if soft == resource.RLIM_INFINITY or limit < soft:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
