"""The red lines, in code, so that no data file can cross them. A breach is an error."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from advisor.advice import Recommendation
from advisor.analysis.fact_names import MEASURED_PERFORMANCE
from advisor.conditions import Facts
from advisor.durability import Durability, risks_more
from advisor.errors import GuardError
from advisor.rules.catalogue import Rule, Spec
from advisor.units import Value

RISKS: Final[dict[str, Callable[[Value], Durability]]] = {
    "fsync": lambda value: "durable" if value is True else "can-corrupt",
    "full_page_writes": lambda value: "durable" if value is True else "can-corrupt",
    "data_sync_retry": lambda value: "durable" if value is False else "can-corrupt",
    "synchronous_commit": lambda value: "loses-recent-on-crash" if value == "off" else "durable",
    "innodb_flush_log_at_trx_commit": lambda value: _TRX_COMMIT.get(value, "can-corrupt"),
    "sync_binlog": lambda value: "durable" if value == 1 else "loses-recent-on-power-loss",
    "innodb_doublewrite": lambda value: (
        "durable" if value in (True, "ON", "DETECT_AND_RECOVER") else "can-corrupt"
    ),
    "innodb_flush_method": lambda value: (
        "durable" if value in ("fsync", "O_DSYNC", "O_DIRECT") else "can-corrupt"
    ),
}
"""What a value risks, whatever a rule says of it. Sources stand with the rules."""

_TRX_COMMIT: Final[dict[Value, Durability]] = {
    0: "loses-recent-on-crash",
    1: "durable",
    2: "loses-recent-on-power-loss",
    3: "durable",
}

NOT_ABOVE: Final = (
    ("innodb_io_capacity", "innodb_io_capacity_max"),
    ("min_wal_size", "max_wal_size"),
)
"""Pairs of settings of which the first must not exceed the second."""


def check_rule(rule_id: str, rule: Rule, spec: Spec, value: Value, facts: Facts) -> None:
    """One recommendation against the red lines. Raises GuardError.

    `rule` must not risk more than the user accepts, must not hide what its value risks, must stay
    within the spec, and must not argue from the speed of a drive whose flush is not honoured.
    """
    setting = rule_id.split(".")[1]
    if problem := spec.problem_with(value):
        raise GuardError(f"rule {rule_id} asks for a value the server does not take: {problem}")
    risk = RISKS[setting](value) if setting in RISKS else rule.durability
    if risks_more(risk, rule.durability):
        raise GuardError(
            f"rule {rule_id} calls {value!r} {rule.durability!r}, but that value is {risk!r}"
        )
    chosen = facts["durability"]
    if risk == "can-corrupt" or risks_more(risk, chosen):  # type: ignore[arg-type]
        raise GuardError(f"rule {rule_id} asks for {value!r}, which is {risk!r}, not {chosen!r}")
    if facts["trust"] == "not-durable" and (used := rule.needed_facts & MEASURED_PERFORMANCE):
        raise GuardError(
            f"rule {rule_id} argues from {', '.join(sorted(used))}, "
            "but this drive does not honour a flush"
        )


def check_together(recommendations: Iterable[Recommendation]) -> None:
    """Settings that only make sense together. Raises GuardError."""
    values = {entry.setting: entry.value for entry in recommendations}
    for lower, upper in NOT_ABOVE:
        low, high = values.get(lower), values.get(upper)
        if isinstance(low, int) and isinstance(high, int) and low > high:
            raise GuardError(f"{lower} = {low} would exceed {upper} = {high}")
    _relaxed_together(values)


def _relaxed_together(values: Mapping[str, Value | None]) -> None:
    pair = ("innodb_flush_log_at_trx_commit", "sync_binlog")
    known = {name: values[name] for name in pair if values.get(name) is not None}
    relaxed = [name for name, value in known.items() if RISKS[name](value) != "durable"]  # type: ignore[arg-type]
    if len(known) == 2 and len(relaxed) == 1:
        raise GuardError(f"only {relaxed[0]} is relaxed; relax {' and '.join(pair)} together")
