"""The layers between a directory and its disks: trees of /sys, and what programs say of them."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from advisor.measurement import Layer
from advisor.model import Known, Unknown
from advisor.probe import file_systems
from advisor.probe.layers import AskProgram, ask_nobody
from tests.support.made_up_host import Anonymous, Host, lay

NOBODY = Unknown(unknown="dmsetup was not asked")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host without any device yet."""
    return Host(tmp_path)


@pytest.fixture
def anonymous(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Anonymous:
    """A host without any device yet, whose directory is on none."""
    return Anonymous(tmp_path, monkeypatch)


def answers(said: Mapping[str, Known[str]]) -> AskProgram:
    """Programs that say this to these command lines, and nothing to others."""
    return lambda command: said.get(" ".join(command), Unknown(unknown=f"no {command[0]}"))


def layers(host: Host, ask: AskProgram = ask_nobody) -> tuple[Layer, ...]:
    found = host.target(ask).layers
    assert not isinstance(found, Unknown), found
    return found


def under(node: Path, files: dict[str, str]) -> Path:
    """Writes files of a device, and returns it."""
    for name, text in files.items():
        (node / name).parent.mkdir(parents=True, exist_ok=True)
        (node / name).write_text(text + "\n")
    return node


def partition_of(disk: Path, name: str, start: str = "2048") -> Path:
    return under(disk / name, {"partition": "1", "start": start})


def mapped(host: Host, number: int, name: str, uuid: str) -> Path:
    """A device of the device-mapper, where its control device is."""
    host.write({"dev/mapper/control": ""})
    node = host.disk(f"virtual/block/dm-{number}")
    return under(node, {"dm/name": name, "dm/uuid": uuid})


def test_a_plain_disk_has_no_layer(host: Host) -> None:
    host.holds_data(host.disk("pci/nvme/nvme0/nvme0n1"))
    assert layers(host) == ()


@pytest.mark.parametrize(
    ("start", "aligned"),
    [
        ("2048", "1048576"),
        ("63", "512"),
        ("34", "1024"),
        ("0", Unknown(unknown="/sys says '0'")),
        ("first", Unknown(unknown="/sys says 'first'")),
        ("", Unknown(unknown="/sys has no sda1/start of this device")),
    ],
)
def test_a_partition(host: Host, start: str, aligned: Known[str]) -> None:
    host.holds_data(partition_of(host.disk("pci/ata1/block/sda"), "sda1", start))
    assert layers(host) == (
        Layer(kind="partition", name="sda1", details={"start_aligned_bytes": aligned}),
    )


def test_each_layer_once_and_after_whatever_lies_on_it(host: Host) -> None:
    """A volume on two crypts, which both lie on one array; the array on two partitions."""
    members = [
        partition_of(host.disk(f"pci/nvme/nvme{number}/nvme{number}n1"), f"nvme{number}n1p2")
        for number in (0, 1)
    ]
    array = under(host.disk("virtual/block/md0"), {"md/level": "raid1"})
    crypts = [mapped(host, number, f"crypt{number}", "CRYPT-LUKS2-x") for number in (4, 5)]
    volume = mapped(host, 3, "vg-data", "LVM-x")
    lay(array, *members)
    for crypt in crypts:
        lay(crypt, array)
    lay(volume, *crypts)
    host.holds_data(volume)
    assert [(layer.kind, layer.name) for layer in layers(host)] == [
        ("dm-lvm", "dm-3"),
        ("dm-crypt", "dm-4"),
        ("dm-crypt", "dm-5"),
        ("md", "md0"),
        ("partition", "nvme0n1p2"),
        ("partition", "nvme1n1p2"),
    ]


def test_an_array(host: Host) -> None:
    array = under(
        host.disk("virtual/block/md0"),
        {
            "md/level": "raid5",
            "md/consistency_policy": "bitmap",
            "md/bitmap/location": "+8",
            "md/array_state": "active",
            "md/degraded": "1",
        },
    )
    lay(array, host.disk("pci/ata1/block/sda"))
    host.holds_data(array)
    assert layers(host) == (
        Layer(
            kind="md",
            name="md0",
            details={
                "level": "raid5",
                "consistency_policy": "bitmap",
                "bitmap": "internal",
                "journal": "no",
                "array_state": "active",
                "degraded": "1",
            },
        ),
    )


@pytest.mark.parametrize(
    ("location", "bitmap"),
    [
        ("none", "none"),
        ("file", "file"),
        ("-16", "internal"),
        ("somewhere", Unknown(unknown="/sys says 'somewhere'")),
    ],
)
def test_where_an_arrays_bitmap_is(host: Host, location: str, bitmap: Known[str]) -> None:
    files = {"md/consistency_policy": "journal", "md/bitmap/location": location}
    host.holds_data(under(host.disk("virtual/block/md0"), files))
    (layer,) = layers(host)
    assert (layer.details["bitmap"], layer.details["journal"]) == (bitmap, "yes")


def test_an_array_that_says_nothing(host: Host) -> None:
    node = host.disk("virtual/block/md127")
    (node / "md").mkdir()
    host.holds_data(node)
    (layer,) = layers(host)
    assert layer.details == {
        "level": Unknown(unknown="/sys has no md/level of this device"),
        "consistency_policy": Unknown(unknown="/sys has no md/consistency_policy of this device"),
        "bitmap": Unknown(unknown="/sys has no bitmap/location of this device"),
        "journal": Unknown(unknown="/sys has no md/consistency_policy of this device"),
        "array_state": Unknown(unknown="/sys has no md/array_state of this device"),
        "degraded": Unknown(unknown="/sys has no md/degraded of this device"),
    }


@pytest.mark.parametrize(
    ("dio", "direct_io"),
    [
        ("0", "no"),
        ("1", "yes"),
        ("", Unknown(unknown="/sys has no loop/dio of this device")),
    ],
)
def test_a_loop_device_whose_file_is_out_of_sight(
    host: Host, dio: str, direct_io: Known[str]
) -> None:
    files = {"loop/backing_file": "/gone/image", "loop/dio": dio}
    host.holds_data(under(host.disk("virtual/block/loop0"), files))
    details = {"backing_file": "/gone/image", "direct_io": direct_io}
    assert layers(host) == (Layer(kind="loop", name="loop0", details=details),)


def test_a_cache_of_bcache(host: Host) -> None:
    backing = under(
        host.disk("pci/ata1/block/sda"),
        {
            "bcache/cache_mode": "writethrough [writeback] writearound none",
            "bcache/state": "dirty",
        },
    )
    cache = under(host.disk("pci/nvme/nvme0/nvme0n1"), {"bcache/block_size": "512"})
    node = host.disk("virtual/block/bcache0")
    (node / "bcache").symlink_to(backing / "bcache")
    lay(node, backing, cache)
    host.holds_data(node)
    details = {"cache_mode": "writeback", "state": "dirty"}
    assert layers(host) == (Layer(kind="bcache", name="bcache0", details=details),)


def test_a_cache_of_bcache_that_was_taken_off(host: Host) -> None:
    host.holds_data(host.disk("virtual/block/bcache0"))
    (layer,) = layers(host)
    assert layer.details["cache_mode"] == Unknown(
        unknown="/sys has no bcache/cache_mode of this device"
    )


PROC_DRBD = """version: 8.4.11 (api:1/proto:86-101)
srcversion: 0F2E7F3
10: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----
    ns:0 nr:0 dw:0 dr:4 al:0 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0
 0: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate A r-----
"""
DRBDSETUP = "drbdsetup show --json --show-defaults"
DRBD_SHOW = """[
 {"resource": "other", "_this_host": {"volumes": [{"volume_nr": 0, "device_minor": 1}]},
  "connections": [{"_peer_node_id": 2, "net": {"protocol": "A"}}]},
 {"resource": "data", "_this_host": {"volumes": [{"volume_nr": 0, "device_minor": 10}]},
  "connections": [{"_peer_node_id": 1, "net": {"_name": "b", "protocol": "C"}},
                  {"_peer_node_id": 2, "net": {"_name": "c", "protocol": "B"}}]},
 {"resource": "alone", "_this_host": {"volumes": [{"volume_nr": 0, "device_minor": 11}]}}
]"""


def drbd(host: Host, minor: int) -> None:
    node = under(host.disk(f"virtual/block/drbd{minor}"), {"dev": f"147:{minor}"})
    lay(node, host.disk("pci/ata1/block/sda"))
    host.holds_data(node)


@pytest.mark.parametrize(("minor", "protocol"), [(0, "A"), (10, "C")])
def test_drbd_8_tells_its_protocol_in_proc(host: Host, minor: int, protocol: str) -> None:
    drbd(host, minor)
    host.write({"proc/drbd": PROC_DRBD})
    expected = Layer(kind="drbd", name=f"drbd{minor}", details={"protocol": protocol})
    assert layers(host) == (expected,)


@pytest.mark.parametrize(
    ("minor", "said", "protocol"),
    [
        (10, DRBD_SHOW, "B, C"),
        (1, DRBD_SHOW, "A"),
        (11, DRBD_SHOW, Unknown(unknown="drbdsetup show names no protocol of minor 11")),
        (12, DRBD_SHOW, Unknown(unknown="drbdsetup show names no protocol of minor 12")),
        (1, "{", Unknown(unknown="drbdsetup show answers in another form")),
        (1, '[{"resource": 1}]', Unknown(unknown="drbdsetup show answers in another form")),
        (1, "[" * 100_000, Unknown(unknown="drbdsetup show answers in another form")),
        (1, Unknown(unknown="drbdsetup: no rights"), Unknown(unknown="drbdsetup: no rights")),
    ],
)
def test_drbd_9_is_asked(host: Host, minor: int, said: Known[str], protocol: Known[str]) -> None:
    drbd(host, minor)
    host.write({"proc/drbd": "version: 9.2.8 (api:2/proto:86-122)"})
    (layer,) = layers(host, answers({DRBDSETUP: said}))
    assert layer.details == {"protocol": protocol}


def one_target(host: Host, line: str) -> Layer:
    """The layer of a device with this table."""
    node = mapped(host, 0, "vg-data", "LVM-x")
    lay(node, host.disk("pci/ata1/block/sda"))
    host.holds_data(node)
    (layer,) = layers(host, answers({"dmsetup table -- vg-data": line + "\n"}))
    assert (layer.name, layer.details["dm_name"]) == ("dm-0", "vg-data")
    return layer


KEY = "0" * 64
NO_FLAGS = {"no_read_workqueue": "no", "no_write_workqueue": "no", "same_cpu_crypt": "no"}


@pytest.mark.parametrize(
    ("line", "kind", "details"),
    [
        ("0 409600 linear 8:2 2048", "dm-linear", {}),
        ("0 8 mirror core 2 128 nosync 2 8:2 0 8:3 0", "dm-mirror", {}),
        ("0 8 error", "dm-error", {}),
        ("0 8 delay 8:2 0 500", "dm-delay", {}),
        (
            "0 8 striped 2 128 8:2 2048 8:18 2048",
            "dm-striped",
            {"stripes": "2", "chunk_bytes": "65536"},
        ),
        (
            f"0 8 crypt aes-xts-plain64 {KEY} 0 8:2 32768",
            "dm-crypt",
            {"cipher": "aes-xts-plain64", **NO_FLAGS},
        ),
        (
            "0 8 crypt aes-xts-plain64 :64:logon:cryptsetup:x-d0 0 8:2 32768 3 allow_discards"
            " no_read_workqueue no_write_workqueue",
            "dm-crypt",
            {
                "cipher": "aes-xts-plain64",
                **NO_FLAGS,
                "no_read_workqueue": "yes",
                "no_write_workqueue": "yes",
            },
        ),
        ("0 8 thin 253:4 1", "dm-thin", {"pool": "253:4"}),
        ("0 8 thin-pool 253:2 253:3 128 0 0", "dm-thin-pool", {"chunk_bytes": "65536"}),
        (
            "0 8 snapshot 253:3 253:4 P 8",
            "dm-snapshot",
            {"role": "snapshot", "chunk_bytes": "4096"},
        ),
        ("0 8 snapshot-origin 253:3", "dm-snapshot-origin", {"role": "origin"}),
        (
            "0 8 snapshot-merge 253:3 253:4 P 8",
            "dm-snapshot-merge",
            {"role": "merge", "chunk_bytes": "4096"},
        ),
        (
            "0 8 cache 253:2 253:1 253:3 128 1 writethrough smq 0",
            "dm-cache",
            {"mode": "writethrough"},
        ),
        (
            "0 8 cache 253:2 253:1 253:3 128 2 metadata2 passthrough smq 0",
            "dm-cache",
            {"mode": "passthrough"},
        ),
        ("0 8 cache 253:2 253:1 253:3 128 0 smq 0", "dm-cache", {"mode": "writeback"}),
        ("0 8 writecache s 253:3 253:1 4096 0", "dm-writecache", {"cache_device": "ssd"}),
        ("0 8 writecache p 253:3 259:0 4096 0", "dm-writecache", {"cache_device": "pmem"}),
        (
            "0 8 raid raid1 3 0 region_size 1024 2 253:2 253:3 253:4 253:5",
            "dm-raid",
            {"level": "raid1", "journal": "no"},
        ),
        (
            "0 8 raid raid5_ls 3 128 journal_dev 253:9 3 - 253:3 - 253:5 - 253:7",
            "dm-raid",
            {"level": "raid5_ls", "journal": "yes"},
        ),
        ("0 8 integrity 8:2 0 4 D 0", "dm-integrity", {"mode": "direct"}),
    ],
)
def test_a_target(host: Host, line: str, kind: str, details: dict[str, Known[str]]) -> None:
    layer = one_target(host, line)
    assert layer.kind == kind
    assert layer.details == {"dm_name": "vg-data", **details}


@pytest.mark.parametrize(
    ("line", "kind", "name", "why"),
    [
        ("0 8 crypt aes", "dm-crypt", "table", "the table's line of crypt has another form"),
        ("0 8 thin", "dm-thin", "table", "the table's line of thin has another form"),
        (
            "0 8 thin-pool 1 2 x",
            "dm-thin-pool",
            "table",
            "the table's line of thin-pool has another form",
        ),
        (
            "0 8 snapshot 1 2",
            "dm-snapshot",
            "table",
            "the table's line of snapshot has another form",
        ),
        ("0 8 cache 1 2 3 4", "dm-cache", "table", "the table's line of cache has another form"),
        ("0 8 raid raid1 x", "dm-raid", "table", "the table's line of raid has another form"),
        ("0 8 striped 2", "dm-striped", "table", "the table's line of striped has another form"),
        ("0 8 writecache z 1 2", "dm-writecache", "cache_device", "the table says 'z'"),
        ("0 8 integrity 8:2 0 4 Q 0", "dm-integrity", "mode", "the table says 'Q'"),
    ],
)
def test_a_target_in_another_form(host: Host, line: str, kind: str, name: str, why: str) -> None:
    layer = one_target(host, line)
    assert layer.kind == kind
    assert layer.details == {"dm_name": "vg-data", name: Unknown(unknown=why)}


def test_a_key_is_never_shown(host: Host) -> None:
    secret = "c0ffee" * 10
    layer = one_target(host, f"0 8 crypt aes-xts-plain64 {secret} 0 8:2 0 1 same_cpu_crypt")
    assert layer.details["same_cpu_crypt"] == "yes"
    assert secret not in layer.model_dump_json()
    assert "showkeys" not in Path(file_systems.__file__).with_name("device_mapper.py").read_text()


def test_a_thin_volumes_pool_by_its_name(host: Host) -> None:
    pool = mapped(host, 4, "vg-pool-tpool", "LVM-y")
    host.write({"sys/dev/block/none": ""})
    (host.root / "sys/dev/block/253:4").symlink_to(pool)
    assert one_target(host, "0 8 thin 253:4 1").details["pool"] == "dm-4"


def test_each_distinct_target_of_a_table_is_a_layer(host: Host) -> None:
    node = mapped(host, 0, "vg-data", "LVM-x")
    lay(node, host.disk("pci/ata1/block/sda"))
    host.holds_data(node)
    table = "0 8 linear 8:2 2048\n8 8 striped 2 8 8:2 0 8:3 0\n16 8 linear 8:2 4096\n"
    found = layers(host, answers({"dmsetup table -- vg-data": table}))
    assert [(layer.kind, layer.name) for layer in found] == [
        ("dm-linear", "dm-0"),
        ("dm-striped", "dm-0"),
    ]


@pytest.mark.parametrize(
    ("uuid", "kind", "details"),
    [
        ("LVM-6Gkd2J", "dm-lvm", {"target": NOBODY}),
        (
            "CRYPT-LUKS2-0a1b-data",
            "dm-crypt",
            {
                "cipher": NOBODY,
                "no_read_workqueue": NOBODY,
                "no_write_workqueue": NOBODY,
                "same_cpu_crypt": NOBODY,
            },
        ),
        ("CRYPT-VERITY-0a1b", "dm-verity", {}),
        ("CRYPT-INTEGRITY-0a1b", "dm-integrity", {}),
        ("mpath-3600508b4", "dm-multipath", {}),
        ("stratis-1-private", "dm-unknown", {"target": NOBODY}),
        ("", "dm-unknown", {"target": NOBODY}),
    ],
)
def test_without_dmsetup_the_uuid_tells_the_maker(
    host: Host, uuid: str, kind: str, details: dict[str, Known[str]]
) -> None:
    node = mapped(host, 0, "data", uuid)
    lay(node, host.disk("pci/ata1/block/sda"))
    host.holds_data(node)
    expected = Layer(kind=kind, name="dm-0", details={"dm_name": "data", **details})
    assert layers(host) == (expected,)


@pytest.mark.parametrize("said", ["", "Device data not found", "0 8 ../x 1", "linear"])
def test_what_is_no_table(host: Host, said: str) -> None:
    host.holds_data(mapped(host, 0, "data", "LVM-x"))
    (layer,) = layers(host, answers({"dmsetup table -- data": said}))
    assert layer.kind == "dm-lvm"
    assert layer.details["target"] == Unknown(unknown="dmsetup shows no table of the device")


def test_where_no_control_device_is_nobody_is_asked(host: Host) -> None:
    """As in a container: dmsetup would make one."""
    host.holds_data(mapped(host, 0, "data", "LVM-x"))
    (host.root / "dev/mapper/control").unlink()
    (layer,) = layers(host, answers({"dmsetup table -- data": "0 8 linear 8:2 0"}))
    assert layer.details["target"] == Unknown(unknown="there is no /dev/mapper/control here")


def test_an_overlay(anonymous: Anonymous) -> None:
    root = anonymous.root
    upper = "/gone/a,b\\xff"
    anonymous.mountinfo = (
        f"1 1 {anonymous.number} / {root} rw - overlay overlay rw,upperdir=/gone/a\\,b\udcff\n"
    )
    assert layers(anonymous) == (
        Layer(kind="overlay", name=str(root), details={"upperdir": upper}),
    )
    assert isinstance(anonymous.target().devices, Unknown)


def test_an_overlay_that_cannot_be_written(anonymous: Anonymous) -> None:
    anonymous.mountinfo = (
        f"1 1 {anonymous.number} / {anonymous.root} ro - overlay overlay ro,lowerdir=/a:/b\n"
    )
    (layer,) = layers(anonymous)
    assert layer.details["upperdir"] == Unknown(
        unknown="the overlay's mount names no upper directory"
    )


BTRFS = "sys/fs/btrfs/6e9b-uuid"


def btrfs(anonymous: Anonymous, options: str = "rw,ssd") -> None:
    """One on the partition vda2, mounted."""
    partition = partition_of(anonymous.disk("pci/virtio1/block/vda"), "vda2")
    members = anonymous.root / BTRFS / "devices"
    members.mkdir(parents=True)
    (members / "vda2").symlink_to(partition)
    anonymous.mountinfo = f"1 1 0:999 /sub {anonymous.root} rw - btrfs /dev/vda2 {options}\n"


@pytest.mark.parametrize(
    ("flags", "options", "nodatacow"),
    [
        (0x0080_0000, "rw,ssd", "yes"),
        (0x0080_0010, "rw,ssd", "yes"),
        (0x0000_0010, "rw,ssd", "no"),
        (0, "rw,nodatasum,nodatacow", "yes"),
    ],
)
def test_btrfs(
    anonymous: Anonymous,
    monkeypatch: pytest.MonkeyPatch,
    flags: int,
    options: str,
    nodatacow: str,
) -> None:
    monkeypatch.setattr(file_systems, "inode_flags", lambda _: flags)
    btrfs(anonymous, options)
    anonymous.write(
        {
            f"{BTRFS}/allocation/data/raid1/total_bytes": "1",
            f"{BTRFS}/allocation/data/single/total_bytes": "1",
            f"{BTRFS}/allocation/data/total_bytes": "2",
            f"{BTRFS}/allocation/metadata/raid1c3/total_bytes": "1",
            f"{BTRFS}/allocation/metadata/data-reloc/total_bytes": "1",
        }
    )
    file_system, partition = layers(anonymous)
    assert file_system == Layer(
        kind="btrfs",
        name=str(anonymous.root),
        details={
            "nodatacow": nodatacow,
            "data_profile": "raid1, single",
            "metadata_profile": "raid1c3",
        },
    )
    assert (partition.kind, partition.name) == ("partition", "vda2")


def test_a_small_btrfs_keeps_data_and_metadata_together(anonymous: Anonymous) -> None:
    btrfs(anonymous)
    anonymous.write({f"{BTRFS}/allocation/mixed/dup/total_bytes": "1"})
    details = layers(anonymous)[0].details
    assert (details["data_profile"], details["metadata_profile"]) == ("dup", "dup")


def test_a_btrfs_that_says_nothing(anonymous: Anonymous, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(file_systems, "inode_flags", refuse)
    btrfs(anonymous)
    assert layers(anonymous)[0].details == {
        "nodatacow": Unknown(unknown=f"the flags of {anonymous.data}: Permission denied"),
        "data_profile": Unknown(unknown="/sys/fs/btrfs has no allocation/data of this file system"),
        "metadata_profile": Unknown(
            unknown="/sys/fs/btrfs has no allocation/metadata of this file system"
        ),
    }


def test_a_btrfs_that_sys_does_not_know(anonymous: Anonymous) -> None:
    anonymous.mountinfo = f"1 1 0:999 / {anonymous.root} rw - btrfs /dev/root rw\n"
    (layer,) = layers(anonymous)
    assert layer.details["data_profile"] == Unknown(
        unknown="/sys/fs/btrfs does not know this file system"
    )


ZFS_GET = "zfs get -H -o property,value sync,logbias,recordsize tank/db/log"
ZPOOL = "zpool status -P -L tank"
WITHOUT_LOG = """  pool: tank
 state: ONLINE
config:

\tNAME         STATE     READ WRITE CKSUM
\ttank         ONLINE       0     0     0
\t  /dev/sda1  ONLINE       0     0     0

errors: No known data errors
"""
WITH_LOG = WITHOUT_LOG.replace(
    "\n\nerrors", "\n\tlogs\t\n\t  /dev/nvme0n1p2  ONLINE       0     0     0\n\nerrors"
)
SYNC = Layer(
    kind="zfs",
    name="tank/db/log",
    details={"sync": "standard", "logbias": "throughput", "recordsize": "16K"},
)
GOT = "sync\tstandard\nlogbias\tthroughput\nrecordsize\t16K\n"


def zfs(anonymous: Anonymous) -> None:
    """The directory is on a data set of a pool; sda and nvme0n1 have partitions."""
    anonymous.mountinfo = (
        f"1 1 {anonymous.number} / {anonymous.root} rw - zfs tank/db/log rw,xattr\n"
    )
    for disk, name in (
        (anonymous.disk("pci/host0/sda"), "sda1"),
        (anonymous.disk("pci/nvme/nvme0/nvme0n1"), "nvme0n1p2"),
    ):
        partition = partition_of(disk, name)
        (anonymous.root / "sys/class/block" / name).symlink_to(partition)


def pool_leaves(anonymous: Anonymous, status: Known[str]) -> Known[tuple[str, ...]]:
    """Names of the leaf devices where zpool status says that."""
    zfs(anonymous)
    found = anonymous.target(answers({ZFS_GET: GOT, ZPOOL: status})).devices
    return found if isinstance(found, Unknown) else tuple(device.name for device in found)


@pytest.mark.parametrize(
    ("status", "log_device", "partitions"),
    [
        (WITHOUT_LOG, "no", ["sda1"]),
        (WITH_LOG, "yes", ["sda1", "nvme0n1p2"]),
        (WITH_LOG.replace("logs", "special"), "no", ["sda1", "nvme0n1p2"]),
        (WITH_LOG.replace("logs", "cache"), "no", ["sda1"]),
    ],
)
def test_zfs(anonymous: Anonymous, status: str, log_device: str, partitions: list[str]) -> None:
    zfs(anonymous)
    own, *below = layers(anonymous, answers({ZFS_GET: GOT, ZPOOL: status}))
    assert own == SYNC.model_copy(update={"details": {**SYNC.details, "log_device": log_device}})
    assert [(layer.kind, layer.name) for layer in below] == [
        ("partition", name) for name in partitions
    ]


def test_zpool_is_asked_once(anonymous: Anonymous) -> None:
    """A pool that hangs would be waited for each time."""
    zfs(anonymous)
    asked = []
    said = answers({ZFS_GET: GOT, ZPOOL: WITH_LOG})

    def ask(command: tuple[str, ...]) -> Known[str]:
        asked.append(" ".join(command))
        return said(command)

    anonymous.target(ask)
    assert sorted(asked) == sorted([ZFS_GET, ZPOOL])


POOL = """  pool: tank
 state: DEGRADED
status: One or more devices could not be used because the label is missing or
\tinvalid.  Sufficient replicas exist for the pool to continue
\tfunctioning in a degraded state.
config:

\tNAME                   STATE     READ WRITE CKSUM
\ttank                   DEGRADED     0     0     0
\t  mirror-0             DEGRADED     0     0     0
\t    /dev/sda1          ONLINE       0     0     0
\t    /dev/sdz1          UNAVAIL      0     0     0  was /dev/sdz1
\tspecial\t
\t  /dev/nvme0n1p2       ONLINE       0     0     0
\tlogs\t
\t  /dev/cciss/c0d0      ONLINE       0     0     0
\tcache
\t  /dev/sdx1            ONLINE       0     0     0
\tspares
\t  /dev/sdy1            AVAIL

errors: No known data errors
"""


def test_the_devices_of_a_pool_but_for_caches_spares_and_what_is_gone(
    anonymous: Anonymous,
) -> None:
    anonymous.disk("pci/host1/cciss!c0d0")
    assert pool_leaves(anonymous, POOL) == ("sda", "nvme0n1", "cciss!c0d0")


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (Unknown(unknown="zpool is not installed"), "zpool is not installed"),
        ("no pools available\n", "zpool status shows no devices"),
        (WITHOUT_LOG.replace("  /dev", "  dev"), "zpool status shows no devices in use"),
        (WITHOUT_LOG.replace("sda1  ONLINE", "sda1  FAULTED"), None),
        (WITHOUT_LOG.replace("sda1", "sdq1"), "/sys does not know /dev/sdq1, on which the pool is"),
        (
            WITHOUT_LOG.replace("/dev/sda1", "/gone/file"),
            "/gone/file cannot be seen from here: No such file or directory",
        ),
    ],
)
def test_pools_whose_devices_are_not_known(
    anonymous: Anonymous, status: Known[str], why: str | None
) -> None:
    assert pool_leaves(anonymous, status) == Unknown(
        unknown=why or "zpool status shows no devices in use"
    )


