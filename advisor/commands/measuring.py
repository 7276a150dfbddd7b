"""Measuring the drives of one server, and saying which."""

from functools import partial
from pathlib import Path

from advisor.analysis.description import target_text
from advisor.commands.console import notify
from advisor.instance import Drives
from advisor.measurement import Measurement, summarised
from advisor.output.progress import progress_bar
from advisor.probe import PLANS, UnderLoad, load_plan, measure
from advisor.probe.data_directories import on_other_devices
from advisor.probe.devices import describe_target
from advisor.probe.scratch import Scratch
from advisor.servers.installed import ask_host
from advisor.units import format_size
from advisor.vendors.registry import VENDORS


def measure_drives(
    drives: Drives,
    plan: str,
    *,
    why: str,
    seed: int | None,
    label: str | None,
    quiet: bool,
    under_load: bool = False,
) -> Measurement:
    """The log's drive, with the others in it; one that is not another is measured once.

    The single latencies of the data files' drive are not kept: settings rest on its summaries.
    `under_load`: each also beside a load, which is always where the data files are.
    """
    load = drives.data if under_load else None
    take = partial(_measure, load=load, seed=seed, label=label, quiet=quiet)
    data_device = _device(drives.data)
    has_log = drives.log is not None and _device(drives.log) != data_device
    log = drives.log if has_log and drives.log is not None else drives.data
    if drives.log is not None and not has_log:
        _note_shared(drives.log, drives.data, quiet=quiet)
    role = ", the log" if has_log else ""
    measurement = take(log, plan, f"{role}{f', {why}' if why and not has_log else ''}")
    data = take(drives.data, plan, f", {why or 'the data'}") if has_log else None
    binary_log: Measurement | None = None
    if drives.binary_log is not None and _device(drives.binary_log) != _device(log):
        if data is not None and _device(drives.binary_log) == data_device:
            binary_log = _appends(data)
        else:
            binary_log = take(drives.binary_log, "commit", ", the binary log")
    if data is None and binary_log is None:
        return measurement
    return measurement.model_copy(
        update={
            "data_files": None if data is None else summarised(data),
            "binary_log": binary_log if binary_log is None or binary_log.series else None,
        }
    )


def _note_shared(named: Path, other: Path, *, quiet: bool) -> None:
    """Of a drive that was named and is not another."""
    text = f"{named} is on the same file system as {other}, which is measured once"
    notify(f"note: {text}", quiet=quiet)


def require_writable(directory: Path) -> None:
    """Raises AdvisorError where no test file can be made, before another drive is measured."""
    with Scratch(directory) as scratch:
        scratch.create()


def note_other_devices(drives: Drives, *, quiet: bool) -> None:
    """Where running servers keep their data, if not there; and a log that only a link leads to."""
    directory = drives.data
    for other in on_other_devices(directory):
        elsewhere = f"a running {other.server} keeps its data in {other.directory}"
        notify(f"note: {elsewhere}, on another device than {directory}", quiet=quiet)
    places = {vendor.log_places({}, directory)[0] for vendor in VENDORS.values()}
    for place in () if drives.log else filter(None, places):
        if _device(place) not in (None, _device(directory)):
            real = place.resolve()
            notify(
                f"note: {place} lies on another device; --log-dir {real} measures that, too",
                quiet=quiet,
            )


def _appends(data: Measurement) -> Measurement:
    """What a binary log needs to know of the drive of the data files."""
    under_load = tuple(each for each in data.under_load if each.pattern == "append")
    series = tuple(filter(None, [data.append]))
    return data.model_copy(update={"series": series, "under_load": under_load})


def _measure(
    directory: Path,
    plan: str,
    tail: str,
    *,
    load: Path | None,
    seed: int | None,
    label: str | None,
    quiet: bool,
) -> Measurement:
    notify(f"measuring {where(directory)}{tail}", quiet=quiet)
    under_load = UnderLoad(load_plan(plan), load) if load else None
    if under_load:
        notify(_load_text(under_load, directory), quiet=quiet)
    with progress_bar(quiet=quiet) as progress:
        return measure(
            directory,
            PLANS[plan],
            seed=seed,
            label=label,
            report=progress,
            ask=ask_host,
            under_load=under_load,
        )


def _load_text(load: UnderLoad, directory: Path) -> str:
    """What that costs, before it begins."""
    plan = load.plan
    there = "" if _device(load.directory) == _device(directory) else f", most to {load.directory}"
    return (
        f"then under load: about {plan.ssd_budget_s:g} s more ({plan.hdd_budget_s:g} s on a disk"
        f" that rotates), and at most {format_size(plan.bytes_max)} written{there}"
    )


def where(directory: Path) -> str:
    """Like "/srv (ext4 on nvme0n1, Samsung 990 PRO)"."""
    try:
        return target_text(describe_target(directory, None))
    except OSError:  # whoever measures says it
        return str(directory)


def _device(directory: Path) -> int | None:
    try:
        return directory.stat().st_dev
    except OSError:  # whoever measures says it
        return None
