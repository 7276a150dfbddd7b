"""Advice that rests on an assumption, and not on a measurement or on what the user said. Pure.

It never makes a finding.
"""

from collections.abc import Mapping
from typing import Final

from advisor.request import Request
from advisor.rules.catalogue import Rule


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


def rests_on(rule: Rule, assumed: frozenset[str]) -> frozenset[str]:
    """The assumptions that the rule's value rests on."""
    return rule.read_facts & assumed


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
