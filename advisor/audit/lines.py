"""The settings that a server has, each beside what we know and advise of it. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from advisor.advice import Recommendation
from advisor.rules.catalogue import Setting, Spec
from advisor.server_state import EffectiveSetting, ServerState
from advisor.units import Value
from advisor.vendors.registry import VENDORS
from advisor.vendors.values import Parsed, PlainSpec

SOUNDS_LIKE_OFF: Final = ("off", "0", "false", "no")


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting that the server has: its spec, its value, and the advice if there is one."""

    setting: Setting
    spec: Spec
    found: EffectiveSetting
    value: Value | None
    """None where it cannot be read."""
    advised: Recommendation | None
    is_read_otherwise: bool = False
    """Whether the value is not what is written: the server clamps it, say."""

    def wanted(self) -> tuple[Value | None, str]:
        """The value to have, and how it is written: the advice, else the default."""
        if self.advised is not None:
            return self.advised.value, self.advised.rendered
        return self.spec.default, self.spec.shown_default


def writes_binary_log(state: ServerState) -> bool:
    """Whether the server writes one: as it says, else as its version does.

    Whatever a file gives it is the log's name, OFF and 0, too; only a prefix such as skip- says no.
    """
    vendor = VENDORS[state.vendor]
    found = state.settings.get(vendor.binary_log_setting)
    if found is None:
        return vendor.writes_binary_log(state.version)
    if found.written is not None:
        return found.written.switched is not False
    return vendor.parse_value(found.value, PlainSpec("boolean")) != Parsed(False)


def binary_log_notes(state: ServerState) -> tuple[str, ...]:
    """What to say of a file that seems to switch the binary log off, and names it instead."""
    vendor = VENDORS[state.vendor]
    found = state.settings.get(vendor.binary_log_setting)
    if found is None or found.written is None or found.written.switched is not None:
        return ()
    name = found.written.text
    if name is None or name.lower() not in SOUNDS_LIKE_OFF:
        return ()
    return (
        f"{found.place}: {found.name} = {name} switches nothing off: the binary log is written,"
        f" and called {name}; skip_log_bin switches it off",
    )


def lines_of(
    state: ServerState, settings: Iterable[Setting], advised: Iterable[Recommendation]
) -> Iterator[SettingLine]:
    """One for each setting of the version; what nothing sets has its default."""
    by_name = {entry.setting: entry for entry in advised}
    for setting in settings:
        spec = setting.spec_for(state.vendor, state.version)
        if spec is None:
            continue
        if setting.name == "sync_binlog" and not writes_binary_log(state):
            continue
        found = state.settings.get(setting.name)
        if found is None:
            if spec.default is None:
                continue
            found = EffectiveSetting(setting.name, "", origin="default")
            value: Value | None = spec.default
            otherwise = False
        else:
            result = spec.parse_setting(found, state.version)
            value = result.value if isinstance(result, Parsed) else None
            otherwise = isinstance(result, Parsed) and result.warning != ""
        yield SettingLine(setting, spec, found, value, by_name.get(setting.name), otherwise)
