"""Every fact a rule may read, declared once. The unit is the name's ending."""

from typing import Annotated, Any, Final, Literal, NamedTuple, get_args

from advisor.analysis.recovery import ReplayBasis
from advisor.analysis.storage import Medium
from advisor.analysis.trust import Trust
from advisor.conditions import Fact
from advisor.durability import AdvisedDurability, Durability
from advisor.model import Known, Unknown
from advisor.roles import Role
from advisor.vendors.names import ClusterName, VendorName
from advisor.versions import Feature

FactKind = Literal["number", "text", "boolean"]

PageFlushBasis = Literal["that this drive flushes", "that --max-iops allows"]


class About(NamedTuple):
    """What a fact is. `choices` closes a text's values where its type does not."""

    description: str
    choices: tuple[str, ...] = ()
    is_speed: bool = False


class Facts(NamedTuple):
    """What is known of one drive, its host and one server; Unknown says why something is not."""

    # Asked for
    vendor: Annotated[VendorName, About("the server's vendor")]
    durability: Annotated[
        Durability, About("what the user accepts to lose", choices=get_args(AdvisedDurability))
    ]
    role: Annotated[Role, About("what the server is among others that have the same data")]
    log_bin: Annotated[Known[bool], About("whether the server writes a binary log")]
    logs_what_it_applies: Annotated[
        Known[bool],
        About("whether it writes what it gets from its source into a binary log of its own"),
    ]
    uses_gtid: Annotated[Known[bool], About("whether it asks its source by GTID")]
    recovery_time_s: Annotated[Known[float], About("how long crash recovery may take")]
    expected_commits_per_s: Annotated[Known[float], About("the commit rate to plan the log for")]
    log_bytes_per_commit: Annotated[Known[float], About("redo or WAL bytes that one commit writes")]
    cluster: Annotated[
        Literal[ClusterName, "none"], About("the kind of cluster that keeps copies of a commit")
    ]
    # The server's build, a field for each Feature
    build_lz4: Annotated[Known[bool], About("whether the server was built with lz4")]
    build_zstd: Annotated[Known[bool], About("whether the server was built with zstd")]
    build_liburing: Annotated[Known[bool], About("whether the server was built with liburing")]
    build_numa: Annotated[Known[bool], About("whether the server was built with numa")]
    # The host
    memory_bytes: Annotated[Known[int], About("memory the server may use")]
    cpu_count: Annotated[Known[int], About("processors the server may use")]
    free_bytes: Annotated[Known[int], About("free space on the measured file system")]
    filesystem: Annotated[Known[str], About("type of the measured file system")]
    direct_io: Annotated[Known[bool], About("whether the file system takes O_DIRECT")]
    # The drive, identified
    medium: Annotated[Known[Medium], About("what the drive stores on, where that is known")]
    storage_class: Annotated[Known[str], About("what the drive behaves like (profiles/storage)")]
    trust: Annotated[Known[Trust], About("whether a sync there means anything")]
    write_cache: Annotated[
        Known[str],
        About("whether the kernel sends flushes", choices=("write back", "write through")),
    ]
    # The drive, measured; unknown on a drive whose flush is not honoured
    fdatasync_mean_us: Annotated[
        Known[float], About("8 KiB overwrite and fdatasync, mean", is_speed=True)
    ]
    fdatasync_p50_us: Annotated[Known[float], About("the same, median", is_speed=True)]
    fdatasync_p99_us: Annotated[Known[float], About("the same, 99th percentile", is_speed=True)]
    fsync_mean_us: Annotated[Known[float], About("8 KiB overwrite and fsync, mean", is_speed=True)]
    append_mean_us: Annotated[
        Known[float], About("8 KiB append and fdatasync, mean", is_speed=True)
    ]
    open_datasync_is_faster: Annotated[
        Known[bool],
        About(
            "whether open_datasync beats fdatasync by a fifth and beyond both confidence"
            " intervals, with 8 KiB and with 64 KiB",
            is_speed=True,
        ),
    ]
    open_datasync_mean_us: Annotated[
        Known[float], About("8 KiB overwrite with open_datasync, mean", is_speed=True)
    ]
    fsync_to_fdatasync_ratio: Annotated[
        Known[float], About("mean of fsync divided by mean of fdatasync", is_speed=True)
    ]
    page_reads_per_s: Annotated[
        Known[float], About("16 KiB pages read per second at random, 8 threads", is_speed=True)
    ]
    replay_bytes_per_s: Annotated[
        Known[float],
        About("log that crash recovery replays per second", is_speed=True),
    ]
    replay_basis: Annotated[
        Known[ReplayBasis],
        About(
            "what replay_bytes_per_s rests on: page reads, or what stands for them where they were"
            " not measured",
            is_speed=True,
        ),
    ]
    page_flushes_per_s: Annotated[
        Known[float],
        About(
            "16 KiB pages flushed per second, doublewrite buffer and syncs included, 8 threads;"
            " where only random writes were measured, half of them; at most what --max-iops allows",
            is_speed=True,
        ),
    ]
    page_flushes_basis: Annotated[
        Known[PageFlushBasis],
        About("what decides page_flushes_per_s: the drive, or its provider's limit", is_speed=True),
    ]
    sequential_write_bytes_per_s: Annotated[
        Known[float], About("sequential write with a final fsync", is_speed=True)
    ]

    def lookup(self, name: str) -> Fact:
        """The fact of that name, which there is."""
        fact: Fact = getattr(self, name)
        return fact

    def built_with(self, feature: Feature) -> Fact:
        """Whether the server was built with that feature."""
        return self.lookup(build_fact(feature))


def build_fact(feature: Feature) -> str:
    """The name of the fact that says whether the server was built with a feature."""
    return f"build_{feature}"


def nothing_known(vendor: VendorName, durability: Durability, why: Unknown) -> Facts:
    """The facts of a standalone server in no cluster, where all but these two are unknown."""
    asked = {"vendor", "durability", "role", "cluster"}
    unknown = dict.fromkeys(FACTS.keys() - asked, why)
    return Facts(vendor=vendor, durability=durability, role="standalone", cluster="none", **unknown)


def without_speed(facts: Facts, why: Unknown) -> Facts:
    """The same facts, but for those that argue from speed."""
    unknown: dict[str, Any] = dict.fromkeys(MEASURED_PERFORMANCE, why)
    return facts._replace(**unknown)


class FactDescription(NamedTuple):
    """What a fact is. `choices` closes the set of a text fact's values."""

    kind: FactKind
    description: str
    choices: tuple[str, ...]
    is_speed: bool


_KINDS: Final[dict[Any, FactKind]] = {bool: "boolean", int: "number", float: "number"}


def _describe(declared: Any) -> FactDescription:
    type_, about = get_args(declared)
    known = get_args(type_)[0] if Unknown in get_args(type_) else type_
    return FactDescription(
        _KINDS.get(known, "text"),
        about.description,
        about.choices or get_args(known),
        about.is_speed,
    )


FACTS: Final = {name: _describe(declared) for name, declared in Facts.__annotations__.items()}
"""Name -> what the fact is."""

MEASURED_PERFORMANCE: Final = frozenset(name for name, fact in FACTS.items() if fact.is_speed)
"""Facts that argue from speed: none of them counts on a drive whose flush is not honoured."""
