"""What documents show of a host: what was seen, why it matters to a commit, what changes it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from advisor.analysis.host_findings import HostFinding, HostSeverity
from advisor.analysis.trust import Evidence
from advisor.output.document import Entry, Remark, Tone
from advisor.output.host_text import full_text

HOST_TONES: Final[Mapping[HostSeverity, Tone]] = {
    "corruption-risk": "bad",
    "data-loss": "bad",
    "performance": "warn",
    "good-news": "good",
}


def host_lines(
    found: Iterable[HostFinding], evidence: Sequence[Evidence] = ()
) -> list[str | Remark]:
    """All of it, under a heading; what the evidence of trust beside it says is left out."""
    return ["host:", *(line for each in found for line in _lines(each, evidence))]


def _lines(finding: HostFinding, evidence: Sequence[Evidence]) -> Iterator[str | Remark]:
    text = f"  {finding.severity}: {full_text(finding, evidence)}"
    yield Remark(text, HOST_TONES[finding.severity])
    yield f"    change: {finding.change}"
    yield from (f"    source: {source}" for source in finding.sources)


def host_entries(found: Iterable[HostFinding], evidence: Sequence[Evidence]) -> list[Entry]:
    """As a report has them."""
    return [
        Entry(
            each.id,
            "",
            [each.severity],
            full_text(each, evidence),
            (f"Change: {each.change}", *each.sources),
        )
        for each in found
    ]
