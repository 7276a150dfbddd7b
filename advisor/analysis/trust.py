"""Whether a sync on this drive means anything. Never "verified durable": only a power cut shows it.

Each check has an entry in profiles/storage/trust.toml (verdict, limits, wording, sources) and one
function here, which returns the figures for the wording when the check fires.
"""

from collections.abc import Callable, Mapping
from string import Formatter
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from pydantic import Field, model_validator

from advisor.analysis.storage import devices_of, file_systems, virtual_disks
from advisor.conditions import Strict
from advisor.measurement import MEASURED, OBSERVED, Layer, Measurement, Series
from advisor.model import Model, Unknown
from advisor.series_kind import SYNC_METHODS
from advisor.units import format_named

if TYPE_CHECKING:  # few measurements have one
    from advisor.observation import Observation

AskedTrust = Literal["plausible", "unverifiable", "suspicious"]
"""What a user may ask for: a drive that is not durable is refused without being asked."""

Trust = Literal[AskedTrust, "not-durable"]
ORDER: Final[tuple[Trust, ...]] = get_args(Trust)
"""From the most to the least."""

Figures = Mapping[str, float | str]


class TrustCheck(Strict):
    """One entry of profiles/storage/trust.toml."""

    id: str
    trust: Trust
    says: str
    """What was seen and what it means; figures in braces."""
    limits: dict[str, float] = Field(default_factory=dict)
    names: tuple[str, ...] = ()
    """File systems, mount options, layers, libraries or models the check looks for."""
    sources: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits_its_test(self) -> "TrustCheck":
        if self.id not in _TESTS:
            raise ValueError(f"there is no check {self.id!r}")
        test = _TESTS[self.id]
        if self.limits.keys() != test.limits:
            raise ValueError(f"{self.id} takes the limits {sorted(test.limits)}")
        shown = {name for _, name, _, _ in Formatter().parse(self.says) if name is not None}
        if nameless := shown - test.shows:
            raise ValueError(f"{self.id} cannot show {sorted(nameless)}")
        return self


class Evidence(Model):
    """One line of evidence: which check fired, how much trust it leaves, and what it saw."""

    check: str
    trust: Trust
    text: str
    directory: str = Field(default="", exclude=True)
    """Of the drive that it is about, where a server has several: `text` begins with it."""


def judge_trust(
    measurement: Measurement, checks: tuple[TrustCheck, ...], virtual_models: tuple[str, ...]
) -> tuple[Trust, tuple[Evidence, ...]]:
    """The least trust that any check leaves, and the evidence of all that fired, worst first."""
    evidence = []
    for check in checks:
        figures = _TESTS[check.id].run(measurement, check, virtual_models)
        if figures is not None:
            shown = {name: format_named(name, value) for name, value in figures.items()}
            text = check.says.format_map(shown)
            evidence.append(Evidence(check=check.id, trust=check.trust, text=text))
    evidence.sort(key=lambda entry: ORDER.index(entry.trust), reverse=True)
    return (evidence[0].trust if evidence else "plausible"), tuple(evidence)


_Run = Callable[[Measurement, TrustCheck, tuple[str, ...]], Figures | None]


class _Test(NamedTuple):
    """How a check is made, the limits it compares with, and the figures it shows."""

    run: _Run
    limits: frozenset[str]
    shows: frozenset[str]


def _file_system(measurement: Measurement, check: TrustCheck, _: object) -> Figures | None:
    for each in file_systems(measurement):
        if each.filesystem in check.names:
            below = f" at {each.point}, which lies below," if each.is_below else ""
            return {"filesystem": f"{each.filesystem}{below}"}
    return None


def _memory_device(measurement: Measurement, check: TrustCheck, _: object) -> Figures | None:
    found = [device.name for device in devices_of(measurement) if device.transport in check.names]
    return {"device": ", ".join(found)} if found else None


def _mount_option(measurement: Measurement, check: TrustCheck, _: object) -> Figures | None:
    for each in file_systems(measurement):
        for option in each.options:
            if option in check.names:
                return {"mounted": each.mounted, "option": option}
    return None


def _sync_disabled(measurement: Measurement, check: TrustCheck, _: object) -> Figures | None:
    for layer in _layers(measurement, check.names):
        if layer.details.get("sync") == "disabled":
            return {"layer": layer.name}
    return None


def _sync_unknown(measurement: Measurement, check: TrustCheck, _: object) -> Figures | None:
    for layer in _layers(measurement, check.names):
        sync = layer.details.get("sync", Unknown(unknown="it was not asked"))
        if isinstance(sync, Unknown):
            return {"layer": layer.name, "why": sync.unknown}
    return None


def _layers(measurement: Measurement, kinds: tuple[str, ...]) -> list[Layer]:
    """Those of some kinds; none where layers are not known."""
    layers = measurement.target.layers
    known = () if isinstance(layers, Unknown) else layers
    return [layer for layer in known if layer.kind in kinds]


