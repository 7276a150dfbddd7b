"""What bounds the rate beside the flush; each value worked out by hand."""

import pytest

from advisor.analysis.recovery import pages_in_a_row
from advisor.capacity.bounds import (
    NO_LIMITS,
    Bound,
    DriveSpeed,
    ProviderLimits,
    Storage,
    Work,
)
from advisor.capacity.page_load import DataSet, PageChanges
from advisor.vendors.names import VendorName
from advisor.vendors.pages import PageUse
from advisor.vendors.registry import VENDORS

GB = 10**9
INNODB = PageUse(page_bytes=16_000, doublewrite=True, cache_bytes=None, checkpoint_log_bytes=None)
SPEED = DriveSpeed(
    write_bytes_per_s=100_000_000,
    page_writes_per_s=400.0,
    page_reads_per_s=None,
    page_flushes_per_s=None,
)
WORK = Work(log_bytes=1000, changes=PageChanges(1), log_writes=0.5)


def bounds(storage: Storage, work: Work = WORK) -> dict[str, float]:
    found = storage.bounds(work)
    assert [each.tps for each in found] == sorted(each.tps for each in found)
    return {each.name: each.tps for each in found}


def test_without_data_only_the_log_counts() -> None:
    # 100 MB/s of 1000 bytes each
    assert bounds(Storage(SPEED, NO_LIMITS, INNODB, None)) == {"sequential writes": 100_000}
    assert bounds(Storage(SPEED, NO_LIMITS, None, DataSet(GB))) == {"sequential writes": 100_000}


def test_what_is_not_known_bounds_nothing() -> None:
    nothing = DriveSpeed(None, None, None, None)
    assert Storage(nothing, NO_LIMITS, INNODB, DataSet(GB)).bounds(WORK) == ()
    assert Storage(SPEED, NO_LIMITS, None, None).bounds(WORK._replace(log_bytes=None)) == ()


def test_each_page_is_written_twice_for_the_doublewrite_buffer() -> None:
    # 400 random pages/s, 2 for each transaction: a hard disk's 200/s, whatever a flush takes
    storage = Storage(SPEED, NO_LIMITS, INNODB, DataSet(100 * GB))
    assert storage.bounds(WORK)[0] == Bound(name="page writes", tps=200)
    assert bounds(storage, WORK._replace(changes=PageChanges(4)))["page writes"] == 50


def test_page_flushes_that_were_measured_have_the_doublewrite_buffer_in_them() -> None:
    speed = SPEED._replace(page_flushes_per_s=350.0)
    storage = Storage(speed, NO_LIMITS, INNODB, DataSet(100 * GB))
    assert bounds(storage)["page writes"] == 350
    assert bounds(storage, WORK._replace(changes=PageChanges(7)))["page writes"] == 50
    # a server without one is bound by what it does: 400 pages at random
    single = storage._replace(pages=INNODB._replace(doublewrite=False))
    assert bounds(single)["page writes"] == 400


def test_a_disks_cache_does_not_hide_page_writes_for_long() -> None:
    """In order a disk writes 2.5 times the pages that it reads at random: 250, whatever its cache
    takes; a drive that reads 1000 pages keeps up with all 400."""
    single = INNODB._replace(doublewrite=False)
    for page_reads_per_s, tps in ((100.0, 250), (1000.0, 400)):
        speed = SPEED._replace(page_reads_per_s=page_reads_per_s)
        storage = Storage(speed, NO_LIMITS, single, DataSet(100 * GB))
        assert bounds(storage)["page writes"] == tps


def test_a_checkpoint_that_writes_most_pages_goes_through_the_whole_data() -> None:
    """10 MB of log are 10,000 changes: 6321 of 10,000 pages, of 160 MB that the drive writes in 1.6
    seconds: 3951/s, and no more than it writes at random; 250 in order where few pages change."""
    single = INNODB._replace(doublewrite=False, checkpoint_log_bytes=10_000_000)
    speed = SPEED._replace(page_writes_per_s=10_000.0, page_reads_per_s=100.0)
    dense = Storage(speed, NO_LIMITS, single, DataSet(10_000 * 16_000))
    assert bounds(dense)["page writes"] == pytest.approx(3951 / 0.6321, rel=0.001)
    slower = dense._replace(speed=speed._replace(page_writes_per_s=400.0))
    assert bounds(slower)["page writes"] == pytest.approx(400 / 0.6321, rel=0.001)
    sparse = dense._replace(data=DataSet(1000 * GB))
    assert bounds(sparse)["page writes"] == pytest.approx(250, rel=0.01)


def test_pages_take_the_drives_time_from_syncs() -> None:
    # 1 page written of 200/s, and a quarter of one read of 1000/s, of 3 ms at least
    cached = INNODB._replace(cache_bytes=75 * GB)
    speed = SPEED._replace(page_reads_per_s=1000.0, page_read_us=3000.0)
    storage = Storage(speed, NO_LIMITS, cached, DataSet(100 * GB))
    assert storage.page_us(WORK) == pytest.approx(5000 + 250)
    assert storage.read_us(WORK) == pytest.approx(750)
    assert storage.page_operations(WORK) == pytest.approx(17 / 16 + 0.25)
    assert storage._replace(data=None).page_us(WORK) == 0


