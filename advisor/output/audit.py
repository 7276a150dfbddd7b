"""An audit as a document: the findings in one table, then one by one."""

from collections.abc import Iterator, Mapping
from typing import Final

from advisor.audit.findings import AtRisk, Audit, Finding, Severity
from advisor.cluster import ClusterDurability
from advisor.durability import Durability
from advisor.model import Unknown
from advisor.output.cluster import cluster_summary
from advisor.output.document import Document, DocumentBlock, Lines, Section, Table, Tone
from advisor.output.host_findings import host_lines
from advisor.output.verdict_line import audit_verdict
from advisor.server_activity import Activity
from advisor.units import counted, format_count, format_latency, format_named
from advisor.vendors.registry import VENDORS

ORIGINS: Final[Mapping[str, str]] = {
    "default": "the default",
    "file": "from a file",
    "persisted": "persisted",
    "command line": "from the command line",
    "other": "set at run time",
    "unknown": "from where is not shown",
}

SEVERITY_TONES: Final[Mapping[Severity, Tone]] = {
    "corruption-risk": "bad",
    "data-loss": "bad",
    "outage": "bad",
    "prevents-start": "bad",
    "performance": "warn",
    "note": "plain",
}


def audit_document(found: Audit) -> Document:
    """What was compared, the findings, and how busy the server was."""
    sections = [Section(blocks=[block]) for block in _blocks(found)]
    return Document(sections=sections, verdict=audit_verdict(found))


def _blocks(found: Audit) -> Iterator[DocumentBlock]:
    yield Lines([_head(found), *_observed(found)])
    if found.cluster:
        yield Lines(list(_cluster(found.cluster, found.durability)))
    if found.findings:
        rows = [
            (str(number), each.severity, each.setting, each.current or "no value", each.recommended)
            for number, each in enumerate(found.findings, 1)
        ]
        headings = ("", "severity", "setting", "is", "should be")
        tones = {row: SEVERITY_TONES[each.severity] for row, each in enumerate(found.findings)}
        yield Table("", headings, rows, numeric=frozenset({0}), tones=tones)
    for number, finding in enumerate(found.findings, 1):
        yield Lines(list(_finding(number, finding)))
    if found.host_findings:
        yield Lines(host_lines(found.host_findings))
    if found.notes:
        yield Lines([f"note: {note}" for note in found.notes])
    if found.activity:
        yield Lines(list(_activity(found, found.activity)))


def _cluster(told: ClusterDurability, durability: Durability) -> Iterator[str]:
    """In short: the findings are what an audit is read for."""
    yield f"Cluster: {told.title} (as {told.known_by} says)"
    yield from cluster_summary(told, durability)
    yield f"recommend --cluster {told.name} and --format json say what else holds of it"


def _head(found: Audit) -> str:
    server = f"{VENDORS[found.engine].title} {found.engine_version} ({found.version_source})"
    compared = f"{found.settings_compared} settings compared"
    if found.measured is None:
        compared += ", without a measured drive"
    count = len(found.counted)
    result = counted(count, "finding") if count else "nothing to change"
    if of_host := count - len(found.findings):
        result += f", {format_count(of_host)} of them about the host"
    role = "" if found.role in (None, "standalone") else f", {found.role} ({found.role_source})"
    return f"{server}{role}, durability {found.durability}, {compared}: {result}"


def _observed(found: Audit) -> Iterator[str]:
    """What the server does, as far as its counters tell."""
    if found.activity is None or (counters := found.counters) is None:
        return
    rate, share = counters.interval.log_bytes_per_s, counters.interval.full_page_percent
    if isinstance(rate, Unknown):
        figures = [f"bytes of log/s unknown ({rate.unknown})"]
    else:
        figures = [f"{format_named('log_bytes_per_s', rate)} of log"]
        # What was written earlier may be counted now.
        if rate and not isinstance(share, Unknown):
            figures.append(f"up to {share:.0f} % of it whole pages")
    if not isinstance(syncs := counters.log_syncs_per_commit, Unknown):
        figures.append(f"{syncs:.2g} log syncs for each commit")
    yield f"in {found.activity.seconds:.1f} s: {', '.join(figures)}"
    age, size = counters.checkpoint_age_bytes, counters.log_size_bytes
    if not isinstance(age, Unknown) and not isinstance(size, Unknown):
        used = f"{format_named('age_bytes', age)} since the latest checkpoint"
        yield f"the log holds {used}, of {format_named('size_bytes', size)}"


