"""What a server has of other storage engines and of a fork, held against what may be lost. Pure."""

from collections.abc import Iterable, Iterator

from advisor.audit.change import pasteable
from advisor.audit.compare import by_severity
from advisor.audit.findings import SEVERITY_OF, Finding
from advisor.durability import Durability, risks_more
from advisor.rules.other_engines import Fork, OtherSetting
from advisor.server_state import EffectiveSetting, ServerState
from advisor.units import Value
from advisor.vendors.registry import VENDORS


def with_other_engines(
    findings: Iterable[Finding],
    state: ServerState,
    accepted: Durability,
    settings: Iterable[OtherSetting],
) -> tuple[Finding, ...]:
    """With what these settings risk beyond what is accepted, the most severe first; each stands in
    the place of a finding that its value is not known."""
    others = tuple(_found(state, accepted, settings))
    known = {finding.setting for finding in others}
    kept = (finding for finding in findings if finding.setting not in known)
    return by_severity((*kept, *others))


def fork_notes(state: ServerState, forks: Iterable[Fork]) -> tuple[str, ...]:
    """What to say of a server that is a fork of the one it speaks for."""
    return tuple(
        f"{fork.title} (as {fork.setting} shows): {fork.read_as}"
        for fork in forks
        if state.vendor == fork.db
        and (found := state.settings.get(fork.setting))
        and found.value.startswith(fork.begins)
    )


def _found(
    state: ServerState, accepted: Durability, settings: Iterable[OtherSetting]
) -> Iterator[Finding]:
    for setting in settings:
        found = state.settings.get(setting.name)
        if state.vendor not in setting.db or found is None:
            continue
        value = setting.value_of(found.value, state.vendor, state.version)
        if value is not None and risks_more(setting.risk_of(value), accepted):
            yield _finding(state, setting, found, value)


def _finding(
    state: ServerState, setting: OtherSetting, found: EffectiveSetting, value: Value
) -> Finding:
    vendor = VENDORS[state.vendor]
    risk = setting.risk_of(value)
    rendered = vendor.render_value(setting.safe, "")
    return Finding(
        severity=SEVERITY_OF[risk],
        setting=setting.name,
        current=vendor.render_value(value, ""),
        origin=found.origin,
        place=found.place,
        recommended=rendered,
        reason=f"{setting.why} ({setting.of})",
        sources=setting.sources,
        price=f"{setting.cost}; a restart" if setting.restart else setting.cost,
        at_risk=None,
        durability=risk,
        restart=setting.restart,
        change=_change(state, setting, found, rendered),
        rule=None,
    )


def _change(
    state: ServerState, setting: OtherSetting, found: EffectiveSetting, rendered: str
) -> str:
    vendor = VENDORS[state.vendor]
    found = found._replace(place=pasteable(found.place))
    if state.main_file and found.origin != "persisted":
        main_file = pasteable(state.main_file)
        return vendor.change_of_file(found, rendered, restart=setting.restart, main_file=main_file)
    return vendor.change(
        state.version, found, setting.safe, rendered, restart=setting.restart, persistable=True
    )
