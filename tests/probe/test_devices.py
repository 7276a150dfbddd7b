"""From a directory to its leaf devices: trees of /proc and /sys as real hosts have them."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from advisor.measurement import Device, IoLimits, Layer, LimitFile
from advisor.model import Known, Unknown
from advisor.probe import chain
from advisor.probe.layers import layers_of
from advisor.probe.mounts import mounts
from advisor.probe.programs import ask_nobody
from tests.support.made_up_host import Anonymous, Host, lay


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host without any device yet."""
    return Host(tmp_path)


def test_a_hard_disk_behind_a_partition(host: Host) -> None:
    disk = host.disk(
        "pci0000:00/0000:00:1f.2/ata3/host2/target2:0:0/2:0:0:0/block/sda",
        queue={
            "rotational": "1",
            "fua": "0",
            "scheduler": "none [mq-deadline]",
            "atomic_write_unit_max_bytes": "16384",
            "nr_requests": "64",
            "wbt_lat_usec": "75000",
            "discard_max_bytes": "0",
        },
        model="WDC WD2002FYPS-0",
        vendor="ATA",
    )
    (disk / "device/scsi_disk/2:0:0:0").mkdir(parents=True)
    (disk / "device/scsi_disk/2:0:0:0/cache_type").write_text("write back, no read (daft)\n")
    partition = disk / "sda1"
    partition.mkdir()
    (partition / "partition").write_text("1\n")
    host.holds_data(partition)
    assert host.devices() == (
        Device(
            name="sda",
            model="WDC WD2002FYPS-0",
            vendor="ATA",
            transport="sata",
            rotational=True,
            write_cache="write back",
            fua=False,
            scheduler="mq-deadline",
            logical_block_bytes=512,
            physical_block_bytes=4096,
            size_bytes=512_000,
            atomic_write_bytes=16_384,
            own_write_cache="write back",
            queue_requests=64,
            writeback_throttle_us=75_000,
            discard_bytes=0,
            power_latency_tolerance_us=Unknown(unknown="only an NVMe drive says it"),
        ),
    )


def test_the_target_itself(host: Host) -> None:
    host.holds_data(host.disk("pci0000:00/nvme/nvme0/nvme0n1"))
    target = host.target()
    assert target.directory == str(host.data)
    assert target.device_id == host.number
    assert target.filesystem == "ext4"
    assert target.mount_point == str(host.root)
    assert target.mount_source == "/dev/sda1"
    assert target.mount_options == ("rw", "noatime", "barrier")
    assert target.free_bytes == 123
    assert target.record_bytes == Unknown(unknown="only ZFS has records")


