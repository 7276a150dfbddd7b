"""When an application persists what it writes to files of its own: at once, or in batches.

An event syncs n files, one after another: m that grow, and k that are replaced durably
(durable_replace.py). For a batch each of these files is a log: b events are appended to it and
synced together, so that a batch costs n syncs however many events are in it. (A batch of events
that keep files of their own saves nothing: each file still needs its sync.) With R events/s, L per
sync and D per replace, syncs take u = R (m L + k D) of one writer's time at once, which is R n L
where nothing is replaced, and R n L / b in batches.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from advisor.capacity.durable_replace import DurableReplace, replace_us
from advisor.capacity.workloads import Transaction
from advisor.model import Model
from advisor.units import counted, format_count, format_latency
from advisor.vendors.commits import REPLACE_SYNCS

How = Literal["persist-immediately", "mixed", "batched", "not-carried"]
"""mixed: some events at once, the others in batches; not-carried: those that must be durable at
once are too many for the drive, and no batch of the others helps."""

BATCHES_AT_RISK: Final = 2
"""The one that is being synced, and the one in the making."""

EXACT_DIGITS: Final = 9
"""Of a product of floats: 6.000000000000001 events are 6."""


class Policy(Model):
    """How one workload persists its events at the target rate, and what a crash may then lose.

    A batch is synced when it is full or `flush_interval_ms` old, while the next one fills. A writer
    that accepts nothing more while both are full keeps to `lost_events_max` on any drive.
    """

    workload: str
    policy: How
    rate_per_s: float
    """The target: all events."""
    sync_us: float
    syncs_per_event: int
    utilisation: float
    """u = R (m L + k D): the share of one writer's time if each event were persisted at once. What
    is above 1 cannot be done."""
    comfortable_utilisation: float
    immediate_share: float
    """Of the events: those that must be durable before anybody is told."""
    immediate_per_s: float
    """Events that this policy persists at once."""
    not_carried_per_s: float
    """Events that must be persisted at once, and for which there is no comfortable time."""
    batch_events: int | None
    """None where nothing is batched, like the next."""
    flush_interval_ms: float | None
    """How long a batch takes to fill at the target rate."""
    lost_events_max: int | None
    """None where the rate is not sustained, like the next two."""
    syncs_per_s: float | None
    policy_utilisation: float | None
    """The share of one writer's time with this policy."""
    arithmetic: tuple[str, ...]
    """How the figures follow, with the numbers filled in."""
    replaces_per_event: int = 0
    """Of its syncs: durable replaces of a file."""
    durable_replace: DurableReplace | None = None
    """None where no file is replaced."""


def plan_policies(
    transactions: Sequence[Transaction],
    sync_us: float,
    rate_per_s: float,
    measured_replace_us: float | None = None,
    *,
    grows: bool = True,
) -> tuple[Policy, ...]:
    """A policy for each workload of files. A database batches by itself: group commit.

    `sync_us` is the mean sync of a file that grows, or of one that does not where `grows` is false;
    `measured_replace_us` the mean durable replace, None where that was not measured; `rate_per_s`
    is the target of each workload.
    """
    replace = DurableReplace(
        replace_us=replace_us(measured_replace_us, sync_us),
        is_low=measured_replace_us is None and not grows,
    )
    return tuple(
        _Workload(transaction, sync_us, rate_per_s, replace).policy()
        for transaction in transactions
        if transaction.kind == "files"
    )


