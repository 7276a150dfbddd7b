"""What a report says of an Advice: the settings to copy, the reasons, what its role and its copies
make of durability, what that costs."""

from collections.abc import Iterator

from advisor.advice import Advice, LowerDurability, Recommendation
from advisor.cluster import ClusterDurability
from advisor.output.advice import (
    GROUP_TITLES,
    about_role,
    durability_text,
    loss_lines,
    offer_brings,
    offer_settings,
    proof_text,
)
from advisor.output.cluster import cluster_lines
from advisor.output.document import (
    Code,
    DocumentBlock,
    Entries,
    Entry,
    Folded,
    Notes,
    Paragraph,
    PlainBlock,
    Section,
)
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS


def settings_sections(advice: Advice) -> Iterator[Section]:
    """The settings of one server, to copy; then what its durability costs."""
    name = f"{VENDORS[advice.engine].title} {advice.engine_version}"
    yield Section(
        f"settings-{advice.engine}",
        f"Settings for {name}",
        [
            Paragraph(VENDORS[advice.engine].placement),
            Code(_lines(advice)),
            Paragraph(f"Durability: {durability_text(advice)}."),
            Folded(f"Reasons for each setting: {name}", [*_groups(advice), _tried(advice)]),
            *_left(advice, name),
        ],
    )
    yield from _among_others(advice, name)
    yield Section(f"durability-{advice.engine}", f"The cost of durability: {name}", _trade(advice))


def _among_others(advice: Advice, name: str) -> Iterator[Section]:
    """What a crash costs it because of its role, and what its copies make of durability."""
    role, cluster = about_role(advice), advice.cluster
    blocks: list[DocumentBlock] = []
    if advice.role != "standalone":
        blocks.append(Paragraph(f"Role: {advice.role}."))
    if role:
        blocks.append(Notes(role))
    if cluster:
        first, *others = cluster_lines(cluster, advice.durability)
        blocks += [Paragraph(f"{first}."), Notes([line.strip() for line in others])]
    if blocks:
        yield Section(f"copies-{advice.engine}", f"Role and copies: {name}", blocks)


def _tried(advice: Advice) -> Paragraph:
    return Paragraph(f"The version: {advice.version_source}. {proof_text(advice)}")


def _groups(advice: Advice) -> Iterator[PlainBlock]:
    for group, title in GROUP_TITLES.items():
        found = [entry for entry in advice.settings if entry.emitted and entry.group == group]
        if found:
            yield Entries(title, [_entry(entry, advice.engine) for entry in found])


def _entry(entry: Recommendation, vendor: VendorName) -> Entry:
    default = entry.default_note
    if entry.default is not None:
        default = VENDORS[vendor].render_value(entry.default, entry.unit)
    tags = [entry.durability, "restart" if entry.restart else VENDORS[vendor].without_restart]
    tags += [f"default {default}"] if default else []
    return Entry(
        entry.setting, entry.rendered, tags, entry.reason, (str(entry.rule), *entry.sources)
    )


def _lines(advice: Advice) -> str:
    """As they stand in the fragment, without the reasons."""
    section = VENDORS[advice.engine].fragment_group
    lines = [f"{entry.option} = {entry.rendered}" for entry in advice.settings if entry.emitted]
    return "\n".join([f"[{section}]", *lines] if section else lines)


def _left(advice: Advice, name: str) -> list[Folded]:
    """What stays as it is, and what could not be decided."""
    left = [
        Entry(entry.setting, "", [f"default {entry.rendered}"], entry.reason, [str(entry.rule)])
        for entry in advice.settings
        if not entry.emitted
    ]
    skipped = [Entry(str(skip.rule), "", [], f"{skip.why}.", []) for skip in advice.skipped]
    titled = {"Left at the default": left, "Rules that could not be applied": skipped}
    return [
        Folded(f"{title}: {name}", [Entries("", entries)])
        for title, entries in titled.items()
        if entries
    ]


def _trade(advice: Advice) -> list[DocumentBlock]:
    if not advice.lower_durability:
        return [Paragraph("A lower durability class would save no time on this drive.")]
    return [
        Paragraph(
            "A lower durability class makes commits faster and puts recent commits at risk. The "
            "settings above do not use it."
        ),
        Entries("", [_offer(offer, advice.cluster) for offer in advice.lower_durability]),
    ]


def _offer(offer: LowerDurability, cluster: ClusterDurability | None) -> Entry:
    lost = cluster.lost_when_relaxed(offer.durability) if cluster else ""
    copies = [f"in this cluster: {lost}"] if lost else []
    return Entry(
        f"--durability {offer.durability}",
        "",
        [offer_settings(offer)],
        f"Saves: {offer_brings(offer)}.",
        [f"At risk: {line}" for line in [*loss_lines(offer), *copies]],
    )
