"""Whether a replica keeps up, as people read it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from advisor.advice import RoleCost
from advisor.analysis.replica_accuracy import Accuracy
from advisor.capacity.replica_results import (
    AppliedRate,
    ApplyLimit,
    RelaxedReplica,
    Replayed,
    ReplicaAnswer,
)
from advisor.output.advice import cost_text
from advisor.output.document import Notes, Paragraph, PlainBlock, Table
from advisor.units import counted, format_count, format_latency, format_named, format_span

FEW: Final = 10
"""Of fewer runs all are within the range."""
IN_TABLE: Final = {True: "yes", False: "no", None: "maybe"}
TRIED: Final[Mapping[bool, Collection[ApplyLimit]]] = {
    True: ("replay", "page reads"),
    False: ("appliers", "flush", "cpu", "coordinator", "cpu of one applier"),
}
"""Whether it is a standby -> what limited the replicas that were tried."""
IF_PAGES: Final = "yes, if"
"""In the table: but for pages that were not measured."""
WITHOUT_LOG: Final = (
    "It then has no log to feed replicas from, to be promoted with its source's history, or to be"
    " recovered to a point in time by."
)
LOG_SOURCE: Final = {
    "needed": "which so many appliers need",
    "as given": "as given",
}


def replica_blocks(answer: ReplicaAnswer) -> list[PlainBlock]:
    """The answer, the figures behind it, and what would help."""
    blocks: list[PlainBlock] = [
        Paragraph(" ".join([_asked(answer), _applied(answer), *_other_limits(answer)])),
        Paragraph(" ".join(_basis(answer))),
    ]
    if answer.by_appliers:
        blocks.append(_by_appliers(answer))
        if any(_is_enough_but_for_pages(rate, answer) for rate in answer.by_appliers):
            blocks.append(Paragraph(f"{IF_PAGES}: {_pages(answer)} do not limit it."))
    helps = list(_remedies(answer))
    if helps:
        blocks += [Paragraph("What would help, in this order:"), Notes(helps)]
    elif not answer.keeps_up and not answer.left_out:
        blocks.append(Paragraph(_nothing_helps(answer)))
    if answer.relaxed_accuracy and not answer.is_relaxed:
        blocks.append(Paragraph(_accuracy(answer.relaxed_accuracy, is_relaxed=True)))
    if answer.appliers_need:
        blocks.append(Paragraph(_needs(answer)))
    if answer.lifted_by:
        blocks.append(Paragraph(_parallelism(answer)))
    return blocks


def _asked(answer: ReplicaAnswer) -> str:
    source = f"A replica of a source that commits {format_count(answer.source_tps)} transactions/s"
    return f"{source}: {_verdict(answer)}."


def _verdict(answer: ReplicaAnswer) -> str:
    if answer.keeps_up or _is_enough_but_for_pages(answer, answer):
        conditions = []
        if together := answer.source_clients_needed:
            conditions.append(f"{together} clients commit together on the source")
        if answer.left_out:
            conditions.append(f"{_pages(answer)} do not limit it")
        return f"yes, if {' and '.join(conditions)}" if conditions else "yes"
    tells = "no" if answer.keeps_up is False else "too close to tell"
    enough = (rate.appliers for rate in answer.by_appliers if _is_enough(rate, answer))
    if not (needed := next(enough, None)):
        return tells
    but_for = f", if {_pages(answer)} do not limit it" if answer.left_out else ""
    return f"{tells}; {counted(needed, 'applier')} would do{but_for}"


def _pages(answer: ReplicaAnswer) -> str:
    return f"{' and '.join(answer.left_out)} (not measured)"


def _is_enough(rate: AppliedRate, answer: ReplicaAnswer) -> bool:
    """Whether it keeps up, as far as was measured."""
    return rate.at_least_per_s >= answer.source_tps


def _is_enough_but_for_pages(rate: AppliedRate, answer: ReplicaAnswer) -> bool:
    """Whether nothing but what was not measured stands between the rate and a yes."""
    return bool(answer.left_out) and _is_enough(rate, answer)


def _applied(answer: ReplicaAnswer) -> str:
    """With what, how many, and what that means for the lag."""
    low, high = format_count(answer.at_least_per_s), format_count(answer.at_most_per_s)
    rate = f"{format_count(answer.applied_per_s)}/s (from {low} to {high}/s)"
    if answer.appliers is None:
        how = f"One process replays the log, and waits for no sync of a commit: {rate}"
    else:
        source = f"{answer.appliers_setting}, {answer.appliers_source}"
        how = f"With {counted(answer.appliers, 'applier')} ({source}) it applies {rate}"
    lag = "" if answer.keeps_up is None else f"; {lag_text(answer)}"
    return f"{how}, limited by: {answer.limited_by}{lag}."


def lag_text(rate: AppliedRate) -> str:
    """What comes of that rate."""
    if rate.catch_up_s is not None:
        return f"after an outage of an hour it has caught up in {format_span(rate.catch_up_s)}"
    if rate.keeps_up:
        return "after an outage it never catches up"
    return f"the lag grows by {format_count(rate.lag_growth_s_per_min)} s a minute"


def _other_limits(answer: ReplicaAnswer) -> Iterator[str]:
    others = (f"{each.name} ({format_count(each.applied_per_s)}/s)" for each in answer.other_limits)
    if text := ", ".join(others):
        yield f"Also below the source's rate: {text}."


def _basis(answer: ReplicaAnswer) -> Iterator[str]:
    """What the figures assume, and what the model is worth."""
    cpu = answer.cpu_us_per_txn
    yield f"By the model, with {format_latency(cpu.value)} of CPU time to apply a transaction"
    how = "; --cpu-us-per-txn says what it is here" if cpu.source == "assumed" else ""
    yield f"({cpu.source}{how})."
    if answer.replayed:
        yield from _replayed(answer.replayed)
    else:
        yield "Appliers are taken to change no row in common, else they wait for each other."
        yield _logged(answer)
    yield _accuracy(answer.accuracy, is_relaxed=answer.is_relaxed)
    if answer.limited_by not in TRIED[answer.replayed is not None]:
        yield f"None of them was limited by the {answer.limited_by}."


def _replayed(of: Replayed) -> Iterator[str]:
    size = "WAL of an unknown size"
    if of.log_bytes is not None:
        size = f"{format_named('log_bytes', of.log_bytes.value)} of WAL ({of.log_bytes.source})"
    yield f"A transaction has {size}; --log-bytes-per-commit says how much it is."
    if of.takes_each_page_as_first:
        yield (
            "Each is taken to be the first after a checkpoint to change its page, which is then"
            " logged whole; --data-size says how many are."
        )
    if of.page_reads:
        yield f"For each, {format_count(of.page_reads)} pages are read."
        if not of.reads_ahead:
            yield "Before PostgreSQL 15 none is read ahead."


def _logged(answer: ReplicaAnswer) -> str:
    """Whether the figures are with a binary log of what it applies."""
    has, other = (
        ("with", "--no-binary-log") if answer.log_is_written else ("without", "--binary-log")
    )
    source = LOG_SOURCE.get(answer.log_source or "", f"the default; {other} says otherwise")
    return f"It is taken to be {has} a binary log of what it applies ({source})."


def _accuracy(found: Accuracy, *, is_relaxed: bool) -> str:
    relaxed = " whose commits waited for no sync" if is_relaxed else ""
    low, high = f"{found.at_least:g}", f"{found.at_most:g}"
    who = f"of real replicas{relaxed} ({found.pairs})"
    if found.runs < FEW:
        text = f"{found.runs} runs {who} applied {low} to {high} times what the model says."
        return " ".join([text, *_of_several(found)])
    most = "that" if found.at_most == 1 else f"{high} times that"
    return (
        f"Of {found.runs} runs {who}, nine of ten applied at least {low} times what the model says,"
        f" and nine of ten at most {most}."
    )


def _of_several(found: Accuracy) -> Iterator[str]:
    if found.several_of_one_at_most is not None:
        counts = " and ".join(f"{count:,}" for count in found.several_appliers)
        yield (
            f"With {counts} appliers they applied at most {found.several_of_one_at_most:g} times"
            " what they did with one, so that several are taken to apply no more."
        )


def _by_appliers(answer: ReplicaAnswer) -> Table:
    return Table(
        "",
        ("appliers", "applied/s", "keeps up", "lag", "an hour takes", "limited by"),
        [
            (
                f"{rate.appliers:,}",
                format_count(rate.applied_per_s),
                _keeps_up(rate, answer),
                _growth(rate),
                "never" if rate.catch_up_s is None else format_span(rate.catch_up_s),
                rate.limited_by,
            )
            for rate in answer.by_appliers
        ],
        frozenset({0, 1, 3, 4}),
    )


def _keeps_up(rate: AppliedRate, answer: ReplicaAnswer) -> str:
    return IF_PAGES if _is_enough_but_for_pages(rate, answer) else IN_TABLE[rate.keeps_up]


def _growth(rate: AppliedRate) -> str:
    growth = rate.lag_growth_s_per_min
    return f"+{format_count(growth)} s/min" if growth else "-"


def _remedies(answer: ReplicaAnswer) -> Iterator[str]:
    """Each alone, the least first."""
    if answer.keeps_up:
        return
    if more := _more_appliers(answer):
        with_ = f", with {', '.join(answer.appliers_need)}" if answer.appliers_need else ""
        yield f"{answer.appliers_setting} = {more.appliers}{with_}: {_reaches(more, answer)}"
    if lifted := answer.lifted:
        yield f"{answer.lifted_by}: {_reaches(lifted, answer)}"
    if faster := answer.faster_sync:
        yield (
            f"a sync that takes {format_latency(faster.sync_us)}, 1/{faster.times_shorter} of this"
            f" drive's: {_reaches(faster, answer)}"
        )
    without_log = ""
    if unlogged := answer.unlogged:
        without_log = _settings(unlogged.settings)
        costs = _costs(unlogged.role_costs)
        yield f"{without_log}: {_reaches(unlogged, answer)}. {WITHOUT_LOG}{costs.removeprefix('.')}"
    for relaxed in answer.relaxed:
        yield _relaxed(relaxed, answer)
    for relaxed in unlogged.relaxed if unlogged else ():
        yield f"{without_log}, and {_relaxed(relaxed, answer)}"


def _relaxed(relaxed: RelaxedReplica, answer: ReplicaAnswer) -> str:
    reaches = f"{_reaches(relaxed, answer)}{_costs(relaxed.role_costs)}"
    text = f"--durability {relaxed.durability} ({_settings(relaxed.settings)}): {reaches}"
    if logged := relaxed.with_binary_log:
        costs = " ".join(map(cost_text, logged.role_costs))
        text = (
            f"{text} With the binary log of more appliers ({_settings(logged.settings)}): {costs}"
        )
    return text


def _settings(settings: Mapping[str, str]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in settings.items())


def _costs(costs: Iterable[RoleCost]) -> str:
    text = " ".join(map(cost_text, costs))
    return f". {text}" if text else ""


def _more_appliers(answer: ReplicaAnswer) -> AppliedRate | None:
    """The fewest that keep up; else those of which that cannot be told."""
    more = [rate for rate in answer.by_appliers if (rate.appliers or 0) > (answer.appliers or 0)]
    sure = (rate for rate in more if _is_enough(rate, answer))
    perhaps = (rate for rate in more if rate.keeps_up is None)
    return next(sure, None) or (next(perhaps, None) if answer.keeps_up is False else None)


def _reaches(rate: AppliedRate, answer: ReplicaAnswer) -> str:
    reaches = f"{format_count(rate.applied_per_s)}/s with {counted(rate.appliers or 1, 'applier')}"
    if _is_enough(rate, answer):
        return f"{reaches}, at least {format_count(rate.at_least_per_s)}/s"
    if rate.keeps_up is None:
        return f"{reaches}, too close to tell"
    return f"{reaches}, which is not enough alone"


def _nothing_helps(answer: ReplicaAnswer) -> str:
    if answer.appliers is None:
        return (
            "One process does all of it: what helps are fewer bytes of log per transaction, more"
            " memory for the data, or a drive that reads and writes more pages per second."
        )
    return "Neither more appliers nor faster syncs would be enough alone."


def _needs(answer: ReplicaAnswer) -> str:
    text = (
        f"More than one applier has work only with {', '.join(answer.appliers_need)}: by default"
        " they apply side by side no more than what lies in different databases, and a crash may"
        " leave a gap."
    )
    if answer.need_binary_log:
        costs = _costs(answer.binary_log_costs).removeprefix(".")
        return f"{text} The figures of more than one are with that binary log.{costs}"
    return text


def _parallelism(answer: ReplicaAnswer) -> str:
    return (
        "Appliers of this release do together no more than what was committed together on the"
        f" source (--source-clients). {answer.lifted_by}: that is no limit then. No such release"
        " was tried."
    )
