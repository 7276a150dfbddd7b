"""The red lines, in code, so that no data file can cross them. A breach is an error."""

from collections.abc import Iterable, Mapping
from typing import Final

from advisor.advice import Recommendation, RuleId
from advisor.analysis.fact_model import MEASURED_PERFORMANCE, Facts
from advisor.durability import Durability, risks_more
from advisor.errors import GuardError
from advisor.model import Unknown
from advisor.rules.catalogue import Rule, Spec
from advisor.rules.risks import PAIR, RISKS, relaxed_alone
from advisor.units import UNIT_BYTES, Value, format_size
from advisor.vendors.registry import VENDORS

NOT_ABOVE: Final = (
    ("innodb_io_capacity", "innodb_io_capacity_max"),
    ("min_wal_size", "max_wal_size"),
)
"""Pairs of settings of which the first must not exceed the second."""

WAL_SEGMENT_MB: Final = 16
"""Unless initdb was told otherwise, which no fragment can know."""

MINIMAL_NEEDS: Final[dict[str, tuple[Value, Value]]] = {
    "max_wal_senders": (0, 10),
    "archive_mode": ("off", "off"),
    "summarize_wal": (False, False),
}
"""What wal_level = minimal starts with, and what the server has when nobody says: PostgreSQL's
postmaster.c ("WAL streaming requires wal_level ...", and the like); tests/servers/traps.py starts
PostgreSQL 13 to 19 with each."""

LOG_SIZES: Final = ("innodb_redo_log_capacity", "innodb_log_file_size", "max_wal_size")
"""How much room the log takes, or each of its files."""


def check_rule(rule_id: RuleId, rule: Rule, spec: Spec, value: Value, facts: Facts) -> None:
    """One recommendation against the red lines. Raises GuardError.

    `rule` must not risk more than the user accepts, must not hide what its value risks, must stay
    within the spec, and must not argue from the speed of a drive whose flush is not honoured.
    """
    setting = rule_id.setting
    if problem := spec.problem_with(value):
        raise GuardError(f"rule {rule_id} asks for a value the server does not take: {problem}")
    risk = RISKS[setting].of(value) if setting in RISKS else rule.durability
    if risks_more(risk, rule.durability):
        raise GuardError(
            f"rule {rule_id} calls {value!r} {rule.durability!r}, but that value is {risk!r}"
        )
    chosen = facts.durability
    if risk == "can-corrupt" or risks_more(risk, chosen):
        raise GuardError(f"rule {rule_id} asks for {value!r}, which is {risk!r}, not {chosen!r}")
    feature = spec.build_choices.get(value) if isinstance(value, str) else None
    if feature is not None and facts.built_with(feature) is not True:
        raise GuardError(
            f"rule {rule_id} asks for {value!r}, which exists only in builds with {feature}; "
            "whether this server is one is not known to be true"
        )
    if facts.trust == "not-durable" and (used := rule.needed_facts & MEASURED_PERFORMANCE):
        raise GuardError(
            f"rule {rule_id} argues from {', '.join(sorted(used))}, "
            "but this drive does not honour a flush"
        )


def check_risk_of(setting: str, value: Value, accepted: Durability) -> None:
    """A value that no rule asked for, like a default, against the class that the user accepts.
    Raises GuardError."""
    risk = RISKS[setting].of(value) if setting in RISKS else "durable"
    if risk == "can-corrupt" or risks_more(risk, accepted):
        raise GuardError(f"{setting} = {value!r} is {risk!r}, not {accepted!r}")


def check_together(recommendations: Iterable[Recommendation], facts: Facts) -> None:
    """Settings that only make sense together, or with the host. Raises GuardError."""
    recommendations = tuple(recommendations)
    values = {entry.setting: entry.value for entry in recommendations}
    check_values(values)
    _relaxed_together(values, facts)
    _log_fits_disk(recommendations, values, facts)


def check_values(values: Mapping[str, Value | None]) -> None:
    """Settings that only make sense together, by name. Raises GuardError."""
    for lower, upper in NOT_ABOVE:
        low, high = values.get(lower), values.get(upper)
        if isinstance(low, int) and isinstance(high, int) and low > high:
            raise GuardError(f"{lower} = {low} would exceed {upper} = {high}")
    _no_log_ahead(values)
    _two_segments(values)
    _minimal_wal(values)


def _no_log_ahead(values: Mapping[str, Value | None]) -> None:
    """A binary log must not have, after a power loss, what the tables have lost."""
    if relaxed_alone(values) == PAIR[0]:
        raise GuardError(f"only {PAIR[0]} is relaxed; relax {' and '.join(PAIR)} together")


def _relaxed_together(values: Mapping[str, Value | None], facts: Facts) -> None:
    """A server on its own relaxes both; one of several may relax its binary log alone, for another
    server still has what a power loss takes."""
    is_one_of_several = facts.role == "replica" or facts.cluster != "none"
    if relaxed_alone(values) == PAIR[1] and not is_one_of_several:
        raise GuardError(f"only {PAIR[1]} is relaxed; relax {' and '.join(PAIR)} together")


def _two_segments(values: Mapping[str, Value | None]) -> None:
    for name in ("min_wal_size", "max_wal_size"):
        size_mb = values.get(name)
        if isinstance(size_mb, int) and size_mb < 2 * WAL_SEGMENT_MB:
            raise GuardError(
                f"{name} = {size_mb} MB is less than two WAL segments of {WAL_SEGMENT_MB} MB: "
                "the server would not start"
            )


def _minimal_wal(values: Mapping[str, Value | None]) -> None:
    if values.get("wal_level") != "minimal":
        return
    for name, (needed, default) in MINIMAL_NEEDS.items():
        if (value := values.get(name, default)) != needed:
            raise GuardError(
                f"wal_level = minimal does not start with {name} = {value}, it needs {needed}"
            )


def _log_fits_disk(
    recommendations: Iterable[Recommendation], values: Mapping[str, Value | None], facts: Facts
) -> None:
    """What the fragment gives the log must be free; a size left alone is the server's affair."""
    for entry in recommendations:
        if entry.setting not in LOG_SIZES or not entry.emitted or not isinstance(entry.value, int):
            continue
        free_bytes = facts.free_bytes
        if isinstance(free_bytes, Unknown):
            raise GuardError(f"{entry.setting} = {entry.rendered}: the free space is unknown")
        files = _log_files(values, facts) if entry.setting == "innodb_log_file_size" else 1
        needed_bytes = entry.value * UNIT_BYTES[entry.unit] * files
        if needed_bytes > free_bytes:
            raise GuardError(
                f"{entry.setting} = {entry.rendered} takes {format_size(needed_bytes)}, "
                f"but only {format_size(free_bytes)} are free"
            )


def _log_files(values: Mapping[str, Value | None], facts: Facts) -> int:
    """How many redo log files there are: as said, else the vendor's default."""
    files = values.get("innodb_log_files_in_group")
    return files if isinstance(files, int) else VENDORS[facts.vendor].redo_files
