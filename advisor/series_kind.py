"""What a series did, over and over. Figures may be compared where this is the same."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

KIB: Final = 1024

SyncMethod = Literal["fdatasync", "fsync", "open_datasync", "open_sync"]
"""As PostgreSQL's wal_sync_method spells them."""
SYNC_METHODS: Final[tuple[SyncMethod, ...]] = get_args(SyncMethod)

Method = Literal[SyncMethod, "none"]

Pattern = Literal[
    "overwrite",
    "append",
    "classic",
    "random",
    "unwritten",
    "random-read",
    "page-flush",
    "observed-log",
    "observed-binary-log",
    "observed-device",
    "sequential-read",
    "durable-replace",
]
"""What is written where: blocks written before; behind the end; one block, again and again; blocks
at random; blocks that are allocated, but were perhaps never written (only reports have these). Of
"random-read", what is read. "page-flush" is "random" as InnoDB does it: a batch of BATCH_PAGES goes
to a doublewrite file and is synced, then each block to its place, and the file is synced.
"sequential-read" reads a file from its beginning to its end, as a backup does. "durable-replace"
puts a new file in the place of an old one, as applications do with their own: it is written under
another name and synced, then renamed, and the directory is synced. The observed ones are not ours:
a sync of a server's log, or of its binary log, as the server timed it; a write and a flush at the
device, as the kernel did."""

OBSERVED_PATTERNS: Final = frozenset[Pattern](
    {"observed-log", "observed-binary-log", "observed-device"}
)
OBSERVED_BLOCK_BYTES: Final = 4 * KIB
"""Nominal, and the same for all of them: how much each sync wrote was not seen."""

Load = Literal["page-flush", "sequential-read"]
"""What may run beside a series, by its pattern: LOADS has the rest."""

AT_RANDOM: Final = frozenset[Pattern]({"random", "random-read", "page-flush"})
READS: Final = frozenset[Pattern]({"random-read", "sequential-read"})

BATCH_PAGES: Final = 16
"""Our choice: with eight writers 128 pages are on their way, as innodb_doublewrite_pages of MySQL
8.4 has it."""

OPERATIONS_PER_PAGE: Final = 1 + 1 / BATCH_PAGES
"""Of a flushed page: its own write, and its part of its batch's."""


@dataclass(frozen=True, slots=True)
class SeriesKind:
    """One configuration: what each writer writes where, and how it syncs."""

    pattern: Pattern
    method: Method
    block_bytes: int
    direct: bool = False
    """Whether it writes with O_DIRECT."""
    writers: int = 1
    beside: Load | None = None
    """What is under way on the drive of the server's data files meanwhile."""

    @property
    def reads(self) -> bool:
        """Whether it reads, and writes nothing."""
        return self.pattern in READS

    @property
    def is_one_sync(self) -> bool:
        """Whether a sample is one write and its sync: what a commit may wait for."""
        return self.method != "none" and self.pattern != "durable-replace"

    @property
    def batch_bytes(self) -> int:
        """What a writer of page flushes writes at once to the doublewrite file; else 0."""
        return BATCH_PAGES * self.block_bytes if self.pattern == "page-flush" else 0

    def written_bytes(self, samples: int) -> int:
        """What one writer writes in so many samples one after another."""
        if self.reads:
            return 0
        batches = -(-samples // BATCH_PAGES)
        return samples * self.block_bytes + batches * self.batch_bytes

    @property
    def name(self) -> str:
        """Like "overwrite-fdatasync-8k", "random-16k-x8" or
        "overwrite-fdatasync-8k-beside-page-flush".

        "direct" is said only where it is not what the pattern always has, and "none" is not said of
        reads and random writes.
        """
        if self.pattern in OBSERVED_PATTERNS:
            return f"{self.pattern}-{self.method}"
        unsynced = self.pattern in AT_RANDOM or self.reads
        usual = self.pattern == "classic" or unsynced
        kib, rest = divmod(self.block_bytes, KIB)
        parts = [
            self.pattern,
            "" if unsynced and self.method == "none" else self.method,
            f"{self.block_bytes}b" if rest else f"{kib}k",
            "direct" if self.direct and not usual else "",
            f"x{self.writers}" if self.writers > 1 else "",
            f"beside-{self.beside}" if self.beside else "",
        ]
        return "-".join(part for part in parts if part)

    @property
    def label(self) -> str:
        """Like "8 KiB overwrite + fdatasync" or "classic 4 KiB O_DIRECT + fsync"."""
        if self.pattern in OBSERVED_PATTERNS:
            return f"{self.pattern.replace('-', ' ')}, {self.method}"
        kib, rest = divmod(self.block_bytes, KIB)
        size = f"{self.block_bytes} byte" if rest else f"{kib} KiB"
        pattern = self.pattern.replace("-", " ")
        what = f"classic {size}" if self.pattern == "classic" else f"{size} {pattern}"
        sync = "" if self.method == "none" else f" + {self.method}"
        who = "readers" if self.reads else "writers"
        writers = f", {self.writers} {who}" if self.writers > 1 else ""
        beside = f" beside {LOAD_NAMES[self.beside]}" if self.beside else ""
        return f"{what}{' O_DIRECT' if self.direct else ''}{sync}{writers}{beside}"


PRIMARY: Final = SeriesKind("overwrite", "fdatasync", 8 * KIB)
"""A block of the WAL, written over an old one: what a recycled segment costs."""

PAGE_FLUSH: Final = SeriesKind("page-flush", "none", 16 * KIB, direct=True, writers=8)
"""How many pages a second InnoDB can keep flushing."""

SEQUENTIAL_READ: Final = SeriesKind("sequential-read", "none", 1024 * KIB, direct=True)
"""Our choice: a backup that copies one file after another."""

LOADS: Final[Mapping[Load, SeriesKind]] = {
    "page-flush": PAGE_FLUSH,
    "sequential-read": SEQUENTIAL_READ,
}
LOAD_NAMES: Final[Mapping[Load, str]] = {
    "page-flush": "page flushes",
    "sequential-read": "sequential reads",
}

PRIMARY_BESIDE_PAGES: Final = replace(PRIMARY, beside="page-flush")
APPEND_BESIDE_PAGES: Final = SeriesKind("append", "fdatasync", 8 * KIB, beside="page-flush")
"""What commits wait for while InnoDB flushes pages."""

PRIMARY_64K: Final = SeriesKind("overwrite", "fdatasync", 64 * KIB)
"""Eight blocks of the WAL at once: what a large transaction, or several together, write."""

DURABLE_REPLACE: Final = SeriesKind("durable-replace", "fsync", 4 * KIB)
"""A small file: a session, a setting, an index entry. Our choice: one page."""

CLASSIC_4K: Final = SeriesKind("classic", "fsync", 4 * KIB, direct=True)
CLASSIC_16K: Final = SeriesKind("classic", "fsync", 16 * KIB, direct=True)
"""The classic test: one thread, one block, O_DIRECT, fsync."""
