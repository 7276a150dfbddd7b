"""wal_level = minimal beside what needs more: PostgreSQL does not start. Pure."""

from collections.abc import Iterator, Mapping
from typing import Final

from advisor.audit.change import pasteable
from advisor.audit.findings import Finding
from advisor.rules.bulk_load import BulkLoadKnowledge
from advisor.rules.catalogue import Spec
from advisor.rules.guards import MINIMAL_NEEDS
from advisor.rules.knowledge import Knowledge
from advisor.server_state import EffectiveSetting, ServerState
from advisor.vendors.base import RESTART

WAL_LEVEL: Final = "wal_level"


def minimal_wal(
    state: ServerState, knowledge: Knowledge, load: BulkLoadKnowledge
) -> Iterator[Finding]:
    """The finding, where a file has that level and not all that it needs.

    What a value means is read as the bulk load's specs have it, which sets the same. A value that
    cannot be read is passed over.
    """
    specs = {
        each.name: spec
        for each in load.setting
        if (spec := each.spec_for(knowledge.settings, state.vendor, state.version))
    }
    found = state.settings.get(WAL_LEVEL)
    if found is None or WAL_LEVEL not in specs:
        return
    if specs[WAL_LEVEL].value_of(found, state.version) != "minimal":
        return
    if lacking := dict(_lacking(state, specs)):
        yield _finding(found, specs[WAL_LEVEL], lacking)


def _lacking(state: ServerState, specs: Mapping[str, Spec]) -> Iterator[tuple[str, str]]:
    """What must be otherwise, as "max_wal_senders = 10 (its default)" -> what it must be."""
    for name, (needed, default) in MINIMAL_NEEDS.items():
        if name not in specs:
            continue
        found = state.settings.get(name)
        value = default if found is None else specs[name].value_of(found, state.version)
        if value is not None and value != needed:
            by_default = " (its default)" if found is None else ""
            shown = f"{name} = {specs[name].render(value)}{by_default}"
            yield shown, f"{name} = {specs[name].render(needed)}"


def _finding(found: EffectiveSetting, spec: Spec, lacking: Mapping[str, str]) -> Finding:
    place = pasteable(found.place) or "its file"
    return Finding(
        severity="prevents-start",
        setting=WAL_LEVEL,
        current="minimal",
        origin=found.origin,
        place=found.place,
        recommended="replica",
        reason=f"The server does not start with it beside {' and '.join(lacking)}.",
        sources=(spec.doc,),
        durability="durable",
        restart=True,
        change=f"take the line out of {place}, or set {' and '.join(lacking.values())}, {RESTART}",
    )
