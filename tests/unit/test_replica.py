"""Whether a replica keeps up: what it applies, what that means for its lag, and what would help.

The model of group commit is replaced by one that a person can compute: each applier makes what it
would alone.
"""

import json
from dataclasses import replace
from typing import Any

import pytest

from advisor.analysis.recovery import Replay
from advisor.capacity import host as hosting
from advisor.capacity.bounds import NO_LIMITS, DataSet, DriveSpeed, Storage
from advisor.capacity.group_commit import CommitModel, Cpu, ModelResult, SyncLatencies
from advisor.capacity.host import CapacityRequest, ModelledHost
from advisor.capacity.latency import Latency
from advisor.capacity.replica import ReplicaModel, ReplicaQuestion
from advisor.capacity.replica_results import ReplicaAnswer, ReplicaPlan
from advisor.capacity.results import Assumed
from advisor.capacity.workloads import Transaction
from advisor.commands.source import knowledge_for
from advisor.measurement import Measurement
from advisor.output.capacity import capacity_document
from advisor.output.renderers.text import render_text
from advisor.planning import plan_capacity
from advisor.request import Request
from advisor.vendors.appliers import Replaying
from advisor.vendors.commits import ONE_SHARED_SYNC
from advisor.vendors.names import VendorName
from advisor.vendors.pages import PageUse
from advisor.vendors.registry import VENDORS
from advisor.versions import NumericVersion
from tests.benchmarks.replica_lag.report import README as PAIRS_README
from tests.benchmarks.replica_lag.report import RESULTS, tables
from tests.support.command_line import run
from tests.support.drives import measurement, series
from tests.support.paths import MEASUREMENTS
from tests.unit.test_plan import closed_by_hand

DRIVE = measurement(1000, series("append", "fdatasync", 3000))
"""A sync of the log 1 ms, of a growing file 3 ms, 4 cores."""
HDD = str(MEASUREMENTS / "hdd.json")


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    def waiting(
        engine: CommitModel, drive: SyncLatencies, cpu: Cpu, *, clients: int, seed: int = 0
    ) -> ModelResult:
        found = closed_by_hand(engine, drive, cpu, clients=clients, seed=seed)
        return replace(found, bottleneck="clients")

    monkeypatch.setattr(hosting, "closed_loop", waiting)


def planned(
    vendor: VendorName,
    version: NumericVersion,
    tps: float,
    *,
    appliers: int | None = None,
    source_clients: int | None = None,
    drive: Measurement = DRIVE,
    cores: int = 4,
    **request: Any,
) -> ReplicaPlan:
    """With 1 ms of CPU time for each transaction."""
    _, plan, _ = plan_capacity(
        drive,
        Request(vendor, version, "a test", **request),
        None,
        knowledge_for(vendor, "replica"),
        CapacityRequest(client_counts=(1,), cpu_us_per_txn=1000, cores=cores),
        lambda _: None,
        ReplicaQuestion(tps, appliers, source_clients),
    )
    assert isinstance(plan, ReplicaPlan)
    return plan


def answer(*arguments: Any, **options: Any) -> ReplicaAnswer:
    return planned(*arguments, **options).replica


def text_of(*arguments: Any, **options: Any) -> str:
    return " ".join(render_text(capacity_document(planned(*arguments, **options))).split())


# Appliers


@pytest.mark.usefixtures("by_hand")
def test_appliers_of_mysql_are_clients_of_its_commit_path() -> None:
    found = answer("mysql", (9, 7), 1000)
    # 1 ms of CPU, 1 ms for the redo log, 3 ms for the binary log: 200/s each.
    assert (found.appliers, found.appliers_source) == (4, "default")
    assert found.appliers_setting == "replica_parallel_workers"
    assert (found.applied_per_s, found.keeps_up) == (800, False)
    assert found.lag_growth_s_per_min == pytest.approx(12)  # of each minute a fifth is not applied
    assert found.catch_up_s is None
    assert found.appliers_needed == 8