def _cache_forced(measurement: Measurement, _check: TrustCheck, __: object) -> Figures | None:
    """The kernel sends flushes by its own word, not by the disk's."""
    forced = [
        device.name
        for device in devices_of(measurement)
        if device.write_cache == "write through" and device.own_write_cache == "write back"
    ]
    if not forced:
        return None
    first, *others = forced
    return {"device": first, "likewise": f" (likewise {', '.join(others)})" if others else ""}


def _preloaded(measurement: Measurement, check: TrustCheck, _: object) -> Figures | None:
    for library in measurement.environment.preloaded:
        if any(name in library for name in check.names):
            return {"library": library}
    return None


def _have(measurement: Measurement, detail: str) -> bool:
    """Whether a layer says yes to it."""
    layers = measurement.target.layers
    known = () if isinstance(layers, Unknown) else layers
    return any(layer.details.get(detail) == "yes" for layer in known)


def _rotation(
    measurement: Measurement, check: TrustCheck, models: tuple[str, ...]
) -> Figures | None:
    """A platter passes the head once per turn: the same block cannot be synced more often. But
    where there is a log device, that one answers."""
    if _have(measurement, "log_device"):
        return None
    devices = devices_of(measurement)
    rotating = [device for device in devices if device.rotational is True]
    same_block = measurement.find_any_size("classic", "fsync", direct=True) or measurement.primary
    if not rotating or virtual_disks(devices, models) or same_block is None:
        return None
    limit_per_s = check.limits["turns_per_s"] * check.limits["factor"]
    syncs_per_s = same_block.summary.ops_per_s
    if syncs_per_s <= limit_per_s:
        return None
    return {
        "device": rotating[0].name,
        "syncs_per_s": syncs_per_s,
        "turns_per_s": check.limits["turns_per_s"],
    }


def _flush_accounting(measurement: Measurement, check: TrustCheck, _: object) -> Figures | None:
    """Each sync must send a flush to a disk whose cache is volatile; the kernel counts them."""
    devices = devices_of(measurement)
    if not devices or any(device.write_cache != "write back" for device in devices):
        return None
    if measurement.observation is not None:
        return _observed_accounting(measurement.observation, check)
    syncs, flushes = 0, 0
    for series in _serial_syncs(measurement):
        for round_ in series.rounds:
            if isinstance(round_.flush_requests, Unknown):
                return None
            syncs += round_.written_bytes // series.block_bytes
            flushes += round_.flush_requests
    # A flush goes to every device under the file system; layers of check.names flush where they
    # wrote, an array with a journal the journal alone.
    elsewhere = _layers(measurement, check.names) or _have(measurement, "journal")
    flushed = 1 if elsewhere else len(devices)
    if syncs == 0 or flushes >= check.limits["flushes_per_sync"] * syncs * flushed:
        return None
    return {"syncs": syncs, "flushes": flushes}


def _observed_accounting(found: "Observation", check: TrustCheck) -> Figures | None:
    """The same of a log that a server syncs; what else is flushed only adds to the flushes. By the
    open_ methods a write may carry its own flush (FUA), which is not counted."""
    if isinstance(found.log_syncs_per_s, Unknown) or "open_" in found.log_syncs_from:
        return None
    flushes_per_s = 0.0
    for device in found.devices:
        if isinstance(device.flushes_per_s, Unknown):
            return None
        flushes_per_s = max(flushes_per_s, device.flushes_per_s)
    syncs, flushes = (
        round(per_s * found.interval_s) for per_s in (found.log_syncs_per_s, flushes_per_s)
    )
    if syncs == 0 or not found.devices or flushes >= check.limits["flushes_per_sync"] * syncs:
        return None
    return {"syncs": syncs, "flushes": flushes}


def _serial_syncs(measurement: Measurement) -> list[Series]:
    return [
        series
        for series in measurement.series
        if series.writers == 1
        and series.method in ("fdatasync", "fsync")
        and series.kind.is_one_sync
    ]


def _not_reaching(measurement: Measurement, check: TrustCheck, _: object) -> Figures | None:
    sync = measurement.effective_sync
    if sync is None or sync.summary.typical_us >= check.limits["below_us"]:
        return None
    return {"sync_us": sync.summary.typical_us}


def _ratio(measurement: Measurement, check: TrustCheck, _: object) -> Figures | None:
    """A sync that costs what the write alone costs has done nothing, unless that syncs, too."""
    if "sync" in measurement.target.mount_options:
        return None
    primary, unsynced = measurement.primary, measurement.find_any_size("overwrite", "none")
    if primary is None or unsynced is None:
        return None
    sync_us, write_us = primary.summary.typical_us, unsynced.summary.typical_us
    if sync_us >= check.limits["factor"] * write_us:
        return None
    return {"sync_us": sync_us, "write_us": write_us}


