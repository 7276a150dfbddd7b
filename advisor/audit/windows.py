"""How much a relaxed value may lose: the time, the commit groups, the transactions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from advisor.audit.findings import AtRisk, LostFrom
from advisor.rules.catalogue import Setting
from advisor.rules.risks import RISKS
from advisor.units import Value

Values = Mapping[str, Value]
"""Setting -> its value in force."""

StatedWindows = Mapping[str, int]
"""Setting -> the window in ms that profiles/ states of its relaxed value, all else at its default.
It is what power cuts are rehearsed against; nothing else says how much may be lost."""

WIDENED_BY: Final[Mapping[str, str]] = {
    "wal_writer_delay": "synchronous_commit",
    "innodb_flush_log_at_timeout": "innodb_flush_log_at_trx_commit",
}
"""Setting -> the one whose loss window it sets."""

DEFAULT_DELAY_MS: Final = 200
"""Of wal_writer_delay: the stated window is for that."""

DIVERGENCE: Final = (
    "Only one of innodb_flush_log_at_trx_commit and sync_binlog is relaxed: after a crash the"
    " binary log and the replicas may hold other transactions than the tables."
)

FLUSHED_EACH: Final = 1
"""The value of either of the pair with which each commit waits for its flush."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Commits per second, and where the figure comes from."""

    commits_per_s: float
    source: str


def is_relaxed(name: str, values: Values) -> bool:
    """Whether that setting's value in force risks anything."""
    return name in values and RISKS[name].of(values[name]) != "durable"


def stated_windows(settings: Iterable[Setting]) -> StatedWindows:
    """What the rules state."""
    return {
        setting.name: rule.loss_window_ms
        for setting in settings
        for rule in setting.rule
        if rule.loss_window_ms is not None
    }


def at_risk(name: str, values: Values, rate: Rate, stated: StatedWindows) -> AtRisk | None:
    """What the value in force may lose; None where it is not the latest commits that it risks.

    The stated window, scaled by what widens it. PostgreSQL's grows with wal_writer_delay, of which
    it is three times (wal-async-commit). InnoDB's grows by each second that
    innodb_flush_log_at_timeout adds to the first; at 0 the log is flushed once a second, too.
    """
    if name not in values or not RISKS[name].of(values[name]).startswith("loses"):
        return None
    window_ms, groups_max = stated[name], None
    lost_from: LostFrom = "the server"
    if name == "synchronous_commit":
        delay_ms = _whole(values.get("wal_writer_delay"), DEFAULT_DELAY_MS)
        window_ms = window_ms * delay_ms // DEFAULT_DELAY_MS
    elif name == "innodb_flush_log_at_trx_commit":
        timeout_s = _whole(values.get("innodb_flush_log_at_timeout"), 1)
        window_ms += 1000 * (max(timeout_s, 1) - 1)
    else:
        groups_max = _whole(values[name], 0) or None
        lost_from = "the binary log"
    return AtRisk(
        window_ms=window_ms,
        groups_max=groups_max,
        transactions=None if groups_max else rate.commits_per_s * window_ms / 1000,
        commits_per_s=rate.commits_per_s,
        rate_from=rate.source,
        lost_from=lost_from,
    )


def _whole(value: Value | None, default: int) -> int:
    return value if isinstance(value, int) else default