def test_what_was_measured_at_the_providers_limit_is_no_speed_of_the_drive() -> None:
    """400 page writes a second are 200 pages twice, 1000 reads are the limit's."""
    cached = INNODB._replace(cache_bytes=75 * GB)
    speed = SPEED._replace(page_reads_per_s=1000.0)
    storage = Storage(speed, ProviderLimits(ops_per_s=1200), cached, DataSet(100 * GB))
    assert storage.page_us(WORK) == pytest.approx(5000)
    plenty = storage._replace(limits=ProviderLimits(ops_per_s=1300))
    assert plenty.page_us(WORK) == pytest.approx(5250)
    # 1000 reads/s are more than 900 let through: the drive's own speed, seen before the limit was
    credits_ = storage._replace(limits=ProviderLimits(ops_per_s=900))
    assert credits_.page_us(WORK) == pytest.approx(5250)


def test_pages_that_are_not_in_memory_are_read() -> None:
    cached = INNODB._replace(cache_bytes=75 * GB)
    speed = SPEED._replace(page_reads_per_s=120.0)
    found = bounds(Storage(speed, NO_LIMITS, cached, DataSet(100 * GB)))
    assert found["page reads"] == pytest.approx(480)  # a quarter misses


def test_a_provider_counts_everything() -> None:
    limits = ProviderLimits(ops_per_s=3000, bytes_per_s=125_000_000)
    cached = INNODB._replace(cache_bytes=50 * GB)
    found = bounds(Storage(SPEED, limits, cached, DataSet(100 * GB)))
    # 0.5 log writes, 0.5 read, 1 page with a sixteenth of a write to the doublewrite buffer
    assert found["operation limit"] == pytest.approx(3000 / 2.0625)
    assert found["bandwidth limit"] == pytest.approx(125e6 / (1000 + 2.5 * 16_000))
    assert bounds(Storage(SPEED, limits, None, None)) == {
        "operation limit": 6000,
        "sequential writes": 100_000,
        "bandwidth limit": 125_000,
    }


def test_what_postgresql_keeps_and_writes() -> None:
    """effective_cache_size in 8 kB, max_wal_size in MB; 3800 MB / 1.9 between checkpoints."""
    values = {"effective_cache_size": 131_072, "max_wal_size": 3800}
    found = VENDORS["postgresql"].page_use(values)
    assert found == PageUse(8192, False, 2**30, 3800 * 2**20 / 1.9, 7952)
    wide = VENDORS["postgresql"].page_use({**values, "checkpoint_completion_target": 0.5})
    assert wide.checkpoint_log_bytes == pytest.approx(3800 * 2**20 / 1.5)
    assert VENDORS["postgresql"].page_use({}) == PageUse(8192, False, None, None, 7952)


@pytest.mark.parametrize(
    ("vendor", "values", "cache_bytes", "log_bytes"),
    [
        ("mysql", {"innodb_redo_log_capacity": 2**30}, None, 0.75 * 2**30),
        ("mysql", {"innodb_log_file_size": 2**29}, None, 0.75 * 2**30),  # two files
        ("mariadb", {"innodb_log_file_size": 2**30}, None, 0.75 * 2**30),
        ("mariadb", {"innodb_buffer_pool_size": 2**32}, 2**32, None),
    ],
)
def test_what_innodb_keeps_and_writes(
    vendor: VendorName, values: dict[str, int], cache_bytes: int | None, log_bytes: float | None
) -> None:
    found = VENDORS[vendor].page_use(values)
    assert found == PageUse(16_384, True, cache_bytes, log_bytes)


def test_neighbours_that_have_changed_are_written_at_once() -> None:
    # 3 of 4 pages: runs of 4 on average; no more than 16 of 16 KB in 256 KiB
    single = INNODB._replace(doublewrite=False)
    assert pages_in_a_row(16_000, 0.75) == 4
    assert pages_in_a_row(16_000, 0) == 1
    assert pages_in_a_row(16_000, 0.99) == pages_in_a_row(16_000, 1) == 256 * 1024 / 16_000
    dense = single._replace(checkpoint_log_bytes=10_000_000)
    storage = Storage(SPEED, NO_LIMITS, dense, DataSet(10_000 * 16_000))
    # 0.6321 pages for a change, 6321 of 10,000: 1 / 0.3679 = 2.718 of them at once
    assert storage.page_operations(WORK) == pytest.approx(0.6321 / 2.718, rel=0.001)
    # 17 operations for 16 pages, wherever they are, of which InnoDB flushes the oldest
    innodb = storage._replace(pages=dense._replace(doublewrite=True))
    assert innodb.page_operations(WORK) == pytest.approx(0.6321 * 17 / 16, rel=0.001)
