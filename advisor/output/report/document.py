"""Report -> Document: which sections there are, and in which order they are read."""

from collections.abc import Iterator

from advisor.model import Unknown
from advisor.output.document import Document, Folded, KeyFigure, Section
from advisor.output.measurement import TRUST_TONES
from advisor.output.report.capacity import capacity_section, changes_section, events_section
from advisor.output.report.drive import (
    conditions_block,
    host_section,
    references_block,
    series_block,
    soak_section,
    trust_section,
)
from advisor.output.report.provenance import provenance_block
from advisor.output.report.settings import settings_sections
from advisor.output.verdict_line import drive_verdict
from advisor.report.results import Report
from advisor.units import counted, format_count, format_latency
from advisor.vendors.registry import VENDORS


def report_document(report: Report) -> Document:
    """The report as it is read, whatever shows it."""
    sync = report.measurement.effective_sync
    return Document(
        title=_title(report),
        summary=report.summary,
        sections=list(_sections(report)),
        key_figures=list(_key_figures(report)),
        subtitle=_subtitle(report),
        verdict=drive_verdict(report.storage, sync.summary if sync else None, report.host_findings),
    )


def _title(report: Report) -> str:
    measurement = report.measurement
    named = (measurement.target.directory, measurement.environment.host_name)
    place = " on ".join(name for name in named if not isinstance(name, Unknown))
    return f"Durability report: {place}" if place else "Durability report"


def _subtitle(report: Report) -> str:
    """On what, and when."""
    measured = report.measured
    when = measured.taken_at
    parts = [
        *(
            what
            for what in (measured.devices, measured.filesystem)
            if not isinstance(what, Unknown)
        ),
        measured.source,
        *([] if isinstance(when, Unknown) else [when.strftime("%Y-%m-%d %H:%M %Z").strip()]),
        *([measured.label] if measured.label else []),
    ]
    return ", ".join(parts)


def _key_figures(report: Report) -> Iterator[KeyFigure]:
    if sync := report.measurement.effective_sync:
        yield KeyFigure("one sync", format_latency(sync.summary.mean_us))
    for server in report.servers:
        advice = server.advice
        name = f", {VENDORS[advice.engine].title}" if advice and len(report.servers) > 1 else ""
        first = server.alternatives[0]
        if first.serial_tps is not None:
            yield KeyFigure(f"one connection{name}", f"{format_count(first.serial_tps)}/s")
        yield KeyFigure(
            f"{counted(first.clients, 'connection')}{name}", f"{format_count(first.tps)}/s"
        )
    yield KeyFigure("trust", report.storage.trust, TRUST_TONES[report.storage.trust])


def _sections(report: Report) -> Iterator[Section]:
    yield trust_section(report)
    if report.measurement.soak is not None:
        yield soak_section(report)
    if report.host_findings:
        yield host_section(report)
    for server in report.servers:
        if server.advice:
            yield from settings_sections(server.advice)
        yield capacity_section(server)
        yield changes_section(server, may_wait_for_processor=report.measured.may_wait_for_processor)
    if report.policies:
        yield events_section(report.policies)
    yield Section("method", "Measurement and method", list(_method(report)))


def _method(report: Report) -> Iterator[Folded]:
    """What few read, and everyone must be able to."""
    yield series_block(report)
    yield conditions_block(report)
    if report.servers and report.storage.standings:  # else its speed says nothing
        yield references_block(report)
    yield provenance_block(report)