def _finding(number: int, finding: Finding) -> Iterator[str]:
    where = f" ({finding.place or ORIGINS[finding.origin]})"
    yield f"{number}. {finding.shown}{where}: {finding.reason}"
    if finding.at_risk:
        yield f"at risk: {_at_risk(finding.at_risk)}"
    if finding.price:
        yield f"cost: {finding.price}"
    yield f"change: {finding.change}"
    for source in finding.sources:
        yield f"source: {source}"


def _at_risk(risk: AtRisk) -> str:
    of_log = "" if risk.lost_from == "the server" else f" of {risk.lost_from}"
    window = f"up to {format_latency(risk.window_ms * 1000)} of commits{of_log}"
    rate = f"{format_count(risk.commits_per_s)}/s ({risk.rate_from})"
    if risk.groups_max is not None:
        return f"{window} or {risk.groups_max} commit groups, whichever is less, at {rate}"
    return f"{window}, {format_count(risk.transactions or 0)} transactions at {rate}"


def _activity(found: Audit, activity: Activity) -> Iterator[str]:
    for what, per_s, source in (
        ("commits", activity.commits_per_s, activity.commits_from),
        ("log syncs", activity.log_syncs_per_s, activity.log_syncs_from),
        ("binary log syncs", activity.binary_log_syncs_per_s, activity.binary_log_syncs_from),
    ):
        if source:
            shown = f"{what}/s" if per_s is None else f"{format_count(per_s)} {what}/s"
            yield f"in {activity.seconds:.1f} s: {shown} ({source})"
    for what, each_us, source in (
        ("a log sync", activity.log_sync_us, activity.log_sync_us_from),
        ("a binary log sync", activity.binary_log_sync_us, activity.binary_log_sync_us_from),
    ):
        if each_us is not None:
            yield f"{what} takes {format_latency(each_us)} ({source})"
        elif source:
            yield f"what {what} takes is {source.replace(': ', ' (', 1)})"
    if activity.log_bytes_per_s is not None:
        logged = format_named("log_bytes_per_s", activity.log_bytes_per_s)
        yield f"log: {logged} ({activity.log_bytes_from})"
    if (used := found.headroom) and activity.log_syncs_per_s is not None:
        binary_log_per_s, append_us = activity.binary_log_syncs_per_s, used.append_us
        with_binary_log = ""
        if binary_log_per_s is not None and append_us is not None:
            with_binary_log = (
                f"; with {format_count(binary_log_per_s)} of the binary log's,"
                f" {format_latency(append_us)} each"
            )
        may_wait = found.measured is not None and found.measured.may_wait_for_processor
        waits = ", perhaps in part waiting for a processor" if may_wait else ""
        how = " each, as observed" if used.sync_us_from == "observed" else " each"
        if used.used_percent > 100:
            yield (
                f"the measurement does not fit this server, which makes"
                f" {format_count(activity.log_syncs_per_s)} syncs/s where the measured drive makes"
                f" {format_count(used.syncs_per_s_max)}, one after another,"
                f" {format_latency(used.sync_us)}{how}{with_binary_log}: it has another drive, or"
                " syncs in parallel"
            )
            return
        yield (
            f"syncs use {used.used_percent:.0f} % of this drive{waits}:"
            f" {format_count(activity.log_syncs_per_s)} of"
            f" {format_count(used.syncs_per_s_max)} syncs/s, one after another,"
            f" {format_latency(used.sync_us)}{how}{with_binary_log}"
        )