@pytest.mark.usefixtures("by_hand")
def test_who_keeps_up_catches_up_with_what_it_has_to_spare() -> None:
    found = answer("mysql", (9, 7), 1000, appliers=8)
    assert (found.appliers_source, found.applied_per_s, found.keeps_up) == ("as given", 1600, True)
    assert found.lag_growth_s_per_min == 0
    assert found.catch_up_s == pytest.approx(6000)  # 3,600,000 transactions at 600/s
    assert (found.faster_sync, found.relaxed) == (None, ())


@pytest.mark.usefixtures("by_hand")
def test_what_is_applied_just_as_fast_is_never_caught_up() -> None:
    found = answer("mysql", (9, 7), 1600, appliers=8)
    assert (found.keeps_up, found.catch_up_s, found.lag_growth_s_per_min) == (True, None, 0)


@pytest.mark.usefixtures("by_hand")
def test_a_replica_of_mariadb_is_one_applier_by_default() -> None:
    found = answer("mariadb", (11, 8), 900)
    assert (found.appliers_setting, found.appliers) == ("slave_parallel_threads", 1)
    assert found.applied_per_s == 500  # 1 ms of CPU, 1 ms for the redo log
    assert found.appliers_needed == 2
    assert answer("mariadb", (11, 8), 900, appliers=0).applied_per_s == 500


@pytest.mark.usefixtures("by_hand")
def test_what_would_help_each_alone() -> None:
    found = answer("mysql", (9, 7), 1000)
    assert found.faster_sync is not None
    # 0.5 and 1.5 ms of syncs: 333/s each.
    assert (found.faster_sync.sync_us, found.faster_sync.times_shorter) == (500, 2)
    assert found.faster_sync.applied_per_s == pytest.approx(4000 / 3)
    (relaxed,) = found.relaxed
    assert relaxed.durability == "loses-recent-on-power-loss"
    assert relaxed.settings["innodb_flush_log_at_trx_commit"] == "2"
    assert (relaxed.applied_per_s, relaxed.keeps_up) == (4000, True)


@pytest.mark.usefixtures("by_hand")
def test_nothing_is_offered_where_no_commit_waits_for_a_sync() -> None:
    found = answer("mysql", (9, 7), 5000, durability="loses-recent-on-power-loss")
    assert (found.keeps_up, found.faster_sync, found.relaxed) == (False, None, ())


@pytest.mark.usefixtures("by_hand")
def test_one_thread_hands_the_transactions_out() -> None:
    found = answer("mysql", (9, 7), 1000, appliers=64, cores=16)
    # 12,800/s by the appliers; a quarter of 1 ms for the thread that hands them out.
    assert (found.applied_per_s, found.limited_by) == (4000, "coordinator")


@pytest.mark.parametrize(
    ("vendor", "version", "applied_per_s", "limited_by"),
    [
        ("mysql", (8, 0, 40), 800, "source's parallelism"),
        ("mysql", (8, 4, 0), 1600, "appliers"),
        ("mariadb", (10, 4, 0), 2000, "source's parallelism"),
        ("mariadb", (10, 11, 0), 4000, "appliers"),
    ],
)
@pytest.mark.usefixtures("by_hand")
def test_older_releases_apply_together_what_was_committed_together(
    vendor: VendorName, version: NumericVersion, applied_per_s: float, limited_by: str
) -> None:
    found = answer(vendor, version, 9000, appliers=8, source_clients=4)
    assert (found.applied_per_s, found.limited_by) == (applied_per_s, limited_by)
    assert bool(found.lifted_by) == (limited_by != "appliers")


@pytest.mark.parametrize(
    ("vendor", "version", "setting", "count"),
    [
        # https://dev.mysql.com/doc/refman/8.0/en/replication-options-replica.html
        ("mysql", (8, 0, 26), "slave_parallel_workers", 0),
        ("mysql", (8, 0, 27), "replica_parallel_workers", 4),
        ("mysql", (9, 7), "replica_parallel_workers", 4),
        # https://mariadb.com/docs/server/ha-and-performance/standard-replication/parallel-replication
        ("mariadb", (12, 3), "slave_parallel_threads", 0),
    ],
)
def test_the_appliers_of_a_release(
    vendor: VendorName, version: NumericVersion, setting: str, count: int
) -> None:
    kind = VENDORS[vendor].replaying(version).appliers
    assert kind is not None
    assert (kind.setting, kind.default_count) == (setting, count)


