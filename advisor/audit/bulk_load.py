"""What was relaxed for a bulk load and has stayed so, as findings. Pure."""

from collections.abc import Iterator
from typing import Final

from advisor.audit.change import how_to_change, pasteable
from advisor.audit.findings import Finding
from advisor.rules.bulk_load import BulkLoadKnowledge, LoadSetting, LoadStatement
from advisor.rules.catalogue import Spec
from advisor.rules.knowledge import Knowledge
from advisor.server_state import EffectiveSetting, ServerState
from advisor.vendors.registry import VENDORS

MARKED: Final = (
    "This file of ours is for the time of a bulk load. When that is over, it is to go: what it sets"
    " may lose commits at a crash, or make recovery long."
)


def left_by_load(
    state: ServerState, knowledge: Knowledge, load: BulkLoadKnowledge
) -> Iterator[Finding]:
    """What a server still has of a bulk load, whoever began it."""
    yield from (_file(state, path) for path in state.bulk_load_files)
    yield from (_statement(each) for each in load.statement if each.status in state.switched_off)
    for each in load.setting:
        spec = each.spec_for(knowledge.settings, state.vendor, state.version)
        found = state.settings.get(each.name)
        if each.left_on and spec and found and _has_value(each, spec, found, state):
            yield _setting(each, spec, found, state)


def _has_value(each: LoadSetting, spec: Spec, found: EffectiveSetting, state: ServerState) -> bool:
    return spec.value_of(found, state.version) == each.value


def _file(state: ServerState, path: str) -> Finding:
    away = f"fsync-advisor apply --db {state.vendor} --to {pasteable(path)} --undo"
    return Finding(
        severity="note",
        setting="bulk load",
        current="on",
        origin="file",
        place=path,
        recommended="off",
        reason=MARKED,
        sources=(),
        durability="durable",
        restart=False,
        change=f"{away}, or put BULK LOAD OFF in its place",
    )


def _statement(each: LoadStatement) -> Finding:
    return Finding(
        severity="corruption-risk",
        setting=each.status,
        current="OFF",
        origin="other",
        place="",
        recommended="ON",
        reason=each.left_on,
        sources=each.sources,
        price="what is changed is written to the log and the doublewrite buffer again",
        durability="can-corrupt",
        restart=False,
        change=f"{each.off} It needs the privilege {each.privilege}.",
    )


def _setting(each: LoadSetting, spec: Spec, found: EffectiveSetting, state: ServerState) -> Finding:
    assert each.value is not None
    assert spec.default is not None
    default = spec.render(spec.default)
    return Finding(
        severity="note",
        setting=each.name,
        current=spec.render(each.value),
        origin=found.origin,
        place=found.place,
        recommended=default,
        reason=each.left_on,
        sources=each.sources,
        price="a restart" if spec.restart else "",
        durability="durable",
        restart=spec.restart,
        change=how_to_change(
            VENDORS[state.vendor],
            state.version,
            spec,
            found,
            spec.default,
            default,
            restart=spec.restart,
            main_file=state.main_file,
        ),
    )
