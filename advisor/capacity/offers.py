"""The lower durability classes, and what a commit waits for there. Pure."""

from dataclasses import replace
from typing import NamedTuple

from advisor.advice import Advice, LowerDurability
from advisor.capacity.group_commit import CommitModel
from advisor.vendors.base import Vendor
from advisor.vendors.commits import CommitSequence


class Offer(NamedTuple):
    """A lower durability class, and how a commit goes there."""

    lower: LowerDurability
    sequence: CommitSequence

    def commits(self, now: CommitModel) -> CommitModel:
        """Commits in that class. Who waits for no sync waits for no replica, either."""
        if not self.sequence.stages:
            return CommitModel(self.sequence)
        return replace(now, sequence=self.sequence)


def offers_of(advice: Advice, vendor: Vendor) -> tuple[Offer, ...]:
    """Those in which a commit waits for fewer syncs than with the settings advised."""
    syncs = (advice.capacity.commit_syncs if advice.capacity else None) or 0
    return tuple(
        Offer(lower, vendor.sequence_of(syncs - lower.syncs_saved))
        for lower in advice.lower_durability
        if lower.syncs_saved
    )
