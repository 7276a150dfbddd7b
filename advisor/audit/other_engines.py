"""What a server has of other storage engines and of a fork, held against what may be lost. Pure."""

from collections.abc import Iterable, Iterator

from advisor.audit.change import pasteable
from advisor.audit.compare import by_severity
from advisor.audit.findings import SEVERITY_OF, Finding
from advisor.audit.refusals import refusal
from advisor.durability import Durability, risks_more
from advisor.rules.other_engines import Fork, OtherSetting
from advisor.server_state import EffectiveSetting, RefusedLine, ServerState
from advisor.units import Value
from advisor.vendors.registry import VENDORS
from advisor.vendors.values import Parsed, Rejected


def with_other_engines(
    findings: Iterable[Finding],
    state: ServerState,
    accepted: Durability,
    settings: Iterable[OtherSetting],
) -> tuple[Finding, ...]:
    """With what these settings risk beyond what is accepted, and with lines of them that a server
    refuses, the most severe first; each stands in the place of a finding of the same setting."""
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
        if found is None or not setting.covers(state.vendor, state.version):
            continue
        written = found.written
        loose = written is not None and written.loose
        result = setting.parse(found.text, state.vendor, state.version, loose=loose)
        if isinstance(result, Parsed):
            if risks_more(setting.risk_of(result.value), accepted):
                yield _finding(state, setting, found, result.value)
        elif written is not None and not result.starts:
            yield _refusal(setting, found, result)


def _refusal(setting: OtherSetting, found: EffectiveSetting, rejected: Rejected) -> Finding:
    line = RefusedLine(found.place, setting.name, found.value, rejected.reason)
    return refusal(line, None).model_copy(update={"sources": setting.sources})


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
        durability=risk,
        restart=setting.restart,
        change=_change(state, setting, found, rendered),
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
