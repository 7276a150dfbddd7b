"""What is made of the drives, and what `measure` must find: typed by hand, by what QEMU and the
guest's kernel were told.
"""

from typing import Final

from advisor.vendors.names import VendorName
from tests.machine.case import UNKNOWN, Case, Expected

MOUNT: Final = "mkfs.ext4 -q -F {0}; mount {0} $PLACE"

VIRTIO: Final = {"transport": "virtio", "write_cache": "write back", "rotational": UNKNOWN}
THROUGH: Final = {**VIRTIO, "write_cache": "write through"}
SSD: Final = {"transport": "sata", "write_cache": "write back", "rotational": False}
NO_CACHE: Final = {**SSD, "write_cache": "write through"}
DISK: Final = {"transport": "sata", "write_cache": "write back", "rotational": True}


def _plain(name: str, drive: str, device: Expected) -> Case:
    """ext4 right on the drive."""
    return Case(name, MOUNT.format(f"${drive}"), device)


DRIVES_ALONE: Final = (
    _plain("virtio-write-back", "VIRTIO_BACK", VIRTIO),
    _plain("virtio-write-through", "VIRTIO_THROUGH", THROUGH),
    _plain("scsi-disk", "SCSI_DISK", {**VIRTIO, "own_write_cache": "write back", "fua": False}),
    _plain("scsi-ssd", "SCSI_SSD", {**VIRTIO, "own_write_cache": "write back", "fua": True}),
    _plain("scsi-no-cache", "SCSI_NO_CACHE", THROUGH),
    _plain("google-disk", "GOOGLE_DISK", {**VIRTIO, "model": "PersistentDisk"}),
    _plain("raid-disk", "RAID_DISK", {**DISK, "transport": "scsi", "model": "ST4000NM0025"}),
    _plain("sata-disk", "SATA_DISK", {**DISK, "model": "ST4000NM0035"}),
    _plain("sata-ssd", "SATA_SSD", {**SSD, "model": "INTEL SSDSC2KB48"}),
    _plain("sata-no-cache", "SATA_NO_CACHE", NO_CACHE),
    _plain("nvme", "NVME", {"transport": "nvme", "write_cache": "write back", "fua": True}),
    _plain("usb-stick", "USB_STICK", {"transport": "usb", "rotational": UNKNOWN}),
)

MD: Final = "mdadm --quiet --create /dev/md0 --run --assume-clean --level={} {}; "
MD_UNDO: Final = (
    "mdadm --quiet --stop /dev/md0; "
    "mdadm --quiet --zero-superblock --force $MEMBER_1 $MEMBER_2 $MEMBER_3 $MEMBER_4"
)
ON_MD: Final = MOUNT.format("/dev/md0")


def _array(
    name: str, level: str, members: str, leaves: int, *findings: str, **details: str
) -> Case:
    return Case(
        name,
        MD.format(level, members) + ON_MD,
        VIRTIO,
        MD_UNDO,
        layers=({"kind": "md", "level": f"raid{level}", **details},),
        leaves=leaves,
        findings=findings,
    )


TWO: Final = "--raid-devices=2 $MEMBER_1 $MEMBER_2"
THREE: Final = "--raid-devices=3 $MEMBER_1 $MEMBER_2 $MEMBER_3"

