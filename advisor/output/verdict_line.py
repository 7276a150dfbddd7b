"""The first line of a product: PASS, WARN or FAIL, and the reason."""

from collections.abc import Sequence

from advisor.advice import Advice
from advisor.analysis.host_findings import HostFinding
from advisor.analysis.verdict import Verdict
from advisor.audit.findings import SEVERITIES, Audit, Severity
from advisor.comparison.baseline import BaselineCheck
from advisor.durability import CLASSES
from advisor.measurement import Summary
from advisor.output.document import Level, VerdictLine
from advisor.units import counted, format_latency
from advisor.vendors.registry import VENDORS
from advisor.verification import GOOD, Verification

HARMFUL = SEVERITIES[: SEVERITIES.index("performance")]
"""Findings that make an audit fail: others cost time, not data."""
OTHER_THINGS = {"devices": "drive", "host": "host"}
"""A circumstance with which two things are compared, and not one over time -> which thing."""


def drive_verdict(
    verdict: Verdict, sync: Summary | None, host: Sequence[HostFinding] = ()
) -> VerdictLine:
    """Of a drive: whether a sync there means anything, and what it takes."""
    if verdict.trust == "not-durable":
        return VerdictLine("FAIL", _ended(f"not durable: {verdict.evidence[0].text}"))
    if verdict.trust != "plausible":
        return VerdictLine("WARN", _ended(f"trust is {verdict.trust}: {verdict.evidence[0].text}"))
    if harm := _harm(host):
        return VerdictLine("WARN", _ended(harm))
    return VerdictLine(
        "PASS",
        f"{_sync_text(sync)}all checks of the drive passed.",
    )


def _harm(host: Sequence[HostFinding]) -> str:
    """What the host does that costs data, the worst of it; "" where there is nothing."""
    return next((f"{each.harm}: {each.text}" for each in host if each.harm), "")


def _ended(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _sync_text(sync: Summary | None) -> str:
    if sync is None:
        return ""
    tail = "" if sync.p99_us is None else f", p99 {format_latency(sync.p99_us)}"
    return f"a sync takes {format_latency(sync.mean_us)}{tail}; "


def advice_verdict(advice: Advice) -> VerdictLine:
    """Of advice: what the settings keep on this drive."""
    storage = advice.storage
    server = f"{VENDORS[advice.engine].title} {advice.engine_version}"
    count = sum(entry.emitted for entry in advice.settings)
    lines = f"{counted(count, 'setting')} for {server}"
    if storage.trust == "not-durable":
        why = storage.evidence[0].text
        return VerdictLine("FAIL", _ended(f"{lines}, but this drive is not durable: {why}"))
    if storage.trust != "plausible":
        why = storage.evidence[0].text
        return VerdictLine("WARN", _ended(f"{lines}; trust in the drive is {storage.trust}: {why}"))
    risked = max((entry.durability for entry in advice.settings), key=CLASSES.index)
    if risked != "durable":
        return VerdictLine(
            "WARN", f"{lines}, which may lose recent commits ({risked}), as you asked."
        )
    if harm := _harm(advice.host_findings):
        return VerdictLine("WARN", _ended(f"{lines}; {harm}"))
    return VerdictLine("PASS", f"{lines}; commits survive a crash and a power loss.")


def audit_verdict(found: Audit) -> VerdictLine:
    """Of an audit: FAIL where a finding can cost data or a start, or the drive keeps nothing."""
    level, reason = _findings_verdict(found)
    if found.trust == "not-durable":
        return VerdictLine("FAIL", f"{reason}; the drive is not durable.")
    if found.trust not in (None, "plausible"):
        level = "WARN" if level == "PASS" else level
        return VerdictLine(level, f"{reason}; trust in the drive is {found.trust}.")
    return VerdictLine(level, f"{reason}.")


def _findings_verdict(found: Audit) -> tuple[Level, str]:
    if not found.counted:
        nothing = f"nothing to change in {found.settings_compared} settings"
        if found.missing_files:
            return "WARN", f"{nothing}, but {found.missing_files[0]}, which is included, is missing"
        return "PASS", nothing
    said: list[tuple[Severity, str]] = [
        *((each.severity, each.shown) for each in found.findings),
        *((each.harm, each.text) for each in found.host_findings if each.harm),
    ]
    severity, shown = min(said, key=lambda each: SEVERITIES.index(each[0]))
    count = len(said)
    findings = "1 finding" if count == 1 else f"{count} findings, the worst"
    reason = f"{findings}: {shown} ({severity})"
    return "FAIL" if severity in HARMFUL else "WARN", reason


def drift_verdict(check: BaselineCheck) -> VerdictLine:
    """Of a drive against its own past."""
    if check.findings:
        return VerdictLine("FAIL", f"{'; '.join(check.findings)}.")
    if check.inconclusive:
        return VerdictLine("WARN", f"noise hides what counts; {check.remedy}.")
    reason = f"not slower than before by more than {check.tolerance_percent:g} %"
    changed = {each.what for each in check.changed}
    if other := next((name for what, name in OTHER_THINGS.items() if what in changed), ""):
        return VerdictLine("WARN", f"{reason}, but it is another {other}.")
    return VerdictLine("PASS", f"{reason}.")


def verification_verdict(found: Verification) -> VerdictLine:
    """Of a fragment that a server was started with."""
    server = f"{VENDORS[found.engine].title} {found.engine_version}"
    bad = [entry for entry in found.lines if entry.verdict not in GOOD]
    if bad:
        first = bad[0]
        rest = "" if len(bad) == 1 else f" and {len(bad) - 1} more"
        where = f"line {first.line}: {first.setting} {first.verdict}{rest}"
        return VerdictLine(
            "FAIL", f"{server} does not take the fragment as it is written: {where}."
        )
    untried = sum(entry.verdict in ("not tried", "not read") for entry in found.lines)
    tried = len(found.lines) - untried
    if untried:
        lines = "1 line as it is" if tried == 1 else f"{tried} lines as they are"
        rest = f"{untried} {'was' if untried == 1 else 'were'} not tried"
        return VerdictLine("WARN", f"{server} took {lines} written; {rest}.")
    lines = "the only line as it is" if tried == 1 else f"all {tried} lines as they are"
    return VerdictLine("PASS", f"{server} took {lines} written.")