def _methods_differ(measurement: Measurement, check: TrustCheck, _: object) -> Figures | None:
    """A method that is many times faster than fdatasync leaves something out."""
    primary = measurement.primary
    if primary is None:
        return None
    for method in SYNC_METHODS:
        other = measurement.find_any_size("overwrite", method)
        if other and other.summary.mean_us * check.limits["factor"] < primary.summary.mean_us:
            return {
                "method": method,
                "method_us": other.summary.mean_us,
                "fdatasync_us": primary.summary.mean_us,
            }
    return None


def _too_fast_for_flash(
    measurement: Measurement, check: TrustCheck, models: tuple[str, ...]
) -> Figures | None:
    """Flash needs longer than this to program a page; only a protected cache answers sooner. Which
    of several devices a log device is, is not known."""
    if _have(measurement, "log_device"):
        return None
    devices = devices_of(measurement)
    primary = measurement.primary
    if primary is None or not devices or virtual_disks(devices, models):
        return None
    volatile = [device for device in devices if device.write_cache == "write back"]
    unprotected = [
        device
        for device in volatile
        if not any(name.lower() in str(device.model).lower() for name in check.names)
    ]
    sync_us = primary.summary.typical_us
    if not unprotected or sync_us >= check.limits["below_us"]:
        return None
    return {"device": unprotected[0].name, "model": str(unprotected[0].model), "sync_us": sync_us}


def _virtual_too_fast(
    measurement: Measurement, check: TrustCheck, models: tuple[str, ...]
) -> Figures | None:
    disks = virtual_disks(devices_of(measurement), models)
    primary = measurement.primary
    if not disks or primary is None or primary.summary.typical_us >= check.limits["below_us"]:
        return None
    return {"device": disks[0], "sync_us": primary.summary.typical_us}


def _virtual_disk(
    measurement: Measurement, _: TrustCheck, models: tuple[str, ...]
) -> Figures | None:
    disks = virtual_disks(devices_of(measurement), models)
    return {"device": ", ".join(disks)} if disks else None


def _virtual_host(measurement: Measurement, check: TrustCheck, _: object) -> Figures | None:
    virtualisation = measurement.environment.virtualisation
    return None if virtualisation in check.names else {"virtualisation": str(virtualisation)}


def _no_device(measurement: Measurement, _check: TrustCheck, _: object) -> Figures | None:
    devices = measurement.target.devices
    if isinstance(devices, Unknown):
        return {"why": devices.unknown}
    return None if devices else {"why": "no device was found"}


def _cache_unknown(measurement: Measurement, _check: TrustCheck, _: object) -> Figures | None:
    for device in devices_of(measurement):
        if isinstance(device.write_cache, Unknown):
            return {"device": device.name, "why": device.write_cache.unknown}
    return None


def _reported(measurement: Measurement, _check: TrustCheck, _: object) -> Figures | None:
    is_ours = measurement.source in (MEASURED, OBSERVED)
    return None if is_ours else {"source": measurement.source}


def _observed(measurement: Measurement, _check: TrustCheck, _: object) -> Figures | None:
    return {"source": measurement.source} if measurement.source == OBSERVED else None


def _test(run: _Run, *, limits: str = "", shows: str) -> _Test:
    return _Test(run, frozenset(limits.split()), frozenset(shows.split()))


_TESTS: Final[dict[str, _Test]] = {
    "memory-file-system": _test(_file_system, shows="filesystem"),
    "memory-device": _test(_memory_device, shows="device"),
    "mount-option": _test(_mount_option, shows="mounted option"),
    "sync-disabled": _test(_sync_disabled, shows="layer"),
    "cache-forced": _test(_cache_forced, shows="device likewise"),
    "preloaded-library": _test(_preloaded, shows="library"),
    "not-reaching-a-device": _test(_not_reaching, limits="below_us", shows="sync_us"),
    "rotation": _test(
        _rotation, limits="turns_per_s factor", shows="device syncs_per_s turns_per_s"
    ),
    "flush-accounting": _test(_flush_accounting, limits="flushes_per_sync", shows="syncs flushes"),
    "ratio": _test(_ratio, limits="factor", shows="sync_us write_us"),
    "methods-differ": _test(
        _methods_differ, limits="factor", shows="method method_us fdatasync_us"
    ),
    "virtual-too-fast": _test(_virtual_too_fast, limits="below_us", shows="device sync_us"),
    "too-fast-for-flash": _test(
        _too_fast_for_flash, limits="below_us", shows="device model sync_us"
    ),
    "virtual-disk": _test(_virtual_disk, shows="device"),
    "virtual-host": _test(_virtual_host, shows="virtualisation"),
    "remote-file-system": _test(_file_system, shows="filesystem"),
    "sync-unknown": _test(_sync_unknown, shows="layer why"),
    "no-device": _test(_no_device, shows="why"),
    "cache-unknown": _test(_cache_unknown, shows="device why"),
    "reported": _test(_reported, shows="source"),
    "observed": _test(_observed, shows="source"),
}

CHECK_IDS: Final = frozenset(_TESTS)
"""Every check there is; profiles/storage/trust.toml must describe each of them, once."""