def test_zfs_tells_its_record_size(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """As zfs_statvfs gives it for a dataset with recordsize=16k."""
    monkeypatch.setattr("os.statvfs", lambda _: SimpleNamespace(f_bsize=16_384))
    host.mountinfo = f"1 1 {host.number} / {host.root} rw - zfs tank/data rw\n"
    assert host.target().record_bytes == 16_384


def test_a_logical_volume_on_a_mirror_of_two_partitioned_nvme(host: Host) -> None:
    members = []
    for number in (0, 1):
        disk = host.disk(
            f"pci0000:00/nvme/nvme{number}/nvme{number}n1", model="SAMSUNG MZQL2960HCJR-00A07"
        )
        partition = disk / f"nvme{number}n1p2"
        partition.mkdir()
        (partition / "partition").write_text("2\n")
        members.append(partition)
    mirror = host.disk("virtual/block/md0")
    volume = host.disk("virtual/block/dm-3")
    lay(mirror, *members)
    lay(volume, mirror)
    host.holds_data(volume)
    devices = host.devices()
    assert [device.name for device in devices] == ["nvme0n1", "nvme1n1"]
    assert {device.transport for device in devices} == {"nvme"}
    assert devices[0].model == "SAMSUNG MZQL2960HCJR-00A07"
    assert devices[0].scheduler == "none"
    assert devices[0].fua is True


def test_two_volumes_on_one_disk_name_it_once(host: Host) -> None:
    disk = host.disk("pci0000:00/nvme/nvme0/nvme0n1")
    volumes = [host.disk(f"virtual/block/dm-{number}") for number in (0, 1, 2)]
    lay(volumes[0], disk)
    lay(volumes[1], disk)
    lay(volumes[2], volumes[0], volumes[1])
    host.holds_data(volumes[2])
    assert [device.name for device in host.devices()] == ["nvme0n1"]


def test_a_multipath_nvme_namespace_is_a_leaf(host: Host) -> None:
    node = host.disk("virtual/nvme-subsystem/nvme-subsys0/nvme0n1", model="Micron_7400_MTFDKBA480")
    host.holds_data(node)
    (device,) = host.devices()
    assert (device.name, device.transport) == ("nvme0n1", "nvme")


def test_a_virtio_disk_does_not_know_whether_it_rotates(host: Host) -> None:
    disk = host.disk("pci0000:00/0000:00:02.0/virtio1/block/vda", queue={"rotational": "1"})
    host.holds_data(disk)
    (device,) = host.devices()
    assert device.transport == "virtio"
    assert device.rotational == Unknown(unknown="virtio reports 1 for every disk")


@pytest.mark.parametrize(
    ("vendor", "model"),
    [
        ("VMware", "Virtual disk"),
        ("ATA", "VBOX HARDDISK"),
        ("NUTANIX", "VDISK"),
        ("ORACLE", "BlockVolume"),
    ],
)
def test_a_virtual_scsi_disk_does_not_know_it_either(host: Host, vendor: str, model: str) -> None:
    disk = host.disk(
        "pci0000:00/host2/target2:0:0/2:0:0:0/block/sda",
        queue={"rotational": "1"},
        vendor=vendor,
        model=model,
    )
    host.holds_data(disk)
    (device,) = host.devices()
    assert device.transport == "scsi"
    assert isinstance(device.rotational, Unknown)


@pytest.mark.parametrize(
    ("path", "transport"),
    [
        ("pci0000:00/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb", "usb"),
        ("pci0000:00/host0/port-0:0/end_device-0:0/target0:0:0/0:0:0:0/block/sdc", "sas"),
        ("platform/mmc_host/mmc0/mmc0:0001/block/mmcblk0", "mmc"),
        ("vbd-51712/block/xvda", "xen"),
        ("pci0000:00/virtio0/host0/target0:0:0/0:0:0:0/block/sda", "virtio"),
    ],
)
def test_the_path_in_sys_tells_the_transport(host: Host, path: str, transport: str) -> None:
    host.holds_data(host.disk(path))
    assert host.devices()[0].transport == transport


def test_missing_files_are_unknown_and_say_which(host: Host) -> None:
    node = host.root / "sys/devices/virtual/block/nbd0"
    node.mkdir(parents=True)
    host.holds_data(node)
    (device,) = host.devices()
    assert device.model == Unknown(unknown="/sys has no device/model of this device")
    assert device.write_cache == Unknown(unknown="/sys has no queue/write_cache of this device")
    assert isinstance(device.atomic_write_bytes, Unknown)  # before Linux 6.11
    assert device.fua == Unknown(unknown="/sys has no queue/fua of this device")
    assert isinstance(device.rotational, Unknown)
    assert isinstance(device.size_bytes, Unknown)
    assert isinstance(device.transport, Unknown)
    assert device.own_write_cache == Unknown(unknown="only a SCSI or SATA disk says it")
    assert device.queue_requests == Unknown(unknown="/sys has no queue/nr_requests of this device")
    assert device.writeback_throttle_us == Unknown(
        unknown="/sys has no queue/wbt_lat_usec of this device"
    )
    assert isinstance(device.discard_bytes, Unknown)


def test_what_the_kernel_was_told_of_a_cache_is_not_what_the_disk_says(host: Host) -> None:
    disk = host.disk(
        "pci0000:00/ata3/host2/target2:0:0/2:0:0:0/block/sda",
        queue={"write_cache": "write through"},
        model="WDC",
    )
    host.write({f"{disk.relative_to(host.root)}/device/scsi_disk/2:0:0:0/cache_type": "write back"})
    host.holds_data(disk)
    (device,) = host.devices()
    assert device.write_cache == "write through"
    assert device.own_write_cache == "write back"


def test_a_scsi_disk_that_does_not_tell_its_cache(host: Host) -> None:
    disk = host.disk("pci/ata3/host2/block/sda", model="WDC")
    (disk / "device/scsi_disk/2:0:0:0").mkdir(parents=True)
    host.holds_data(disk)
    assert host.devices()[0].own_write_cache == Unknown(
        unknown="/sys has no 2:0:0:0/cache_type of this device"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100000", 100_000),  # nvme_core's own default
        ("0", 0),
        ("any", 2_147_483_647),
        ("auto", Unknown(unknown="/sys says 'auto'")),
        (
            None,
            Unknown(unknown="/sys has no power/pm_qos_latency_tolerance_us of this device"),
        ),
    ],
)
def test_how_long_an_nvme_drive_may_take_to_wake_up(
    host: Host, text: str | None, expected: Known[int]
) -> None:
    disk = host.disk("pci0000:00/nvme/nvme0/nvme0n1", model="X")
    if text is not None:
        file = disk / "device/power/pm_qos_latency_tolerance_us"
        host.write({str(file.relative_to(host.root)): text})
    host.holds_data(disk)
    assert host.devices()[0].power_latency_tolerance_us == expected


