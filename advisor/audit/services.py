"""An audit of a server that others run: what one can change there, and how. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from advisor.audit.findings import Finding
from advisor.rules.catalogue import Setting
from advisor.rules.services import UNDOCUMENTED, Service, ServiceEngine
from advisor.server_state import ServerState
from advisor.vendors.values import Parsed

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
    findings: Iterable[Finding], run_by: RunBy, state: ServerState, settings: Iterable[Setting]
) -> Judged:
    """The findings with how each is changed there; what the service decides is noted instead. Where
    nobody has told us what one can change, each finding says how to learn that."""
    service = run_by.service
    engine = service.known_engine(state.vendor, state.version)
    if engine is None:
        told = (each.model_copy(update=_unknown(service)) for each in findings)
        return Judged(tuple(told), tuple(_who(run_by)))
    known = {setting.name: setting for setting in settings}
    kept, own = [], []
    for finding in findings:
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


def _not_judged(own: Iterable[Finding], engine: ServiceEngine) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for finding in own:
        reasons.setdefault(engine.own(finding.setting), []).append(finding.shown)
    for why, shown in reasons.items():
        yield f"not judged: {', '.join(shown)}; {why}"


def _unknown(service: Service) -> dict[str, object]:
    return {"change": f"{service.title} {UNDOCUMENTED}; this tells: {service.list}"}


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
        return _unknown(service)
    spec = known[name].spec_for(state.vendor, state.version) if name in known else None
    parsed = spec.parse(finding.recommended, state.version) if spec else None
    value = service.text_of(parsed.value) if isinstance(parsed, Parsed) else finding.recommended
    restart = name in engine.at_restart
    effect = "then restart it" if restart else "which needs no restart"
    return {"change": f"in {service.place} set {name} = {value}, {effect}", "restart": restart}
