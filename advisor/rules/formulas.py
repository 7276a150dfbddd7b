"""Named formulas: a rule's value computed from facts. Literal arguments come from the rule.

Sizes are in bytes, durations in microseconds; the engine converts them to the server's unit.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal, NamedTuple

from pydantic import BeforeValidator, Field

from advisor.analysis.fact_model import Facts
from advisor.analysis.recovery import ReplayBasis
from advisor.conditions import Strict
from advisor.model import Known, Unknown, known
from advisor.units import parse_size

Bytes = Annotated[
    int, BeforeValidator(lambda value: parse_size(value) if isinstance(value, str) else value)
]
"""Whole bytes, or a size like "64MB" in the file."""

MIB: Final = 1024**2
GIB: Final = 1024**3
RECOVERY_TIME: Final = "the recovery time"
LOAD_S: Final = 3600
"""Our choice, and MySQLTuner's: a log for an hour of what is written."""
COARSEST: Final = 16
"""Rounding takes at most that part of a value which the server takes in large blocks."""
WORTH_A_WORD: Final = 0.01
"""Rounding that takes more is told."""


class FormulaResult(NamedTuple):
    """A formula's value, and the figures it shows to the rule's reason."""

    value: int
    shown: Mapping[str, float | str] = {}
    rounded_from: int | None = None
    """What it was before it became a value that one would type; None where that changed little."""


def number(facts: Facts, name: str) -> float:
    """A fact named in a file, which the engine has made sure is a known number."""
    fact = facts.lookup(name)
    if isinstance(fact, str | bool | Unknown):
        raise TypeError(f"{name} is {fact!r}, not a number")
    return fact


class Share(Strict):
    """`percent` of a fact, rounded down (round_down), not below `at_least` nor above `at_most`.

    The bounds are advice of the rule (a legal minimum, a documented ceiling), named in its reason.
    """

    name: Literal["share"]
    fact: str
    percent: float = Field(gt=0)
    at_least: Bytes | None = None
    at_most: Bytes | None = None
    multiple_of: Bytes = 1

    shows: ClassVar[frozenset[str]] = frozenset()
    improved_by: ClassVar[frozenset[str]] = frozenset()

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({self.fact})

    def apply(self, facts: Facts) -> FormulaResult:
        share = int(number(facts, self.fact) * self.percent / 100)
        return _bounded(share, self.at_least, self.at_most, self.multiple_of)


class Duration(Strict):
    """`percent` of a fact in seconds, as whole seconds, within `at_least_s` and `at_most_s`."""

    name: Literal["duration"]
    fact: str
    percent: float = Field(gt=0)
    at_least_s: int
    at_most_s: int

    shows: ClassVar[frozenset[str]] = frozenset()
    improved_by: ClassVar[frozenset[str]] = frozenset()

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({self.fact})

    def apply(self, facts: Facts) -> FormulaResult:
        seconds = int(number(facts, self.fact) * self.percent / 100)
        return FormulaResult(max(min(seconds, self.at_most_s), self.at_least_s) * 1_000_000)


class LogCapacity(Strict):
    """As much log as recovery may take time for, if the disk has room for it.

    The smallest of: what a recovery replays in its time; `percent_of_free` of the free space;
    `percent_of_memory`, if given, since pages that leave memory are written anyway; and, where the
    load is known, what it writes in an hour. Shares one log among `files` files.
    """

    name: Literal["log_capacity"]
    percent_of_free: float = Field(gt=0, le=100)
    percent_of_memory: float | None = Field(default=None, gt=0, le=100)
    at_least: Bytes
    at_most: Bytes
    multiple_of: Bytes
    files: int = 1

    needs: ClassVar[frozenset[str]] = frozenset(
        {"recovery_time_s", "replay_bytes_per_s", "free_bytes"}
    )
    improved_by: ClassVar[frozenset[str]] = frozenset(
        {"expected_commits_per_s", "log_bytes_per_commit", "memory_bytes", "replay_basis"}
    )
    shows: ClassVar[frozenset[str]] = frozenset({"bound", "bound_bytes", "replay_s"})

    def apply(self, facts: Facts) -> FormulaResult:
        bound, log_bytes = min(self._bounds(facts).items(), key=lambda each: each[1])
        size = int(log_bytes / self.files)
        if size > self.at_most:
            bound = "the most that is advised"
        elif size < self.at_least:
            bound = "the least that is advised"
        result = _bounded(size, self.at_least, self.at_most, self.multiple_of)
        replay_s = result.value * self.files / known(facts.replay_bytes_per_s)
        return result._replace(
            shown={
                "bound": bound,
                "bound_bytes": log_bytes,
                "replay_s": float(f"{replay_s:.2g}"),
            }
        )

    def room(self, facts: Facts) -> tuple[str, int]:
        """What limits the log where recovery does not, and the size of each file by that."""
        bound, log_bytes = min(self._room(facts).items(), key=lambda each: each[1])
        size = int(log_bytes / self.files)
        return bound, _bounded(size, self.at_least, self.at_most, self.multiple_of).value

    def for_load(self, written_bytes: float) -> int:
        """The size of each file of a log that holds so much, within what is advised."""
        size = int(written_bytes / self.files)
        return _bounded(size, self.at_least, self.at_most, self.multiple_of).value

    def _bounds(self, facts: Facts) -> dict[str, float]:
        """What limits the log -> its size by that, in bytes."""
        by_recovery = known(facts.recovery_time_s) * known(facts.replay_bytes_per_s)
        return {
            RECOVERY_TIME + _unmeasured_reads(facts.replay_basis): by_recovery,
            **self._room(facts),
        }

    def _room(self, facts: Facts) -> dict[str, float]:
        """The same, however fast recovery is."""
        free, memory = self.percent_of_free, self.percent_of_memory
        bounds = {f"{free:g} % of the free space": known(facts.free_bytes) * free / 100}
        if memory is not None and not isinstance(facts.memory_bytes, Unknown):
            bounds[f"{memory:g} % of memory"] = facts.memory_bytes * memory / 100
        if not isinstance(facts.expected_commits_per_s, Unknown):
            written_per_s = facts.expected_commits_per_s * known(facts.log_bytes_per_commit)
            bounds["an hour of the expected load"] = written_per_s * LOAD_S
        return bounds


