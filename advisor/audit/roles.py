"""What is relaxed costs a replica, or a primary, something else than a server on its own. Pure."""

from collections.abc import Iterable

from advisor.advice import RoleCost
from advisor.audit.compare import by_severity
from advisor.audit.findings import Finding
from advisor.audit.lines import writes_binary_log
from advisor.durability import Durability
from advisor.model import Known, Unknown
from advisor.roles import NOT_ASKED, Replication, Role
from advisor.rules.risks import RISKS
from advisor.rules.roles import RoleFacts, RoleKnowledge
from advisor.server_state import ServerState
from advisor.vendors.names import ClusterName
from advisor.vendors.registry import VENDORS


def role_of(state: ServerState, said: Role | None) -> Replication:
    """The role that the user says, else the one that the server shows."""
    if said is None:
        return state.replication
    seen = state.replication
    how = "--role says it"
    if seen.role not in (None, said):
        how = f"{how}; it looks like a {seen.role}, for {seen.how}"
    return seen._replace(role=said, how=how)


def sign_of_replication(state: ServerState) -> str:
    """The setting whose presence says that another server may have the same data; "" for none."""
    for name in VENDORS[state.vendor].replication_signs:
        found = state.settings.get(name)
        if found is not None and found.is_given and found.text:
            return name
    return ""


def role_note(replication: Replication) -> tuple[str, ...]:
    """What to say of a running server whose role does not show."""
    if replication.role is not None or replication == NOT_ASKED:
        return ()
    return (
        f"whether it is a replica or a primary is unknown ({replication.how}); --role says it, and"
        " nothing here is about that",
    )


def told_for_role(
    findings: Iterable[Finding],
    accepted: Durability,
    state: ServerState,
    replication: Replication,
    knowledge: RoleKnowledge,
    cluster: ClusterName | None = None,
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """The findings, with what their values cost a server in that role; and as notes what it costs
    that the user accepts."""
    role = replication.role
    if role is None or role == "standalone":
        return tuple(findings), ()

    def costs(durability: Durability) -> tuple[RoleCost, ...]:
        facts = _facts(state, replication, durability)
        return knowledge.costs(role, state.version, facts, cluster)

    def told(finding: Finding) -> Finding:
        if not _loses_recent(finding):
            return finding
        facts = _facts(state, replication, finding.durability)
        found = _told(finding, role, costs(finding.durability))
        if knowledge.goes_on_whole(role, state.version, facts, cluster):
            return found.model_copy(update={"severity": "note"})
        return found

    return by_severity(map(told, findings)), tuple(
        f"{cost.costs} {cost.remedy}" for cost in costs(accepted)
    )


def _facts(state: ServerState, replication: Replication, durability: Durability) -> RoleFacts:
    logs = VENDORS[state.vendor].logs_what_it_applies(
        state.settings, state.version, log_bin=writes_binary_log(state)
    )
    uses_gtid: Known[bool] = Unknown(unknown="the server does not show it")
    if replication.uses_gtid is not None:
        uses_gtid = replication.uses_gtid
    return RoleFacts(durability, logs, uses_gtid)


def _loses_recent(finding: Finding) -> bool:
    return finding.setting in RISKS and finding.durability not in ("durable", "can-corrupt")


def _told(finding: Finding, role: Role, costs: tuple[RoleCost, ...]) -> Finding:
    """A replica acknowledges nothing: what it costs stands in place of the commits at risk."""
    if not costs:
        return finding
    text = " ".join(f"{cost.costs} {cost.remedy}" for cost in costs)
    of_costs = (source for cost in costs for source in cost.sources)
    sources = tuple(dict.fromkeys((*finding.sources, *of_costs)))
    if role == "replica":
        return finding.model_copy(update={"reason": text, "at_risk": None, "sources": sources})
    return finding.model_copy(update={"reason": f"{finding.reason} {text}", "sources": sources})
