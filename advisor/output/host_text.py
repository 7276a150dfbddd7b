"""What a finding about a host says beside the evidence of trust, which may say the same."""

from collections.abc import Iterable

from advisor.analysis.host_findings import HostFinding
from advisor.analysis.trust import Evidence


def is_said(finding: HostFinding, evidence: Iterable[Evidence]) -> bool:
    """Whether the evidence already says what was seen."""
    return any(entry.check == finding.trust_check for entry in evidence)


def full_text(finding: HostFinding, evidence: Iterable[Evidence]) -> str:
    """What was seen, where the evidence does not say it, and why it matters."""
    seen = "" if is_said(finding, evidence) else f"{finding.text}. "
    return f"{seen}{finding.why}"


def host_comments(found: Iterable[HostFinding]) -> list[str]:
    """A line for each, for whoever has no room; JSON and the report say why, too."""
    return [f"{each.severity}: {each.text}; change: {each.change}" for each in found]