def test_the_real_model_has_appliers_share_syncs() -> None:
    found = answer(
        "mysql", (9, 7), 1000, drive=measurement(10_000, series("append", "fdatasync", 10_000))
    )
    rates = {rate.appliers: rate.applied_per_s for rate in found.by_appliers}
    assert rates[1] == pytest.approx(1e6 / 21_000, rel=0.05)  # two syncs, and 1 ms of CPU
    assert 4 * rates[4] < rates[16] * 1.3  # four times as many commits share a sync
    assert rates[16] == pytest.approx(16 / 0.03, rel=0.25)  # 3 syncs' time: knowledge of MySQL


# Replay


@pytest.mark.parametrize("sync_us", [100, 10_000])
def test_replay_waits_for_no_sync(sync_us: float) -> None:
    found = answer("postgresql", (19,), 3000, drive=measurement(sync_us))
    # 8336 bytes at 250 MB/s are 33.3 us, and 1000 us of CPU.
    assert found.applied_per_s == pytest.approx(1e6 / 1033.344)
    assert (found.limited_by, found.appliers_setting, found.appliers) == ("replay", None, 1)
    assert (found.keeps_up, found.relaxed, found.faster_sync) == (False, (), None)
    assert found.lag_growth_s_per_min == pytest.approx(60 * (1 - 967.732 / 3000), rel=1e-4)


def test_more_log_takes_longer() -> None:
    found = answer("postgresql", (19,), 100, log_bytes_per_commit=2_500_000)
    assert found.applied_per_s == pytest.approx(1e6 / 11_000)  # 10 ms of log


REPLAY = Replay(
    log_bytes_per_s=250e6, log_bytes_per_page=8192, applied_us_per_txn=10, sources=("a test",)
)


def replica_with_pages(*, reads_ahead: bool) -> ReplicaModel:
    """1000 pages, of which half are in memory; 1000 commits between two checkpoints."""
    pages = PageUse(8192, False, cache_bytes=500 * 8192, checkpoint_log_bytes=1_000_000)
    speed = DriveSpeed(None, None, 8000, None, page_read_us=1000)
    host = ModelledHost(
        sequence=ONE_SHARED_SYNC,
        drive=SyncLatencies(Latency.constant(1000)),
        cores=Assumed(value=4, source="as given"),
        cpu_us_per_txn=Assumed(value=10, source="as given"),
        cpu_curve=(),
        storage=Storage(speed, NO_LIMITS, pages, DataSet(1000 * 8192)),
        holds_data=True,
        log_bytes=Assumed(value=1000, source="as given"),
        rtt_us=0,
        clients=lambda *_: pytest.fail("replay is no group commit"),
        arrivals=lambda *_: pytest.fail("replay is no group commit"),
    )
    return ReplicaModel(
        host,
        Replaying(None, reads_ahead),
        REPLAY,
        ReplicaQuestion(1000),
        Cpu(4, ((1, 10),)),
        Assumed(value=10, source="as given"),
    )


def test_replay_reads_what_is_neither_in_memory_nor_in_the_log() -> None:
    # Of 1000 changes of 1000 pages 1/e are of a page that has changed before: 0.368; half of those
    # are read: 0.184 pages a transaction, 23 us each eighth at a time, 184 us one after another.
    ahead = replica_with_pages(reads_ahead=True).applied()
    assert ahead.limited_by == "page reads"
    assert ahead.applied_per_s == pytest.approx(1e6 / 22.992, rel=1e-3)
    alone = replica_with_pages(reads_ahead=False).applied()
    assert alone.limited_by == "page reads"
    assert alone.applied_per_s == pytest.approx(1e6 / (14 + 183.94), rel=1e-3)


def test_since_when_replay_reads_ahead() -> None:
    # https://www.postgresql.org/docs/release/15.0/: recovery_prefetch
    versions: tuple[NumericVersion, ...] = ((14,), (15,), (19,))
    ahead = [VENDORS["postgresql"].replaying(version).reads_ahead for version in versions]
    assert ahead == [False, True, True]


# What people read


