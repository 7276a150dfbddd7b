"""The settings that a server has, each beside what we know and advise of it. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from advisor.advice import Recommendation
from advisor.audit.values import value_of
from advisor.rules.catalogue import Setting, Spec
from advisor.server_state import EffectiveSetting, ServerState
from advisor.units import Value
from advisor.vendors.registry import VENDORS


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting that the server has: its spec, its value, and the advice if there is one."""

    setting: Setting
    spec: Spec
    found: EffectiveSetting
    value: Value | None
    """None where it cannot be read."""
    advised: Recommendation | None


def writes_binary_log(reading: ServerState) -> bool:
    """Whether the server writes one: as it says, else as its version does."""
    found = reading.settings.get("log_bin")
    if found is None:
        return VENDORS[reading.vendor].writes_binary_log(reading.version)
    return found.value.strip().lower() not in ("off", "0", "false")


def lines_of(
    reading: ServerState, settings: Iterable[Setting], advised: Iterable[Recommendation]
) -> Iterator[SettingLine]:
    """One for each setting of the version; what nothing sets has its default."""
    by_name = {entry.setting: entry for entry in advised}
    for setting in settings:
        spec = setting.spec_for(reading.vendor, reading.version)
        if spec is None:
            continue
        if setting.name == "sync_binlog" and not writes_binary_log(reading):
            continue
        found = reading.settings.get(setting.name)
        if found is None:
            if spec.default is None:
                continue
            found = EffectiveSetting(setting.name, "", origin="default")
            value: Value | None = spec.default
        else:
            value = value_of(found, spec)
        yield SettingLine(setting, spec, found, value, by_name.get(setting.name))
