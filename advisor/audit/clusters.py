"""An audit of a server that is a part of a cluster: what its copies are worth now. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from advisor.audit.change import pasteable
from advisor.audit.compare import by_severity
from advisor.audit.findings import SEVERITIES, Finding
from advisor.audit.lines import writes_binary_log
from advisor.cluster import ClusterDurability
from advisor.durability import CLASSES, Durability, risks_more
from advisor.roles import Role
from advisor.rules.catalogue import Setting
from advisor.rules.clusters import Cluster, ClusterCheck, logs_what_it_applies, shown_by
from advisor.rules.risks import RISKS
from advisor.server_state import Origin, ServerState
from advisor.vendors.registry import VENDORS

NOT_SHOWN: Final = "not shown"
ITS_FILE: Final = "its configuration file"
FROM_PROMOTION: Final = "This counts from its promotion on."
OTHERS: Final = "Whether its other servers are relaxed, too, an audit of one does not see."


class PartOf(NamedTuple):
    """Of which cluster the server is a part, and how that is known."""

    cluster: Cluster
    known_by: str

    @property
    def text(self) -> str:
        """Which cluster, and what shows it, in a line."""
        return f"Cluster: {self.cluster.title} (as {self.known_by} says)"


class _Shown(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return NOT_SHOWN


def judged_for_cluster(
    findings: Iterable[Finding],
    part_of: PartOf,
    state: ServerState,
    settings: Iterable[Setting],
    role: Role | None,
    accepted: Durability,
) -> tuple[tuple[Finding, ...], ClusterDurability]:
    """The findings, with what is wrong with the server's copies and is not accepted, and what the
    copies make of its durability."""
    findings = tuple(findings)
    shown = _shown(part_of.cluster, state, settings, role)
    checks = (_in_role(check, role) for check in part_of.cluster.check)
    wrong = [
        (check, _finding(check, state, shown))
        for check in checks
        if check.holds(state.vendor, state.version, shown)
    ]
    told = part_of.cluster.durability_of(
        state.vendor,
        state.version,
        _risked(findings, accepted),
        part_of.known_by,
        shown,
        tuple(_in_short(finding) for check, finding in wrong if check.no_copies),
    )
    own = [
        _with_what_is_at_risk(each, findings)
        for _, each in wrong
        if not _is_accepted(each.durability, accepted)
    ]
    others = (each for each in findings if not any(_says_more(mine, each) for mine in own))
    return by_severity((*_with_copies(others, told), *own)), told


def _in_role(check: ClusterCheck, role: Role | None) -> ClusterCheck:
    """What counts for the server that commits is only noted of a replica."""
    if role != "replica" or not check.of_primary:
        return check
    says = f"{FROM_PROMOTION} {check.says}"
    return check.model_copy(update={"severity": "note", "no_copies": False, "says": says})


def _in_short(finding: Finding) -> str:
    shown = finding.shown if finding.current else f"{finding.setting} has no value"
    if finding.severity == "prevents-start":
        return f"the server does not start with {shown}"
    return shown


def _with_what_is_at_risk(own: Finding, others: Iterable[Finding]) -> Finding:
    """With what a finding tells that it stands in place of."""
    replaced = (each.at_risk for each in others if _says_more(own, each))
    return own.model_copy(update={"at_risk": next(replaced, None)})


def _is_accepted(durability: Durability, accepted: Durability) -> bool:
    return durability != "durable" and not risks_more(durability, accepted)


def _says_more(own: Finding, another: Finding) -> bool:
    """Whether it asks for the same, and is as severe."""
    is_same = (own.setting, own.recommended) == (another.setting, another.recommended)
    return is_same and SEVERITIES.index(own.severity) <= SEVERITIES.index(another.severity)


def _risked(findings: Iterable[Finding], accepted: Durability) -> Durability:
    """What its settings risk at most: what the user accepts, or what is found beyond that."""
    found = (each.durability for each in findings if each.setting in RISKS)
    return max((accepted, *found), key=CLASSES.index)


def _shown(
    cluster: Cluster, state: ServerState, settings: Iterable[Setting], role: Role | None
) -> Mapping[str, str]:
    """What the server shows; what nothing sets has its default."""
    seen = shown_by(state)
    log_bin = writes_binary_log(state)
    return _Shown(
        {
            **dict(_defaults(state, settings)),
            **dict(cluster.defaults(state.vendor, state.version)),
            **seen,
            **VENDORS[state.vendor].told_of_copies(seen),
            **logs_what_it_applies(
                state.vendor, state.settings, state.version, log_bin=log_bin, all_told=True
            ),
            "log_bin": "ON" if log_bin else "OFF",
            "role": role or "",
        }
    )


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
        recommended=check.wanted.format_map(shown),
        reason=check.says.format_map(shown),
        sources=check.sources,
        price=check.price,
        durability=check.durability,
        restart="restart" in check.change,
        change=_change(check, state, shown),
    )


def _change(check: ClusterCheck, state: ServerState, shown: Mapping[str, str]) -> str:
    """With the file, and the line where that is known."""
    found = state.settings.get(check.setting)
    place = "" if found is None or found.origin != "file" else pasteable(found.place)
    file = place or pasteable(state.main_file) or ITS_FILE
    return check.change.format_map(_Shown({**shown, "file": file}))


def _origin(name: str, state: ServerState) -> Origin:
    if name in state.settings:
        return state.settings[name].origin
    return "other" if name in state.copies else "default"


def _with_copies(findings: Iterable[Finding], told: ClusterDurability) -> Iterator[Finding]:
    """The findings; of those that lose commits also what that means beside copies."""
    for finding in findings:
        lost = told.lost_when_relaxed(finding.durability)
        loses_commits = finding.setting in RISKS and finding.durability != "durable"
        if finding.severity == "data-loss" and loses_commits and lost:
            reason = f"{finding.reason} In this cluster: {lost}. {OTHERS}"
            finding = finding.model_copy(update={"reason": reason})
        yield finding
