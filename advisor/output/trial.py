"""A trial as a document: which configuration is faster, by how much, and how sure that is."""

from collections.abc import Iterator
from typing import Final

from advisor.comparison.throughput import NO_DIFFERENCE, RateRatio
from advisor.output.document import Document, Lines, Section, Table
from advisor.trial import Trial
from advisor.units import counted, format_count
from advisor.vendors.registry import VENDORS

HEADINGS: Final = (
    *("configuration", "median commits/s", "worst second"),
    *("p99 ms", "recovery s", "rounds"),
)


def trial_document(found: Trial) -> Document:
    """The answer, then a row for each configuration."""
    rows = [
        (
            contender.name,
            format_count(contender.commits_per_s),
            format_count(contender.lowest_per_s),
            _number(max((run.p99_ms for run in contender.runs if run.p99_ms), default=None)),
            _number(contender.recovery_s),
            str(len(contender.runs)),
        )
        for contender in found.contenders
    ]
    blocks = (
        Lines(list(_answer(found))),
        Table("", HEADINGS, rows, frozenset(range(1, 6))),
        Lines(list(_conditions(found))),
    )
    return Document(sections=[Section(blocks=[block]) for block in blocks])


def _answer(found: Trial) -> Iterator[str]:
    first = found.contenders[0].name
    for comparison in found.comparisons:
        yield _sentence(first, comparison.other, comparison.ratio)


def _sentence(first: str, other: str, found: RateRatio) -> str:
    how_sure = f"{found.pairs} rounds"
    if found.low is not None and found.high is not None:
        how_sure = f"95 % confidence: {found.low:.2f} to {found.high:.2f}; {how_sure}"
    match found.decision:
        case "faster":
            return (
                f"{first} is faster than {other}: {found.ratio:.2f} times the commits ({how_sure})"
            )
        case "slower":
            return (
                f"{first} is slower than {other}: {found.ratio:.2f} times the commits ({how_sure})"
            )
        case "no difference":
            percent = f"{100 * NO_DIFFERENCE:.0f} %"
            return f"No difference of {percent} or more between {first} and {other} ({how_sure})"
        case "undecided":
            return (
                f"Undecided: {first} has {found.ratio:.2f} times the commits of {other}"
                f" ({how_sure}); more --seconds may tell"
            )


def _conditions(found: Trial) -> Iterator[str]:
    name = f"{VENDORS[found.engine].title} {found.engine_version}"
    yield (
        f"{name} on {found.directory}, {counted(found.clients, 'client')}, one row a commit,"
        f" {found.turn_s:.0f} s a turn, {found.elapsed_s:.0f} s in all"
    )
    yield from found.notes


def _number(value: float | None) -> str:
    return "-" if value is None else format_count(value)
