"""What can be compared: a measurement, or a reference storage of which only means are known."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from advisor.analysis.storage import ReferenceStorage
from advisor.analysis.verdict import StorageKnowledge, Verdict, judge
from advisor.errors import UsageError
from advisor.measurement import Measurement, SeriesUnderLoad, Summary
from advisor.series_kind import CLASSIC_4K, CLASSIC_16K, PRIMARY, SeriesKind

REFERENCE: Final = "ref:"
"""How the name of a reference storage begins."""

REFERENCE_COUNT: Final = 1000
"""Operations of each reference's classic test (profiles/storage/references.toml)."""

PREFERRED: Final = (PRIMARY, CLASSIC_4K, CLASSIC_16K)
"""What drives are compared by, the first first; where none is common, by any other sync."""

LIKE_WITH_LIKE: Final = (
    "compare what was measured with what was measured, or observed with observed"
)


@dataclass(frozen=True, slots=True)
class ComparedDrive:
    """One side of a comparison."""

    name: str
    summaries: Mapping[SeriesKind, Summary]
    """Of each kind that one writer synced."""
    measurement: Measurement | None
    """None for a reference storage."""
    verdict: Verdict | None
    reference: ReferenceStorage | None = None
    under_load: Mapping[SeriesKind, SeriesUnderLoad] = field(default_factory=dict)

    @property
    def honours_flushes(self) -> bool:
        """False where the drive is known not to: then its speed says nothing."""
        return self.verdict is None or self.verdict.trust != "not-durable"


def common_kind(first: ComparedDrive, other: ComparedDrive) -> SeriesKind | None:
    """What the two are compared by; None where they share none."""
    return next(common_kinds(first, other), None)


def common_kinds(first: ComparedDrive, other: ComparedDrive) -> Iterator[SeriesKind]:
    """What the two share: the preferred kinds first."""
    kinds = dict.fromkeys((*PREFERRED, *first.summaries))
    return (kind for kind in kinds if kind in first.summaries and kind in other.summaries)


def measured_drive(
    name: str, measurement: Measurement, knowledge: StorageKnowledge
) -> ComparedDrive:
    """A measurement as one side of a comparison. Pure."""
    summaries: dict[SeriesKind, Summary] = {}
    for series in measurement.series:
        if series.writers == 1 and series.method != "none":
            summaries.setdefault(series.kind, series.summary)
    verdict = judge(measurement, knowledge)
    under_load = {series.kind: series for series in measurement.under_load}
    return ComparedDrive(name, summaries, measurement, verdict, under_load=under_load)


def reference_drive(name: str, references: Iterable[ReferenceStorage]) -> ComparedDrive:
    """The reference storage that "ref:ID" names. Raises UsageError for one that we do not have."""
    by_id = {entry.id: entry for entry in references}
    reference = by_id.get(name.removeprefix(REFERENCE))
    if reference is None:
        known = ", ".join(by_id)
        raise UsageError(f"there is no reference storage {name!r}", f"the IDs are {known}")
    summaries = {
        kind: Summary.of_rate(REFERENCE_COUNT, per_s) for kind, per_s in reference.rates.items()
    }
    return ComparedDrive(name, summaries, None, None, reference)