ARRAYS: Final = (
    _array(
        *("md-raid1", "1", f"--bitmap=none {TWO}", 2, "md-no-bitmap"),
        bitmap="none",
        consistency_policy="resync",
    ),
    _array(
        *("md-raid1-bitmap", "1", f"--bitmap=internal {TWO}", 2),
        bitmap="internal",
        consistency_policy="bitmap",
    ),
    Case(
        "md-raid1-bitmap-disks",
        MD.format("1", "--bitmap=internal --raid-devices=2 $SATA_DISK $RAID_DISK") + ON_MD,
        {"rotational": True, "write_cache": "write back"},
        "mdadm --quiet --stop /dev/md0; mdadm --quiet --zero-superblock $SATA_DISK $RAID_DISK",
        layers=({"kind": "md", "level": "raid1", "bitmap": "internal"},),
        leaves=2,
        findings=("md-bitmap-on-disks",),
    ),
    _array(
        *("md-raid10", "10", f"--bitmap=none {TWO} --layout=f2", 2, "md-no-bitmap"),
        bitmap="none",
    ),
    _array(
        *("md-raid5", "5", f"--bitmap=none {THREE}", 3, "md-raid5-write-hole"),
        consistency_policy="resync",
    ),
    _array(
        *("md-raid5-bitmap", "5", f"--bitmap=internal {THREE}", 3, "md-raid5-write-hole"),
        consistency_policy="bitmap",
    ),
    _array("md-raid5-ppl", "5", f"--consistency-policy=ppl {THREE}", 3, consistency_policy="ppl"),
    _array(
        *("md-raid5-journal", "5", f"{THREE} --write-journal=$MEMBER_4", 4),
        consistency_policy="journal",
    ),
    _array(
        *("md-raid6", "6", "--raid-devices=4 $MEMBER_1 $MEMBER_2 $MEMBER_3 $MEMBER_4", 4),
        *("md-raid6-write-hole", "md-no-bitmap"),
        consistency_policy="resync",
    ),
)

LVM: Final = (
    'lvm() { command lvm "$@" --config \'activation{udev_sync=0 udev_rules=0}'
    " devices{obtain_device_list_from_udev=0 use_devicesfile=0}' >/dev/null; }; "
)
GROUP: Final = f"{LVM} lvm pvcreate -ff -y $MEMBER_1; lvm vgcreate vg $MEMBER_1; "
NO_GROUP: Final = f"{LVM} lvm vgremove -ff -y vg; lvm pvremove -ff -y $MEMBER_1"
ON_VOLUME: Final = MOUNT.format("/dev/vg/lv")

VOLUMES: Final = (
    Case(
        "lvm-linear",
        f"{GROUP} lvm lvcreate -y -L 400M -n lv vg; {ON_VOLUME}",
        VIRTIO,
        NO_GROUP,
        layers=({"kind": "dm-linear"},),
    ),
    Case(
        "lvm-thin",
        f"{GROUP} lvm lvcreate -y -L 400M -T vg/pool -V 380M -n lv; {ON_VOLUME}",
        VIRTIO,
        NO_GROUP,
        layers=(
            {"kind": "dm-thin"},
            {"kind": "dm-thin-pool"},
            {"kind": "dm-linear"},
            {"kind": "dm-linear"},
        ),
        findings=("thin-log",),
    ),
    Case(
        "lvm-snapshot",
        f"{GROUP} lvm lvcreate -y -L 400M -n lv vg; lvm lvcreate -y -s -L 80M -n old vg/lv;"
        f" {ON_VOLUME}",
        VIRTIO,
        NO_GROUP,
        layers=({"kind": "dm-snapshot-origin", "role": "origin"}, {"kind": "dm-linear"}),
        findings=("snapshot",),
    ),
)

# Without a real cipher, which takes longer in emulation than the finding allows a sync.
CRYPT: Final = (
    "dmsetup create secret --table"
    ' "0 $(blockdev --getsz $SATA_NO_CACHE) crypt cipher_null-ecb - 0 $SATA_NO_CACHE 0 {}"; '
    + MOUNT.format("/dev/mapper/secret")
)
ON_BELOW: Final = (
    f"mkdir -p /mnt/below; {MOUNT.format('$MEMBER_1').replace('$PLACE', '/mnt/below')};"
)
"""A file system below the one that is measured."""
EXT4_BELOW: Final = {"kind": "ext4", "mount_point": "/mnt/below"}
DRBD: Final = "/lib/drbd/drbdsetup-84"
DM_UNDO: Final = "dmsetup remove --retry case"
SECTORS: Final = "$(blockdev --getsz $MEMBER_1)"


def _mapped(target: str, table: str, **details: str) -> Case:
    zero = "for m in $MEMBER_2 $MEMBER_3; do dd if=/dev/zero of=$m bs=1M count=8 status=none; done"
    return Case(
        f"dm-{target}",
        f'{zero}; dmsetup create case --table "0 {SECTORS} {table}"; '
        + MOUNT.format("/dev/mapper/case"),
        VIRTIO,
        DM_UNDO,
        layers=({"kind": f"dm-{target}", **details},),
        leaves=table.count("$MEMBER"),
    )


