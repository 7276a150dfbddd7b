"""Looks at the host's counters again and again, and writes nothing."""

import os
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import Final, NamedTuple, TypeVar

from advisor.analysis.looks import LOOKS, CpuTime, HostLook, ObservedDevice
from advisor.errors import AdvisorError
from advisor.measurement import Environment, Target
from advisor.model import Known, Unknown
from advisor.probe.block_stat import read_stat
from advisor.probe.chain import chain_under
from advisor.probe.devices import describe_target
from advisor.probe.host import describe_host
from advisor.probe.programs import AskProgram, ask_nobody
from advisor.probe.sysfs import text_of

IDLE_FIELDS: Final = (3, 4)
CPU_FIELDS: Final = 8
"""Of the first line of /proc/stat: idle and iowait; what follows the eighth, guests' time, is in
the first two already (proc_stat(5))."""

Asked = TypeVar("Asked")


class ObservedPlace(NamedTuple):
    """Where a log lies, and all devices that are looked at."""

    target: Target
    environment: Environment
    devices: tuple[ObservedDevice, ...]
    observed_at: datetime


def place_of(log: Path, others: Sequence[Path] = (), ask: AskProgram = ask_nobody) -> ObservedPlace:
    """The directory of a log as it is found now, with the devices of the other directories, too.

    Raises AdvisorError for a directory that cannot be looked at.
    """
    try:
        status = os.statvfs(log)
        target = describe_target(log, status.f_bavail * status.f_frsize, ask=ask)
    except OSError as error:
        raise AdvisorError(
            f"cannot look at {log}: {error.strerror}", "name a directory that you may enter"
        ) from error
    found = {device.name: device for device in _devices(log, ask, holds_log=True)}
    for directory in others:
        for device in _devices(directory, ask, holds_log=False):
            found.setdefault(device.name, device)
    now = datetime.now(timezone.utc)
    return ObservedPlace(target, describe_host(), tuple(found.values()), now)


def no_place(why: str) -> ObservedPlace:
    """Of a server on another host, of which nothing is seen from here."""
    unknown = Unknown(unknown=why)
    target = Target(
        directory=unknown,
        device_id=unknown,
        filesystem=unknown,
        mount_point=unknown,
        mount_source=unknown,
        mount_options=(),
        free_bytes=unknown,
        devices=unknown,
        layers=unknown,
    )
    environment = Environment(
        os=unknown,
        kernel=unknown,
        cpu_model=unknown,
        cpu_count=unknown,
        memory_bytes=unknown,
        virtualisation=unknown,
        preloaded=(),
        host_name=unknown,
    )
    return ObservedPlace(target, environment, (), datetime.now(timezone.utc))


def look_repeatedly(
    devices: Sequence[ObservedDevice], seconds: float, ask: Callable[[], Asked]
) -> tuple[list[HostLook], list[Asked]]:
    """Looks at the devices and has `ask` look at what it knows, LOOKS times, from the beginning of
    the interval to its end."""
    host, asked = [_look(devices)], [ask()]
    began_s = monotonic()
    for number in range(1, LOOKS):
        due_s = began_s + seconds * number / (LOOKS - 1)
        sleep(max(0.0, due_s - monotonic()))
        host.append(_look(devices))
        asked.append(ask())
    return host, asked


def _look(devices: Sequence[ObservedDevice]) -> HostLook:
    found = {device.name: read_stat(device.name) for device in devices}
    return HostLook(perf_counter(), found, read_cpu())


def read_cpu(root: Path = Path("/")) -> Known[CpuTime]:
    """What the processors have done so far, or why that is not known."""
    try:
        line = (root / "proc/stat").read_text("utf-8", "replace").split("\n", 1)[0]
        times = [int(field) for field in line.split()[1 : 1 + CPU_FIELDS]]
        idle = sum(times[place] for place in IDLE_FIELDS)
    except (OSError, ValueError, IndexError):
        return Unknown(unknown="/proc/stat does not say what the processors do")
    return CpuTime(sum(times) - idle, idle)


def _devices(directory: Path, ask: AskProgram, *, holds_log: bool) -> list[ObservedDevice]:
    """From the directory down; of a partition the whole disk, which alone counts flushes."""
    chain = chain_under(os.path.realpath(directory), Path("/"), ask)
    leaves = () if isinstance(chain.leaves, Unknown) else chain.leaves
    return [
        ObservedDevice(
            name=node.name,
            is_leaf=node in leaves,
            holds_log=holds_log,
            write_cache=text_of(node / "queue/write_cache"),
        )
        for node in chain.block_devices
    ]
