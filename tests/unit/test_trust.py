"""Whether a sync means anything: every check on both sides of its limit, and what it says."""

import pytest

from advisor.analysis.trust import CHECK_IDS, Trust, TrustCheck, judge_trust
from advisor.knowledge import load_storage_knowledge
from advisor.measurement import Device, Layer, Measurement, Round, Series
from advisor.model import Known, Unknown
from tests.support.drives import UNKNOWN, classic, device, measurement, round_of, series, summary

KNOWLEDGE = load_storage_knowledge()

NVME = device("nvme0n1", model="990 PRO")
PROTECTED = device("nvme0n1", model="990 PRO", write_cache="write through")
DISK = device("sda", model="WD", transport="sata", rotational=True)
PROTECTED_DISK = device("sda", transport="sas", rotational=True, write_cache="write through")
VIRTIO = device("vda", transport="virtio", model=UNKNOWN, write_cache="write through")

BELOW = "/m/outer, which lies below,"


def on_loop(filesystem: str, options: str, point: str = "/m/outer") -> tuple[Layer, ...]:
    """A loop device, and the file system of its file."""
    details = {"mount_point": point, "mount_options": options}
    return (
        Layer(kind="loop", name="loop0", details={"direct_io": "no"}),
        Layer(kind=filesystem, name=point, details=details),
    )


ZFS = (Layer(kind="zfs", name="tank", details={"sync": "standard", "log_device": "no"}),)
LOG_DEVICE = (Layer(kind="zfs", name="tank", details={"sync": "standard", "log_device": "yes"}),)


def told(write_cache: str, own: Known[str], name: str = "sda") -> Device:
    """A SATA disk: what the kernel was told of its cache, and what it says itself."""
    disk = device(name, transport="sata", write_cache=write_cache)
    return disk.model_copy(update={"own_write_cache": own})


def judged(drive: Measurement) -> tuple[Trust, dict[str, str]]:
    """The trust, and of each check that fired what it says, in order."""
    trust, evidence = judge_trust(drive, KNOWLEDGE.checks, KNOWLEDGE.virtual_models)
    return trust, {entry.check: entry.text for entry in evidence}


def overwrite(mean_us: float, *rounds: Round) -> Series:
    return series("overwrite", "fdatasync", mean_us, rounds=rounds)


