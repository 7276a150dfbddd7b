"""The drives that QEMU gives the guest, and what QEMU was told of each, typed by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MIB: Final = 1024**2


@dataclass(frozen=True)
class Drive:
    """One emulated drive."""

    name: str
    """Its serial number, by which the guest finds it."""
    device: str
    """QEMU's -device, without drive and serial."""
    size_bytes: int = 512 * MIB


BUSES: Final = (
    "virtio-scsi-pci,id=scsi",
    "megasas,id=raid",
    "ich9-ahci,id=ahci",
    "qemu-xhci,id=usb",
)
"""What drives hang on."""

VIRTIO: Final = "virtio-blk-pci"

DRIVES: Final = (
    Drive("virtio-back", f"{VIRTIO},write-cache=on"),
    Drive("virtio-through", f"{VIRTIO},write-cache=off"),
    Drive("scsi-disk", "scsi-hd,bus=scsi.0,rotation_rate=7200,write-cache=on"),
    Drive("scsi-ssd", "scsi-hd,bus=scsi.0,rotation_rate=1,write-cache=on,dpofua=on"),
    Drive("scsi-no-cache", "scsi-hd,bus=scsi.0,rotation_rate=1,write-cache=off"),
    Drive("google-disk", "scsi-hd,bus=scsi.0,vendor=Google,product=PersistentDisk"),
    Drive("raid-disk", "scsi-hd,bus=raid.0,rotation_rate=7200,vendor=SEAGATE,product=ST4000NM0025"),
    Drive("sata-disk", "ide-hd,bus=ahci.0,rotation_rate=7200,model=ST4000NM0035"),
    Drive("sata-ssd", "ide-hd,bus=ahci.1,rotation_rate=1,model=INTEL SSDSC2KB480G8"),
    Drive("sata-no-cache", "ide-hd,bus=ahci.2,rotation_rate=1,write-cache=off,model=Micron_5300"),
    Drive("nvme", "nvme"),
    Drive("usb-stick", "usb-storage,bus=usb.0"),
    *(Drive(f"member-{number}", VIRTIO) for number in range(1, 5)),
)
"""The members are what arrays, volumes and encryption are made of."""


def options(drives: Sequence[Drive], image_of: dict[str, str]) -> list[str]:
    """QEMU's command line for them. An image may be lost: the host does not flush it."""
    found: list[str] = []
    for bus in BUSES:
        found += ["-device", bus]
    for drive in drives:
        name = drive.name
        found += ["-drive", f"id={name},file={image_of[name]},if=none,format=raw,cache=unsafe"]
        found += ["-device", f"{drive.device},drive={name},serial={name}"]
    return found
