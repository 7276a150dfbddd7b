"""One drive over time: has it become slower beyond noise? Pure.

Slower is what is slower beyond the confidence interval of the difference AND by more than the
tolerance: the interval knows the scatter within the two runs, and two runs of one drive differ by
more than that. Trust counts, too: a drive whose syncs no longer mean anything may look faster.
"""

from collections.abc import Callable, Iterator
from math import isfinite
from typing import Final

from advisor.analysis.description import describe_measured
from advisor.analysis.observed_load import observed_server, processor_notes
from advisor.analysis.storage import devices_of
from advisor.comparison.difference import Difference, difference
from advisor.comparison.drives import (
    LIKE_WITH_LIKE,
    ComparedDrive,
    common_kind,
    common_kinds,
)
from advisor.errors import AdvisorError, NotTrustedError, UsageError
from advisor.measurement import MEASURED, OBSERVED, Measurement, Summary
from advisor.model import Model, Unknown
from advisor.series_kind import SeriesKind
from advisor.units import format_count, format_latency
from advisor.vendors.registry import VENDORS

TOLERANCE_PERCENT: Final = 25.0
"""Smallest change that counts, without `--tolerance`. Of 1980 pairs of runs on one shared virtual
disk that had not changed, the interval alone called 16 % slower, and with this 2.5 %; on a busy
host it was 23 % and 12 % (tests/benchmarks/compare_false_alarms.py)."""


OTHER_LOAD_FACTOR: Final = 1.5
"""Our choice: within it the loads that two observations saw are one."""
REMEDIES: Final = {
    MEASURED: "measure both again with --thorough, while the host is idle",
    OBSERVED: "observe both again, for longer: --interval TIME",
}


BUSY_HOST: Final = (
    "observe again before you act: on a busy host two observations of one drive differ by more, and"
    " --tolerance 100 allows for that"
)
"""tests/benchmarks/observed_false_alarms.py."""
INCOMPARABLE: Final = {
    MEASURED: "measure both with: fsync-advisor measure --output FILE",
    OBSERVED: REMEDIES[OBSERVED],
}


class ChangedCircumstance(Model):
    """What else is not as it was: the comparison is then of two things."""

    what: str
    before: str
    now: str


class BaselineCheck(Model):
    """How a drive stands to its baseline."""

    tolerance_percent: float
    slower: bool
    """Beyond noise, and by more than the tolerance."""
    noticeable_percent: float | None
    """A change smaller than this is within noise; None where the speed now says nothing."""
    inconclusive: bool
    """Not slower as far as can be seen, but a change that counts would not have been seen."""
    says: str
    """The change in one line; empty where the speed now says nothing."""
    findings: tuple[str, ...]
    """What must not pass unseen, a line each: slower, or no longer to be trusted."""
    changed: tuple[ChangedCircumstance, ...]
    remedy: str = ""
    """What to do where it is inconclusive: how such a figure gets less noise; and where what was
    observed is slower."""
    notes: tuple[str, ...] = ()
    """What is not compared, and what by."""


def check_baseline(
    before: ComparedDrive, now: ComparedDrive, tolerance_percent: float
) -> BaselineCheck:
    """Whether `now` is slower than `before`, or deserves less trust.

    A drive that is not durable now is a finding, and so is one that has become suspicious. Raises
    NotTrustedError where the baseline itself is not durable, AdvisorError where the two cannot be
    compared (no common series, no confidence interval, or servers of two kinds), UsageError for a
    tolerance below 0.
    """
    if not isfinite(tolerance_percent) or tolerance_percent < 0:
        raise UsageError(f"a tolerance of {tolerance_percent} % makes no sense")
    assert before.measurement is not None
    assert now.measurement is not None
    _require_one_kind_of_server(before, now)
    changed = _changed(before.measurement, now.measurement)
    if not before.honours_flushes:
        raise NotTrustedError(
            f"{before.name} cannot be a baseline: it is not durable, so its speed does not count",
            "measure the directory where the database lives",
        )
    findings = _lost_trust(before, now)
    notes: tuple[str, ...] = ()
    slower, says, noticeable_percent, inconclusive = False, "", None, False
    if now.honours_flushes:
        kind, found = _judged(before, now)
        notes = tuple(_left_out(kind, before, now))
        says = _sentence(kind, found, before.summaries[kind], now.summaries[kind])
        noticeable_percent = found.change_ci95_percent
        slower = found.judgement == "slower" and (found.change_percent or 0) > tolerance_percent
        counts_percent = max(tolerance_percent, TOLERANCE_PERCENT)
        within_noise = found.judgement == "within noise"
        inconclusive = within_noise and (noticeable_percent or 0) > counts_percent
    if slower:
        findings.append(
            f"{now.name} is slower than {before.name}, by more than {tolerance_percent:g} %: {says}"
        )
    return BaselineCheck(
        tolerance_percent=tolerance_percent,
        slower=slower,
        noticeable_percent=noticeable_percent,
        inconclusive=inconclusive,
        says=says,
        findings=tuple(findings),
        changed=changed,
        remedy=_remedy(now.measurement, slower=slower, inconclusive=inconclusive),
        notes=notes,
    )


