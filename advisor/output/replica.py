"""Whether a replica keeps up, as people read it."""

from collections.abc import Iterator, Mapping
from typing import Final

from advisor.capacity.replica_results import AppliedRate, Replayed, ReplicaAnswer
from advisor.output.advice import cost_text
from advisor.output.document import Notes, Paragraph, PlainBlock, Table
from advisor.units import counted, format_count, format_latency, format_named, format_span

_OF_MYSQL: Final = "of MySQL 9.7 its error was 12 % in the median, 47 % at most"
MODEL_ERRORS: Final[Mapping[str | None, str]] = {
    "replica_parallel_workers": _OF_MYSQL,
    "slave_parallel_workers": _OF_MYSQL,
    "slave_parallel_threads": "of MariaDB 11.8 it was too high each time, by 15 % in the median,"
    " 45 % at most",
    None: "of PostgreSQL 15 and 19 its error was 25 to 33 % in the median",
}
"""Setting of the appliers -> how near the model came to real pairs, as
tests/benchmarks/replica_lag/README.md has it."""


def replica_blocks(answer: ReplicaAnswer) -> list[PlainBlock]:
    """The answer, the figures behind it, and what would help."""
    asked = f"A replica of a source that commits {format_count(answer.source_tps)} transactions/s"
    cpu = answer.cpu_us_per_txn
    rests = (
        f"By the model, with {format_latency(cpu.value)} of CPU time to apply a transaction"
        f" ({cpu.source}). {_how_near(answer)}"
    )
    blocks: list[PlainBlock] = [
        Paragraph(f"{asked}: {_verdict(answer)}. {_applied(answer)} {rests}")
    ]
    if answer.appliers_setting:
        blocks.append(_by_appliers(answer))
    helps = list(_remedies(answer))
    if helps:
        blocks += [Paragraph("What would help, in this order:"), Notes(helps)]
    elif not answer.keeps_up:
        blocks.append(Paragraph(_nothing_helps(answer)))
    if answer.lifted_by and answer.appliers_setting:
        blocks.append(Paragraph(_parallelism(answer)))
    return blocks


def _how_near(answer: ReplicaAnswer) -> str:
    """What the figures assume, and what the model is worth."""
    if answer.replayed:
        rests = _replayed(answer.replayed)
    else:
        rests = "Appliers are taken to change no row in common, else they wait for each other."
    return f"{rests} Held against real pairs, {MODEL_ERRORS[answer.appliers_setting]}."


def _replayed(of: Replayed) -> str:
    size = "WAL of an unknown size"
    if of.log_bytes is not None:
        size = f"{format_named('log_bytes', of.log_bytes.value)} of WAL ({of.log_bytes.source})"
    text = f"A transaction has {size}; --log-bytes-per-commit says how much it is."
    if of.page_reads == 0:
        return text
    text = f"{text} For each, {format_count(of.page_reads)} pages are read."
    if of.reads_ahead:
        return text
    return (
        f"{text} Before PostgreSQL 15 none is read ahead: in the one run with pages to read the"
        " model said five times what 14 applied."
    )


def _verdict(answer: ReplicaAnswer) -> str:
    if answer.is_too_close_to_tell:
        return f"too close to tell{_would_do(answer.appliers_surely_enough)}"
    if answer.keeps_up:
        if answer.replayed and not answer.replayed.are_reads_counted:
            return "yes, but for page reads, which were not measured and are not in the figure"
        return "yes"
    return f"no{_would_do(answer.appliers_needed)}"


def _would_do(appliers: int | None) -> str:
    return f"; {counted(appliers, 'applier')} would do" if appliers else ""


def _applied(answer: ReplicaAnswer) -> str:
    """With what, how many, and what that means for the lag."""
    rate = f"{format_count(answer.applied_per_s)}/s"
    if answer.appliers_setting is None:
        how = f"One process replays the log, {rate} (limited by: {answer.limited_by}), and waits"
        how += " for no sync of a commit"
    else:
        source = f"{answer.appliers_setting}, {answer.appliers_source}"
        how = f"With {counted(answer.appliers, 'applier')} ({source}) it applies {rate}"
    return f"{how}; {lag_text(answer)}."


def lag_text(rate: AppliedRate) -> str:
    """What comes of that rate."""
    if rate.catch_up_s is not None:
        return f"after an outage of an hour it has caught up in {format_span(rate.catch_up_s)}"
    if rate.keeps_up:
        return "after an outage it never catches up"
    return f"the lag grows by {format_count(rate.lag_growth_s_per_min)} s a minute"


def _by_appliers(answer: ReplicaAnswer) -> Table:
    return Table(
        "",
        ("appliers", "applied/s", "limited by", "lag", "an hour caught up in"),
        [
            (
                f"{rate.appliers:,}",
                format_count(rate.applied_per_s),
                rate.limited_by,
                "-" if rate.keeps_up else f"+{format_count(rate.lag_growth_s_per_min)} s/min",
                "never" if rate.catch_up_s is None else format_span(rate.catch_up_s),
            )
            for rate in answer.by_appliers
        ],
        frozenset({0, 1, 3, 4}),
    )


def _remedies(answer: ReplicaAnswer) -> Iterator[str]:
    """Each alone, the least first."""
    if answer.keeps_up:
        return
    for rate in answer.by_appliers:
        if rate.appliers == answer.appliers_needed:
            yield f"{answer.appliers_setting} = {rate.appliers}: {_reaches(rate)}"
    if lifted := answer.lifted:
        enough = "" if lifted.keeps_up else ", which is not enough alone"
        yield f"{answer.lifted_by}: {_reaches(lifted)}{enough}"
    if faster := answer.faster_sync:
        yield (
            f"a sync that takes {format_latency(faster.sync_us)}, 1/{faster.times_shorter} of this"
            f" drive's: {_reaches(faster)}"
        )
    for relaxed in answer.relaxed:
        settings = ", ".join(f"{name} = {value}" for name, value in relaxed.settings.items())
        enough = "" if relaxed.keeps_up else ", which is not enough alone"
        costs = " ".join(map(cost_text, relaxed.role_costs))
        told = f". {costs}" if costs else ""
        yield (f"--durability {relaxed.durability} ({settings}): {_reaches(relaxed)}{enough}{told}")


def _reaches(rate: AppliedRate) -> str:
    return f"{format_count(rate.applied_per_s)}/s with {counted(rate.appliers, 'applier')}"


def _nothing_helps(answer: ReplicaAnswer) -> str:
    if answer.appliers_setting is None:
        return (
            "One process does all of it: what helps are fewer bytes of log per transaction, more"
            " memory for the data, or a drive that reads and writes more pages per second."
        )
    return "Neither more appliers nor faster syncs would be enough alone."


def _parallelism(answer: ReplicaAnswer) -> str:
    return (
        "Appliers of this release do together no more than what was committed together on the"
        f" source (--source-clients); {answer.lifted_by} lifts that."
    )
