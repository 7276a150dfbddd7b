"""A planned change, as people and programs are told of it."""

from collections.abc import Sequence

from advisor.applied import AppliedChange, SettingChange
from advisor.knowledge import load_bulk_load, load_settings
from advisor.servers.apply.change import FileChange
from advisor.servers.apply.effect import needs
from advisor.vendors.registry import VENDORS
from advisor.versions import format_version


def summarise(
    change: FileChange,
    *,
    written: bool = False,
    checked_by: str | None = None,
    warnings: Sequence[str] = (),
    diff: bool = False,
) -> AppliedChange:
    """What the change does; `written`: whether it has been made."""
    target = change.target
    settings = () if change.is_none else tuple(_settings(change))
    takes = {
        need: tuple(entry.setting for entry in settings if entry.needs == need)
        for need in ("restart", "reload", "unknown")
    }
    return AppliedChange(
        engine=target.vendor,
        engine_version=format_version(target.version) if target.version else None,
        file=str(target.path),
        action="none" if change.is_none else "write" if change.new is not None else "remove",
        changed=not change.is_none,
        written=written,
        backup=None if change.is_none or change.old is None else str(change.keep),
        settings=settings,
        restart=takes["restart"],
        reload=takes["reload"],
        unknown=takes["unknown"],
        checked_by=checked_by,
        warnings=tuple(warnings),
        diff=tuple(change.diff()) if diff else (),
    )


def _settings(change: FileChange) -> list[SettingChange]:
    target = change.target
    vendor = VENDORS[target.vendor]
    changed, before = change.changed(), target.before.settings
    specs = {setting.name: setting.spec for setting in load_bulk_load(target.vendor).setting}
    specs |= {setting.name: setting.spec for setting in load_settings(vendor.engine)}
    found = needs(changed, vendor, target.version, specs)
    needed = {name: need for need, names in found.items() for name in names}
    return [
        SettingChange(
            setting=name,
            now=now,
            new=new,
            now_set_in=before[name].place if name in before else None,
            needs=needed[name],
        )
        for name, (now, new) in changed.items()
    ]
