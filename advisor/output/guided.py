"""What a guided run shows beside what its commands show: steps, settings, what to expect."""

from collections.abc import Iterator, Sequence
from typing import Final

from advisor.advice import Advice, LowerDurability
from advisor.audit.expected import CommitWait
from advisor.audit.proposals import Proposal
from advisor.cluster import ClusterDurability
from advisor.durability import MEANING
from advisor.output.advice import GROUP_TITLES, about_role, loss_lines, offer_settings
from advisor.output.cluster import cluster_summary
from advisor.output.document import Code, Document, DocumentBlock, Notes, Section, Table
from advisor.output.text import syncs_text
from advisor.rules.catalogue import SettingGroup
from advisor.units import format_count, format_latency

REASON_CHARACTERS: Final = 150
"""A few words; the fragment and `rules show` have all of them."""


def step_document(title: str, commands: Sequence[str], *blocks: DocumentBlock) -> Document:
    """A step: what it is, the commands that do the same, and what there is to know."""
    shown: list[DocumentBlock] = [Code("\n".join(commands))] if commands else []
    return Document(sections=[Section(title=title, blocks=[*shown, *blocks])])


def group_blocks(group: SettingGroup, proposed: Sequence[Proposal]) -> list[DocumentBlock]:
    """The settings of one group: now, advised, and why in a few words."""
    rows = [(each.advised.setting, each.now, _advised(each)) for each in proposed]
    why = [f"{each.advised.setting}: {short(each.advised.reason)}" for each in proposed]
    return [Table(GROUP_TITLES[group], ("setting", "now", "advised"), rows), Notes(why)]


def short(reason: str) -> str:
    """The first sentence, or as much of it as is read at a glance."""
    first = reason.split(". ")[0].rstrip(".")
    if len(first) <= REASON_CHARACTERS:
        return first
    return f"{first[:REASON_CHARACTERS].rpartition(' ')[0]} ..."


def expectation_lines(now: CommitWait, then: CommitWait) -> Iterator[str]:
    """What the advised settings are expected to improve, as far as there is a model."""
    if now == then:
        yield (
            f"One commit waits for {_wait(now)}, with the present settings and with the advised"
            " ones: no higher commit rate is expected."
        )
    else:
        yield (
            f"One commit waits for {_wait(now)} with the present settings, and for"
            f" {_wait(then)} with the advised ones."
        )
        if now.us and then.us:
            yield (
                f"Upper limit for one connection (sync time only): {_rate(now.us)} commits/s now,"
                f" {_rate(then.us)} with the advised settings."
            )
    yield (
        "There is no figure for what the other settings improve; each has its reason. To measure"
        " all of them on throw-away servers: fsync-advisor trial"
    )


def about_others(advice: Advice) -> Iterator[str]:
    """What a crash costs the server in its role, and what copies survive."""
    yield from about_role(advice)
    if advice.cluster:
        yield from cluster_summary(advice.cluster, advice.durability)


def offer_lines(
    offers: Sequence[LowerDurability], cluster: ClusterDurability | None = None
) -> Iterator[str]:
    """What a lower durability would save, and lose."""
    for offer in offers:
        us = offer.commit_us_saved
        saved = "" if us is None else f", {format_latency(us)}"
        yield (
            f"{offer.durability} ({offer_settings(offer)}): {MEANING[offer.durability]}. A commit"
            f" no longer waits for {syncs_text(offer.syncs_saved)}{saved}."
        )
        yield from loss_lines(offer)
        if cluster and (lost := cluster.lost_when_relaxed(offer.durability)):
            yield f"In this cluster: {lost}"


def _advised(proposal: Proposal) -> str:
    rendered = proposal.advised.rendered
    return f"{rendered} (as now)" if rendered == proposal.now else rendered


def _wait(wait: CommitWait) -> str:
    took = "" if not wait.us else f", {format_latency(wait.us)}"
    return f"{syncs_text(wait.syncs)}{took}"


def _rate(us: float) -> str:
    return format_count(1e6 / us)
