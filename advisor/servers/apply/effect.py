"""When a change of a server's files takes effect."""

from collections.abc import Iterable, Mapping

from advisor.applied import Needs
from advisor.rules.catalogue import Spec
from advisor.vendors.base import Vendor
from advisor.versions import NumericVersion


def needs(
    names: Iterable[str],
    vendor: Vendor,
    version: NumericVersion | None,
    specs: Mapping[str, Iterable[Spec]],
) -> dict[Needs, list[str]]:
    """What it takes for each setting to be read from the files -> those settings. `specs`: what is
    known of each."""
    found: dict[Needs, list[str]] = {}
    for name in names:
        found.setdefault(_need(name, vendor, version, specs.get(name, ())), []).append(name)
    return found


def _need(
    name: str, vendor: Vendor, version: NumericVersion | None, specs: Iterable[Spec]
) -> Needs:
    if not vendor.reload_suffices:
        return "restart"  # these servers read option files only when they start
    restarts = {
        spec.restart for spec in specs if version is None or spec.covers(vendor.name, version)
    }
    if len(restarts) != 1:
        known = vendor.restart_by_setting.get(name)
        return "unknown" if known is None else "restart" if known else "reload"
    return "restart" if restarts.pop() else "reload"