# Just before each limit: nothing fires, and nothing is said.
@pytest.mark.parametrize(
    "drive",
    [
        pytest.param(measurement(), id="a plain drive"),
        pytest.param(measurement(None, classic(100)), id="without a primary series"),
        pytest.param(measurement(filesystem=UNKNOWN), id="the file system is not known"),
        pytest.param(measurement(mount_options=("rw", "barrier")), id="with barriers"),
        pytest.param(
            measurement(layers=(Layer(kind="zfs", name="tank", details={"sync": "standard"}),)),
            id="ZFS that syncs",
        ),
        pytest.param(
            measurement(layers=on_loop("ext4", "rw,barrier,nobarrierx")),
            id="a loop device's file with barriers",
        ),
        pytest.param(
            measurement(layers=(Layer(kind="tmpfs", name="/m"),)), id="no file system below"
        ),
        pytest.param(
            measurement(299, series("overwrite", "none", 299), mount_options=("rw", "sync")),
            id="each write syncs, as the mount has it",
        ),
        pytest.param(
            measurement(layers=(Layer(kind="md", name="md0", details={"sync": "disabled"}),)),
            id="not ZFS",
        ),
        pytest.param(
            measurement(devices=(told("write through", "write through"),)),
            id="a disk that has no cache of its own",
        ),
        pytest.param(
            measurement(devices=(told("write through", UNKNOWN),)),
            id="a disk that does not tell of its own cache",
        ),
        pytest.param(
            measurement(devices=(told("write back", "write back"),)), id="flushes of an own cache"
        ),
        pytest.param(
            measurement(1000.0, classic(9999), devices=(DISK, NVME), layers=LOG_DEVICE),
            id="a log device answers, not the platters",
        ),
        pytest.param(
            measurement(99.0, devices=(DISK, PROTECTED), layers=LOG_DEVICE),
            id="a log device answers, not the volatile cache",
        ),
        pytest.param(
            measurement(
                overwrite(1000, round_of([1] * 20, flush_requests=10)),
                devices=(NVME, NVME, NVME),
                layers=ZFS,
            ),
            id="ZFS flushes where it wrote: one of three for every second sync",
        ),
        pytest.param(
            measurement(
                overwrite(1000, round_of([1] * 20, flush_requests=10)),
                devices=(NVME, NVME, NVME),
                layers=(Layer(kind="md", name="md0", details={"journal": "yes"}),),
            ),
            id="an array flushes its journal",
        ),
        pytest.param(
            measurement(filesystem="zfs", layers=ZFS), id="ZFS whose devices and sync are known"
        ),
        pytest.param(measurement(preloaded=("/lib/libjemalloc.so.2",)), id="a harmless library"),
        pytest.param(measurement(5.0, devices=(PROTECTED,)), id="5 us on a protected cache"),
        pytest.param(measurement(100.0, devices=(NVME,)), id="100 us on a volatile cache"),
        pytest.param(
            measurement(5.0, devices=(device(model="SAMSUNG MZQL23T8HCLS-00A07"),)),  # PM9A3
            id="a protected Samsung, as sysfs shows it",
        ),
        pytest.param(
            measurement(5.0, devices=(device(model="INTEL SSDPF2KX038T1"),)),  # D7-P5520
            id="a protected Solidigm, as sysfs shows it",
        ),
        pytest.param(
            measurement(5.0, devices=(device(model="SAMSUNG MZQLB960HAJR"),)),
            id="5 us on a drive known for its protection",
        ),
        # 250 turns a second times 1.5 is 375
        pytest.param(
            measurement(2667.0, classic(375), devices=(DISK,)), id="as fast as platters may turn"
        ),
        pytest.param(
            measurement(classic(300), devices=(DISK,)), id="platters without a primary series"
        ),
        pytest.param(measurement(5.0, classic(9999), devices=(PROTECTED,)), id="no platters"),
        pytest.param(
            measurement(overwrite(1000, round_of([1] * 20, flush_requests=10))),
            id="a flush for every second sync",
        ),
        pytest.param(
            measurement(
                overwrite(1000, round_of([1] * 20, flush_requests=20)), devices=(NVME, NVME)
            ),
            id="a flush of both mirrors for every second sync",
        ),
        pytest.param(
            measurement(
                overwrite(1000, round_of([1] * 20, flush_requests=0)), devices=(PROTECTED,)
            ),
            id="no flush where none is needed",
        ),
        pytest.param(
            measurement(
                overwrite(1000, round_of([1] * 20, flush_requests=0)), devices=(NVME, PROTECTED)
            ),
            id="flushes of two drives that cannot be told apart",
        ),
        pytest.param(
            measurement(None, series("overwrite", "open_sync", 1000)), id="nothing to compare with"
        ),
        pytest.param(measurement(virtualisation="container"), id="a container on bare metal"),
        pytest.param(
            measurement(overwrite(1000, round_of([1] * 20, flush_requests=UNKNOWN))),
            id="flushes not counted",
        ),
        pytest.param(
            measurement(
                1000,
                series(
                    "overwrite",
                    "fdatasync",
                    1000,
                    writers=4,
                    rounds=[round_of([1] * 20, flush_requests=5)],
                ),
                series(
                    "overwrite",
                    "open_datasync",
                    1000,
                    rounds=[round_of([1] * 20, flush_requests=0)],
                ),
                series("random", "none", 1000, rounds=[round_of([1] * 20, flush_requests=0)]),
                series(
                    "durable-replace", "fsync", 1000, rounds=[round_of([1] * 20, flush_requests=0)]
                ),
            ),
            id="only serial fsync and fdatasync must flush each time",
        ),
        pytest.param(
            measurement(300, series("overwrite", "none", 100)), id="three times the bare write"
        ),
        pytest.param(
            measurement(1000, series("overwrite", "open_datasync", 100)), id="ten times as fast"
        ),
        pytest.param(
            measurement(1000, series("overwrite", "fsync", 15_000)), id="fsync far slower"
        ),
    ],
)
def test_nothing_to_say_is_plausible(drive: Measurement) -> None:
    assert judged(drive) == ("plausible", {})


