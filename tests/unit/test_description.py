"""What a product says of where was measured."""

from advisor.analysis.description import describe_measured, target_text
from advisor.measurement import Layer
from tests.support.drives import UNKNOWN, device, measurement

DISKS = (device("sda", model="X1"), device("sdb", model=UNKNOWN))
LAYERS = (
    Layer(kind="dm-crypt", name="dm-0"),
    Layer(kind="dm-linear", name="dm-1"),
    Layer(kind="dm-linear", name="dm-2"),
    Layer(kind="md", name="md0", details={"level": "raid1"}),
    Layer(kind="partition", name="sda1"),
    Layer(kind="partition", name="sdb1"),
)


def test_the_place_names_what_lies_between_file_system_and_devices() -> None:
    drive = measurement(devices=DISKS, layers=LAYERS)
    layers = "ext4 on dm-crypt on dm-linear on md raid1 on"
    assert describe_measured(drive).place == f"{layers} sda (X1), sdb"
    assert target_text(drive.target) == f"/var/lib/database ({layers} sda, X1; sdb)"


def test_a_file_system_is_no_layer_below_itself() -> None:
    layers = (Layer(kind="btrfs", name="/srv"), Layer(kind="md", name="md0"))
    drive = measurement(filesystem="btrfs", devices=DISKS[:1], layers=layers)
    assert describe_measured(drive).place == "btrfs on md on sda (X1)"
    unknown = measurement(filesystem=UNKNOWN, devices=DISKS[:1], layers=UNKNOWN)
    assert describe_measured(unknown).place == "sda (X1)"


def below(kind: str, point: str) -> Layer:
    return Layer(kind=kind, name=point, details={"mount_point": point, "mount_options": "rw"})


def test_each_file_system_below_is_named() -> None:
    loops = (Layer(kind="loop", name="loop4"), Layer(kind="loop", name="loop3"))
    layers = (loops[0], below("xfs", "/m/xfs"), loops[1], below("ext4", "/m"))
    drive = measurement(devices=DISKS[1:], layers=layers)
    assert describe_measured(drive).place == "ext4 on loop on xfs on loop on ext4 on sdb"
    inner = (Layer(kind="btrfs", name="/"), loops[0], below("btrfs", "/m"))
    copied = measurement(filesystem="btrfs", devices=DISKS[1:], layers=inner)
    assert describe_measured(copied).place == "btrfs on loop on btrfs on sdb"


def test_what_a_leaf_lies_on_comes_not_before_it() -> None:
    layers = (Layer(kind="md", name="md0"), Layer(kind="loop", name="loop1"), below("tmpfs", "/t"))
    drive = measurement(devices=(device("loop1", model=UNKNOWN),), layers=layers)
    assert describe_measured(drive).place == "ext4 on md on loop1"


def test_a_loop_whose_file_has_no_device_is_the_device() -> None:
    loop = Layer(kind="loop", name="loop1")
    drive = measurement(devices=(device("loop1", model=UNKNOWN),), layers=(loop,))
    assert describe_measured(drive).place == "ext4 on loop1"
    below = measurement(devices=DISKS[:1], layers=(loop,))
    assert describe_measured(below).place == "ext4 on loop on sda (X1)"
