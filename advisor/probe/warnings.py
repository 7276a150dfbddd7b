"""What the reader of a measurement must know about it. Each text shows its numbers."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Final

from advisor.measurement import Environment, MeasurementWarning, Round, Series, Target
from advisor.model import Unknown
from advisor.probe.sysfs import shown
from advisor.statistics import ci95_percent
from advisor.units import format_latency, format_size

OTHERS_PERCENT: Final = 5
"""Others' writes, in percent of ours, from which on they are told of."""
OTHERS_MIN_BYTES: Final = 1024 * 1024
"""File systems' own housekeeping may write this much at any time."""
OVERWRITING: Final = ("ext2", "ext3", "ext4", "xfs")
"""File systems that overwrite in place: the device writes what we write."""
DRIFT_PERCENT: Final = 10
WAITED_PERCENT: Final = 5
"""Time spent waiting for a processor, in percent of the run, from which on it is told of."""
WAITED_MIN_S: Final = 0.1
"""Less than ten scheduler ticks (CONFIG_HZ_100) is chance, however short the run."""


def warnings_of(
    target: Target,
    environment: Environment,
    primary: Series | None,
    *,
    idle_bytes_per_s: float | None,
    waited_s: float | None,
    written_bytes: int,
    run_s: float,
) -> tuple[MeasurementWarning, ...]:
    """All warnings that apply, in a fixed order.

    `idle_bytes_per_s` is what others wrote before the run, `waited_s` how long the probe waited for
    a processor during it; None where that isn't known.
    """
    found = [
        _busy_before(idle_bytes_per_s, written_bytes, run_s),
        _busy_meanwhile(target, primary),
        _busy_processors(waited_s, run_s),
        _drift(primary),
        _short_run(target, environment, run_s),
    ]
    return tuple(MeasurementWarning(code=code, text=text) for code, text in filter(None, found))


def left_behind(directory: Path, count: int, size_bytes: int) -> tuple[MeasurementWarning, ...]:
    """Of test files that earlier runs left in `directory`; () where there are none."""
    if count == 0:
        return ()
    files = "1 file" if count == 1 else f"{count} files"
    verb = "is" if count == 1 else "are"
    text = (
        f"{files} of an earlier run that was killed {verb} left here, {format_size(size_bytes)}:"
        f" rm -r {shlex.quote(shown(str(directory)))}/.fsync-advisor-*"
    )
    return (MeasurementWarning(code="left-behind", text=text),)


def _busy_before(
    idle_bytes_per_s: float | None, written_bytes: int, run_s: float
) -> tuple[str, str] | None:
    if idle_bytes_per_s is None:
        return None
    expected_bytes = idle_bytes_per_s * run_s
    if expected_bytes < max(OTHERS_MIN_BYTES, written_bytes * OTHERS_PERCENT / 100):
        return None
    return (
        "competing-writes",
        f"before the run others wrote {format_size(idle_bytes_per_s)}/s to the same device; at that"
        f" rate {100 * expected_bytes / written_bytes:.0f} % of what we wrote: measure again when"
        " the drive is idle",
    )


def _busy_meanwhile(target: Target, primary: Series | None) -> tuple[str, str] | None:
    """Told only where a device's writes can be told apart: one disk, and overwriting in place."""
    single = not isinstance(target.devices, Unknown) and len(target.devices) == 1
    if primary is None or not single or target.filesystem not in OVERWRITING:
        return None
    if "data=journal" in target.mount_options:
        return None
    ours_bytes = sum(part.written_bytes for part in primary.rounds)
    device_bytes = 0
    for part in primary.rounds:
        if isinstance(part.device_written_bytes, Unknown):
            return None
        device_bytes += part.device_written_bytes
    foreign_bytes = device_bytes - ours_bytes
    if foreign_bytes < max(OTHERS_MIN_BYTES, ours_bytes * OTHERS_PERCENT / 100):
        return None
    return (
        "competing-writes",
        f"during {primary.kind.label} the device wrote {format_size(device_bytes)},"
        f" {format_size(foreign_bytes)} of them not ours: measure again when the drive is idle",
    )


def _busy_processors(waited_s: float | None, run_s: float) -> tuple[str, str] | None:
    if waited_s is None or waited_s < max(WAITED_MIN_S, run_s * WAITED_PERCENT / 100):
        return None
    return (
        "busy-processors",
        f"the probe waited {waited_s:.1f} s of {run_s:.1f} s for a processor that others used, and"
        " latencies are longer for it: measure again when the host is idle",
    )


def _drift(primary: Series | None) -> tuple[str, str] | None:
    """Whether the primary series' first and last rounds differ by more than chance."""
    if primary is None or len(primary.rounds) < 2:
        return None
    half = len(primary.rounds) // 2
    first_us, first_ci_us = _mean_us(primary.rounds[:half])
    last_us, last_ci_us = _mean_us(primary.rounds[-half:])
    difference_us = last_us - first_us
    percent = 100 * difference_us / first_us
    if abs(percent) <= DRIFT_PERCENT or abs(difference_us) <= first_ci_us + last_ci_us:
        return None
    return (
        "not-stationary",
        f"the mean of {primary.kind.label} went from {format_latency(first_us)} in the first half"
        f" of the run to {format_latency(last_us)} in the second ({percent:+.0f} %), more than"
        " chance explains: the rate may go on changing; measure longer",
    )


def _mean_us(rounds: Sequence[Round]) -> tuple[float, float]:
    """The mean, and the half-width of its confidence interval (infinite when not known)."""
    kept = [part.latencies_ns[part.warmup_count :] for part in rounds]
    mean_us = fmean(latency for latencies in kept for latency in latencies) / 1000
    percent = ci95_percent(kept)
    return mean_us, float("inf") if percent is None else mean_us * percent / 100


def may_be_throttled(target: Target, environment: Environment) -> bool:
    """Virtual disks often are, after a burst of minutes."""
    if isinstance(target.devices, Unknown):
        return False
    virtual_disk = any(device.transport in ("virtio", "xen") for device in target.devices)
    host = environment.virtualisation
    return virtual_disk or (not isinstance(host, Unknown) and host not in ("none", "container"))


def _short_run(target: Target, environment: Environment, run_s: float) -> tuple[str, str] | None:
    """A short run sees the burst."""
    if not may_be_throttled(target, environment):
        return None
    return (
        "short-run",
        f"measured for {run_s:.1f} s on a virtual machine: a cloud volume's burst credits can last"
        " 30 minutes, and the sustained rate may be lower",
    )
