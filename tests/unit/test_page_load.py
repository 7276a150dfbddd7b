"""Which pages a load changes, writes, reads and logs; each value worked out by hand."""

import pytest

from advisor.capacity.page_load import DataSet, PageChanges, PageLoad, largest
from advisor.vendors.pages import PageUse

GB = 10**9
INNODB = PageUse(page_bytes=16_000, doublewrite=True, cache_bytes=None, checkpoint_log_bytes=None)
ONE = PageChanges(1)
LOG_BYTES = 1000.0
"""What a transaction logs: of 10 MB between two checkpoints, 10,000 transactions."""


def pages_of(count: float) -> DataSet:
    return DataSet(count * 16_000)


def test_a_page_that_changes_often_is_written_once_per_checkpoint() -> None:
    # Over 10,000 pages alike 10,000 changes hit 10,000 x (1 - 1/e) = 6321; over 1000 pages, 1000 of
    # them (but for e^-10).
    pages = INNODB._replace(checkpoint_log_bytes=10_000_000)
    alike = PageLoad(ONE, pages, pages_of(10_000))
    assert alike.written(LOG_BYTES) == pytest.approx(0.6321, abs=0.0001)
    assert alike.dirty_share(LOG_BYTES) == pytest.approx(0.6321, abs=0.0001)
    few = alike._replace(data=pages_of(1000))
    assert few.written(LOG_BYTES) == pytest.approx(0.1, abs=0.0001)
    many = alike._replace(data=DataSet(1000 * GB))
    assert many.written(LOG_BYTES) == pytest.approx(1.0, abs=0.001)
    # twice the pages of a transaction in the same log: 20,000 changes, 10,000 x (1 - e^-2) = 8647
    two = alike._replace(changes=PageChanges(2))
    assert two.written(LOG_BYTES) == pytest.approx(0.8647, abs=0.0001)


def test_where_nothing_is_known_of_checkpoints_each_change_is_written() -> None:
    load = PageLoad(PageChanges(3), INNODB, pages_of(10))
    assert (load.written(LOG_BYTES), load.dirty_share(LOG_BYTES)) == (3, 0)
    known = load._replace(pages=INNODB._replace(checkpoint_log_bytes=10_000_000))
    assert (known.written(None), known.dirty_share(None)) == (3, 0)


def test_memory_holds_no_more_changed_pages_than_it_has() -> None:
    # 1000 pages of memory are full after n changes of 10,000 pages, 10,000 (1 - e^(-n / 10,000)) =
    # 1000: n = 10,000 ln (10 / 9) = 1053.6
    pages = INNODB._replace(checkpoint_log_bytes=10_000_000, cache_bytes=1000 * 16_000)
    load = PageLoad(ONE, pages, pages_of(10_000))
    assert load.txns_per_checkpoint(LOG_BYTES) == pytest.approx(1053.6, abs=0.1)
    assert load.written(LOG_BYTES) == pytest.approx(1000 / 1053.6, abs=0.0001)
    roomy = load._replace(pages=pages._replace(cache_bytes=7000 * 16_000))
    assert roomy.txns_per_checkpoint(LOG_BYTES) == 10_000


def test_a_skewed_load_changes_fewer_pages() -> None:
    # 10,000 changes of 10,000 pages, 80 % of them of 2000: 2000 (1 - e^-4) + 8000 (1 - e^-0.25)
    load = PageLoad(ONE, INNODB, pages_of(10_000)._replace(hot_share=0.2))
    assert load.changed(10_000) == pytest.approx(1963.37 + 1769.59, abs=0.01)
    assert load.changed(0) == 0


def test_indexes_change_more_often_than_rows() -> None:
    # Of 10,000 pages 1000 are indexes, which take 3 changes of 4. 1000 transactions change
    # 9000 (1 - e^(-1/9)) = 946.5 pages of rows and 1000 (1 - e^-3) = 950.2 of indexes.
    pages = INNODB._replace(checkpoint_log_bytes=1_000_000)
    load = PageLoad(PageChanges(1, 3, 0.1), pages, pages_of(10_000))
    assert load.changed(1000) == pytest.approx(946.5 + 950.2, abs=0.1)
    assert load.written(LOG_BYTES) == pytest.approx(1.8967, abs=0.0001)


