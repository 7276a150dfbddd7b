"""An audit of a server that others run: what one can change there, and how. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from advisor.audit.compare import by_severity
from advisor.audit.findings import SEVERITY_OF, Finding, Severity
from advisor.durability import Durability, risks_more
from advisor.rules.catalogue import Setting
from advisor.rules.services import UNDOCUMENTED, Service, ServiceEngine, ServiceRisk
from advisor.server_state import ServerState
from advisor.vendors.values import Parsed

JUDGED_ANEW: Final[tuple[Severity, ...]] = ("corruption-risk", "data-loss", "performance")
"""What is said of a value that the service has made something else of, and not of a line."""
OF_A_SESSION: Final = "other"
"""The origin of what a role or a database has, which SQL changes on a service, too."""


class RunBy(NamedTuple):
    """Who runs the server, and how that is known."""

    service: Service
    shown_by: str
    """The setting that shows it; "": the user says so."""


class Judged(NamedTuple):
    """What of the findings is for the user to change."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def judged_for_service(
    findings: Iterable[Finding],
    run_by: RunBy,
    state: ServerState,
    settings: Iterable[Setting],
    accepted: Durability,
) -> Judged:
    """The findings with how each is changed there; what the service decides is noted instead, and
    what it has made something else of is judged by that. Where nobody has told us what one can
    change, each finding says how to learn that."""
    service = run_by.service
    engine = service.known_engine(state.vendor, state.version)
    if engine is None:
        told = (each.model_copy(update=_unknown(service, "")) for each in findings)
        return Judged(tuple(told), tuple(_who(run_by)))
    known = {setting.name: setting for setting in settings}
    kept, own = [], []
    for finding in by_severity(_with_risks(findings, engine, state, known, accepted)):
        if engine.own(finding.setting) and finding.origin != OF_A_SESSION:
            own.append(finding)
            continue
        kept.append(
            finding
            if finding.origin == OF_A_SESSION
            else finding.model_copy(update=_changed(finding, service, engine, state, known))
        )
    return Judged(tuple(kept), (*_who(run_by), *_not_judged(own, engine)))


def _who(run_by: RunBy) -> Iterator[str]:
    service = run_by.service
    how = f"as {run_by.shown_by} shows" if run_by.shown_by else "as --service says"
    yield f"{service.title} runs this server ({how}); {service.measured}"


def _with_risks(
    findings: Iterable[Finding],
    engine: ServiceEngine,
    state: ServerState,
    known: Mapping[str, Setting],
    accepted: Durability,
) -> Iterator[Finding]:
    """With what the service's own meaning of a setting risks, in the place of the server's."""
    own = {risk.setting for risk in engine.risk}
    for finding in findings:
        if finding.setting not in own or finding.severity not in JUDGED_ANEW:
            yield finding
    for risk in engine.risk:
        yield from _risky(risk, state, known[risk.setting], accepted)


def _risky(
    risk: ServiceRisk, state: ServerState, setting: Setting, accepted: Durability
) -> Iterator[Finding]:
    found = state.settings.get(risk.setting)
    spec = setting.spec_for(state.vendor, state.version)
    value = spec.value_of(found, state.version) if found and spec else None
    if found is None or spec is None or value is None or not risks_more(risk.of(value), accepted):
        return
    yield Finding(
        severity=SEVERITY_OF[risk.of(value)],
        setting=risk.setting,
        current=spec.render(value),
        origin=found.origin,
        place=found.place,
        recommended=spec.render(risk.safe),
        reason=risk.why,
        sources=(risk.source,),
        price=risk.cost,
        durability=risk.of(value),
        restart=spec.restart,
        change="",
    )


def _not_judged(own: Iterable[Finding], engine: ServiceEngine) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for finding in own:
        reasons.setdefault(engine.own(finding.setting), []).append(finding.shown)
    for why, shown in reasons.items():
        yield f"not judged: {', '.join(shown)}; {why}"


def _unknown(service: Service, command: str) -> dict[str, object]:
    return {"change": f"{service.title} {UNDOCUMENTED}; this tells: {command or service.list}"}


def _changed(
    finding: Finding,
    service: Service,
    engine: ServiceEngine,
    state: ServerState,
    known: Mapping[str, Setting],
) -> dict[str, object]:
    """How it is changed, and whether that waits for a restart."""
    name = finding.setting
    if name not in engine.settable:
        return _unknown(service, engine.list)
    spec = known[name].spec_for(state.vendor, state.version) if name in known else None
    parsed = spec.parse(finding.recommended, state.version) if spec else None
    value = service.text_of(parsed.value) if isinstance(parsed, Parsed) else finding.recommended
    restart = name in engine.at_restart
    effect = "then restart it" if restart else "which needs no restart"
    return {"change": f"in {service.place} set {name} = {value}, {effect}", "restart": restart}