def _drbd(protocol: str) -> Case:
    return Case(
        f"drbd-{protocol}",
        "ip link set lo up; modprobe drbd; echo yes | drbdmeta --force 0 v08 $MEMBER_1 internal"
        f" create-md; {DRBD} new-resource r0; {DRBD} new-minor r0 0 0;"
        f" {DRBD} attach 0 $MEMBER_1 $MEMBER_1 internal;"
        f" {DRBD} connect r0 ipv4:127.0.0.1:7788 ipv4:127.0.0.1:7789"
        f" --protocol={protocol.upper()};"
        f" {DRBD} primary 0 --force; " + MOUNT.format("/dev/drbd0"),
        VIRTIO,
        f"{DRBD} secondary 0; {DRBD} down r0; wipefs -qa $MEMBER_1",
        layers=({"kind": "drbd", "protocol": protocol.upper()},),
        findings=() if protocol == "c" else (f"drbd-protocol-{protocol}",),
    )


def _loop(name: str, direct_io: str, *findings: str) -> Case:
    how = "on" if direct_io == "yes" else "off"
    return Case(
        name,
        f"{ON_BELOW} truncate -s 400M /mnt/below/file;"
        f" losetup --direct-io={how} /dev/loop0 /mnt/below/file; " + MOUNT.format("/dev/loop0"),
        VIRTIO,
        "losetup -d /dev/loop0; umount /mnt/below",
        layers=({"kind": "loop", "direct_io": direct_io}, EXT4_BELOW),
        findings=findings,
    )


MAPPED: Final = (
    Case(
        "dm-crypt",
        CRYPT.format(""),
        NO_CACHE,
        "dmsetup remove --retry secret",
        layers=({"kind": "dm-crypt", "no_write_workqueue": "no", "no_read_workqueue": "no"},),
        findings=("crypt-workqueue",),
    ),
    Case(
        "dm-crypt-no-queues",
        CRYPT.format("2 no_read_workqueue no_write_workqueue"),
        NO_CACHE,
        "dmsetup remove --retry secret",
        layers=({"kind": "dm-crypt", "no_write_workqueue": "yes", "no_read_workqueue": "yes"},),
    ),
    _mapped("linear", "linear $MEMBER_1 0"),
    _mapped("delay", "delay $MEMBER_1 0 2"),
    _mapped("flakey", "flakey $MEMBER_1 0 3600 0"),
    _mapped("writecache", "writecache s $MEMBER_1 $MEMBER_2 4096 0", cache_device="ssd"),
    _mapped("cache", "cache $MEMBER_3 $MEMBER_2 $MEMBER_1 512 1 writeback smq 0", mode="writeback"),
    Case(
        "bcache",
        "modprobe bcache; wipefs -qa $MEMBER_1 $MEMBER_2;"
        " make-bcache -B $MEMBER_1 -C $MEMBER_2 >/dev/null;"
        " echo $MEMBER_2 >/sys/fs/bcache/register; echo $MEMBER_1 >/sys/fs/bcache/register;"
        f" sleep 1; {MOUNT.format('/dev/bcache0')}",
        VIRTIO,
        "echo 1 >/sys/block/bcache0/bcache/stop; sleep 1;"
        " for set in /sys/fs/bcache/*-*-*; do echo 1 >$set/stop; done; sleep 1;"
        " wipefs -qa $MEMBER_1 $MEMBER_2",
        layers=({"kind": "bcache", "cache_mode": "writethrough"},),
        leaves=2,
    ),
    *(_drbd(protocol) for protocol in "abc"),
    Case(
        "partition",
        "echo ';' | sfdisk -q $MEMBER_1; sleep 1; " + MOUNT.format("${MEMBER_1}1"),
        VIRTIO,
        "wipefs -qa $MEMBER_1; blockdev --rereadpt $MEMBER_1",
        layers=({"kind": "partition"},),
    ),
    _loop("loop", "no", "loop-buffered"),
    _loop("loop-direct", "yes"),
)

BTRFS: Final = "modprobe btrfs; mkfs.btrfs -q -f {}; mount $MEMBER_1 $PLACE; "


