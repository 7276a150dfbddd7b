"""Advice on a terminal: the verdict, the settings and what to type next, on one screen."""

from collections.abc import Iterator, Mapping
from typing import Final

from advisor.advice import Advice, Recommendation
from advisor.model import Unknown
from advisor.output.advice import about_role
from advisor.output.cluster import cluster_summary
from advisor.output.document import (
    Code,
    Document,
    DocumentBlock,
    Lines,
    Paragraph,
    Remark,
    Section,
    Table,
    Tone,
)
from advisor.output.host_findings import HOST_TONES
from advisor.output.host_text import host_comments
from advisor.output.text import command_lines
from advisor.output.verdict_line import advice_verdict
from advisor.units import format_latency
from advisor.vendors.registry import VENDORS

CONCERNS: Final[Mapping[str, str]] = {
    "commit": "durability",
    "replication": "replication",
    "log": "log",
    "checkpoint": "checkpoints",
    "io": "background I/O",
    "memory": "memory",
}
"""Group of a setting -> a word for it."""
HEADINGS: Final = ("setting", "value", "default", "for", "at run time")
NOTES_SHOWN: Final = 1
"""The file has the others."""


def summary_document(advice: Advice, command: str) -> Document:
    """One screen of 80 by 24 where the server has the usual number of settings.

    `command` is what was typed.
    """
    return Document(
        sections=[Section(blocks=blocks) for blocks in _sections(advice, command)],
        verdict=advice_verdict(advice),
    )


def _sections(advice: Advice, command: str) -> Iterator[list[DocumentBlock]]:
    yield [Lines([*_head(advice), *_role(advice), *_host(advice), *_notes(advice)])]
    emitted = [entry for entry in advice.settings if entry.emitted]
    tones: dict[int, Tone] = {
        row: "warn" for row, entry in enumerate(emitted) if entry.durability != "durable"
    }
    yield [Table("", HEADINGS, [_row(advice, entry) for entry in emitted], tones=tones)]
    yield [
        Paragraph("Next: write the file, try it on a throw-away server, put it in place:"),
        Code("\n".join(_next(advice, command))),
    ]


def _role(advice: Advice) -> Iterator[Remark]:
    """What a power loss costs a server in its role, as these settings are; the file has all."""
    told = about_role(advice)
    if told and advice.durability != "durable":
        more = f" ({len(told) - 1} more: --show-config)" if len(told) > 1 else ""
        yield Remark(f"as a {advice.role}: {told[0]}{more}", "warn")


def _head(advice: Advice) -> Iterator[str]:
    measured, storage, capacity = advice.measured, advice.storage, advice.capacity
    directory = "" if isinstance(measured.directory, Unknown) else measured.directory
    yield ": ".join(filter(None, (directory, measured.place)))
    commit = ""
    if capacity and capacity.commit_us:
        what = "the drive or a processor" if measured.may_wait_for_processor else "the drive"
        commit = f"; one commit waits {format_latency(capacity.commit_us)} for {what}"
    elif capacity and capacity.commit_syncs == 0:
        commit = "; a commit does not wait for the drive"
    yield f"{storage.name}{commit}"
    if advice.cluster:
        yield from cluster_summary(advice.cluster, advice.durability)


def _host(advice: Advice) -> Iterator[Remark]:
    """The worst of what the host does, in a line; the file has all of it."""
    found = host_comments(advice.host_findings)
    if found:
        more = f" ({len(found) - 1} more: --show-config)" if len(found) > 1 else ""
        yield Remark(f"host: {found[0]}{more}", HOST_TONES[advice.host_findings[0].severity])


def _notes(advice: Advice) -> Iterator[Remark]:
    for note in advice.warnings[:NOTES_SHOWN]:
        more = len(advice.warnings) - NOTES_SHOWN
        yield Remark(
            f"note: {note}" + (f" ({more} more: --show-config)" if more > 0 else ""), "warn"
        )


def _row(advice: Advice, entry: Recommendation) -> tuple[str, ...]:
    server = VENDORS[advice.engine]
    default = "" if entry.default is None else server.render_value(entry.default, entry.unit)
    changes = "no" if entry.restart else "yes"
    return entry.setting, entry.rendered, default, CONCERNS[entry.group], changes


def _next(advice: Advice, command: str) -> Iterator[str]:
    """What one types next: the file, its trial, its place."""
    name = f"zz-fsync{VENDORS[advice.engine].config_suffix}"
    db = f"--db {advice.engine}"
    yield command_lines(f"{command} --output {name}")
    yield f"fsync-advisor verify {db} {name}"
    yield f"fsync-advisor apply {db} {name}"