class BufferPool(Strict):
    """`percent` of memory, in whole chunks of 128 MiB for each buffer pool instance.

    MySQL rounds the buffer pool up to chunk size times instances (buf0buf.ic,
    buf_pool_size_align); a multiple of it is what the server reads back. From 8.4 on there are
    pool/256 MiB instances, at most a quarter of the processors, at most 64; before it 8; MariaDB
    has none.
    """

    name: Literal["buffer_pool"]
    percent: float = Field(gt=0, le=80)
    instances: Literal["one", "eight", "by-cpu"]

    shows: ClassVar[frozenset[str]] = frozenset()
    improved_by: ClassVar[frozenset[str]] = frozenset()
    chunk_bytes: ClassVar[int] = 128 * 1024**2

    @property
    def needs(self) -> frozenset[str]:
        by_cpu = {"cpu_count"} if self.instances == "by-cpu" else set()
        return frozenset({"memory_bytes"} | by_cpu)

    def apply(self, facts: Facts) -> FormulaResult:
        wanted = int(known(facts.memory_bytes) * self.percent / 100)
        granule = self.chunk_bytes * self._instance_count(wanted, facts)
        return _bounded(wanted, self.chunk_bytes, None, granule)

    def _instance_count(self, pool_bytes: int, facts: Facts) -> int:
        if self.instances == "one" or pool_bytes < 1024**3:
            return 1
        if self.instances == "eight":
            return 8
        by_size = pool_bytes // (2 * self.chunk_bytes)
        return max(1, min(by_size, known(facts.cpu_count) // 4, 64))


# Of each formula: `needs` are the facts without which it has no value, `improved_by` those that it
# takes where they are known, `shows` what a reason may show of it.
Formula = Annotated[Share | Duration | LogCapacity | BufferPool, Field(discriminator="name")]


def _unmeasured_reads(basis: Known[ReplayBasis]) -> str:
    """What a bound says of page reads that nobody measured."""
    if isinstance(basis, Unknown) or basis == "page reads":
        return ""
    return f", with {basis} for page reads, which were not measured"


def _bounded(
    value: int, at_least: int | None, at_most: int | None, multiple_of: int
) -> FormulaResult:
    if at_most is not None and value >= at_most:
        return FormulaResult(at_most // multiple_of * multiple_of)
    result = round_down(value, multiple_of)
    if at_least is not None:
        result = max(result, at_least)
    changed = value - result > value * WORTH_A_WORD
    return FormulaResult(result, rounded_from=value if changed else None)


def round_down(value: int, multiple_of: int) -> int:
    """The largest value up to this one that a person would type: 17 GB for 17.6.

    A count has two significant digits, and so has a size, unless a power of two comes nearer. Where
    a server rounds to large blocks, it is so many of them, no finer than a sixteenth of the value.
    """
    if multiple_of > MIB:
        whole_gib = value >= 10 * GIB and GIB % multiple_of == 0
        step = GIB if whole_gib else multiple_of
        while 2 * step <= value // COARSEST:
            step *= 2
        return value // step * step
    if multiple_of < MIB:
        return _two_digits(value)
    if value >= 10 * GIB:
        return _two_digits(value // GIB) * GIB
    in_mib = _two_digits(value // MIB) * MIB
    # No size in GB is nearer than one in MB, but for whole ones: 4 GB are 4096 MB, not 4000.
    return max(in_mib, value // GIB * GIB, _power_of_two(value)) // multiple_of * multiple_of


def _power_of_two(value: int) -> int:
    return 1 << value.bit_length() >> 1


def _two_digits(value: int) -> int:
    step = 1
    while value // step >= 100:
        step *= 10
    return value // step * step