def _overlay(name: str, option: str = "") -> Case:
    return Case(
        name,
        f"{ON_BELOW} cd /mnt/below; mkdir lower upper work; mount -t overlay -o"
        f" {option}lowerdir=lower,upperdir=/mnt/below/upper,workdir=work overlay $PLACE",
        VIRTIO,
        "umount /mnt/below",
        filesystem="overlay",
        layers=({"kind": "overlay"}, EXT4_BELOW),
        is_not_durable=bool(option),
    )


FILE_SYSTEMS: Final = (
    Case(
        "ext4-data-journal",
        "mkfs.ext4 -q -F $MEMBER_1; mount -o data=journal $MEMBER_1 $PLACE",
        VIRTIO,
        findings=("ext4-data-journal",),
    ),
    Case(
        "ext4-nobarrier",
        "mkfs.ext4 -q -F $MEMBER_1; mount -o nobarrier $MEMBER_1 $PLACE",
        VIRTIO,
        is_not_durable=True,
        findings=("barriers-off",),
    ),
    Case(
        "ext4-discard",
        "mkfs.ext4 -q -F $MEMBER_1; mount -o discard $MEMBER_1 $PLACE",
        VIRTIO,
        findings=("discard",),
    ),
    Case("xfs", "mkfs.xfs -q -f $MEMBER_1; mount $MEMBER_1 $PLACE", VIRTIO, filesystem="xfs"),
    Case(
        "btrfs",
        BTRFS.format("$MEMBER_1"),
        VIRTIO,
        filesystem="btrfs",
        layers=({"kind": "btrfs", "nodatacow": "no", "data_profile": "single"},),
        findings=("btrfs-copy-on-write",),
    ),
    Case(
        "btrfs-nodatacow",
        BTRFS.format("$MEMBER_1") + "mkdir $PLACE/db; chattr +C $PLACE/db",
        VIRTIO,
        filesystem="btrfs",
        directory="db",
        layers=({"kind": "btrfs", "nodatacow": "yes", "data_profile": "single"},),
    ),
    Case(
        "btrfs-raid1",
        BTRFS.format("-d raid1 -m raid1 $MEMBER_1 $MEMBER_2"),
        VIRTIO,
        filesystem="btrfs",
        layers=({"kind": "btrfs", "data_profile": "raid1", "metadata_profile": "raid1"},),
        leaves=2,
        findings=("btrfs-copy-on-write",),
    ),
    _overlay("overlay"),
    _overlay("overlay-volatile", "volatile,"),
    Case(
        "tmpfs",
        "mount -t tmpfs tmpfs $PLACE",
        {},
        filesystem="tmpfs",
        is_not_durable=True,
        leaves=0,
    ),
)

# In this order, for one module needs another. Partitions, because without udev zpool waits in vain
# for those that it makes itself.
MODULES: Final = "spl znvpair zcommon icp zavl zlua zunicode zzstd zfs"
LOADED: Final = (
    "test -e /dev/zfs || { cp -a $ZFS/usr/. /usr/;"
    f" for name in {MODULES}; do insmod $ZFS/modules/$name.ko; done; "
    "}; "
)
DEFAULTS: Final = {"sync": "standard", "logbias": "latency", "recordsize": "128K"}


def _zfs(
    name: str,
    *findings: str,
    drives: tuple[str, ...] = ("$MEMBER_1",),
    pool: str = "${MEMBER_1}1",
    device: Expected = VIRTIO,
    vendor: VendorName = "postgresql",
    log_device: str = "no",
    leaves: int = 1,
    **options: str,
) -> Case:
    """A data set with these properties on the drives' partitions, of which so many hold data."""
    each = f"for drive in {' '.join(drives)}; do"
    set_ = " ".join(f"-o {option}={value}" for option, value in options.items())
    return Case(
        f"zfs-{name}",
        f"{LOADED}{each} echo ';' | sfdisk -q $drive; done; sleep 1;"
        f" zpool create -f -m none tank {pool}; zfs create -o mountpoint=$PLACE {set_} tank/db",
        device,
        f"zpool destroy -f tank; {each} wipefs -qa ${{drive}}1; wipefs -qa $drive;"
        " blockdev --rereadpt $drive; done",
        filesystem="zfs",
        layers=(
            {"kind": "zfs", **DEFAULTS, **options, "log_device": log_device},
            *({"kind": "partition"} for _ in range(leaves)),
        ),
        is_not_durable=options.get("sync") == "disabled",
        leaves=leaves,
        vendor=vendor,
        findings=findings,
        needs_zfs=True,
    )