def test_a_pool_in_a_file_on_itself_ends(anonymous: Anonymous) -> None:
    anonymous.write({"data/file": ""})
    status = WITHOUT_LOG.replace("/dev/sda1", f"{anonymous.data}/file")
    assert pool_leaves(anonymous, status) == Unknown(unknown="too many layers")


def test_zfs_that_does_not_answer(anonymous: Anonymous) -> None:
    zfs(anonymous)
    slow = Unknown(unknown="zfs did not answer within 2 s")
    (layer,) = layers(anonymous, answers({ZFS_GET: slow, ZPOOL: slow}))
    assert layer.details == dict.fromkeys(("sync", "logbias", "recordsize", "log_device"), slow)


def test_zfs_that_answers_half(anonymous: Anonymous) -> None:
    zfs(anonymous)
    (layer,) = layers(anonymous, answers({ZFS_GET: "sync\tdisabled\nlogbias", ZPOOL: ""}))
    assert layer.details == {
        "sync": "disabled",
        "logbias": Unknown(unknown="zfs get does not tell logbias"),
        "recordsize": Unknown(unknown="zfs get does not tell recordsize"),
        "log_device": Unknown(unknown="zpool status shows no devices"),
    }


@pytest.mark.parametrize(
    ("filesystem", "source", "options", "details"),
    [
        (
            "nfs4",
            "filer:/export/db",
            "rw,vers=4.2,hard,proto=tcp",
            {"hard": "hard", "sync": "no", "server": "filer", "version": "4.2"},
        ),
        (
            "nfs",
            "[fd00::7]:/db",
            "rw,sync,vers=3,soft",
            {"hard": "soft", "sync": "yes", "server": "[fd00::7]", "version": "3"},
        ),
        (
            "nfs4",
            "filer:/",
            "rw,vers=4.1,softerr",
            {"hard": "softerr", "sync": "no", "server": "filer", "version": "4.1"},
        ),
        (
            "nfs",
            "strange",
            "rw",
            {
                "hard": Unknown(unknown="the mount has none of the options hard, soft, softerr"),
                "sync": "no",
                "server": Unknown(unknown="the mount's source names no server"),
                "version": Unknown(unknown="the mount has no option vers"),
            },
        ),
    ],
)
def test_nfs(
    anonymous: Anonymous,
    filesystem: str,
    source: str,
    options: str,
    details: dict[str, Known[str]],
) -> None:
    root = anonymous.root
    anonymous.mountinfo = f"1 1 {anonymous.number} / {root} rw - {filesystem} {source} {options}\n"
    assert layers(anonymous) == (Layer(kind=filesystem, name=str(root), details=details),)


def test_of_a_file_system_without_a_device_no_layer_is_known(anonymous: Anonymous) -> None:
    anonymous.mountinfo = f"1 1 {anonymous.number} / {anonymous.root} rw - tmpfs x rw\n"
    assert anonymous.target().layers == Unknown(
        unknown="tmpfs does not say on which block device it is"
    )