def test_limits_of_a_volume_and_of_its_disk(host: Host) -> None:
    """A partition has none of its own: its disk's count."""
    disk = host.disk("pci/nvme/nvme0/nvme0n1")
    partition = disk / "nvme0n1p2"
    partition.mkdir()
    volume = host.disk("virtual/block/dm-3")
    lay(volume, partition)
    for node, number in ((disk, "259:0"), (partition, "259:2"), (volume, "253:3")):
        (node / "dev").write_text(number + "\n")
    (partition / "partition").write_text("2\n")
    host.holds_data(volume)
    host.mountinfo += "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
    host.write(
        {
            "proc/self/cgroup": "0::/db",
            "sys/fs/cgroup/db/io.max": (
                "259:0 rbps=max wbps=200000000 riops=max wiops=3000\n"
                "259:2 rbps=1 wbps=1 riops=1 wiops=1\n"
                "253:3 rbps=max wbps=100000000 riops=max wiops=max"
            ),
        }
    )
    path = "/sys/fs/cgroup/db/io.max"
    assert host.target().io_limits == IoLimits(
        write_bytes_per_s=100_000_000,
        write_ops_per_s=3000,
        files={
            "write_bytes_per_s": LimitFile(path=path, lifted_by="253:3 wbps=max"),
            "write_ops_per_s": LimitFile(path=path, lifted_by="259:0 wiops=max"),
        },
    )


def test_limits_of_a_device_without_a_number(host: Host) -> None:
    host.holds_data(host.disk("pci/nvme/nvme0/nvme0n1"))
    assert host.target().io_limits == Unknown(unknown="/sys has no nvme0n1/dev of this device")


def test_nonsense_in_sys_is_unknown(host: Host) -> None:
    queue = {"logical_block_size": "many", "nr_requests": "-1"}
    host.holds_data(host.disk("pci/nvme0/nvme0n1", queue=queue))
    (device,) = host.devices()
    assert device.queue_requests == Unknown(unknown="/sys says '-1'")
    assert device.logical_block_bytes == Unknown(unknown="/sys says 'many'")


def test_a_device_that_sys_does_not_have(host: Host) -> None:
    target = host.target()
    unknown = Unknown(unknown=f"/sys has no block device {host.number}")
    assert (target.devices, target.layers, target.io_limits) == (unknown, unknown, unknown)


@pytest.mark.parametrize("wanted", ["sda", "nvme0n1"])
def test_where_a_container_masks_sys_dev_the_class_tells(host: Host, wanted: str) -> None:
    """As podman and CRI-O do; what is left is /sys/class/block/NAME/dev."""
    for path in ("pci/ata1/host0/block/sda", "pci/nvme0/nvme0n1"):
        node = host.disk(path)
        (node / "dev").write_text(f"{host.number if node.name == wanted else '8:77'}\n")
    (device,) = host.devices()
    assert device.name == wanted


@pytest.mark.parametrize("name", ["ram0", "zram12", "nullb0"])
def test_a_disk_in_memory_is_told_by_its_transport(host: Host, name: str) -> None:
    host.holds_data(host.disk(f"virtual/block/{name}"))
    (device,) = host.devices()
    assert device.transport == "memory"


def test_a_directory_on_no_known_mount(host: Host) -> None:
    host.mountinfo = ""
    target = host.target()
    assert isinstance(target.filesystem, Unknown)
    assert isinstance(target.mount_point, Unknown)
    assert target.mount_options == ()


def test_a_loop_device_is_its_files_disk(host: Host) -> None:
    loop = host.disk("virtual/block/loop0")
    (loop / "loop").mkdir()
    image = Path("/proc/self/exe").resolve()  # a file on whatever disk the tests run from
    (loop / "loop/backing_file").write_text(f"{image}\n")
    device = image.stat().st_dev
    below = host.disk("pci0000:00/nvme/nvme0/nvme0n1")
    host.number = f"{os.major(device)}:{os.minor(device)}"
    host.holds_data(below)
    assert chain._Walk(host.root, ask_nobody).block(loop, chain.DEPTH_MAX) == [below]


