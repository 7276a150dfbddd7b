"""How busy the processors were meanwhile, with our own processes and with others."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic

import psutil


@dataclass
class CoresUsed:
    """Cores kept busy, on average: 1.5 is one and a half of them."""

    own: float = 0.0
    """By this process and all below it: server, load and drive."""
    others: float = 0.0
    """By everything else on the host, the kernel's own threads included."""


@contextmanager
def cores_used() -> Iterator[CoresUsed]:
    """Fills in what it yields when the block is over."""
    used = CoresUsed()
    began_s, own_s, all_s = monotonic(), _own_s(), _all_s()
    yield used
    took_s = monotonic() - began_s
    own_s, all_s = _own_s() - own_s, _all_s() - all_s
    used.own = round(own_s / took_s, 2)
    used.others = round(max(all_s - own_s, 0.0) / took_s, 2)


def _own_s() -> float:
    here = psutil.Process()
    total_s = 0.0
    for process in (here, *here.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            # A child that ended counts with whoever waited for it.
            total_s += times.user + times.system + times.children_user + times.children_system
    return total_s


def _all_s() -> float:
    times = psutil.cpu_times()
    return sum(times) - times.idle - times.iowait - times.guest - times.guest_nice
