"""What the groups of a fleet are advised, as a document: who decided, on what, and who did not."""

from collections.abc import Iterator

from advisor.advice import Advice
from advisor.fleet.group_notes import shown_names, vote_notes
from advisor.fleet.group_results import FleetAdvice, GroupAdvice, GroupWithout
from advisor.output.advice import about_role
from advisor.output.cluster import cluster_summary
from advisor.output.document import Document, DocumentBlock, Notes, Paragraph, Section, Table
from advisor.units import counted
from advisor.vendors.registry import VENDORS

LEFT_OUT_SHOWN = 20
"""GROUP.json has all of them."""


def fleet_advice_document(fleet: FleetAdvice) -> Document:
    """A section for each group."""
    server = VENDORS[fleet.engine].title
    return Document(
        title=f"{server}: advice for {counted(len(fleet.groups), 'group')}",
        sections=[
            *(_group(group, f"group-{n}") for n, group in enumerate(fleet.groups)),
            *(_without(group, f"none-{n}") for n, group in enumerate(fleet.without_advice)),
            *_rest(fleet),
        ],
    )


def _group(group: GroupAdvice, anchor: str) -> Section:
    hosts = len(group.deciding) + len(group.left_out) + len(group.without_result)
    blocks: list[DocumentBlock] = [
        Paragraph(f"Decided by {len(group.deciding)} of {counted(hosts, 'host')}."),
        *([Notes(place)] if (place := list(_place(group.advice))) else ()),
        Table(
            "",
            ("setting", "value", "how"),
            [
                (told.setting, told.rendered, told.how + _kept(told.kept_instead_of))
                for told in group.settings
                if told.emitted or told.dissent
            ],
        ),
        *([Notes(notes)] if (notes := [*group.unlike, *vote_notes(group.settings)]) else ()),
        *_others(group),
    ]
    return Section(anchor, f"Group {group.name}", blocks)


def _place(advice: Advice) -> Iterator[str]:
    """What the servers are to others with the same data; the group's fragment has all of it."""
    if advice.role != "standalone":
        yield f"role: {advice.role}"
        yield from about_role(advice)
    if advice.cluster:
        yield from cluster_summary(advice.cluster, advice.durability)


def _kept(new: str | None) -> str:
    return f"; kept, for the new {new} is near" if new else ""


def _others(group: GroupAdvice | GroupWithout) -> Iterator[DocumentBlock]:
    if group.left_out:
        rows = [(each.host, each.why) for each in group.left_out[:LEFT_OUT_SHOWN]]
        yield Table("", ("does not decide", "why"), rows)
    if (more := len(group.left_out) - LEFT_OUT_SHOWN) > 0:
        yield Notes([f"and {more} more; {group.name}.json has them all"])
    if group.without_result:
        yield Paragraph(f"Without a result: {shown_names(sorted(group.without_result))}.")


def _without(group: GroupWithout, anchor: str) -> Section:
    blocks = [Paragraph(f"No advice: {group.why}."), *_others(group)]
    return Section(anchor, f"Group {group.name}", blocks)


def _rest(fleet: FleetAdvice) -> Iterator[Section]:
    if fleet.in_no_group:
        shown = shown_names(fleet.in_no_group)
        yield Section("in-no-group", "In no group", [Paragraph(shown)])
    if fleet.unread:
        rows = [(each.file, each.why) for each in fleet.unread[:LEFT_OUT_SHOWN]]
        yield Section("unread", "Not read", [Table("", ("file", "why"), rows)])