GOOD: Final = "atomic-writes-postgresql"
GOOD_INNODB: Final = "atomic-writes-innodb"

ON_ZFS: Final = (
    _zfs("8k", GOOD, recordsize="8K"),
    _zfs("16k", "zfs-recordsize-postgresql", GOOD, recordsize="16K"),
    _zfs("16k-mysql", GOOD_INNODB, recordsize="16K", vendor="mysql"),
    _zfs("default-mysql", "zfs-recordsize-innodb", GOOD_INNODB, vendor="mysql"),
    _zfs("sync-disabled", "zfs-sync-disabled", GOOD, recordsize="8K", sync="disabled"),
    _zfs("logbias-throughput", GOOD, recordsize="8K", logbias="throughput"),
    _zfs(
        *("mirror-cache-spare", GOOD),
        drives=("$MEMBER_1", "$MEMBER_2", "$MEMBER_3", "$MEMBER_4"),
        pool="mirror ${MEMBER_1}1 ${MEMBER_2}1 cache ${MEMBER_3}1 spare ${MEMBER_4}1",
        leaves=2,
        recordsize="8K",
    ),
    _zfs(
        *("hard-disk", "zfs-no-log-device", GOOD),
        drives=("$SATA_DISK",),
        pool="${SATA_DISK}1",
        device=DISK,
        recordsize="8K",
    ),
    _zfs(
        *("log-device", GOOD),
        drives=("$SATA_DISK", "$SATA_SSD"),
        pool="${SATA_DISK}1 log ${SATA_SSD}1",
        device=DISK,
        log_device="yes",
        leaves=2,
        recordsize="8K",
    ),
)

NFS: Final = (
    "ip link set lo up; modprobe nfsd; mkdir -p /run/srv /var/lib/nfs/v4recovery;"
    " touch /etc/exports; "
    + MOUNT.format("$MEMBER_1").replace("$PLACE", "/run/srv")
    + "; mountpoint -q /proc/fs/nfsd || mount -t nfsd nfsd /proc/fs/nfsd;"
    " exportfs -o rw,sync,no_root_squash,fsid=0,insecure 127.0.0.1:/run/srv;"
    " rpc.nfsd --no-udp -N 3 -V 4.2 2; rpc.mountd -N 3; "
)
NFS_UNDO: Final = (
    "exportfs -ua; rpc.nfsd 0; kill $(pidof rpc.mountd) || true; sleep 1; umount /run/srv"
)

# What a virtual machine of Amazon's sees, by its model: a drive of the kernel's own NVMe target.
TARGET: Final = "/sys/kernel/config/nvmet"
SUBSYSTEM: Final = f"{TARGET}/subsystems/volume"
PORT: Final = f"{TARGET}/ports/1"
CLOUD_VOLUME: Final = (
    "ip link set lo up; modprobe --all nvmet-tcp nvme-tcp; mountpoint -q /sys/kernel/config ||"
    f" mount -t configfs none /sys/kernel/config; mkdir {SUBSYSTEM}; cd {SUBSYSTEM};"
    " echo 1 >attr_allow_any_host; echo 'Amazon Elastic Block Store' >attr_model;"
    " mkdir namespaces/1; echo $MEMBER_1 >namespaces/1/device_path; echo 1 >namespaces/1/enable;"
    f" mkdir {PORT}; cd {PORT}; echo tcp >addr_trtype; echo ipv4 >addr_adrfam;"
    " echo 127.0.0.1 >addr_traddr; echo 4420 >addr_trsvcid;"
    f" ln -s {SUBSYSTEM} subsystems/volume;"
    " echo transport=tcp,traddr=127.0.0.1,trsvcid=4420,nqn=volume >/dev/nvme-fabrics; sleep 2; "
    + MOUNT.format("/dev/nvme1n1")
)
CLOUD_VOLUME_UNDO: Final = (
    f"echo 1 >/sys/class/nvme/nvme1/delete_controller; rm {PORT}/subsystems/volume;"
    f" rmdir {PORT} {SUBSYSTEM}/namespaces/1 {SUBSYSTEM}; wipefs -qa $MEMBER_1"
)