def _remedy(now: Measurement, *, slower: bool, inconclusive: bool) -> str:
    if slower:
        return BUSY_HOST if now.source == OBSERVED else ""
    return REMEDIES.get(now.source, REMEDIES[MEASURED]) if inconclusive else ""


def _judged(before: ComparedDrive, now: ComparedDrive) -> tuple[SeriesKind, Difference]:
    kind = common_kind(before, now)
    if kind is None:
        raise AdvisorError(f"{before.name} and {now.name} have no series in common", LIKE_WITH_LIKE)
    if _waited_for_processors(before, now):
        kind = next((each for each in common_kinds(before, now) if _is_of_device(each)), kind)
    found = difference(before.summaries[kind], now.summaries[kind])
    if found.judgement == "not judged":
        assert now.measurement is not None
        hint = INCOMPARABLE.get(now.measurement.source, INCOMPARABLE[MEASURED])
        raise AdvisorError(f"{now.name} cannot be compared with {before.name}: {found.why}", hint)
    return kind, found


def _waited_for_processors(*drives: ComparedDrive) -> bool:
    """Whether a server waited for a processor, perhaps: then its drive's own time counts."""
    return any(each.measurement and [*processor_notes(each.measurement)] for each in drives)


def _is_of_device(kind: SeriesKind) -> bool:
    return kind.pattern == "observed-device"


def _left_out(kind: SeriesKind, before: ComparedDrive, now: ComparedDrive) -> Iterator[str]:
    """Where what a server's log waits for was observed, and the device's own time is compared."""
    if not _is_of_device(kind):
        return
    if _waited_for_processors(before, now):
        yield (
            f"the {kind.label} is compared: what the server waited for was perhaps a processor, and"
            " not its drive"
        )
    for drive, other in ((before, now), (now, before)):
        for each in drive.summaries:
            if not _is_of_device(each) and each not in other.summaries:
                yield f"the {each.label} of {drive.name} is not compared: {other.name} has none"


def _require_one_kind_of_server(before: ComparedDrive, now: ComparedDrive) -> None:
    """Raises AdvisorError where one kind of server was observed before, and another one now."""
    assert before.measurement is not None
    assert now.measurement is not None
    was, found = observed_server(before.measurement), observed_server(now.measurement)
    if was is not None and found is not None and was.vendor != found.vendor:
        raise AdvisorError(
            f"{VENDORS[was.vendor].title} was observed in {before.name}, and"
            f" {VENDORS[found.vendor].title} in {now.name}: they do not wait for the same",
            "make a baseline of this server with: measure --passive --dsn DSN --output FILE",
        )


def _lost_trust(before: ComparedDrive, now: ComparedDrive) -> list[str]:
    """Not durable is never good enough; suspicious is, where it was so before."""
    assert before.verdict is not None
    assert now.verdict is not None
    was, trust = before.verdict.trust, now.verdict.trust
    newly_suspicious = trust == "suspicious" and was != "suspicious"
    if trust != "not-durable" and not newly_suspicious:
        return []
    why = now.verdict.evidence[0].text
    return [f"{now.name} is {trust}, {before.name} was {was}: {why}"]


