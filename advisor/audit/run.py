"""A server's state, a request and perhaps a measurement -> the Audit. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from advisor import __version__
from advisor.advice import Recommendation
from advisor.advise import advise, advise_without_drive
from advisor.analysis.atomic_writes import AtomicWrite, atomic_write
from advisor.analysis.counter_checks import CounterCheck
from advisor.analysis.description import describe_measured
from advisor.analysis.host_findings import HostFinding, evaluate
from advisor.analysis.observed_load import with_observed_load
from advisor.analysis.server_counts import counters
from advisor.analysis.storage import devices_of, write_cache
from advisor.analysis.verdict import Verdict, judge
from advisor.audit.assumed import assumed_facts
from advisor.audit.bulk_load import left_by_load
from advisor.audit.clusters import PartOf, judged_for_cluster
from advisor.audit.compare import audit, by_severity
from advisor.audit.counters import CounterJudge
from advisor.audit.exceptions import Mitigations
from advisor.audit.findings import Audit
from advisor.audit.headroom import headroom
from advisor.audit.lines import binary_log_notes, writes_binary_log
from advisor.audit.log_size import LogLoad, LogRate
from advisor.audit.minimal_wal import minimal_wal
from advisor.audit.other_engines import fork_notes, with_other_engines
from advisor.audit.recovery import Recovery
from advisor.audit.roles import following_of, role_note, told_for_role
from advisor.audit.services import Judged, RunBy, judged_for_service
from advisor.audit.unknown_options import OptionNames, names_not_checked, unknown_options
from advisor.audit.windows import Rate
from advisor.measurement import Measurement
from advisor.model import Known, Unknown
from advisor.request import Request
from advisor.roles import NOT_ASKED, Replication
from advisor.rules.bulk_load import BulkLoadKnowledge
from advisor.rules.knowledge import Knowledge
from advisor.rules.other_engines import OtherEngines
from advisor.rules.risks import RISKS
from advisor.server_state import ServerState
from advisor.units import format_size
from advisor.vendors.registry import VENDORS, newer_than_known
from advisor.versions import format_version

NO_DRIVE: Final = "no drive is measured"


def run_audit(
    state: ServerState,
    request: Request,
    knowledge: Knowledge,
    measurement: Measurement | None,
    atomic_write_bytes: int | None = None,
    option_names: OptionNames | None = None,
    counter_checks: Sequence[CounterCheck] = (),
    bulk_load: BulkLoadKnowledge | None = None,
    run_by: RunBy | None = None,
    other_engines: OtherEngines | None = None,
    replication: Replication = NOT_ASKED,
    part_of: PartOf | None = None,
) -> tuple[Audit, Verdict | None]:
    """The audit, and what the drive is to be called where one was measured.

    The request's version counts, for files may not tell one; whether a binary log is written is as
    was read. Without a measurement, and with that of a drive that is not durable, only what needs
    none is compared, and a note says so. `atomic_write_bytes`: how much is written whole, as the
    user says. `option_names`: for files, what servers take. `counter_checks`: what a running
    server's counters are asked. `bulk_load`: what shows that a bulk load's settings have stayed.
    `run_by`: the managed service, where it is one's. `other_engines`: what other storage engines
    risk. `replication`: the server's role, and how it is known; the request has the same, and
    "standalone" where it is unknown. `part_of`: the cluster, where it is a part of one. Raises as
    `advise` does.
    """
    state = with_derived(state._replace(version=request.version))
    knowledge = knowledge._replace(cluster=None)  # what that needs, the checks of `part_of` ask
    if option_names is not None:
        unknown = unknown_options(state, knowledge.settings, option_names)
        state = state._replace(refused=(*state.refused, *unknown))
    following = following_of(state, replication)
    request = replace(
        request,
        log_bin=writes_binary_log(state),
        logs_what_it_applies=following.logs_what_it_applies,
        uses_gtid=following.uses_gtid,
    )
    asked = request
    if measurement is not None:
        request = with_observed_load(request, measurement)
    verdict = judge(measurement, knowledge.storage) if measurement else None
    measured = describe_measured(measurement) if measurement else None
    host = evaluate(measurement, knowledge.host, request.vendor) if measurement else ()
    evidence = _evidence(measurement, verdict, atomic_write_bytes)
    why = NO_DRIVE
    if verdict and verdict.trust == "not-durable":
        measurement, why = None, "the drive is not durable and its speed does not count"
    if measurement is None:
        newer = newer_than_known(request.vendor, request.version)
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
    recovery = _recovery(state, measurement, request, knowledge)
    counted = _counted(state, request, recovery, counter_checks)
    findings, excused = audit(
        state,
        request.durability,
        knowledge.settings,
        advised,
        _rate(state, asked, request, knowledge),
        _flush_us(measurement),
        evidence,
        assumed_facts(request),
        recovery,
        counted,
        logs_commits=request.role != "replica" or following.logs_what_it_applies is not False,
    )
    if bulk_load is not None:
        not_started = tuple(minimal_wal(state, knowledge, bulk_load))
        refused = {each.setting for each in not_started}
        left_on = left_by_load(state, knowledge, bulk_load)
        kept = (each for each in left_on if each.setting not in refused)
        findings = by_severity((*findings, *not_started, *kept))
    about_role: tuple[str, ...] = ()
    if knowledge.roles is not None and (run_by is None or run_by.service.is_drive):
        findings, about_role = told_for_role(
            findings,
            request.durability,
            state,
            replication,
            knowledge.roles,
            knowledge.settings,
            request.cluster,
            advised,
        )
    forks: tuple[str, ...] = ()
    if other_engines is not None:
        findings = with_other_engines(findings, state, request.durability, other_engines.setting)
        forks = fork_notes(state, other_engines.fork)
    copies = None
    if part_of is not None:
        findings, copies = judged_for_cluster(
            findings, part_of, state, knowledge.settings, replication.role, request.durability
        )
    judged = Judged(findings, ())
    if run_by is not None:
        judged = judged_for_service(findings, run_by, state, knowledge.settings, request.durability)
    return (
        Audit(
            trust=verdict.trust if verdict else None,
            tool_version=__version__,
            engine=request.vendor,
            engine_version=format_version(request.version),
            version_source=request.version_source,
            service=run_by.service.name if run_by else None,
            role=replication.role,
            role_source=replication.how,
            cluster=copies,
            durability=request.durability,
            measured=measured,
            findings=judged.findings,
            host_findings=host,
            settings_compared=len(_compared(request, knowledge, advised)),
            activity=activity,
            headroom=headroom(activity, measurement) if activity else None,
            missing_files=state.missing_files,
            counters=counted.counters,
            notes=(
                *judged.notes,
                *(
                    run_by.service.on_role(replication.role, state.vendor, state.version)
                    if run_by
                    else ()
                ),
                *forks,
                *role_note(replication),
                *about_role,
                *_trust(verdict, host),
                *(names_not_checked(state, option_names) if option_names else ()),
                *state.notes,
                *_hidden(state, knowledge),
                *binary_log_notes(state),
                *_chosen_by_the_server(state),
                *filter(None, [counted.idle_note]),
                *excused,
                *notes,
            ),
        ),
        verdict,
    )


def with_derived(state: ServerState) -> ServerState:
    """With what settings that stand for others make of these."""
    vendor = VENDORS[state.vendor]
    derived = {entry.name: entry for entry in vendor.derived(state.settings, state.version)}
    return state._replace(settings={**state.settings, **derived})


def _evidence(
    measurement: Measurement | None, verdict: Verdict | None, atomic_write_bytes: int | None
) -> Mitigations:
    """What is known of the drive. That it has no volatile cache counts where its word does: a
    virtual disk tells nothing of its host."""
    atomic = None if measurement is None else atomic_write(measurement)
    if atomic_write_bytes is not None:
        size = format_size(atomic_write_bytes)
        atomic = AtomicWrite(atomic_write_bytes, f"as --atomic-writes says, {size} are not torn")
    trusted = verdict is not None and verdict.trust == "plausible"
    cache = write_cache(devices_of(measurement)) if measurement and trusted else None
    return Mitigations(atomic, has_volatile_cache=cache != "write through")


def _chosen_by_the_server(state: ServerState) -> tuple[str, ...]:
    chosen = VENDORS[state.vendor].left_to_server(state.settings, state.version)
    if not chosen:
        return ()
    switch = next(iter(chosen.values()))
    names = ", ".join(sorted(chosen))
    return (f"{switch} is on, and has the server choose by itself: {names}; not compared",)


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
    hint = "; DIR or --from adds them" if why == NO_DRIVE else ""
    return (f"{why}, so these are not compared: {names}{hint}",)


def _hidden(state: ServerState, knowledge: Knowledge) -> tuple[str, ...]:
    names = sorted(state.hidden & {setting.name for setting in knowledge.settings})
    if not names:
        return ()
    return (
        f"{', '.join(names)}: this role or database has a value of its own, which hides the"
        " server's",
    )


def _counted(
    state: ServerState, request: Request, recovery: Recovery, checks: Sequence[CounterCheck]
) -> CounterJudge:
    judge = CounterJudge(request.vendor, state.version, checks, counters=None)
    if state.activity is None or state.counts is None:
        return judge
    first, last = state.counts
    found = counters(first, last, state.activity)
    return judge._replace(
        counters=found,
        load=LogLoad(
            stretches=tuple(
                LogRate(window.log_bytes_per_s, window.log_s, window.log_since)
                for window in (found.interval, found.since_start)
                if not isinstance(window.log_bytes_per_s, Unknown)
                and not isinstance(window.log_s, Unknown)
            ),
            lasts_s=last.log_lasts_s,
            recovery_time_s=request.recovery_time_s,
            is_said=request.expected_commits_per_s is not None,
            replay_bytes_per_s=recovery.replay_bytes_per_s,
        ),
    )


def _recovery(
    state: ServerState, measurement: Measurement | None, request: Request, knowledge: Knowledge
) -> Recovery:
    speed: Known[float] = Unknown(unknown=NO_DRIVE)
    server = VENDORS[state.vendor]
    if measurement is not None:
        speed = knowledge.replay[request.vendor].bytes_per_s(
            measurement.data_drive,
            request.max_ops_per_s,
            is_compressed=server.has_compressed_log(state.settings),
            reads_pages=server.reads_in_recovery(state.settings, state.version),
        )
    asked_s = request.recovery_time_s
    return Recovery(asked_s or knowledge.assumptions["recovery_time_s"].value, speed)


def _rate(state: ServerState, asked: Request, request: Request, knowledge: Knowledge) -> Rate:
    """The present rate, else the one to expect; `request` has the observed one where nobody asked
    for another."""
    if state.activity and state.activity.commits_per_s:
        return Rate(state.activity.commits_per_s, "now")
    if request.expected_commits_per_s is not None:
        how = "as observed" if asked.expected_commits_per_s is None else "as expected"
        return Rate(request.expected_commits_per_s, how)
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


def _trust(verdict: Verdict | None, host: tuple[HostFinding, ...]) -> tuple[str, ...]:
    """What the drive deserves, where it is not the best; the reason where no finding says it."""
    if verdict is None or verdict.trust == "plausible":
        return ()
    first = verdict.evidence[0]
    is_told = any(each.trust_check == first.check for each in host)
    why = "" if is_told else f": {first.text}"
    return (f"trust is {verdict.trust}{why}; settings alone do not make data durable",)
