"""What a report says of an Advice: settings by group, what was left or skipped, what is traded."""

from collections.abc import Iterator

from advisor.advice import Advice, LowerDurability, Recommendation
from advisor.output.advice import (
    GROUP_TITLES,
    durability_text,
    loss_text,
    offer_brings,
    offer_settings,
    proof_text,
)
from advisor.output.document import Code, DocumentBlock, Entries, Entry, Paragraph, Section
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS


def settings_sections(advice: Advice) -> Iterator[Section]:
    """The settings of one server; then those left alone; then the price of durability."""
    name = f"{VENDORS[advice.engine].title} {advice.engine_version}"
    yield Section(
        f"settings-{advice.engine}",
        f"Settings for {name}",
        [
            Paragraph(f"The version: {advice.version_source}. {proof_text(advice)}"),
            Paragraph(f"Durability: {durability_text(advice)}."),
            *_groups(advice),
            Paragraph(f"All of them, to copy. {VENDORS[advice.engine].placement}"),
            Code(_lines(advice)),
        ],
    )
    yield Section(
        f"left-{advice.engine}", f"What {name} keeps, and what was skipped", _left(advice)
    )
    yield Section(
        f"durability-{advice.engine}", f"Durability and its price: {name}", _trade(advice)
    )


def _groups(advice: Advice) -> Iterator[DocumentBlock]:
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
    lines = [f"{entry.setting} = {entry.rendered}" for entry in advice.settings if entry.emitted]
    return "\n".join([f"[{section}]", *lines] if section else lines)


def _left(advice: Advice) -> list[DocumentBlock]:
    left = [
        Entry(entry.setting, "", [f"default {entry.rendered}"], entry.reason, [str(entry.rule)])
        for entry in advice.settings
        if not entry.emitted
    ]
    skipped = [Entry(str(skip.rule), "", [], f"{skip.why}.", []) for skip in advice.skipped]
    titled = {"Left at the default": left, "Rules that could not be applied": skipped}
    blocks: list[DocumentBlock] = [
        Entries(title, entries) for title, entries in titled.items() if entries
    ]
    return blocks or [Paragraph("Every setting looked at is set, and no rule was skipped.")]


def _trade(advice: Advice) -> list[DocumentBlock]:
    if not advice.lower_durability:
        return [Paragraph("No lower durability would bring anything on this drive.")]
    return [
        Paragraph("What a lower durability would bring, and cost. Nothing of it is set."),
        Entries("", [_offer(offer) for offer in advice.lower_durability]),
    ]


def _offer(offer: LowerDurability) -> Entry:
    return Entry(
        f"--durability {offer.durability}",
        "",
        [offer_settings(offer)],
        f"Brings: {offer_brings(offer)}.",
        [f"costs: {loss_text(loss)}" for loss in offer.losses],
    )