def _sentence(kind: SeriesKind, found: Difference, before: Summary, now: Summary) -> str:
    mean = f"{format_latency(before.mean_us)} before, {format_latency(now.mean_us)} now"
    change = f"{_percent(found.change_percent)} +-{_percent(found.change_ci95_percent, sign='')} %"
    tail = ""
    if before.p99_us is not None or now.p99_us is not None:
        tail = f"; p99 {_or_dash(before.p99_us)} before, {_or_dash(now.p99_us)} now"
    return f"{kind.label}: mean {mean} ({change}){tail}"


def _percent(value: float | None, *, sign: str = "+") -> str:
    assert value is not None
    return f"{value:{sign}.{0 if abs(value) >= 100 else 1}f}"


def _or_dash(latency_us: float | None) -> str:
    return "-" if latency_us is None else format_latency(latency_us)


def _of_devices(name: str) -> Callable[[Measurement], str]:
    def described(measurement: Measurement) -> str:
        return (
            ", ".join(str(getattr(device, name)) for device in devices_of(measurement)) or "unknown"
        )

    return described


_CIRCUMSTANCES: Final[dict[str, Callable[[Measurement], str]]] = {
    "source": lambda measurement: measurement.source,
    "plan": lambda measurement: measurement.plan.name if measurement.plan else "none",
    "directory": lambda measurement: str(measurement.target.directory),
    "devices": lambda measurement: str(describe_measured(measurement).devices),
    "write cache": _of_devices("write_cache"),
    "scheduler": _of_devices("scheduler"),
    "file system": lambda measurement: str(measurement.target.filesystem),
    "mount options": lambda measurement: ",".join(measurement.target.mount_options),
    "kernel": lambda measurement: str(measurement.environment.kernel),
    "virtualisation": lambda measurement: str(measurement.environment.virtualisation),
    "processor": lambda measurement: str(measurement.environment.cpu_model),
    "preloaded": lambda measurement: ", ".join(measurement.environment.preloaded) or "nothing",
}
"""What must be the same for the comparison to be of one thing."""


def _changed(before: Measurement, now: Measurement) -> tuple[ChangedCircumstance, ...]:
    return (
        *_other_load(before, now),
        *_other_server(before, now),
        *_other_host(before, now),
        *_other_circumstances(before, now),
    )


def _other_server(before: Measurement, now: Measurement) -> Iterator[ChangedCircumstance]:
    """Another release, or none that was asked."""
    if before.observation is None or now.observation is None:
        return
    old, new = (
        "none asked" if isinstance(each.observation.server, Unknown) else each.observation.server
        for each in (before, now)
        if each.observation is not None
    )
    if old != new:
        yield ChangedCircumstance(what="server", before=old, now=new)


def _other_host(before: Measurement, now: Measurement) -> Iterator[ChangedCircumstance]:
    old, new = before.environment.host_name, now.environment.host_name
    if isinstance(old, Unknown) or isinstance(new, Unknown) or old == new:
        return
    yield ChangedCircumstance(what="host", before=old, now=new)


def _other_load(before: Measurement, now: Measurement) -> Iterator[ChangedCircumstance]:
    """Of what was observed: a sync takes longer where there are more of them."""
    if before.observation is None or now.observation is None:
        return
    old, new = before.observation.commits_per_s, now.observation.commits_per_s
    if isinstance(old, Unknown) or isinstance(new, Unknown):
        return
    if max(old, new) > OTHER_LOAD_FACTOR * min(old, new):
        shown = [f"{format_count(each)} commits/s" for each in (old, new)]
        yield ChangedCircumstance(what="load", before=shown[0], now=shown[1])


def _other_circumstances(before: Measurement, now: Measurement) -> tuple[ChangedCircumstance, ...]:
    pairs = {what: (read(before), read(now)) for what, read in _CIRCUMSTANCES.items()}
    return tuple(
        ChangedCircumstance(what=what, before=old, now=new)
        for what, (old, new) in pairs.items()
        if old != new
    )