def lies_on_a_file(host: Host, mountinfo: str) -> Path:
    """A loop device whose file is seen; what holds that is by mountinfo."""
    loop = host.disk("virtual/block/loop0")
    (loop / "loop").mkdir()
    image = host.data / "image"
    image.touch()
    (loop / "loop/backing_file").write_text(f"{image}\n")
    host.write({"proc/self/mountinfo": mountinfo})
    return loop


def test_the_file_system_of_a_loop_devices_file_is_a_layer(host: Host) -> None:
    disk = host.disk("pci0000:00/nvme/nvme0/nvme0n1")
    loop = lies_on_a_file(
        host, f"1 1 {host.number} / {host.data} rw,noatime - ext4 /dev/x rw,nobarrier,a=/b\\,c\n"
    )
    host.holds_data(disk)
    walk = chain._Walk(host.root, ask_nobody)
    leaves = walk.block(loop, chain.DEPTH_MAX)
    held = chain.Chain(tuple(reversed(walk.finished)), tuple(leaves))
    found = layers_of(held, host.root, ask_nobody)
    assert not isinstance(found, Unknown)
    assert leaves == [disk]
    details = {"mount_point": str(host.data), "mount_options": "rw,noatime,nobarrier"}
    assert [layer.kind for layer in found] == ["loop", "ext4"]
    assert found[1] == Layer(kind="ext4", name=str(host.data), details=details)


def test_two_files_on_one_file_system_name_it_once(host: Host) -> None:
    disk = host.disk("pci0000:00/nvme/nvme0/nvme0n1")
    first = lies_on_a_file(host, f"1 1 {host.number} / {host.data} rw - xfs /dev/x rw\n")
    second = host.disk("virtual/block/loop1")
    (second / "loop").mkdir()
    (host.data / "other").touch()
    (second / "loop/backing_file").write_text(f"{host.data / 'other'}\n")
    host.holds_data(disk)
    walk = chain._Walk(host.root, ask_nobody)
    walk._blocks([first, second], chain.DEPTH_MAX)
    kinds = [
        part.name if isinstance(part, Path) else part.mount.filesystem for part in walk.finished
    ]
    assert kinds[::-1] == ["loop0", "loop1", "xfs", "nvme0n1"]


def test_a_loop_devices_file_in_memory_leaves_the_loop_device(anonymous: Anonymous) -> None:
    loop = lies_on_a_file(
        anonymous, f"1 1 {anonymous.number} / {anonymous.data} rw - tmpfs t rw,size=1k\n"
    )
    walk = chain._Walk(anonymous.root, ask_nobody)
    assert walk.block(loop, chain.DEPTH_MAX) == [loop]
    held = chain.Chain(tuple(reversed(walk.finished)), (loop,))
    found = layers_of(held, anonymous.root, ask_nobody)
    assert not isinstance(found, Unknown)
    details = {"mount_point": str(anonymous.data), "mount_options": "rw,size=1k"}
    assert found[1:] == (Layer(kind="tmpfs", name=str(anonymous.data), details=details),)


def test_the_directory_of_a_loop_devices_file_on_btrfs(anonymous: Anonymous) -> None:
    loop = lies_on_a_file(
        anonymous, f"1 1 {anonymous.number} / {anonymous.root} rw - btrfs /dev/x rw\n"
    )
    walk = chain._Walk(anonymous.root, ask_nobody)
    walk.block(loop, chain.DEPTH_MAX)
    held = chain.Chain(tuple(reversed(walk.finished)), (loop,))
    found = layers_of(held, anonymous.root, ask_nobody)
    assert not isinstance(found, Unknown)
    assert (found[1].kind, found[1].name) == ("btrfs", str(anonymous.root))
    assert found[1].details["directory"] == str(anonymous.data)
    assert found[1].mount_point == str(anonymous.root)


@pytest.mark.parametrize("backing_file", ["/gone/image", "/gone/image (deleted)"])
def test_a_loop_device_whose_file_is_out_of_sight_is_a_leaf(host: Host, backing_file: str) -> None:
    loop = host.disk("virtual/block/loop0")
    (loop / "loop").mkdir()
    (loop / "loop/backing_file").write_text(f"{backing_file}\n")
    host.holds_data(loop)
    (device,) = host.devices()
    assert (device.name, device.transport) == ("loop0", "loop")


def test_a_loop_device_on_itself_ends(host: Host) -> None:
    loop = host.disk("virtual/block/loop0")
    (loop / "loop").mkdir()
    (loop / "loop/backing_file").write_text(f"{host.data}\n")
    host.holds_data(loop)
    assert [device.name for device in host.devices()] == ["loop0"]


