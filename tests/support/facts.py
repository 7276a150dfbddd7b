"""Facts made by hand: what a test names is known, all else is not."""

from typing import Any, Final

from advisor.analysis.fact_model import FACTS, Facts, nothing_known
from advisor.conditions import Fact
from advisor.durability import Durability
from advisor.model import Known, Unknown
from advisor.rules.roles import RoleFacts
from advisor.server_state import EffectiveSetting
from advisor.vendors.replication import Following

NOT_LOOKED_AT: Final = Unknown(unknown="not looked at")


def facts_where(**known: Any) -> Facts:
    """The facts where these are known; of MySQL and `durable`, if nothing else is said."""
    facts = nothing_known("mysql", "durable", NOT_LOOKED_AT)
    return Facts(**{name: known.pop(name, facts.lookup(name)) for name in FACTS}, **known)


def by_name(facts: Facts) -> dict[str, Fact]:
    """Name -> fact."""
    return {name: facts.lookup(name) for name in FACTS}


def role_facts(
    relaxed: tuple[str, ...] = (),
    *,
    logs: Known[bool] = True,
    gtid: Known[bool] = True,
    workers: Known[bool] = True,
    in_tables: Known[bool] = True,
) -> RoleFacts:
    """Those of a server that follows so, of which these settings are relaxed."""
    durability: Durability = "loses-recent-on-power-loss" if relaxed else "durable"
    return RoleFacts.of(durability, Following(logs, workers, in_tables, gtid), relaxed)


def shown_settings(settings: dict[str, str]) -> dict[str, EffectiveSetting]:
    """As a running server shows them."""
    return {name: EffectiveSetting(name, value) for name, value in settings.items()}