@pytest.mark.usefixtures("by_hand")
def test_the_answer_in_words() -> None:
    text = text_of("mysql", (9, 7), 1000)
    assert (
        "A replica of a source that commits 1,000 transactions/s: no; 8 appliers would do. With 4"
        " appliers (replica_parallel_workers, default) it applies 800/s; the lag grows by 12 s a"
        " minute." in text
    )
    assert "- replica_parallel_workers = 8: 1,600/s with 8 appliers" in text
    assert "- a sync that takes 500 us, 1/2 of this drive's: 1,333/s with 4 appliers" in text
    assert "- --durability loses-recent-on-power-loss (innodb_flush_log_at_trx_commit = 2" in text
    order = [text.index(word) for word in ("_workers = 8", "1/2 of", "--durability")]
    assert order == sorted(order)


@pytest.mark.usefixtures("by_hand")
@pytest.mark.parametrize(
    ("tps", "words"),
    [
        (100, "yes. With 4 appliers (replica_parallel_workers, default) it applies 800/s; after an"
         " outage of an hour it has caught up in 9 min."),
        (750, "too close to tell; 8 appliers would do."),
        (900, "too close to tell; 8 appliers would do."),
        (691, "yes. With 4 appliers"),  # 800/s are 1.158 times as much
        (800, "after an outage it never catches up."),
        (100_000, "no. With 4 appliers"),
    ],
)  # fmt: skip
def test_yes_and_no(tps: float, words: str) -> None:
    text = text_of("mysql", (9, 7), tps)
    assert words in text
    assert ("What would help" in text) == (tps > 800)


def test_syncs_are_no_limit_where_the_source_lets_few_commit_together() -> None:
    """The real model: appliers wait for syncs, which more of them would share."""
    slow = measurement(10_000, series("append", "fdatasync", 10_000))
    found = answer("mysql", (8, 0, 40), 3000, appliers=64, source_clients=4, drive=slow)
    assert found.limited_by == "source's parallelism"
    assert found.lifted is not None
    assert found.lifted.applied_per_s > 4 * found.applied_per_s
    text = text_of("mysql", (8, 0, 40), 3000, appliers=64, source_clients=4, drive=slow)
    order = [text.index(word) for word in ("- binlog_transaction_dependency_tracking", "- --dura")]
    assert order == sorted(order)
    assert answer("mysql", (8, 0, 40), 3000, appliers=4, source_clients=8).lifted is None


@pytest.mark.usefixtures("by_hand")
@pytest.mark.parametrize(
    ("vendor", "version", "log_bin", "words"),
    [
        ("mysql", (9, 7), None, "may go on and lack transactions, and nothing tells"),
        ("mysql", (9, 7), False, "it fetches them from its source again"),
        ("mariadb", (11, 8), None, "it fetches them from its source again"),
    ],
)
def test_what_a_power_loss_costs_who_relaxes_is_that_of_its_role(
    vendor: VendorName, version: NumericVersion, log_bin: bool | None, words: str
) -> None:
    text = text_of(vendor, version, 4000, log_bin=log_bin)
    assert words in text
    assert "after a crash the replica may have lost" not in text


def test_what_decides_a_standbys_answer_is_printed() -> None:
    text = text_of("postgresql", (14,), 100)
    assert "--log-bytes-per-commit" in text
    assert "page reads, which were not measured" not in text
    model = replica_with_pages(reads_ahead=True)
    unmeasured = model.host.storage.speed._replace(page_reads_per_s=None)
    storage = model.host.storage._replace(speed=unmeasured)
    found = replace(model, host=replace(model.host, storage=storage)).replayed()
    assert found is not None
    assert found.log_bytes is not None
    assert (found.are_reads_counted, found.log_bytes.value) == (False, 1000)
    assert found.page_reads == pytest.approx(0.184, rel=1e-2)
    counted = model.replayed()
    assert counted is not None
    assert counted.are_reads_counted


@pytest.mark.usefixtures("by_hand")
def test_what_the_model_is_worth_is_said() -> None:
    """The figures are those of tests/benchmarks/replica_lag/README.md."""
    assert "of MySQL 9.7 its error was 12 % in the median, 47 % at most" in text_of(
        "mysql", (9, 7), 100
    )
    assert "of MariaDB 11.8 it was too high each time, by 15 % in the median, 45 %" in text_of(
        "mariadb", (11, 8), 100
    )
    read = PAIRS_README.read_text()
    assert "mysql-9.7: median error 11.5 %, largest 47 %" in read
    assert "mariadb-11.8: median error 15.2 %, largest 45 %" in read
    assert "change no row in common" in text_of("mysql", (9, 7), 100)


