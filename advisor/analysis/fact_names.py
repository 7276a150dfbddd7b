"""Every fact a rule may read. The unit is the name's ending."""

from dataclasses import dataclass
from typing import Final, Literal

from advisor.durability import CLASSES
from advisor.vendors.names import VENDOR_NAMES
from advisor.versions import FEATURES

FactKind = Literal["number", "text", "boolean"]


@dataclass(frozen=True, slots=True)
class FactName:
    """What a fact is. `choices` closes the set of a text fact's values."""

    kind: FactKind
    description: str
    choices: tuple[str, ...] = ()


METHODS: Final = ("fdatasync", "fsync", "open_datasync", "open_sync")
MEDIA: Final = ("hdd", "ssd", "memory", "network", "virtual")
TRUSTS: Final = ("plausible", "unverifiable", "suspicious", "not-durable")

FACT_NAMES: Final[dict[str, FactName]] = {
    # Asked for
    "vendor": FactName("text", "the server's vendor", VENDOR_NAMES),
    "durability": FactName("text", "what the user accepts to lose", CLASSES[:-1]),
    "log_bin": FactName("boolean", "whether the server writes a binary log"),
    "recovery_time_s": FactName("number", "how long crash recovery may take"),
    "expected_commits_per_s": FactName("number", "the commit rate to plan the log for"),
    "log_bytes_per_commit": FactName("number", "redo or WAL bytes that one commit writes"),
    # The server's build
    **{
        f"build_{feature}": FactName("boolean", f"whether the server was built with {feature}")
        for feature in FEATURES
    },
    # The host
    "memory_bytes": FactName("number", "memory the server may use"),
    "cpu_count": FactName("number", "processors the server may use"),
    "free_bytes": FactName("number", "free space on the measured file system"),
    "filesystem": FactName("text", "type of the measured file system"),
    "direct_io": FactName("boolean", "whether the file system takes O_DIRECT"),
    # The drive, identified
    "medium": FactName("text", "what the drive stores on, where that is known", MEDIA),
    "storage_class": FactName("text", "what the drive behaves like (profiles/storage)"),
    "trust": FactName("text", "whether a sync there means anything", TRUSTS),
    "write_cache": FactName(
        "text", "whether the kernel sends flushes", ("write back", "write through")
    ),
    # The drive, measured; unknown on a drive whose flush is not honoured
    "fdatasync_mean_us": FactName("number", "8 KiB overwrite and fdatasync, mean"),
    "fdatasync_p50_us": FactName("number", "the same, median"),
    "fdatasync_p99_us": FactName("number", "the same, 99th percentile"),
    "fsync_mean_us": FactName("number", "8 KiB overwrite and fsync, mean"),
    "append_mean_us": FactName("number", "8 KiB append and fdatasync, mean"),
    "fastest_sync_method": FactName(
        "text",
        "the method that beats fdatasync beyond both confidence intervals, else fdatasync",
        METHODS,
    ),
    "fastest_sync_mean_us": FactName("number", "8 KiB overwrite by that method, mean"),
    "fsync_to_fdatasync_ratio": FactName("number", "mean of fsync divided by mean of fdatasync"),
    "random_write_iops": FactName("number", "16 KiB random O_DIRECT writes per second, 8 threads"),
    "sequential_write_bytes_per_s": FactName("number", "sequential write with a final fsync"),
}

MEASURED_PERFORMANCE: Final = frozenset(
    {
        "fdatasync_mean_us",
        "fdatasync_p50_us",
        "fdatasync_p99_us",
        "fsync_mean_us",
        "append_mean_us",
        "fastest_sync_method",
        "fastest_sync_mean_us",
        "fsync_to_fdatasync_ratio",
        "random_write_iops",
        "sequential_write_bytes_per_s",
    }
)
"""Facts that argue from speed: none of them counts on a drive whose flush is not honoured."""
