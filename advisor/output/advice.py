"""What a fragment and a report both say of an Advice."""

from collections.abc import Mapping
from typing import Final

from advisor.advice import Advice, Loss, LowerDurability, RoleCost
from advisor.analysis.verdict import promise
from advisor.durability import CLASSES
from advisor.output.text import syncs_text
from advisor.rules.catalogue import SettingGroup
from advisor.units import format_count, format_latency
from advisor.vendors.registry import VENDORS

GROUP_TITLES: Final[Mapping[SettingGroup, str]] = {
    "commit": "Commit: what an acknowledged transaction survives",
    "replication": "Replication: how a replica goes on after a crash",
    "log": "Log: how much room and how it is written",
    "checkpoint": "Checkpoints",
    "io": "Background input and output",
    "memory": "Memory: from the host, not from the drive",
}


def durability_text(advice: Advice) -> str:
    """What these lines risk, which may be less than what was accepted; and what of it the drive
    keeps, for settings alone do not make data durable."""
    risked = max((entry.durability for entry in advice.settings), key=CLASSES.index)
    accepted = "" if risked == advice.durability else f" ({advice.durability} was accepted)"
    return f"{risked} - {promise(risked, advice.storage.trust)}{accepted}"


def proof_text(advice: Advice) -> str:
    """Whether a server of that version was started with such lines."""
    started = f"{VENDORS[advice.engine].title} {VENDORS[advice.engine].started_text()}"
    if VENDORS[advice.engine].is_started(advice.engine_version):
        return f"Proof: our tests start {started} with such fragments and read all values back."
    were = "were" if len(VENDORS[advice.engine].started_versions) > 1 else "was"
    return (
        f"Proof: this version was not started here; {started} {were}."
        " The rest is from documentation."
    )


def offer_settings(offer: LowerDurability) -> str:
    """What it would change."""
    return ", ".join(f"{name} = {value}" for name, value in offer.settings.items())


def offer_brings(offer: LowerDurability) -> str:
    """What a commit no longer waits for."""
    saved = "" if offer.commit_us_saved is None else f", {format_latency(offer.commit_us_saved)}"
    return f"a commit no longer waits for {syncs_text(offer.syncs_saved)}{saved}"


def loss_lines(offer: LowerDurability) -> list[str]:
    """What it may lose or cost, each in a line."""
    return [*map(loss_text, offer.losses), *map(cost_text, offer.role_costs)]


def about_role(advice: Advice) -> list[str]:
    """What a crash costs the server because of its role, and what else holds in it."""
    return [*map(cost_text, advice.role_costs), *advice.role_notes]


def cost_text(cost: RoleCost) -> str:
    """What a crash costs a server because of its role."""
    return f"{cost.costs} {cost.remedy}"


def loss_text(loss: Loss) -> str:
    """What one relaxed setting may lose, in time and in commits."""
    window = format_latency(loss.window_ms * 1000)
    at_risk = format_count(loss.transactions_at_risk)
    if loss.expected_transactions_at_risk is None:
        groups = f"the last {loss.groups_max} commit groups or {window}, whichever is less"
        where = "of the binary log, where one is written"
        return f"{loss.setting}: {groups}, {where}: {at_risk} commits of one connection"
    rates = f"{at_risk} at the rate one connection has now"
    per_s = loss.expected_transactions_at_risk / loss.window_ms * 1000
    rate = f"{'an assumed ' if loss.rate_is_assumed else ''}{format_count(per_s)}/s"
    expected = f"{format_count(loss.expected_transactions_at_risk)} at {rate}"
    return f"{loss.setting}: up to {window} of acknowledged commits: {rates}, {expected}"
