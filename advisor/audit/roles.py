"""What is relaxed costs a replica, or a primary, something else than a server on its own. Pure."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from advisor.advice import Recommendation, RoleCost
from advisor.audit.compare import by_severity
from advisor.audit.findings import Finding
from advisor.audit.lines import lines_of, writes_binary_log
from advisor.audit.windows import is_relaxed
from advisor.durability import Durability
from advisor.model import Unknown
from advisor.roles import NOT_ASKED, Replication, Role
from advisor.rules.catalogue import Setting
from advisor.rules.clusters import Cluster
from advisor.rules.risks import PAIR, RISKS
from advisor.rules.roles import RoleFacts, RoleKnowledge
from advisor.server_state import ServerState
from advisor.vendors.names import ClusterName
from advisor.vendors.registry import VENDORS
from advisor.vendors.replication import Following


def role_of(state: ServerState, said: Role | None, cluster: Cluster | None = None) -> Replication:
    """The role that the user says, else the one that the server shows, or its place in the
    cluster."""
    if said is None and state.replication.role is None and cluster is not None:
        return cluster.role_of(state) or state.replication
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
    findings: Sequence[Finding],
    accepted: Durability,
    state: ServerState,
    replication: Replication,
    knowledge: RoleKnowledge,
    settings: Iterable[Setting],
    cluster: ClusterName | None = None,
    advised: Iterable[Recommendation] = (),
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """The findings, with what their values cost a server in that role; and as notes what it costs
    that the user accepts, and what does nothing there."""
    role = replication.role
    if role is None or role == "standalone":
        return tuple(findings), ()
    server = _Server(state, role, knowledge, cluster, following_of(state, replication), settings)
    idle = {finding: why for finding in findings if (why := server.why_idle(finding))}
    findings = tuple(finding for finding in findings if finding not in idle)
    reported = {finding.setting for finding in findings}
    told = tuple(server.told(finding, reported) for finding in findings)
    accepting = server.costs(server.facts_as_accepted(accepted, advised), reported)
    notes = (
        text
        for text in (_text((cost,)) for cost in accepting)
        if not any(text in finding.reason for finding in told)
    )
    does_nothing = (f"{finding.shown}: {why}" for finding, why in idle.items())
    return by_severity(told), (*server.gtid_notes(), *does_nothing, *notes)


class _Server:
    """One server in its role."""

    def __init__(
        self,
        state: ServerState,
        role: Role,
        knowledge: RoleKnowledge,
        cluster: ClusterName | None,
        following: Following,
        settings: Iterable[Setting],
    ) -> None:
        self._version = state.version
        self._role: Role = role
        self._knowledge = knowledge
        self._cluster = cluster
        self._following = following
        values = {
            line.setting.name: line.value
            for line in lines_of(state, settings, ())
            if line.value is not None
        }
        self._relaxed = frozenset(name for name in PAIR if is_relaxed(name, values))

    def facts_as_accepted(
        self, accepted: Durability, advised: Iterable[Recommendation]
    ) -> RoleFacts:
        """What decides what it costs that is accepted: as the server is relaxed, else as it would
        be by the advice."""
        relaxed = self._relaxed or {
            entry.setting for entry in advised if entry.durability != "durable"
        }
        if accepted == "durable":
            relaxed = frozenset()
        return RoleFacts.of(accepted, self._following, relaxed)

    def costs(
        self, facts: RoleFacts, reported: Collection[str], of: str = ""
    ) -> tuple[RoleCost, ...]:
        """What such a server costs by that setting, or at all; what settings cost that are reported
        themselves is told there."""
        return self._knowledge.costs(
            self._role, self._version, facts, self._cluster, of, told_apart=reported
        )

    def why_idle(self, finding: Finding) -> str:
        """Why the setting does nothing there; "" where it may do something."""
        if finding.severity not in ("data-loss", "performance"):
            return ""
        facts = RoleFacts.of(finding.durability, self._following, self._relaxed)
        idle = self._knowledge.effectless(finding.setting, self._role, facts)
        return "" if idle is None else idle.says

    def told(self, finding: Finding, reported: Collection[str]) -> Finding:
        """The finding as it is in that role."""
        facts = RoleFacts.of(finding.durability, self._following, self._relaxed)
        where = (self._role, self._version, facts, self._cluster)
        if own := self._knowledge.costs_of(finding.setting, *where):
            text = f"{finding.reason} {_text(own)}"
            return finding.model_copy(
                update={
                    "severity": "data-loss",
                    "reason": text,
                    "sources": _joined(finding.sources, *(cost.sources for cost in own)),
                }
            )
        if not _loses_recent(finding):
            return finding
        found = _told(finding, self._role, self.costs(facts, reported, finding.setting))
        if self._knowledge.goes_on_whole(*where, finding.setting):
            return found.model_copy(update={"severity": "note"})
        return found

    def gtid_notes(self) -> Iterator[str]:
        """What its settings say of how a replica asks its source."""
        if not self._following.told_by:
            return
        if not self._knowledge.asks("uses_gtid", self._role, self._cluster):
            return
        if isinstance(self._following.uses_gtid, Unknown):
            yield f"whether it asks its source by GTID is not known: {self._following.told_by}"
        else:
            yield f"it follows its source by file and position: {self._following.told_by}"


def following_of(state: ServerState, replication: Replication) -> Following:
    """As the server shows it, else as its settings have it."""
    found = VENDORS[state.vendor].following(
        state.settings, state.version, log_bin=writes_binary_log(state), all_told=True
    )
    if replication.uses_gtid is None:
        return found
    return found._replace(uses_gtid=replication.uses_gtid, told_by="")


def _loses_recent(finding: Finding) -> bool:
    return finding.setting in RISKS and finding.durability not in ("durable", "can-corrupt")


def _told(finding: Finding, role: Role, costs: tuple[RoleCost, ...]) -> Finding:
    """A replica acknowledges nothing: what it costs stands in place of the commits at risk."""
    if not costs:
        return finding
    text = _text(costs)
    sources = _joined(finding.sources, *(cost.sources for cost in costs))
    if role == "replica":
        return finding.model_copy(update={"reason": text, "at_risk": None, "sources": sources})
    return finding.model_copy(update={"reason": f"{finding.reason} {text}", "sources": sources})


def _text(costs: Iterable[RoleCost]) -> str:
    return " ".join(f"{cost.costs} {cost.remedy}" for cost in costs)


def _joined(*several: Iterable[str]) -> tuple[str, ...]:
    """Each once."""
    return tuple(dict.fromkeys(each for sources in several for each in sources))
