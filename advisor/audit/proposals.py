"""The settings that would be written, each beside what the server has now. Pure."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, cast

from advisor.advice import Recommendation
from advisor.audit.lines import SettingLine, lines_of
from advisor.audit.values import is_as_good
from advisor.rules.catalogue import Setting, SettingGroup
from advisor.rules.shown import Seen
from advisor.server_state import ServerState
from advisor.vendors.registry import VENDORS


class Proposal(NamedTuple):
    """One setting that the advice writes."""

    advised: Recommendation
    group: SettingGroup
    now: str
    """As it is written, or what the default is."""
    is_better: bool
    """Whether the present value is not as good."""
    place: str
    """The line that sets it now, "FILE:LINE"; "" where none does."""


def proposals(
    state: ServerState, settings: Iterable[Setting], advised: Iterable[Recommendation]
) -> Iterator[Proposal]:
    """One for each setting that the advice writes, in its order, whatever the load that it assumes:
    that is for the reader to judge, who is shown the reason."""
    settings = tuple(settings)
    lines = {line.setting.name: line for line in lines_of(state, settings, ())}
    by_name = {setting.name: setting for setting in settings}
    for entry in advised:
        if not entry.emitted:
            continue
        setting = by_name.get(entry.setting)
        if setting is None or entry.rule not in map(setting.rule_id, setting.rule):
            yield _for_cluster(entry, state)
            continue
        line = lines.get(entry.setting)
        if line is not None and line.found.is_given:
            now = line.found.value
        else:
            now = entry.default_note if entry.default is None else _rendered_default(setting, state)
        # Of a setting without a line the default is derived, or it has no effect on this server.
        is_better = entry.default is None if line is None else not _is_as_good(line, entry)
        place = "" if line is None else line.found.place
        yield Proposal(entry, setting.group, now, is_better, place)


def _for_cluster(advised: Recommendation, state: ServerState) -> Proposal:
    """Of a setting that the copies of a cluster need."""
    found, group = state.settings.get(advised.setting), cast("SettingGroup", advised.group)
    vendor, default = VENDORS[state.vendor], advised.default
    if found is not None and found.is_given:
        is_same = Seen(**{"is": (advised.rendered,)}).holds(found.value)
        return Proposal(advised, group, found.value, not is_same, found.place)
    now = advised.default_note
    if default is not None:
        now = vendor.render_value(default, advised.unit)
    return Proposal(advised, group, now, now != advised.rendered, "")


def _rendered_default(setting: Setting, state: ServerState) -> str:
    spec = setting.spec_for(state.vendor, state.version)
    return "" if spec is None or spec.default is None else spec.render(spec.default)


def _is_as_good(line: SettingLine, advised: Recommendation) -> bool:
    if line.value is None:
        return False
    rule = line.setting.rule_of(advised.rule)
    is_default = not line.found.is_given
    return is_as_good(line.setting, rule, advised, line.value, is_default=is_default)
