"""An audit of a server that is a part of a cluster: what its copies are worth now. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from advisor.audit.change import pasteable
from advisor.audit.findings import Finding
from advisor.audit.lines import writes_binary_log
from advisor.cluster import ClusterDurability
from advisor.durability import CLASSES, Durability
from advisor.roles import Role
from advisor.rules.catalogue import Setting
from advisor.rules.clusters import Cluster, ClusterCheck, shown_by
from advisor.rules.risks import RISKS
from advisor.server_state import Origin, ServerState
from advisor.vendors.registry import VENDORS

NOT_SHOWN: Final = "not shown"
SQL: Final = ("SET ", "ALTER SYSTEM ")
OTHERS: Final = "Whether its other servers are relaxed, too, an audit of one does not see."


class PartOf(NamedTuple):
    """Of which cluster the server is a part, and how that is known."""

    cluster: Cluster
    known_by: str

    @property
    def text(self) -> str:
        """Which cluster, and what shows it, in a line."""
        return f"Cluster: {self.cluster.title} (as {self.known_by} says)"

    def durability(self, state: ServerState, risked: Durability) -> ClusterDurability:
        """What is said of it, whose settings risk that much."""
        return self.cluster.durability_of(
            state.vendor, state.version, risked, self.known_by, shown_by(state)
        )


def risked_there(findings: Iterable[Finding], accepted: Durability) -> Durability:
    """What its settings risk at most: what the user accepts, or what is found beyond that."""
    found = (each.durability for each in findings if each.setting in RISKS)
    return max((accepted, *found), key=CLASSES.index)


class _Shown(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return NOT_SHOWN


def cluster_findings(
    state: ServerState, cluster: Cluster, settings: Iterable[Setting], role: Role | None
) -> Iterator[Finding]:
    """What is wrong with its copies, as far as the server shows it; what nothing sets has its
    default."""
    seen = shown_by(state)
    shown = _Shown(
        {
            **dict(_defaults(state, settings)),
            **dict(cluster.defaults(state.vendor, state.version)),
            **seen,
            **VENDORS[state.vendor].told_of_copies(seen),
            "log_bin": "ON" if writes_binary_log(state) else "OFF",
            "role": role or "",
        }
    )
    for check in cluster.check:
        if check.is_found(state.vendor, state.version, shown):
            yield _finding(check, state, shown)


def _defaults(state: ServerState, settings: Iterable[Setting]) -> Iterator[tuple[str, str]]:
    for setting in settings:
        spec = setting.spec_for(state.vendor, state.version)
        if spec is not None and spec.default is not None:
            yield setting.name, spec.render(spec.default)


def _finding(check: ClusterCheck, state: ServerState, shown: Mapping[str, str]) -> Finding:
    found = state.settings.get(check.setting)
    return Finding(
        severity=check.severity,
        setting=check.setting,
        current=shown[check.setting],
        origin=_origin(check.setting, state),
        place="" if found is None else found.place,
        recommended=check.wanted,
        reason=check.says.format_map(shown),
        sources=check.sources,
        price=check.price,
        durability=check.durability,
        restart="restart" in check.change,
        change=_change(check.change.format_map(shown), check.setting, state),
    )


def _change(text: str, name: str, state: ServerState) -> str:
    """With the file and the line where these are known."""
    found = state.settings.get(name)
    if found is None or found.origin != "file" or not found.place:
        return text
    place = pasteable(found.place)
    for file in ("an option file", "the option file"):
        text = text.replace(file, place)
    if text.startswith("write "):
        return text if place in text else f"in {place} {text}"
    return f"correct it in {place}, and at once: {text}" if text.startswith(SQL) else text


def _origin(name: str, state: ServerState) -> Origin:
    if name in state.settings:
        return state.settings[name].origin
    return "other" if name in state.copies else "default"


def with_copies(findings: Iterable[Finding], told: ClusterDurability) -> Iterator[Finding]:
    """The findings; of those that lose commits also what that means beside copies."""
    for finding in findings:
        lost = told.lost_when_relaxed(finding.durability)
        loses_commits = finding.setting in RISKS and finding.durability != "durable"
        if finding.severity == "data-loss" and loses_commits and lost:
            reason = f"{finding.reason} In this cluster: {lost}. {OTHERS}"
            finding = finding.model_copy(update={"reason": reason})
        yield finding