# Just beyond each limit: what fires, and what is said. Every check that fires is listed.
BEYOND: dict[str, tuple[Measurement, Trust, dict[str, str]]] = {
    "memory": (
        measurement(filesystem="tmpfs"),
        "not-durable",
        {
            "memory-file-system": "tmpfs keeps files in memory: a power loss erases everything,"
            " synced or not"
        },
    ),
    "memory, of the older kind": (
        measurement(filesystem="ramfs"),
        "not-durable",
        {
            "memory-file-system": "ramfs keeps files in memory: a power loss erases everything,"
            " synced or not"
        },
    ),
    "memory, of the kernel's own devices": (
        measurement(filesystem="devtmpfs"),
        "not-durable",
        {
            "memory-file-system": "devtmpfs keeps files in memory: a power loss erases"
            " everything, synced or not"
        },
    ),
    "a disk in memory": (
        measurement(devices=(device("zram0", transport="memory"),)),
        "not-durable",
        {
            "memory-device": "zram0 keeps its blocks in memory: a power loss erases everything,"
            " synced or not"
        },
    ),
    "no barriers": (
        measurement(mount_options=("rw", "nobarrier")),
        "not-durable",
        {"mount-option": "mounted with nobarrier: a sync does not reach the drive"},
    ),
    "no barriers, as ext4 says it": (
        measurement(mount_options=("barrier=0",)),
        "not-durable",
        {"mount-option": "mounted with barrier=0: a sync does not reach the drive"},
    ),
    "a volatile overlay": (
        measurement(filesystem="overlay", mount_options=("rw", "volatile")),
        "not-durable",
        {"mount-option": "mounted with volatile: a sync does not reach the drive"},
    ),
    "a volatile overlay, as Linux 6.18 says it": (
        measurement(filesystem="overlay", mount_options=("rw", "uuid=on", "fsync=volatile")),
        "not-durable",
        {"mount-option": "mounted with fsync=volatile: a sync does not reach the drive"},
    ),
    "a loop device's file without barriers": (
        measurement(layers=on_loop("ext4", "rw,relatime,nobarrier")),
        "not-durable",
        {"mount-option": f"{BELOW} is mounted with nobarrier: a sync does not reach the drive"},
    ),
    "a loop device's file in memory": (
        measurement(layers=on_loop("tmpfs", "rw,size=4k")),
        "not-durable",
        {
            "memory-file-system": f"tmpfs at {BELOW} keeps files in memory: a power loss erases"
            " everything, synced or not"
        },
    ),
    "a loop device's file on another host": (
        measurement(layers=on_loop("nfs4", "rw,hard")),
        "unverifiable",
        {
            "remote-file-system": f"nfs4 at {BELOW}: the server or daemon behind it decides what a"
            " sync does"
        },
    ),
    "ZFS that ignores syncs": (
        measurement(
            layers=(
                Layer(kind="md", name="md0", details={"sync": "disabled"}),
                Layer(kind="zfs", name="tank/db", details={"sync": "disabled"}),
            )
        ),
        "not-durable",
        {"sync-disabled": "sync=disabled on tank/db: ZFS ignores syncs"},
    ),
    "a cache of which the kernel was not told": (
        measurement(devices=(told("write through", "write back"),)),
        "not-durable",
        {
            "cache-forced": "sda reports a volatile cache, but the kernel was told that it has none"
            " (write_cache)"
        },
    ),
    "two such caches beside an honest one": (
        measurement(
            devices=(
                told("write back", "write back", "sda"),
                told("write through", "write back", "sdb"),
                told("write through", "write back", "sdc"),
            )
        ),
        "not-durable",
        {
            "cache-forced": "sdb reports a volatile cache, but the kernel was told that it has none"
            " (write_cache) (likewise sdc)"
        },
    ),
    "libeatmydata": (
        measurement(preloaded=("/lib/libc.so", "/usr/lib/libeatmydata.so.1")),
        "not-durable",
        {"preloaded-library": "/usr/lib/libeatmydata.so.1 is preloaded and disables syncs"},
    ),
    "below 5 us": (
        measurement(4.99, devices=(PROTECTED,)),
        "suspicious",
        {
            "not-reaching-a-device": "a write with its sync takes 4.99 us, faster than any device"
            " can answer"
        },
    ),
    "more syncs than turns, of one block, and no log device is known": (
        measurement(
            20_000,
            classic(376),
            devices=(DISK,),
            layers=(
                Layer(kind="partition", name="sda1"),
                Layer(kind="zfs", name="tank", details={**ZFS[0].details, "log_device": UNKNOWN}),
            ),
        ),
        "suspicious",
        {
            "rotation": "sda rotates, but synced one block at 376/s; 15,000 rpm allows 250/s. "
            "A cache answered: is it protected against power loss?"
        },
    ),
    "more syncs than turns, in the primary series": (
        measurement(summary(2660, ops_per_s=376), devices=(PROTECTED_DISK,)),
        "suspicious",
        {
            "rotation": "sda rotates, but synced one block at 376/s; 15,000 rpm allows 250/s. "
            "A cache answered: is it protected against power loss?"
        },
    ),
    # 40 syncs, the warm-up's among them, 9 + 10 flushes: 20 would do
    "fewer flushes than every second sync": (
        measurement(
            overwrite(1000, round_of([1] * 20, warmup_count=15, flush_requests=9)),
            series("append", "fsync", 2000, rounds=[round_of([1] * 20, flush_requests=10)]),
        ),
        "suspicious",
        {
            "flush-accounting": "40 syncs on a drive with a volatile cache, but the kernel counted "
            "only 19 flushes"
        },
    ),
    # 20 syncs of two mirrors, of which one never flushes: 20 of 40 flushes would do
    "one mirror's flushes": (
        measurement(overwrite(1000, round_of([1] * 20, flush_requests=19)), devices=(NVME, NVME)),
        "suspicious",
        {
            "flush-accounting": "20 syncs on a drive with a volatile cache, but the kernel counted "
            "only 19 flushes"
        },
    ),
    "not three times the bare write": (
        measurement(299, series("overwrite", "none", 100)),
        "suspicious",
        {
            "ratio": "a write with fdatasync takes 299 us, a write without it 100 us: the sync "
            "seems to do nothing"
        },
    ),
    "more than ten times as fast by another method": (
        measurement(1000, series("overwrite", "open_sync", 99.9)),
        "suspicious",
        {"methods-differ": "open_sync takes 99.9 us, fdatasync 1 ms: one of them skips something"},
    ),
    "too fast for flash": (
        measurement(99.9, devices=(NVME,)),
        "suspicious",
        {
            "too-fast-for-flash": "nvme0n1 (990 PRO) reports a volatile cache, yet syncs in "
            "99.9 us: plausible only with power-loss protection"
        },
    ),
    # all members answer a flush; one is not known for its protection
    "too fast for one of two": (
        measurement(50.0, devices=(device("a", model="Micron_7400"), device("b", model="990"))),
        "suspicious",
        {
            "too-fast-for-flash": "b (990) reports a volatile cache, yet syncs in 50 us: plausible "
            "only with power-loss protection"
        },
    ),
    "too fast, of a model nobody knows": (
        measurement(50.0, devices=(device("a", model=UNKNOWN),)),
        "suspicious",
        {
            "too-fast-for-flash": "a (unknown (not looked at)) reports a volatile cache, yet syncs "
            "in 50 us: plausible only with power-loss protection"
        },
    ),
    "a virtual disk": (
        measurement(100.0, devices=(VIRTIO,)),
        "unverifiable",
        {"virtual-disk": "virtual disk vda: the host decides what a flush means"},
    ),
    "two virtual disks": (
        measurement(devices=(VIRTIO, device("vdb", transport="xen"))),
        "unverifiable",
        {"virtual-disk": "virtual disk vda, vdb: the host decides what a flush means"},
    ),
    # platters and flash of a host are not this kernel's to judge
    "a virtual disk, too fast": (
        measurement(
            99.9,
            classic(9999),
            devices=(device("vda", transport="virtio", rotational=True),),
        ),
        "suspicious",
        {
            "virtual-too-fast": "vda is virtual and syncs in 99.9 us: the host may acknowledge"
            " flushes without performing them",
            "virtual-disk": "virtual disk vda: the host decides what a flush means",
        },
    ),
    "a virtual host": (
        measurement(virtualisation="kvm"),
        "unverifiable",
        {"virtual-host": "virtualisation: kvm; the host decides what a flush means"},
    ),
    "nobody knows whether the host is virtual": (
        measurement(virtualisation=UNKNOWN),
        "unverifiable",
        {
            "virtual-host": "virtualisation: unknown (not looked at); the host decides what a"
            " flush means"
        },
    ),
    "a remote file system": (
        measurement(filesystem="nfs4"),
        "unverifiable",
        {"remote-file-system": "nfs4: the server or daemon behind it decides what a sync does"},
    ),
    "ZFS that was not asked": (
        measurement(layers=(Layer(kind="zfs", name="tank/db"),)),
        "unverifiable",
        {"sync-unknown": "whether syncs are disabled on tank/db is not known: it was not asked"},
    ),
    "ZFS that does not say": (
        measurement(
            layers=(Layer(kind="zfs", name="tank/db", details={"sync": Unknown(unknown="busy")}),)
        ),
        "unverifiable",
        {"sync-unknown": "whether syncs are disabled on tank/db is not known: busy"},
    ),
    "an array without a journal that flushes one of three": (
        measurement(
            overwrite(1000, round_of([1] * 20, flush_requests=20)),
            devices=(NVME, NVME, NVME),
            layers=(Layer(kind="md", name="md0", details={"journal": "no"}),),
        ),
        "suspicious",
        {
            "flush-accounting": "20 syncs on a drive with a volatile cache, but the kernel counted"
            " only 20 flushes"
        },
    ),
    "ZFS that does not flush": (
        measurement(overwrite(1000, round_of([1] * 20, flush_requests=9)), layers=ZFS),
        "suspicious",
        {
            "flush-accounting": "20 syncs on a drive with a volatile cache, but the kernel counted"
            " only 9 flushes"
        },
    ),
    "no device found": (
        measurement(50.0, devices=()),
        "unverifiable",
        {"no-device": "the drives under the directory are not known: no device was found"},
    ),
    "devices not known": (
        measurement(50.0, devices=Unknown(unknown="no /sys")),
        "unverifiable",
        {"no-device": "the drives under the directory are not known: no /sys"},
    ),
    "a cache nobody knows": (
        measurement(
            overwrite(50, round_of([1] * 20, flush_requests=0)),
            devices=(PROTECTED, device("b", write_cache=UNKNOWN)),
        ),
        "unverifiable",
        {"cache-unknown": "whether b has a volatile cache is not known: not looked at"},
    ),
    "told by another tool": (
        measurement(source="reported by fio"),
        "unverifiable",
        {
            "reported": "reported by fio, not measured by this tool: its cache and its devices "
            "are not known"
        },
    ),
    "only looked at": (
        measurement(source="observed"),
        "unverifiable",
        {
            "observed": "nothing was written, so whether the drive keeps what it flushes was not"
            " tried"
        },
    ),
}