@pytest.mark.usefixtures("by_hand")
def test_what_lifts_the_sources_parallelism_is_told() -> None:
    text = text_of("mysql", (8, 0, 40), 100)
    assert "binlog_transaction_dependency_tracking = WRITESET on the source lifts that" in text
    assert "lifts that" not in text_of("mysql", (9, 7), 100)


def test_the_answer_of_a_standby() -> None:
    text = text_of("postgresql", (19,), 3000)
    assert "One process replays the log, 968/s (limited by: replay), and waits for no sync" in text
    assert "fewer bytes of log per transaction" in text


# What is asked for


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--db", "mysql", "--appliers", "4"), "--appliers and --source-clients need --source-tps"),
        (("--source-tps", "100"), "--source-tps needs --db"),
        (
            ("--db", "mysql", "--db-version", "9.7", "--source-tps", "9", "--source-clients", "4"),
            "apply together what was not committed together",
        ),
        (("--db", "postgresql", "--source-tps", "100", "--appliers", "4"), "is one process that"),
        (("--db", "mysql", "--source-tps", "0"), "--source-tps"),
        (("--db", "mysql", "--source-tps", "nan"), "--source-tps"),
        (("--db", "mysql", "--source-tps", "9", "--appliers", "-1"), "--appliers"),
        (("--db", "mysql", "--source-tps", "9", "--appliers", "2000"), "--appliers"),
        (("--db", "mysql", "--source-tps", "9", "--workload", "all"), "one workload at most"),
        (("--db", "mysql", "--source-tps", "9", "--workload", "cart"), "no replica applies"),
    ],
)
def test_nonsense_is_refused(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, "capacity", "--from", HDD, *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_json_has_it_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("capacity", "--from", HDD, "--db", "mysql", "--clients", "1", "--format", "json")
    _, without, _ = run(capsys, *asked)
    assert '"replica"' not in without
    _, with_it, _ = run(capsys, *asked, "--source-tps", "3000", "--appliers", "4")
    for key in ("applied_per_s", "lag_growth_s_per_min", "catch_up_s", "source_tps", "outage_s"):
        assert f'"{key}": ' in with_it


@pytest.mark.usefixtures("by_hand")
def test_a_workload_takes_as_much_cpu_as_its_statements() -> None:
    def applied_us(*transactions: Transaction) -> float:
        _, plan, _ = plan_capacity(
            DRIVE,
            Request("mysql", (9, 7), "a test"),
            None,
            knowledge_for("mysql"),
            CapacityRequest(client_counts=(1,), transactions=transactions),
            lambda _: None,
            ReplicaQuestion(100),
        )
        assert isinstance(plan, ReplicaPlan)
        assert plan.replica.cpu_us_per_txn.source == "assumed"
        return plan.replica.cpu_us_per_txn.value

    two = Transaction("two", "database", syncs=1, statements=2, records=None, p99_target_ms=100)
    assert applied_us(two) == 2 * applied_us()


def test_the_tables_of_the_real_pairs_are_those_of_the_stored_results() -> None:
    assert tables(json.loads(RESULTS.read_text())) in PAIRS_README.read_text()


@pytest.mark.usefixtures("by_hand")
@pytest.mark.parametrize(
    ("tps", "is_close", "needed", "surely"),
    [(750, True, 4, 8), (900, True, 8, 8), (691, False, 4, 4), (1_500, False, 8, 16)],
)
def test_a_program_is_told_what_is_too_close_to_tell(
    tps: float, is_close: bool, needed: int, surely: int
) -> None:
    """4 appliers apply 800/s, 8 of them 1600/s and 16 3200/s; within 1.15 nobody can tell."""
    found = answer("mysql", (9, 7), tps)
    assert found.is_too_close_to_tell is is_close
    assert (found.appliers_needed, found.appliers_surely_enough) == (needed, surely)
