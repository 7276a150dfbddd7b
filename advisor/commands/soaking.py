"""Soaking a drive before it is measured, and what is kept where that is interrupted."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from advisor import __version__
from advisor.analysis.soak_text import duration_text
from advisor.analysis.sustained import short_soak_warning, sustained_series, with_soak
from advisor.commands.console import notify
from advisor.commands.measuring import where
from advisor.commands.soak_options import AskedSoak
from advisor.errors import AdvisorError, Interrupted
from advisor.instance import Drives
from advisor.measurement import AbsentSeries, Measurement, MeasurementWarning, PlanRun
from advisor.output.soak_progress import soak_progress_bar
from advisor.probe import PLANS
from advisor.probe.plan import MeasuringPlan
from advisor.probe.soak import PAGE_WRITERS, WEAR_POINTS, SoakPlan, SoakSite, look_at, soaked
from advisor.probe.testfiles import planned_bytes
from advisor.probe.warnings import may_be_throttled
from advisor.series_kind import PRIMARY
from advisor.servers.installed import ask_host
from advisor.soak import SHORTEST_S, Soak, SoakEndedBy
from advisor.units import format_count, format_size

UNSAVED_S: Final = 60
UNSAVED: Final = (
    "nothing is kept if this is interrupted: --output FILE keeps what was measured until then"
)
ENDED_AT: Final[dict[SoakEndedBy, str]] = {
    "bytes": "at --max-bytes",
    "wear": "because the drive wears",
}
INTERRUPTED: Final = "no series was taken after the soak: it was interrupted"


def measure_after_soak(
    drives: Drives,
    asked: AskedSoak,
    plan: str,
    take: Callable[[], Measurement],
    *,
    label: str | None,
    is_saved: bool,
    quiet: bool,
) -> tuple[Measurement, AdvisorError | Interrupted | None]:
    """What `take` measures right after a soak of the log's drive, with the soak. Where it is
    interrupted or fails, the soak alone, and what happened: hours of it shall not be lost.

    `is_saved`: whether the caller keeps that. Raises AdvisorError, and Interrupted where there is
    nothing to keep.
    """
    directory = drives.log or drives.data
    soak_plan = SoakPlan(
        duration_s=asked.duration_s,
        bytes_max=asked.bytes_max,
        rate_per_s=asked.rate_per_s,
        page_writers=PAGE_WRITERS if asked.with_page_writes else 0,
    )
    site = look_at(directory)
    soak_plan = soak_plan.fitted(site.free_bytes)
    is_log = drives.log is not None
    said = announcement(directory, soak_plan, PLANS[plan], is_log=is_log)
    notify(said, quiet=quiet)
    if not is_saved and asked.duration_s > UNSAVED_S:
        notify(UNSAVED, quiet=quiet)
    with (
        ExitStack() as bar,
        soaked(
            directory,
            soak_plan,
            site.target.devices,
            then_bytes=planned_bytes(PLANS[plan]),
            report=bar.enter_context(soak_progress_bar(quiet=quiet)),
            ask=ask_host,
        ) as soak,
    ):
        bar.close()  # the series have a bar of their own
        if soak is None:
            raise Interrupted("interrupted; nothing was left behind")
        if soak.ended_by == "interrupted":
            return _of_soak_alone(site, soak, plan, label, INTERRUPTED), Interrupted(INTERRUPTED)
        for note in early_end(soak):
            notify(note, quiet=quiet)
        try:
            measurement = take()
        except Interrupted as interruption:
            return _of_soak_alone(site, soak, plan, label, INTERRUPTED), interruption
        except AdvisorError as error:
            why = f"no series was taken after the soak: {error.message}"
            return _of_soak_alone(site, soak, plan, label, why), error
    return with_soak(measurement, soak), None


def early_end(soak: Soak) -> Iterator[str]:
    """What whoever waited for it must know, where it ended before its time."""
    if soak.ended_by not in ENDED_AT:
        return
    asked, lasted = duration_text(soak.asked_s), duration_text(soak.elapsed_s)
    yield f"the soak ended {ENDED_AT[soak.ended_by]} after {lasted} of {asked}"
    if soak.elapsed_s < SHORTEST_S:
        yield f"warning: in less than {SHORTEST_S} s no change of the rate can be told"


def announcement(
    directory: Path, plan: SoakPlan, then: MeasuringPlan, *, is_log: bool = False
) -> str:
    """What will be written where, how much of it at most, and for how long; `then`: what is
    measured afterwards, which writes as well."""
    what = "syncs of 8 KiB"
    most_bytes = plan.bytes_max
    if plan.rate_per_s is None:
        how_fast = "as fast as the drive takes them"
    else:
        how_fast = f"{format_count(plan.rate_per_s)} a second"
        synced_bytes = plan.rate_per_s * plan.duration_s * PRIMARY.block_bytes
        if not plan.page_writers:
            most_bytes = min(most_bytes, round(plan.files_bytes + synced_bytes))
    beside = ""
    if plan.page_writers:
        size = format_size(plan.page_file_bytes)
        beside = f", beside {plan.page_writers} writers of pages in a file of {size}"
    only = ", the log's drive and no other," if is_log else ""
    on_disk = ""
    if then.hdd_budget_s > then.ssd_budget_s:
        on_disk = f" ({duration_text(then.hdd_budget_s)} on a disk that rotates)"
    return (
        f"soaking {where(directory)}{only} for {duration_text(plan.duration_s)}: {what}, {how_fast}"
        f"{beside}; writes at most {format_size(most_bytes)}, and ends before if that or"
        f" {WEAR_POINTS + 1} points of wear (smartctl) are reached; then measures it for about"
        f" {duration_text(then.ssd_budget_s)}{on_disk}, which writes at most"
        f" {format_size(then.bytes_max)} more"
    )


def _of_soak_alone(
    site: SoakSite, soak: Soak, plan: str, label: str | None, why: str
) -> Measurement:
    """A measurement whose only series is the sync of the soak's end."""
    primary = sustained_series(soak, site.target, site.environment)
    return Measurement(
        tool_version=__version__,
        taken_at=site.taken_at,
        label=label,
        plan=PlanRun(name="soak", seed=0, rounds=0),
        target=site.target,
        environment=site.environment,
        written_bytes=soak.written_bytes,
        series=(primary,),
        absent=tuple(
            AbsentSeries(name=spec.kind.name, why=why)
            for spec in PLANS[plan].series
            if spec.kind != PRIMARY
        ),
        warnings=tuple(_warnings_of_soak_alone(site, soak, why)),
        soak=soak,
    )


def _warnings_of_soak_alone(site: SoakSite, soak: Soak, why: str) -> Iterator[MeasurementWarning]:
    yield MeasurementWarning(code="soak-alone", text=why)
    if may_be_throttled(site.target, site.environment):
        short = short_soak_warning(soak, site.target, site.environment)
        if short is not None:
            yield short
