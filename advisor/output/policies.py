"""Application policies as blocks of a report: what to do, what a crash may lose, the arithmetic."""

from collections.abc import Mapping, Sequence
from typing import Final

from advisor.capacity.durable_replace import DurableReplace, assumed_text
from advisor.capacity.policies import How, Policy
from advisor.output.document import DocumentBlock, Notes, Paragraph, Table
from advisor.units import format_count, format_latency

HEADINGS: Final = ("workload", "policy", "u", "at once", "batch", "flush", "syncs/s", "at risk")
POLICY_NAMES: Final[Mapping[How, str]] = {
    "persist-immediately": "persist immediately",
    "mixed": "mixed",
    "batched": "batched",
    "not-carried": "not sustained",
}
HOW_TO_READ: Final = (
    "u: the share of one writer's time that syncs would take, if each event were persisted at"
    " once.",
    "batch, flush: events are appended to one log for each of the workload's files; these are"
    " synced together when so many events have come, or so long after the first of them.",
    "Events that keep files of their own gain nothing from a batch: each file needs its sync.",
    "at risk: accepted events that a crash loses at most, if the writer accepts no more while one"
    " batch is being synced and the next is full, too.",
    "Only syncs count here, each at the mean.",
)
HOW_TO_READ_REPLACES: Final = (
    "m L + k D: m steps sync a file that grows (L), k replace a file durably (D). In a batch what"
    " is new of such a file is appended to a log, too; the file itself is replaced later, before"
    " the log is emptied, which is not counted.",
)


def policy_blocks(policies: Sequence[Policy]) -> Sequence[DocumentBlock]:
    """A table of the policies, how to read it, and each one's arithmetic; nothing of none."""
    if not policies:
        return ()
    rate, sync = format_count(policies[0].rate_per_s), format_latency(policies[0].sync_us)
    title = f"At {rate} events/s of each workload, {sync} per sync"
    replace = next(filter(None, (policy.durable_replace for policy in policies)), None)
    return (
        Table(title, HEADINGS, [_row(policy) for policy in policies], frozenset(range(2, 8))),
        Notes([*HOW_TO_READ, *(HOW_TO_READ_REPLACES if replace else ())]),
        Notes([f"{policy.workload}: {'; '.join(policy.arithmetic)}." for policy in policies]),
        *(_replace_blocks(replace) if replace else ()),
    )


def _replace_blocks(replace: DurableReplace) -> tuple[DocumentBlock, ...]:
    """What a durable replace takes here, what it needs, and what each step is for."""
    takes = format_latency(replace.replace_us.value)
    assumed = replace.replace_us.source == "assumed"
    how = assumed_text(is_low=replace.is_low) if assumed else replace.replace_us.source
    said = (
        f"A durable replace takes {takes} here ({how}). It needs all of these steps, in this order;"
        " after a crash the old file or the new one is there, whole, and after the last step the"
        " new one. Left out:"
    )
    steps = [f"{step.do}: {step.without}." for step in replace.steps]
    return Paragraph(said), Notes([*steps, f"Sources: {', '.join(replace.sources)}."])


def _row(policy: Policy) -> tuple[str, ...]:
    flush_ms, lost = policy.flush_interval_ms, policy.lost_events_max
    return (
        policy.workload,
        POLICY_NAMES[policy.policy],
        f"{policy.utilisation:.2g}"
        if policy.utilisation < 100
        else format_count(policy.utilisation),
        f"{format_count(policy.immediate_per_s)}/s" if policy.immediate_per_s else "-",
        "-" if policy.batch_events is None else str(policy.batch_events),
        "-" if flush_ms is None else format_latency(1000 * flush_ms),
        "-" if policy.syncs_per_s is None else format_count(policy.syncs_per_s),
        "-" if lost is None else "nothing" if lost == 0 else str(lost),
    )