@pytest.mark.parametrize("case", BEYOND)
def test_beyond_the_limit_it_is_said_with_its_numbers(case: str) -> None:
    drive, trust, said = BEYOND[case]
    assert judged(drive) == (trust, said)


def test_the_table_above_has_every_check() -> None:
    assert {check for _, _, said in BEYOND.values() for check in said} == CHECK_IDS


def test_the_worst_comes_first_and_decides() -> None:
    drive = measurement(
        1.0,
        series("overwrite", "none", 1.0),
        filesystem="tmpfs",
        virtualisation="kvm",
        devices=(),
    )
    trust, said = judged(drive)
    assert trust == "not-durable"
    assert list(said) == [
        "memory-file-system",
        "not-reaching-a-device",
        "ratio",
        "virtual-host",
        "no-device",
    ]


def test_each_line_of_evidence_says_how_much_trust_it_leaves() -> None:
    drive = measurement(1.0, filesystem="tmpfs", devices=())
    _, evidence = judge_trust(drive, KNOWLEDGE.checks, KNOWLEDGE.virtual_models)
    assert [entry.trust for entry in evidence] == ["not-durable", "suspicious", "unverifiable"]


def test_the_median_counts_where_there_is_one() -> None:
    slow_mean = summary(500, p50_us=99)
    _, said = judged(measurement(slow_mean, devices=(NVME,)))
    assert list(said) == ["too-fast-for-flash"]