@dataclass(frozen=True, slots=True)
class _Workload:
    """A workload of files at the target rate."""

    transaction: Transaction
    sync_us: float
    rate_per_s: float
    replace: DurableReplace

    @property
    def event_s(self) -> float:
        """What the syncs of one event take at once: m L + k D."""
        growing = self.transaction.syncs - self.transaction.replaces
        replaces_us = self.transaction.replaces * self.replace.replace_us.value
        return (growing * self.sync_us + replaces_us) / 1e6

    @property
    def event_syncs(self) -> int:
        """How many these are."""
        return self.transaction.syncs + (REPLACE_SYNCS - 1) * self.transaction.replaces

    @property
    def batch_s(self) -> float:
        """What the syncs of a batch take: n L."""
        return self.transaction.syncs * self.sync_us / 1e6

    @property
    def comfortable(self) -> float:
        return self.transaction.comfortable_utilisation

    @property
    def immediate_per_s(self) -> float:
        return self.rate_per_s * self.transaction.immediate_share

    def policy(self) -> Policy:
        if self.rate_per_s * self.event_s <= self.comfortable:
            return self._immediately()
        room = self.comfortable - self.immediate_per_s * self.event_s
        return self._batched(room) if room > 0 else self._not_sustained()

    def _immediately(self) -> Policy:
        return self._made(
            "persist-immediately",
            immediate_per_s=self.rate_per_s,
            lost_events_max=0,
            syncs_per_s=self.rate_per_s * self.event_syncs,
            policy_utilisation=self.rate_per_s * self.event_s,
        )

    def _batched(self, room: float) -> Policy:
        """`room` is what the immediate events leave of the comfortable utilisation."""
        batched_per_s = self.rate_per_s - self.immediate_per_s
        needed = batched_per_s * self.batch_s / room
        batch_events = math.ceil(round(needed, EXACT_DIGITS))
        flush_s = batch_events / batched_per_s
        flushes_per_s = batched_per_s / batch_events
        batch_syncs_per_s = flushes_per_s * self.transaction.syncs
        lost_events = BATCHES_AT_RISK * batch_events
        return self._made(
            "mixed" if self.immediate_per_s else "batched",
            *self._at_once(f"which leaves {_figure(room)}"),
            f"batches: {self._batch_product(batched_per_s)} / {_figure(room)} = {_figure(needed)},"
            f" so {counted(batch_events, 'event')}; full after {batch_events} /"
            f" {format_count(batched_per_s)}/s = {format_latency(flush_s * 1e6)}",
            f"a crash loses at most {BATCHES_AT_RISK} x {batch_events} = {lost_events} events:"
            f" the batch being synced and the one being filled",
            immediate_per_s=self.immediate_per_s,
            batch_events=batch_events,
            flush_interval_ms=flush_s * 1e3,
            lost_events_max=lost_events,
            syncs_per_s=self.immediate_per_s * self.event_syncs + batch_syncs_per_s,
            policy_utilisation=self.immediate_per_s * self.event_s + flushes_per_s * self.batch_s,
        )

    def _not_sustained(self) -> Policy:
        sustained_per_s = self.comfortable / self.event_s
        not_carried_per_s = self.immediate_per_s - sustained_per_s
        return self._made(
            "not-carried",
            *self._at_once(f"which leaves nothing of {_figure(self.comfortable)} for the others"),
            f"this drive sustains {format_count(sustained_per_s)}/s of them comfortably, and"
            f" {format_count(1 / self.event_s)}/s with all its time:"
            f" {format_count(not_carried_per_s)}/s are too many, and batching the others does not"
            " help",
            immediate_per_s=sustained_per_s,
            not_carried_per_s=not_carried_per_s,
        )

    def _at_once(self, so: str) -> tuple[str, ...]:
        if not self.immediate_per_s:
            return ()
        share = f"{100 * self.transaction.immediate_share:.3g} %"
        taken = _figure(self.immediate_per_s * self.event_s)
        return (f"at once must go {share}: {self._product(self.immediate_per_s)} = {taken}, {so}",)

    def _product(self, per_s: float) -> str:
        """R n L, or R (m L + k D), the numbers filled in."""
        replaces = self.transaction.replaces
        if not replaces:
            return self._batch_product(per_s)
        others, each = self.transaction.syncs - replaces, format_latency(self.sync_us)
        replace = format_latency(self.replace.replace_us.value)
        return f"{format_count(per_s)}/s x ({others} x {each} + {replaces} x {replace})"

    def _batch_product(self, per_s: float) -> str:
        """R n L, the numbers filled in."""
        syncs, each = self.transaction.syncs, format_latency(self.sync_us)
        return f"{format_count(per_s)}/s x {syncs} x {each}"

    def _made(
        self,
        how: How,
        *arithmetic: str,
        immediate_per_s: float,
        not_carried_per_s: float = 0,
        batch_events: int | None = None,
        flush_interval_ms: float | None = None,
        lost_events_max: int | None = None,
        syncs_per_s: float | None = None,
        policy_utilisation: float | None = None,
    ) -> Policy:
        utilisation = self.rate_per_s * self.event_s
        formula = "R (m L + k D)" if self.transaction.replaces else "R n L"
        verdict = "no more than" if how == "persist-immediately" else "more than"
        return Policy(
            workload=self.transaction.name,
            policy=how,
            rate_per_s=self.rate_per_s,
            sync_us=self.sync_us,
            syncs_per_event=self.transaction.syncs,
            utilisation=utilisation,
            comfortable_utilisation=self.comfortable,
            immediate_share=self.transaction.immediate_share,
            immediate_per_s=immediate_per_s,
            not_carried_per_s=not_carried_per_s,
            batch_events=batch_events,
            flush_interval_ms=flush_interval_ms,
            lost_events_max=lost_events_max,
            syncs_per_s=syncs_per_s,
            policy_utilisation=policy_utilisation,
            arithmetic=(
                f"each event at once: u = {formula} = {self._product(self.rate_per_s)} ="
                f" {_figure(utilisation)}, {verdict} the comfortable {_figure(self.comfortable)}",
                *arithmetic,
            ),
            replaces_per_event=self.transaction.replaces,
            durable_replace=self.replace if self.transaction.replaces else None,
        )


def _figure(number: float) -> str:
    return f"{number:.3g}" if number < 1000 else format_count(number)
