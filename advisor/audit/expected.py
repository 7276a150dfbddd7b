"""How long a commit waits with the settings a server has, and with those that are advised. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from advisor.advice import Recommendation
from advisor.audit.lines import lines_of, writes_binary_log
from advisor.capacity.drive import append_us, sync_us
from advisor.measurement import Measurement
from advisor.rules.catalogue import Setting
from advisor.series_kind import PRIMARY
from advisor.server_state import ServerState
from advisor.units import Value
from advisor.vendors.registry import VENDORS


class CommitWait(NamedTuple):
    """What one commit on one connection waits for, if nothing but its syncs took time."""

    syncs: int
    us: float | None
    """None where a sync of the binary log was not measured."""


def commit_waits(
    state: ServerState,
    settings: Iterable[Setting],
    advised: Iterable[Recommendation],
    measurement: Measurement,
) -> tuple[CommitWait, CommitWait]:
    """Now, and with the advised settings that are written. Raises as `sync_us` does."""
    lines = [*lines_of(state, settings, advised)]
    now = {line.setting.name: line.value for line in lines if line.value is not None}
    then = {
        line.setting.name: line.advised.value
        for line in lines
        if line.advised and line.advised.emitted and line.advised.value is not None
    }
    specs = {line.setting.name: line.spec for line in lines}

    def wait(values: Mapping[str, Value]) -> CommitWait:
        vendor = VENDORS[state.vendor]
        path = vendor.commit_path(values, log_bin=writes_binary_log(state))
        shown = {name: specs[name].render(value) for name, value in values.items()}
        series = measurement.find(replace(PRIMARY, method=vendor.log_sync_method(shown)))
        log_us = series.summary.mean_us if series else sync_us(measurement)
        return CommitWait(path.syncs, path.wait_us(log_us, append_us(measurement)))

    return wait(now), wait({**now, **then})
