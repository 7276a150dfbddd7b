"""How much a relaxed value may lose: the time, the commit groups, the transactions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from advisor.audit.findings import AtRisk
from advisor.rules.risks import RISKS
from advisor.units import Value

Values = Mapping[str, Value]
"""Setting -> its value in force."""

KERNEL_WRITES_BACK_MS: Final = 40_000
"""Within which the kernel has written a file back that nobody syncs (profiles, sync_binlog)."""

WIDENED_BY: Final[Mapping[str, str]] = {
    "wal_writer_delay": "synchronous_commit",
    "innodb_flush_log_at_timeout": "innodb_flush_log_at_trx_commit",
}
"""Setting -> the one whose loss window it sets."""

PAIR: Final = ("innodb_flush_log_at_trx_commit", "sync_binlog")
DIVERGENCE: Final = (
    "Only one of innodb_flush_log_at_trx_commit and sync_binlog is relaxed: after a crash the"
    " binary log and the replicas may hold other transactions than the tables."
)


@dataclass(frozen=True, slots=True)
class Rate:
    """Commits per second, and where the figure comes from."""

    commits_per_s: float
    source: str


def is_relaxed(name: str, values: Values) -> bool:
    """Whether that setting's value in force risks anything."""
    return name in values and RISKS[name].of(values[name]) != "durable"


def relaxed_alone(values: Values) -> str | None:
    """Which of the pair is relaxed while the other is not, where a binary log is written."""
    if not all(name in values for name in PAIR):
        return None
    relaxed = [name for name in PAIR if is_relaxed(name, values)]
    return relaxed[0] if len(relaxed) == 1 else None


def at_risk(name: str, values: Values, rate: Rate) -> AtRisk | None:
    """What the value in force may lose; None where it is not the latest commits that it risks.

    PostgreSQL: three times wal_writer_delay (wal-async-commit). InnoDB flushes once in
    innodb_flush_log_at_timeout by itself; at 0 at least once a second.
    """
    if name not in values or not RISKS[name].of(values[name]).startswith("loses"):
        return None
    groups_max = None
    if name == "synchronous_commit":
        window_ms = 3 * _whole(values.get("wal_writer_delay"), 200)
    elif name == "innodb_flush_log_at_trx_commit":
        window_ms = 1000 * max(_whole(values.get("innodb_flush_log_at_timeout"), 1), 1)
    else:
        window_ms = KERNEL_WRITES_BACK_MS
        groups_max = _whole(values[name], 0) or None
    return AtRisk(
        window_ms=window_ms,
        groups_max=groups_max,
        transactions=None if groups_max else rate.commits_per_s * window_ms / 1000,
        commits_per_s=rate.commits_per_s,
        rate_from=rate.source,
    )


def _whole(value: Value | None, default: int) -> int:
    return value if isinstance(value, int) else default
