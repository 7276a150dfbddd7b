"""Configurations take turns under the same load, one server at a time, until one is faster."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import count
from time import monotonic, sleep
from typing import Final, NamedTuple, Protocol

from advisor.comparison.throughput import PAIRS_MIN
from advisor.errors import AdvisorError
from advisor.servers.connection import Address, Connection
from advisor.servers.load.client import LoadTable, run_load
from advisor.statistics import percentile
from advisor.trial import Contender, Ending, TrialComparison, TrialRun, compare, is_clear

SWITCH_S: Final = 4.0
"""To stop one server and to start the next, about; the first round tells better."""
RECOVERY_TRIES: Final = 5
TRY_AGAIN_S: Final = 1.0
"""Of a server that was killed, a process may still hold its memory."""


class Turns(Protocol):
    """A server that can be started again and again on its data directory."""

    def running(self, *, killed: bool = False) -> AbstractContextManager[Address]:
        """The server for as long as the block takes; `killed`: it then ends as in a crash."""


@dataclass(frozen=True, slots=True)
class TurnsPlan:
    """How a trial goes."""

    clients: int
    rows: int
    warmup_s: float
    turn_s: float
    """Measured of each turn."""
    seconds: float
    """For all of it."""

    def seconds_min(self, contenders: int) -> float:
        """For the fewest rounds that can tell anything, about."""
        return PAIRS_MIN * contenders * (self.warmup_s + self.turn_s + SWITCH_S)


class TurnsResult(NamedTuple):
    """What the turns gave."""

    contenders: tuple[Contender, ...]
    comparisons: tuple[TrialComparison, ...]
    """The first against each of the others."""
    ending: Ending
    elapsed_s: float


def take_turns(
    servers: Sequence[tuple[str, Turns]], plan: TurnsPlan, say: Callable[[str], None]
) -> TurnsResult:
    """Turns until each comparison is clear or the time is over.

    Every other round goes backwards, so that what changes steadily meets all alike. The first
    round's time, not its rates, decides how many there may be. Raises AdvisorError with the
    server's words.
    """
    began_s = monotonic()
    for name, server in servers:
        say(f"{name}: filling a table of {plan.rows} rows")
        with _naming(name):
            _fill(server, plan)
    filled_s = monotonic()
    rounds_max = 1
    runs: dict[str, list[TrialRun]] = {name: [] for name, _ in servers}
    for number in count():
        for name, server in servers if number % 2 == 0 else reversed(servers):
            with _naming(name):
                run = _turn(server, plan, number)
            runs[name].append(run)
            say(f"round {number + 1}, {name}: {run.commits_per_s:.0f} commits/s")
        now_s = monotonic()
        round_s = (now_s - filled_s) / (number + 1)
        left_s = plan.seconds - (now_s - began_s)
        if number == 0:
            rounds_max += int(left_s / round_s)
        contenders = [Contender(name=name, runs=tuple(found)) for name, found in runs.items()]
        clear = is_clear(comparisons := compare(contenders, rounds_max))
        if clear or number + 1 >= rounds_max or left_s < round_s:
            break
    found = tuple(
        Contender(name=name, runs=tuple(runs[name]), recovery_s=_recovery_s(server, plan))
        for name, server in servers
    )
    return TurnsResult(found, comparisons, "clear" if clear else "time", monotonic() - began_s)


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """An error says which configuration it is about."""
    try:
        yield
    except AdvisorError as error:
        raise AdvisorError(f"{name}: {error.message}", error.hint) from error


def _fill(server: Turns, plan: TurnsPlan) -> None:
    with (
        server.running() as address,
        closing(address.connect()) as connection,
        LoadTable(connection, plan.rows, kept=True),
    ):
        pass


def _turn(server: Turns, plan: TurnsPlan, seed: int, *, killed: bool = False) -> TrialRun:
    """One turn, second by second."""
    latencies_us = array("d")
    per_s = []
    with server.running(killed=killed) as address, ExitStack() as stack:
        connections: list[Connection] = [
            stack.enter_context(closing(address.connect())) for _ in range(plan.clients)
        ]
        warmup_s = plan.warmup_s
        for second in range(max(1, round(plan.turn_s))):
            result = run_load(
                connections,
                duration_s=1.0,
                warmup_s=warmup_s,
                seed=1000 * seed + second,
                rows=plan.rows,
            )
            per_s.append(result.tps)
            latencies_us.extend(result.latencies_us)
            warmup_s = 0.0
    if not latencies_us:
        raise AdvisorError(
            f"the server answered no commit in {plan.turn_s:g} s", "try a longer --turn"
        )
    p99_us = percentile(sorted(int(latency_us) for latency_us in latencies_us), 99.0)
    return TrialRun(
        round=seed,
        commits_per_s=sum(per_s) / len(per_s),
        lowest_per_s=min(per_s),
        p99_ms=None if p99_us is None else p99_us / 1000,
    )


def _recovery_s(server: Turns, plan: TurnsPlan) -> float:
    """From the start after a kill under load to the first answer."""
    _turn(server, plan, 0, killed=True)
    for _ in range(RECOVERY_TRIES - 1):
        began_s = monotonic()
        try:
            with server.running():
                return monotonic() - began_s
        except AdvisorError:
            sleep(TRY_AGAIN_S)
    began_s = monotonic()
    with server.running():
        return monotonic() - began_s
