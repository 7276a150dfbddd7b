"""What a rule says of an experiment, held against the experiment's runs."""

import json
from statistics import median
from typing import Final

import pytest

from tests.lab.results import counted_runs
from tests.lab.server_memory import STORED, Beside, Share

GAINED_NOTHING: Final = {
    "page-flushing-mysql": (
        *("neighbours", "adaptive-off", "flush-sync-off"),
        *("doublewrite-pages-4", "log-writer-threads-off", "io-capacity-default"),
    ),
    "page-flushing-postgresql": (
        *("checkpoint-flush-after-0", "checkpoint-flush-after-2MB"),
        *("lru-maxpages-0", "lru-maxpages-1000"),
        *("wal-writer-flush-after-0", "wal-writer-flush-after-16MB"),
    ),
    "page-flushing-mariadb": ("data-write-through", "log-buffering", "log-write-through"),
}
"""Experiment -> variants of our fragment of which a rule or profiles/README.md says so."""

SLOWER: Final = (("io-capacity-mysql", "all", "quarter"),)
"""Experiment, a variant that a rule calls slower, and what it is slower than."""

NOTHING: Final = 1.03
"""A difference that a comparison does not take for one."""


def rate(experiment: str, configuration: str, drive: str = "") -> float:
    """The median of its runs: commits or queries per second."""
    runs = [run for run in counted_runs(experiment) if drive in run.block.split(" ", 1)[1]]
    return median(run.rates.mean for run in runs if run.configuration == configuration)


def written_bytes_per_commit(experiment: str, configuration: str) -> float:
    """The same of what its drive was asked to write."""
    runs = [run for run in counted_runs(experiment) if run.configuration == configuration]
    return median(
        run.drive_work.written_bytes_per_s / run.rates.mean for run in runs if run.drive_work
    )


@pytest.mark.parametrize(
    ("experiment", "variant"),
    [(experiment, variant) for experiment, found in GAINED_NOTHING.items() for variant in found],
)
def test_a_variant_that_gained_nothing_is_not_faster(experiment: str, variant: str) -> None:
    assert rate(experiment, variant) <= NOTHING * rate(experiment, "ours")


@pytest.mark.parametrize(("experiment", "variant", "other"), SLOWER)
def test_a_variant_that_is_called_slower_is(experiment: str, variant: str, other: str) -> None:
    assert NOTHING * rate(experiment, variant) < rate(experiment, other)


@pytest.mark.parametrize("configuration", ["ours", "wal-compression-pglz"])  # ours is lz4
def test_compressed_pages_make_postgresql_write_less(configuration: str) -> None:
    """40 % less, as reasons say."""
    plain = written_bytes_per_commit("page-flushing-postgresql", "wal-compression-off")
    compressed = written_bytes_per_commit("page-flushing-postgresql", configuration)
    assert compressed / plain == pytest.approx(0.6, abs=0.02)


def test_lz4_costs_no_commits() -> None:
    plain = rate("page-flushing-postgresql", "wal-compression-off")
    assert NOTHING * rate("page-flushing-postgresql", "ours") >= plain


def test_a_quarter_of_memory_as_shared_buffers_is_faster_than_the_default() -> None:
    small = rate("page-flushing-postgresql", "shared-buffers-128MB")
    assert rate("page-flushing-postgresql", "ours") > 1.6 * small


@pytest.mark.parametrize(
    ("block", "off_s", "try_s"),
    [
        ("postgresql-15 hdd-7200 tpcb-16-50", 12, 356),  # in a reason
        ("postgresql-19 hdd-7200 tpcb-16-50", 13, 366),
        ("postgresql-15 cloud-3000 tpcb-16-50", 9, 28),  # 3 times
        ("postgresql-15 nvme-consumer tpcb-16-50", 4, 6),  # 1.5 times
    ],
)
def test_recovery_without_reading_ahead_takes_as_long_as_a_rule_says(
    block: str, off_s: int, try_s: int
) -> None:
    runs = [each for each in counted_runs("recovery-prefetch-postgresql") if each.block == block]
    took_s = {run.configuration: round(run.recovery_s or 0) for run in runs}
    assert took_s == {"prefetch-off": off_s, "ours": try_s}


def test_neighbours_are_worth_a_fifth_on_a_disk() -> None:
    gain = rate("flush-neighbours-mysql", "neighbours-1") / rate(
        "flush-neighbours-mysql", "neighbours-0"
    )
    assert 1.15 < gain < 1.25


MEMORY: Final = json.loads(STORED.read_text())


def test_what_servers_take_beside_their_pool_is_what_the_rules_say() -> None:
    """In MiB; 0.22, 0.36 and 0.6 GB, as the rules of innodb_buffer_pool_size say."""
    found = [Beside(**each) for each in MEMORY["beside"]]
    taken = {(each.server, each.clients): each.beside_pool_mib for each in found}
    assert 220 <= taken["mariadb-11.8", 100] < 231
    assert 364 <= taken["mariadb-11.8", 250] < 374
    assert 564 <= taken["mysql-9.7", 16] < 666


def test_half_of_1_gb_is_too_much_for_mysql_and_not_for_mariadb() -> None:
    found = [Share(**each) for each in MEMORY["shares"]]
    ended = {(each.server, each.percent): each.ended_with_clients for each in found}
    assert ended["mysql-9.7", 50] == 16
    assert ended["mysql-9.7", 25] != 16
    assert ended["mariadb-11.8", 70] is None


READ_AHEAD: Final = (("nvme-consumer", 64, 7), ("cloud-3000", 64, 3), ("network-2ms", 64, 22))
"""A drive, how many reads are in flight there, and how many times as fast a session then is as with
1 at least, as the rule of effective_io_concurrency says."""


@pytest.mark.parametrize(("drive", "reads", "times"), READ_AHEAD)
def test_reads_in_flight_are_faster_where_a_rule_says_so(
    drive: str, reads: int, times: int
) -> None:
    block = f"{drive} bitmap-scan-1-200"
    one = rate("read-ahead-postgresql", "default", block)
    assert rate("read-ahead-postgresql", f"reads-{reads}", block) > times * one


def test_a_disk_gains_nothing_from_reads_in_flight() -> None:
    block = "hdd-7200 bitmap-scan-1-200"
    one = rate("read-ahead-postgresql", "default", block)
    assert rate("read-ahead-postgresql", "reads-64", block) < 1.1 * one


@pytest.mark.parametrize("variant", ["reads-64", "reads-256"])
def test_a_replay_gains_nothing_from_more_read_ahead(variant: str) -> None:
    """Bytes of WAL a second, since no two runs wrote as much."""
    replayed = {
        name: median(
            run.replayed_bytes / run.recovery_s
            for run in counted_runs("recovery-read-ahead-postgresql")
            if run.configuration == name and run.replayed_bytes and run.recovery_s
        )
        for name in ("ours", variant)
    }
    assert replayed[variant] <= NOTHING * replayed["ours"]