def test_a_name_in_braces_is_shown_as_it_is() -> None:
    _, said = judged(measurement(50.0, devices=(device("a", model="{model} {0}"),)))
    assert said["too-fast-for-flash"].startswith("a ({model} {0}) reports")


# What makes a sync mean nothing, what is doubtful, what cannot be seen: each check names its source
# in profiles/storage/trust.toml.
def test_the_verdicts_are_as_the_sources_say() -> None:
    assert {check.id: check.trust for check in KNOWLEDGE.checks} == {
        "memory-file-system": "not-durable",
        "memory-device": "not-durable",
        "mount-option": "not-durable",
        "sync-disabled": "not-durable",
        "cache-forced": "not-durable",
        "preloaded-library": "not-durable",
        "not-reaching-a-device": "suspicious",
        "rotation": "suspicious",
        "flush-accounting": "suspicious",
        "ratio": "suspicious",
        "methods-differ": "suspicious",
        "virtual-too-fast": "suspicious",
        "too-fast-for-flash": "suspicious",
        "virtual-disk": "unverifiable",
        "virtual-host": "unverifiable",
        "remote-file-system": "unverifiable",
        "sync-unknown": "unverifiable",
        "no-device": "unverifiable",
        "cache-unknown": "unverifiable",
        "reported": "unverifiable",
        "observed": "unverifiable",
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "gut-feeling"}, "there is no check 'gut-feeling'"),
        ({"limits": {}}, r"ratio takes the limits \['factor'\]"),
        ({"limits": {"factor": 3, "below_us": 5}}, r"ratio takes the limits \['factor'\]"),
        ({"says": "{device} is odd"}, r"ratio cannot show \['device'\]"),
        ({"says": "{} is odd"}, r"ratio cannot show \[''\]"),
        ({"trust": "perhaps"}, "Input should be 'plausible'"),
        ({"sources": []}, "at least 1 item"),
    ],
)
def test_a_check_that_does_not_fit_its_test_is_refused(
    change: dict[str, object], message: str
) -> None:
    entry: dict[str, object] = {
        "id": "ratio",
        "trust": "suspicious",
        "says": "{sync_us} against {write_us}",
        "limits": {"factor": 3},
        "sources": ["https://example.org"],
    }
    TrustCheck.model_validate(entry)
    with pytest.raises(ValueError, match=message):
        TrustCheck.model_validate(entry | change)
