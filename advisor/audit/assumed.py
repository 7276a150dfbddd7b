"""Advice that rests on an assumption, and not on a measurement or on what the user said. Pure.

It never makes a finding. That a larger log or a longer interval means a longer recovery is said
with the figure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from advisor.analysis.facts import Assumption
from advisor.request import Request
from advisor.rules.catalogue import Rule, Spec
from advisor.units import UNIT_BYTES, Value, format_count, format_size
from advisor.vendors.registry import VENDORS

CHECKPOINT_TIMEOUT: Final = "checkpoint_timeout"
REPLAYED_INTERVALS: Final = 1.9
"""How many intervals of WAL a crash may replay: one, and the 0.9 of the next that a checkpoint may
take by checkpoint_completion_target (profiles/postgresql/checkpoint_timeout.toml)."""


def assumed_facts(request: Request) -> frozenset[str]:
    """The facts that nobody said and nothing measured. That a host has memory does not say that
    this server may use it."""
    said: Mapping[str, object] = {
        "expected_commits_per_s": request.expected_commits_per_s,
        "log_bytes_per_commit": request.log_bytes_per_commit,
        "recovery_time_s": request.recovery_time_s,
        "memory_bytes": request.memory_bytes,
    }
    return frozenset(name for name, value in said.items() if value is None)


@dataclass(frozen=True, slots=True)
class Load:
    """The load by which a log's size becomes a time."""

    commits_per_s: float
    log_bytes_per_commit: float
    is_assumed: bool

    @classmethod
    def of(cls, request: Request, assumptions: Mapping[str, Assumption]) -> "Load":
        """What the request says, else what is assumed."""
        rate, size = request.expected_commits_per_s, request.log_bytes_per_commit
        assumed = assumptions["expected_commits_per_s"].value
        assumed_bytes = assumptions[f"log_bytes_per_commit_{request.vendor}"].value
        return cls(
            assumed if rate is None else rate, size or assumed_bytes, rate is None or size is None
        )


def recovery_note(spec: Spec, name: str, value: Value, load: Load) -> str:
    """What a value larger than advised means for a recovery; "" where it means nothing there."""
    if isinstance(value, str | bool):
        return ""
    if name == CHECKPOINT_TIMEOUT:
        replayed = _span(REPLAYED_INTERVALS * value)
        return f"as good as less; a crash may replay the WAL of {replayed}"
    if spec.unit not in UNIT_BYTES or name not in VENDORS[spec.vendor].log_size_settings:
        return ""
    size_bytes = value * UNIT_BYTES[spec.unit] * _files(spec, name)
    seconds = size_bytes / (load.commits_per_s * load.log_bytes_per_commit)
    written = (
        f"what {format_count(load.commits_per_s)} commits/s of"
        f" {format_count(load.log_bytes_per_commit)} bytes{' (assumed)' if load.is_assumed else ''}"
        f" write in {_span(seconds)}"
    )
    return f"as good as less; a crash may replay up to {format_size(size_bytes)}, {written}"


def _span(seconds: float) -> str:
    """A recovery's time for people."""
    for suffix, unit_s in (("h", 3600), ("min", 60)):
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:.0f} {suffix}"
    return f"{seconds:.0f} s"


def _files(spec: Spec, name: str) -> int:
    return VENDORS[spec.vendor].redo_files if name == "innodb_log_file_size" else 1


def rests_on(rule: Rule, assumed: frozenset[str]) -> frozenset[str]:
    """The assumptions that the rule's value rests on."""
    return rule.needed_facts & assumed


OPTIONS: Final[Mapping[str, str]] = {
    "expected_commits_per_s": "--expected-tps",
    "log_bytes_per_commit": "--log-bytes-per-commit",
    "recovery_time_s": "--recovery-time",
    "memory_bytes": "--memory",
}
"""Assumed fact -> the option that says it."""


def differing_note(differing: Mapping[str, str], assumed: frozenset[str]) -> str:
    """One line for all that differ only by what is assumed. `differing`: setting -> "is, advised
    is"."""
    listed = ", ".join(f"{name} ({what})" for name, what in differing.items())
    options = [option for fact, option in OPTIONS.items() if fact in assumed]
    replace = "replaces the assumption" if len(options) == 1 else "replace the assumptions"
    return (
        f"not findings, because the advice assumes the load or the memory: {listed};"
        f" {', '.join(options)} {replace}"
    )