REMOTE: Final = (
    Case(
        "nfs",
        NFS + "mount -t nfs4 127.0.0.1:/ $PLACE",
        {},
        NFS_UNDO,
        filesystem="nfs4",
        layers=({"kind": "nfs4", "hard": "hard"},),
        leaves=0,
    ),
    Case(
        "nfs-soft",
        NFS + "mount -t nfs4 -o soft 127.0.0.1:/ $PLACE",
        {},
        NFS_UNDO,
        filesystem="nfs4",
        layers=({"kind": "nfs4", "hard": "soft"},),
        leaves=0,
        findings=("nfs-soft",),
    ),
    Case(
        "nbd",
        "ip link set lo up; modprobe nbd; truncate -s 400M /run/nbd.img;"
        " printf '[generic]\\n[disk]\\nexportname=/run/nbd.img\\nflush=true\\n' >/run/nbd.conf;"
        " nbd-server -C /run/nbd.conf 127.0.0.1:10809; sleep 1;"
        " nbd-client -N disk 127.0.0.1 /dev/nbd0; " + MOUNT.format("/dev/nbd0"),
        {"write_cache": "write back"},
        "nbd-client -d /dev/nbd0; kill $(pidof nbd-server)",
    ),
    Case(
        "cloud-volume",
        CLOUD_VOLUME,
        {
            "transport": "nvme",
            "model": "Amazon Elastic Block Store",
            "write_cache": "write back",
        },
        CLOUD_VOLUME_UNDO,
        findings=("burst-credits",),
    ),
)

CGROUP: Final = (
    "mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup;"
    " echo +io >/sys/fs/cgroup/cgroup.subtree_control; mkdir -p /sys/fs/cgroup/limited; "
)

HOST: Final = (
    Case(
        "io-max",
        CGROUP + 'echo "$(cat /sys/class/block/$(basename $MEMBER_1)/dev) wbps=104857600'
        ' wiops=20" >/sys/fs/cgroup/limited/io.max; ' + MOUNT.format("$MEMBER_1"),
        VIRTIO,
        in_group="/sys/fs/cgroup/limited",
        target={"io_limits": {"write_bytes_per_s": 104857600, "write_ops_per_s": 20}},
        findings=("io-limit",),
    ),
    Case(
        "write-through-by-hand",
        "echo 'write through' >/sys/block/$(basename $SATA_SSD)/queue/write_cache; "
        + MOUNT.format("$SATA_SSD"),
        {**SSD, "write_cache": "write through", "own_write_cache": "write back"},
        "echo 'write back' >/sys/block/$(basename $SATA_SSD)/queue/write_cache",
        is_not_durable=True,
        findings=("write-cache-forced",),
    ),
    Case(
        "dirty-limit",
        "echo 100000000000 >/proc/sys/vm/dirty_bytes;"
        " echo 50000000000 >/proc/sys/vm/dirty_background_bytes; " + MOUNT.format("$MEMBER_1"),
        VIRTIO,
        "echo 16777216 >/proc/sys/vm/dirty_background_bytes;"
        " echo 67108864 >/proc/sys/vm/dirty_bytes",
        findings=("dirty-limit-postgresql",),
    ),
    Case(
        "bfq",
        "echo bfq >/sys/block/$(basename $SATA_SSD)/queue/scheduler; " + MOUNT.format("$SATA_SSD"),
        {**SSD, "scheduler": "bfq"},
        "echo none >/sys/block/$(basename $SATA_SSD)/queue/scheduler",
        findings=("scheduler-bfq",),
    ),
)

CASES: Final[tuple[Case, ...]] = (
    *DRIVES_ALONE,
    *ARRAYS,
    *VOLUMES,
    *MAPPED,
    *FILE_SYSTEMS,
    *ON_ZFS,
    *REMOTE,
    *HOST,
)
