"""The measured directory, its mount, and its leaf block devices as sysfs describes them."""

import os
from functools import cache
from pathlib import Path
from typing import Final

from advisor.measurement import Device, IoLimits, Target
from advisor.model import Known, Unknown
from advisor.probe.chain import Chain, chain_under
from advisor.probe.control_groups import io_limits
from advisor.probe.layers import AskProgram, ask_nobody, layers_of
from advisor.probe.mounts import Mount, mount_of
from advisor.probe.sysfs import chosen, convert, count, first_text, number_of, shown, text_of

SECTOR_BYTES: Final = 512
ANY_LATENCY_US: Final = 2**31 - 1
"""PM_QOS_LATENCY_ANY of Linux's include/linux/pm_qos.h, which /sys shows as "any"."""

TRANSPORTS: Final = (
    ("virtio", "virtio"),
    ("nvme", "nvme"),
    ("usb", "usb"),
    ("ata", "sata"),
    ("end_device-", "sas"),
    ("mmc", "mmc"),
    ("vbd-", "xen"),
    ("host", "scsi"),
    ("loop", "loop"),
    ("zram", "memory"),
    ("ram", "memory"),
    ("nullb", "memory"),
)
"""What a part of a device's path in /sys begins with -> its transport; the first that fits."""

VIRTUAL_VENDORS: Final = (
    *("QEMU", "VMware", "Msft", "VBOX", "Google", "Xen", "NUTANIX"),
    "ORACLE BlockVolume",
)
"""How vendor and model of a virtual disk begin, where the transport does not give it away."""


def describe_target(
    directory: Path, free_bytes: int | None, root: Path = Path("/"), ask: AskProgram = ask_nobody
) -> Target:
    """The directory, its mount, its layers and its devices. `root` holds the proc, sys and dev to
    read; `ask` starts the programs that know more of some layers than /sys does.

    Raises OSError when the directory cannot be looked at.
    """
    path = os.path.realpath(directory)
    device = os.stat(path).st_dev
    mount = mount_of(path, device, root)
    no_mount = Unknown(unknown="no line of /proc/self/mountinfo fits the directory")
    ask = cache(ask)  # a pool's devices and its layer come from one answer
    chain = chain_under(path, root, ask)
    leaves = chain.leaves
    return Target(
        directory=shown(path),
        device_id=number_of(device),
        filesystem=mount.filesystem if mount else no_mount,
        mount_point=shown(mount.point) if mount else no_mount,
        mount_source=shown(mount.source) if mount else no_mount,
        mount_options=tuple(map(shown, mount.options)) if mount else (),
        free_bytes=Unknown(unknown="the file system does not say")
        if free_bytes is None
        else free_bytes,
        devices=leaves if isinstance(leaves, Unknown) else tuple(map(_describe, leaves)),
        record_bytes=_record_bytes(path, mount),
        layers=layers_of(chain, root, ask),
        io_limits=_io_limits(chain, root),
    )


def _record_bytes(path: str, mount: Mount | None) -> Known[int]:
    """ZFS gives its record size for the size of its blocks (zfs_statvfs in OpenZFS's
    module/os/linux/zfs/zfs_vfsops.c)."""
    if mount is None or mount.filesystem != "zfs":
        return Unknown(unknown="only ZFS has records")
    return os.statvfs(path).f_bsize


def _io_limits(chain: Chain, root: Path) -> Known[IoLimits]:
    """Of the leaf devices, and of those between, which a control group may limit as well."""
    if isinstance(chain.leaves, Unknown):
        return chain.leaves
    numbers = [text_of(node / "dev") for node in chain.block_devices]
    unknown = next((number for number in numbers if isinstance(number, Unknown)), None)
    return unknown or io_limits([str(number) for number in numbers], root)


def _describe(node: Path) -> Device:
    transport = _transport(node)
    model = first_text(node / "device/model", node / "device/name")
    vendor = text_of(node / "device/vendor")
    queue = node / "queue"
    return Device(
        name=node.name,
        model=model,
        vendor=vendor,
        transport=transport,
        rotational=_rotational(node, transport, f"{vendor} {model}"),
        write_cache=text_of(queue / "write_cache"),
        fua=convert(text_of(queue / "fua"), lambda text: text != "0"),
        scheduler=convert(text_of(queue / "scheduler"), chosen),
        logical_block_bytes=convert(text_of(queue / "logical_block_size"), int),
        physical_block_bytes=convert(text_of(queue / "physical_block_size"), int),
        size_bytes=convert(text_of(node / "size"), lambda text: int(text) * SECTOR_BYTES),
        atomic_write_bytes=convert(text_of(queue / "atomic_write_unit_max_bytes"), int),
        own_write_cache=_own_write_cache(node),
        queue_requests=convert(text_of(queue / "nr_requests"), count),
        writeback_throttle_us=convert(text_of(queue / "wbt_lat_usec"), count),
        discard_bytes=convert(text_of(queue / "discard_max_bytes"), count),
        power_latency_tolerance_us=_power_latency_tolerance_us(node, transport),
    )


def _own_write_cache(node: Path) -> Known[str]:
    """ "write back, no read (daft)" -> "write back": whether it caches reads is no matter to us
    (sd_cache_types in Linux's drivers/scsi/sd.c)."""
    disks = sorted((node / "device/scsi_disk").glob("*"))
    if not disks:
        return Unknown(unknown="only a SCSI or SATA disk says it")
    return convert(text_of(disks[0] / "cache_type"), lambda text: text.partition(",")[0])


def _power_latency_tolerance_us(node: Path, transport: Known[str]) -> Known[int]:
    """What holds for this drive; nvme_core's default_ps_max_latency_us is where it began. Without
    such states there is no file (commit c5552fde102f of Linux)."""
    if transport != "nvme":
        return Unknown(unknown="only an NVMe drive says it")
    text = text_of(node / "device/power/pm_qos_latency_tolerance_us")
    return ANY_LATENCY_US if text == "any" else convert(text, count)


def _transport(node: Path) -> Known[str]:
    for beginning, transport in TRANSPORTS:
        if any(_begins(part, beginning) for part in node.parts):
            return transport
    return Unknown(unknown="the device's path in /sys names no bus")


def _begins(part: str, beginning: str) -> bool:
    """ "ata1" begins with "ata"; "atari" does not: a number follows, in one way or another."""
    rest = part.removeprefix(beginning)
    return part.startswith(beginning) and (rest[:1].isdigit() or rest.startswith(("-", "_")))


def _rotational(node: Path, transport: Known[str], name: str) -> Known[bool]:
    if transport == "virtio":
        return Unknown(unknown="virtio reports 1 for every disk")
    if transport == "xen" or any(vendor in name for vendor in VIRTUAL_VENDORS):
        return Unknown(unknown="a virtual disk: what it reports is not the drive's")
    return convert(text_of(node / "queue/rotational"), lambda text: text == "1")