@pytest.mark.parametrize(
    ("cached", "read"),
    [
        (10_000, 0),
        (20_000, 0),
        # The last 353.3 transactions changed 1000 pages: 1000 (1 - e^-1.0599) = 653.5 of indexes,
        # 9000 (1 - e^-0.03926) = 346.5 of rows. Missing: 3 e^-1.0599 + e^-0.03926.
        (1000, 1.0395 + 0.9615),
        # 146.17: 1000 (1 - e^-0.43852) = 355.0 and 9000 (1 - e^-0.016241) = 145.0
        (500, 1.9350 + 0.9839),
        # 6238: all indexes, and 9000 (1 - e^-0.69315) = 4500 of rows
        (5500, 0.5),
        (0, 4),
    ],
)
def test_memory_keeps_most_pages_of_indexes(cached: float, read: float) -> None:
    pages = INNODB._replace(cache_bytes=cached * 16_000)
    load = PageLoad(PageChanges(1, 3, 0.1), pages, pages_of(10_000))
    assert load.read == pytest.approx(read, abs=0.0002)


@pytest.mark.parametrize(
    ("cache_gb", "hot_share", "missed"),
    [
        (100, 0.5, 0),
        (200, 0.5, 0),
        (50, 0.5, 0.5),
        (0, 0.5, 1),
        # 80 % of the changes go to 20 GB, 0.04 to each of them, and 0.0025 to each of the others.
        # The last 12.016 have 20 (1 - e^-0.48066) + 80 (1 - e^-0.030041) = 7.63 + 2.37 GB
        (10, 0.2, 0.8 * 0.61838 + 0.2 * 0.97041),
        # 30.574: 14.11 + 5.89 GB
        (20, 0.2, 0.8 * 0.29437 + 0.2 * 0.92641),
        # 277.26: 20 and 40 GB
        (60, 0.2, 0.2 * 0.5),
    ],
)
def test_memory_keeps_most_of_the_hot_part(
    cache_gb: float, hot_share: float, missed: float
) -> None:
    pages = INNODB._replace(cache_bytes=cache_gb * GB)
    load = PageLoad(ONE, pages, DataSet(100 * GB, hot_share))
    assert load.read == pytest.approx(missed, abs=0.0001)


def test_what_nothing_changes_takes_no_memory() -> None:
    """5000 pages of rows are never changed: 5000 of indexes fit."""
    pages = INNODB._replace(cache_bytes=5001 * 16_000)
    assert PageLoad(PageChanges(0, 1, 0.5), pages, pages_of(10_000)).read == 0


def test_of_unknown_memory_no_reads_are_told() -> None:
    assert PageLoad(ONE, INNODB, DataSet(100 * GB)).read == 0


def test_replay_does_not_read_what_the_log_holds_whole() -> None:
    # 10,000 changes of 10,000 pages, of which half are in memory: 1/e change again
    pages = INNODB._replace(checkpoint_log_bytes=10_000_000, cache_bytes=5000 * 16_000)
    load = PageLoad(ONE, pages, pages_of(10_000))
    assert load.read_in_replay(LOG_BYTES) == pytest.approx(0.5 * 0.36788, abs=0.0001)
    assert load.read_in_replay(None) == 0
    assert load._replace(changes=PageChanges()).read_in_replay(LOG_BYTES) == 0


def test_a_page_goes_to_the_log_once_per_checkpoint() -> None:
    pages = PageUse(8192, False, None, 1_000_000, logged_page_bytes=8000)
    # 100 bytes of records and a page for each; a transaction that changes none at random
    unknown = pages._replace(checkpoint_log_bytes=None)
    assert PageLoad(ONE, unknown, DataSet(GB)).log_bytes(100) == 8100
    assert PageLoad(PageChanges(), pages, DataSet(GB)).log_bytes(100) == 100
    assert PageLoad(ONE, INNODB, DataSet(GB)).log_bytes(100) == 100
    # one page, logged once: 9920 transactions of 100 bytes fill what is left of 1 MB
    one = PageLoad(ONE, pages, DataSet(8192))
    assert one.log_bytes(100) == pytest.approx(1e6 / 9920)
    # 100 pages, each of which is soon logged: 800,000 bytes of 1 MB, 2000 transactions for the rest
    hundred = one._replace(data=DataSet(8192 * 100))
    assert hundred.log_bytes(100) == pytest.approx(500)
    # no page changes twice of very many: 123.46 transactions
    many = one._replace(data=DataSet(1000 * GB))
    assert many.log_bytes(100) == pytest.approx(8100, rel=0.001)
    compressed = pages._replace(compressed_share=0.25)
    assert PageLoad(ONE, compressed._replace(checkpoint_log_bytes=None), DataSet(GB)).log_bytes(
        100
    ) == pytest.approx(2100)
    # 200,000 bytes of 1 MB
    assert hundred._replace(pages=compressed).log_bytes(100) == pytest.approx(125)


def test_the_largest_that_holds() -> None:
    assert largest(8, lambda some: some <= 10) == 8
    assert largest(8, lambda some: some * some <= 2) == pytest.approx(2**0.5)
