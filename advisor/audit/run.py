"""A server's state, a request and perhaps a measurement -> the Audit. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from advisor import __version__
from advisor.advice import Recommendation
from advisor.advise import advise, advise_without_drive
from advisor.analysis.description import describe_measured
from advisor.analysis.verdict import Verdict, judge
from advisor.audit.compare import audit
from advisor.audit.findings import Audit
from advisor.audit.headroom import headroom
from advisor.audit.lines import writes_binary_log
from advisor.audit.windows import Rate
from advisor.measurement import Measurement
from advisor.request import Request
from advisor.rules.knowledge import Knowledge
from advisor.rules.risks import RISKS
from advisor.server_state import ServerState
from advisor.vendors.registry import VENDORS
from advisor.versions import format_version


def run_audit(
    state: ServerState, request: Request, knowledge: Knowledge, measurement: Measurement | None
) -> tuple[Audit, Verdict | None]:
    """The audit, and what the drive is to be called where one was measured.

    The request's version counts, for files may not tell one; whether a binary log is written is as
    was read. Without a measurement, and with that of a drive that is not durable, only what needs
    none is compared, and a note says so. Raises as `advise` does.
    """
    state = replace(state, version=request.version)
    request = replace(request, log_bin=writes_binary_log(state))
    verdict = judge(measurement, knowledge.storage) if measurement else None
    measured = describe_measured(measurement) if measurement else None
    why = "no drive is measured"
    if verdict and verdict.trust == "not-durable":
        measurement, why = None, "the speed of a drive that keeps nothing is no argument"
    if measurement is None:
        newer = VENDORS[request.vendor].newer_than_known(request.version)
        result = advise_without_drive(request, knowledge)
        advised: tuple[Recommendation, ...] = result.recommendations
        missing = {skip.rule.setting for skip in result.skipped} - {
            entry.setting for entry in advised
        }
        notes = (*([newer] if newer else ()), *_not_compared(missing, why))
    else:
        advice = advise(measurement, request, knowledge)
        advised, notes = advice.settings, advice.warnings
    activity = state.activity
    return (
        Audit(
            tool_version=__version__,
            engine=request.vendor,
            engine_version=format_version(request.version),
            version_source=request.version_source,
            durability=request.durability,
            measured=measured,
            findings=audit(
                state,
                request.durability,
                knowledge.settings,
                advised,
                _rate(state, request, knowledge),
                _flush_us(measurement),
            ),
            settings_compared=len(_compared(request, knowledge, advised)),
            activity=activity,
            headroom=headroom(activity, measurement) if activity and measurement else None,
            notes=(*state.notes, *_hidden(state, knowledge), *notes),
        ),
        verdict,
    )


def _compared(
    request: Request, knowledge: Knowledge, advised: tuple[Recommendation, ...]
) -> set[str]:
    """The settings that are held against the advice or a red line."""
    existing = {
        setting.name
        for setting in knowledge.settings
        if setting.spec_for(request.vendor, request.version)
    }
    return {entry.setting for entry in advised} | (existing & RISKS.keys())


def _not_compared(missing: set[str], why: str) -> tuple[str, ...]:
    if not missing:
        return ()
    names = ", ".join(sorted(missing))
    return (f"{why}, so these are not compared: {names}; DIR or --from adds them",)


def _hidden(state: ServerState, knowledge: Knowledge) -> tuple[str, ...]:
    names = sorted(state.hidden & {setting.name for setting in knowledge.settings})
    if not names:
        return ()
    return (
        f"{', '.join(names)}: this role or database has a value of its own, which hides the"
        " server's",
    )


def _rate(state: ServerState, request: Request, knowledge: Knowledge) -> Rate:
    """The present rate, else the one to expect."""
    if state.activity and state.activity.commits_per_s:
        return Rate(state.activity.commits_per_s, "now")
    if request.expected_commits_per_s is not None:
        return Rate(request.expected_commits_per_s, "as expected")
    return Rate(knowledge.assumptions["expected_commits_per_s"].value, "assumed")


def _flush_us(measurement: Measurement | None) -> Mapping[str, float]:
    """Setting -> the mean latency of the flush that its durable value makes a commit wait for."""
    if measurement is None:
        return {}
    log, binary_log = measurement.effective_sync, measurement.append
    found = {
        "fsync": log,
        "synchronous_commit": log,
        "innodb_flush_log_at_trx_commit": log,
        "sync_binlog": binary_log,
    }
    return {name: series.summary.mean_us for name, series in found.items() if series}
