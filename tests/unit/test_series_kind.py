"""What a series did: its name in files, and how it is called for people."""

from dataclasses import replace

import pytest

from advisor.series_kind import (
    APPEND_BESIDE_PAGES,
    CLASSIC_4K,
    CLASSIC_16K,
    DURABLE_REPLACE,
    PAGE_FLUSH,
    PRIMARY,
    PRIMARY_BESIDE_PAGES,
    SEQUENTIAL_READ,
    SeriesKind,
)


@pytest.mark.parametrize(
    ("kind", "name", "label"),
    [
        (PRIMARY, "overwrite-fdatasync-8k", "8 KiB overwrite + fdatasync"),
        (CLASSIC_4K, "classic-fsync-4k", "classic 4 KiB O_DIRECT + fsync"),
        (CLASSIC_16K, "classic-fsync-16k", "classic 16 KiB O_DIRECT + fsync"),
        (
            SeriesKind("random", "none", 16384, direct=True, writers=8),
            "random-16k-x8",
            "16 KiB random O_DIRECT, 8 writers",
        ),
        (
            SeriesKind("overwrite", "fdatasync", 8192, writers=2),
            "overwrite-fdatasync-8k-x2",
            "8 KiB overwrite + fdatasync, 2 writers",
        ),
        (SeriesKind("overwrite", "none", 8192), "overwrite-none-8k", "8 KiB overwrite"),
        (
            SeriesKind("append", "open_sync", 512, direct=True),
            "append-open_sync-512b-direct",
            "512 byte append O_DIRECT + open_sync",
        ),
        (
            SeriesKind("random", "fsync", 4096, direct=True),
            "random-fsync-4k",
            "4 KiB random O_DIRECT + fsync",
        ),
        (
            SeriesKind("random-read", "none", 16384, direct=True, writers=8),
            "random-read-16k-x8",
            "16 KiB random read O_DIRECT, 8 readers",
        ),
        (PAGE_FLUSH, "page-flush-16k-x8", "16 KiB page flush O_DIRECT, 8 writers"),
        (DURABLE_REPLACE, "durable-replace-fsync-4k", "4 KiB durable replace + fsync"),
        (SEQUENTIAL_READ, "sequential-read-1024k", "1024 KiB sequential read O_DIRECT"),
        (
            PRIMARY_BESIDE_PAGES,
            "overwrite-fdatasync-8k-beside-page-flush",
            "8 KiB overwrite + fdatasync beside page flushes",
        ),
        (
            replace(APPEND_BESIDE_PAGES, beside="sequential-read"),
            "append-fdatasync-8k-beside-sequential-read",
            "8 KiB append + fdatasync beside sequential reads",
        ),
    ],
)
def test_name_and_label(kind: SeriesKind, name: str, label: str) -> None:
    assert (kind.name, kind.label) == (name, label)


def test_a_durable_replace_is_no_sync_that_a_commit_waits_for() -> None:
    assert PRIMARY.is_one_sync
    assert CLASSIC_4K.is_one_sync
    assert not DURABLE_REPLACE.is_one_sync
    assert not PAGE_FLUSH.is_one_sync


def test_kinds_are_the_same_where_all_is_the_same() -> None:
    same = SeriesKind("overwrite", "fdatasync", 8 * 1024, direct=False, writers=1)
    assert {PRIMARY: "found"}[same] == "found"
    assert SeriesKind("overwrite", "fdatasync", 8192, writers=2) != PRIMARY
    assert PRIMARY_BESIDE_PAGES != PRIMARY


@pytest.mark.parametrize(
    ("kind", "samples", "written_bytes"),
    [
        (PRIMARY, 100, 819_200),
        (SeriesKind("random-read", "none", 16384, direct=True), 100, 0),
        (SEQUENTIAL_READ, 100, 0),
        (DURABLE_REPLACE, 100, 409_600),
        # each page of 16384, and a batch of sixteen for every sixteen that are begun
        (PAGE_FLUSH, 16, 16 * 16384 + 262_144),
        (PAGE_FLUSH, 17, 17 * 16384 + 2 * 262_144),
        (PAGE_FLUSH, 0, 0),
    ],
)
def test_what_a_writer_writes(kind: SeriesKind, samples: int, written_bytes: int) -> None:
    assert kind.written_bytes(samples) == written_bytes