@pytest.fixture
def anonymous(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Anonymous:
    """A host without any device yet."""
    return Anonymous(tmp_path, monkeypatch)


def test_btrfs_on_two_disks(anonymous: Anonymous) -> None:
    disks = [anonymous.disk(f"pci/nvme/nvme{number}/nvme{number}n1") for number in (0, 1)]
    members = anonymous.root / "sys/fs/btrfs/6e9b-uuid/devices"
    members.mkdir(parents=True)
    for disk in disks:
        (members / disk.name).symlink_to(disk)
    # A subvolume's st_dev is not the one in mountinfo: the path alone must find the mount.
    anonymous.mountinfo = f"1 1 0:999 /sub {anonymous.root} rw - btrfs /dev/nvme1n1 rw,ssd\n"
    target = anonymous.target()
    assert target.filesystem == "btrfs"
    assert not isinstance(target.devices, Unknown)
    assert [device.name for device in target.devices] == ["nvme0n1", "nvme1n1"]


def test_btrfs_named_by_the_device_mapper(anonymous: Anonymous) -> None:
    disk = anonymous.disk("pci/nvme/nvme0/nvme0n1")
    volume = anonymous.disk("virtual/block/dm-0")
    lay(volume, disk)
    mapper = anonymous.root / "dev/mapper"
    mapper.mkdir(parents=True)
    (anonymous.root / "dev/dm-0").touch()
    (mapper / "vg-data").symlink_to("../dm-0")
    root = anonymous.root
    anonymous.mountinfo = f"1 1 0:999 / {root} rw - btrfs /dev/mapper/vg-data rw\n"
    assert [device.name for device in anonymous.devices()] == ["nvme0n1"]


def test_btrfs_from_an_unknown_source(anonymous: Anonymous) -> None:
    anonymous.mountinfo = f"1 1 0:999 / {anonymous.root} rw - btrfs /dev/root rw\n"
    assert anonymous.target().devices == Unknown(
        unknown="btrfs is mounted from /dev/root, which /sys does not know"
    )


def test_an_overlay_whose_upper_layer_is_out_of_sight(anonymous: Anonymous) -> None:
    anonymous.mountinfo = (
        f"1 1 {anonymous.number} / {anonymous.root} rw - overlay overlay rw,upperdir=/gone/diff\n"
    )
    devices = anonymous.target().devices
    assert isinstance(devices, Unknown)
    assert devices.unknown.startswith("/gone/diff cannot be seen from here")


def test_a_relative_upper_layer_is_not_looked_for_here(
    anonymous: Anonymous, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(anonymous.root)
    anonymous.mountinfo = (
        f"1 1 {anonymous.number} / {anonymous.root} rw - overlay overlay rw,upperdir=data\n"
    )
    assert anonymous.target().devices == Unknown(
        unknown="the overlay's upper directory is relative: data"
    )


def test_an_overlay_on_itself_ends(anonymous: Anonymous) -> None:
    data = anonymous.data
    anonymous.mountinfo = (
        f"1 1 {anonymous.number} / {anonymous.root} rw - overlay overlay rw,upperdir={data}\n"
    )
    assert anonymous.target().devices == Unknown(unknown="too many layers")


@pytest.mark.parametrize("filesystem", ["tmpfs", "nfs4", "fuse.s3fs"])
def test_file_systems_that_name_no_device(anonymous: Anonymous, filesystem: str) -> None:
    anonymous.mountinfo = f"1 1 {anonymous.number} / {anonymous.root} rw - {filesystem} x rw\n"
    assert anonymous.target().devices == Unknown(
        unknown=f"{filesystem} does not say on which block device it is"
    )


def test_names_that_are_no_utf_8_can_be_saved(host: Host) -> None:
    bad = "\udcff"  # how Python holds the byte 0xff of a name
    host.mountinfo = (
        f"1 1 {host.number} / {host.root} rw,lowerdir=/a{bad} - ext4 /dev/a{bad} rw,b{bad}\n"
    )
    target = host.target()
    assert target.mount_source == "/dev/a\\xff"
    assert target.mount_options == ("rw", "lowerdir=/a\\xff", "b\\xff")
    target.model_dump_json()


def test_a_vertical_tab_in_a_name_ends_no_line(tmp_path: Path) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    line = "1 1 0:40 / /a\x0bb\u2028c rw - tmpfs t\x85mp rw\n"
    (tmp_path / "proc/self/mountinfo").write_text(line)
    (mount,) = mounts(tmp_path)
    assert (mount.point, mount.filesystem, mount.source) == ("/a\x0bb\u2028c", "tmpfs", "t\x85mp")
