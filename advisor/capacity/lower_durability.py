"""What each durability class below the chosen one would change, save and cost. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from advisor.advice import Loss, LowerDurability, Recommendation
from advisor.durability import CLASSES, Durability, risks_more
from advisor.vendors.commits import CommitPath


class Choice(NamedTuple):
    """What the rules say for one durability class, and the syncs that a commit then waits for."""

    durability: Durability
    settings: tuple[Recommendation, ...]
    path: CommitPath


class ExpectedRate(NamedTuple):
    """Commits per second to count losses by, and whether nobody named or observed it."""

    per_s: float
    is_assumed: bool


def classes_below(durability: Durability) -> tuple[Durability, ...]:
    """The classes that risk more, the mildest first; never one that can corrupt."""
    return tuple(lower for lower in CLASSES[:-1] if risks_more(lower, durability))


def lower_durability(
    chosen: Choice,
    lower: Iterable[Choice],
    sync_us: float,
    append_us: float | None,
    expected: ExpectedRate,
) -> tuple[LowerDurability, ...]:
    """The offers; each class that saves a sync by what none before it changes. Nothing is taken.

    `sync_us`, `append_us`: what a sync of the log and of a binary log takes.
    """
    if chosen.path.syncs == 0:
        return ()  # a commit waits for nothing already: there is nothing to save
    before = {entry.setting: entry.rendered for entry in chosen.settings}
    strict_us = chosen.path.wait_us(sync_us, append_us)
    offers: list[LowerDurability] = []
    for relaxed in lower:
        changed = [
            entry for entry in relaxed.settings if entry.rendered != before.get(entry.setting)
        ]
        settings = {entry.setting: entry.rendered for entry in changed}
        syncs_saved = chosen.path.syncs - relaxed.path.syncs
        if syncs_saved == 0 or any(offer.settings == settings for offer in offers):
            continue
        relaxed_us = relaxed.path.wait_us(sync_us, append_us)
        saved_us = None if strict_us is None or relaxed_us is None else strict_us - relaxed_us
        commit_us = strict_us or sync_us * chosen.path.syncs
        offers.append(
            LowerDurability(
                durability=relaxed.durability,
                settings=settings,
                syncs_saved=syncs_saved,
                commit_us_saved=saved_us,
                losses=tuple(_losses(changed, commit_us, expected)),
            )
        )
    return tuple(offers)


def _losses(
    changed: Iterable[Recommendation], commit_us: float, expected: ExpectedRate
) -> Iterable[Loss]:
    """What the relaxed settings may lose, at the strict rate of one connection and as expected."""
    for entry in changed:
        if entry.loss_window_ms is None:
            continue
        within_window = entry.loss_window_ms * 1000 / commit_us
        groups_max = entry.loss_groups_max
        yield Loss(
            setting=entry.setting,
            window_ms=entry.loss_window_ms,
            groups_max=groups_max,
            transactions_at_risk=min(within_window, groups_max or within_window),
            expected_transactions_at_risk=None
            if groups_max
            else expected.per_s * entry.loss_window_ms / 1000,
            rate_is_assumed=expected.is_assumed and not groups_max,
        )
