"""The capacity plan: what is asked for, of which server, on which host, and what is taken as known.

Where the model's own figures do not matter, it is replaced by one that a person can compute.
"""

import json
from dataclasses import replace
from typing import Any

import pytest

from advisor import planning
from advisor.advice import Advice
from advisor.advise import advise
from advisor.capacity import host as hosting
from advisor.capacity.bounds import ProviderLimits
from advisor.capacity.group_commit import CommitModel, Cpu, ModelResult, SyncLatencies
from advisor.capacity.host import CapacityRequest
from advisor.capacity.latency import Latency
from advisor.capacity.page_load import DataSet
from advisor.capacity.results import CapacityPlan, StorageResult
from advisor.capacity.standard_drives import (
    StandardDrive,
    append_factor,
    class_drives,
    reference_drives,
)
from advisor.capacity.target import target_result
from advisor.capacity.target_search import Scenario, TargetRate
from advisor.capacity.workloads import fill_in
from advisor.commands.source import knowledge_for
from advisor.errors import NotTrustedError, UsageError
from advisor.knowledge import load_storage_knowledge, load_workloads
from advisor.measurement import Measurement, Series
from advisor.planning import plan_capacity
from advisor.request import Request
from advisor.rules.knowledge import Knowledge
from advisor.vendors.commits import ONE_SHARED_SYNC
from advisor.vendors.names import VendorName
from advisor.vendors.pages import PageUse
from advisor.vendors.registry import COMMIT_SEQUENCES, VENDORS
from tests.support.drives import UNKNOWN, device, measurement, series, summary, under_load
from tests.support.golden import stored

STORAGE = load_storage_knowledge()
WORKLOADS = load_workloads()
MYSQL = Request("mysql", (9, 7), "a test")
POSTGRESQL = Request("postgresql", (15,), "a test")

MORE_DATA = "data that outgrows memory is not in these figures: --data-size adds it"
APPEND = series("append", "fdatasync", 3000)
DRIVE = measurement(1000, APPEND)
"""A sync of the log 1 ms, of a growing file 3 ms, 4 cores."""


def wait_us(engine: CommitModel, drive: SyncLatencies) -> float:
    log_us = drive.log.mean_us
    match engine.sequence.kind:
        case "asynchronous":
            return 0
        case "mysql-binary-log" | "mariadb-binary-log":
            return log_us + (drive.append or drive.log).mean_us
        case _:
            return engine.commits * log_us


def closed_by_hand(
    engine: CommitModel, drive: SyncLatencies, cpu: Cpu, *, clients: int, seed: int = 0
) -> ModelResult:
    """Each client makes what it would alone, up to what the cores can do."""
    each_us = wait_us(engine, drive) + cpu.us_per_txn[0][1]
    by_cpu = cpu.cores * 1e6 / cpu.us_per_txn[0][1]
    tps = min(clients * 1e6 / each_us, by_cpu)
    return ModelResult(clients, tps, each_us / 1000, each_us / 1000, 1.0, "flush")


def open_by_hand(
    engine: CommitModel, drive: SyncLatencies, cpu: Cpu, *, arrivals_per_s: float, seed: int = 0
) -> ModelResult:
    """Nobody disturbs anybody: p99 is what one takes alone."""
    each_us = wait_us(engine, drive) + cpu.us_per_txn[0][1]
    return ModelResult(0, arrivals_per_s, each_us / 1000, each_us / 1000, 1.0, "flush")


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosting, "closed_loop", closed_by_hand)
    monkeypatch.setattr(hosting, "open_arrivals", open_by_hand)


def planned(
    drive: Measurement = DRIVE,
    request: Request | None = None,
    told: list[str] | None = None,
    *workloads: str,
    **options: Any,
) -> CapacityPlan:
    vendor = request.vendor if request else None
    transactions = fill_in([WORKLOADS[name] for name in workloads], {})
    wanted = CapacityRequest(transactions=transactions, **options)
    steps: list[str] = [] if told is None else told
    return plan_capacity(drive, request, None, knowledge_for(vendor), wanted, steps.append)[1]


# How a server commits


@pytest.mark.parametrize(
    ("vendor", "syncs", "kind"),
    [
        ("postgresql", 1, "postgresql"),
        ("postgresql", 0, "asynchronous"),
        ("mysql", 0, "asynchronous"),
        ("mysql", 1, "mysql"),
        ("mysql", 2, "mysql-binary-log"),
        ("mariadb", 0, "asynchronous"),
        ("mariadb", 1, "mariadb"),
        ("mariadb", 2, "mariadb-binary-log"),
        ("mariadb", 3, "mariadb-binary-log"),
    ],
)
def test_how_a_server_commits_follows_from_what_a_commit_waits_for(
    vendor: VendorName, syncs: int, kind: str
) -> None:
    assert VENDORS[vendor].sequence_of(syncs).kind == kind


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (None, "postgresql"),
        (POSTGRESQL, "postgresql"),
        (MYSQL, "mysql-binary-log"),
        (Request("mysql", (5, 7), ""), "mysql"),
        (Request("mysql", (9, 7), "", log_bin=False), "mysql"),
        (Request("mysql", (9, 7), "", durability="loses-recent-on-crash"), "asynchronous"),
        (Request("mariadb", (10, 11), ""), "mariadb"),
        (Request("mariadb", (10, 11), "", log_bin=True), "mariadb-binary-log"),
        (Request("postgresql", (15,), "", durability="loses-recent-on-crash"), "asynchronous"),
    ],
)
def test_the_advised_settings_say_how_it_commits(
    by_hand: None, request_: Request | None, kind: str
) -> None:
    assert planned(DRIVE, request_).commit_kind == kind


# The host


def test_cores_are_those_measured_else_assumed_and_both_can_be_given(by_hand: None) -> None:
    assert planned().cores.model_dump() == {"value": 4, "source": "as measured"}
    unknown = measurement(1000, cpu_count=UNKNOWN)
    assert planned(unknown).cores.source == "assumed"
    assert planned(unknown, cores=9).cores.model_dump() == {"value": 9, "source": "as given"}
    assert planned().cpu_us_per_txn.source == "assumed"
    given = planned(cpu_us_per_txn=40).cpu_us_per_txn
    assert given.model_dump() == {"value": 40, "source": "as given"}


def test_cpu_time_may_grow_with_the_clients() -> None:
    """Where the cores bind: 4 / 100 us = 40,000/s at 4 clients and below, half of it at 64."""
    plan = planned(
        measurement(20),
        client_counts=(64,),
        cores=4,
        cpu_us_per_txn=100,
        cpu_curve=((4, 100), (64, 200)),
    )
    assert plan.group_commit[0].tps <= 20_400
    assert (
        planned(measurement(20), client_counts=(64,), cores=4, cpu_us_per_txn=100)
        .group_commit[0]
        .tps
        > 20_400
    )


def test_a_given_cpu_time_is_any_transactions(by_hand: None) -> None:
    (assumed,) = planned(DRIVE, None, None, "trade").workloads
    each = planned().cpu_us_per_txn.value
    assert assumed.cpu_us_per_txn == 5 * each  # five statements
    (given,) = planned(DRIVE, None, None, "trade", cpu_us_per_txn=40).workloads
    assert given.cpu_us_per_txn == 40


# Group commit


def test_each_number_of_clients_is_a_point(by_hand: None) -> None:
    # 1 ms + 1 ms: 500/s for each client, and 4 cores / 1 ms = 4000/s for all
    plan = planned(client_counts=(1, 2, 100), cpu_us_per_txn=1000)
    assert [(point.clients, point.tps) for point in plan.group_commit] == [
        (1, 500),
        (2, 1000),
        (100, 4000),
    ]
    assert [point.clients for point in planned().group_commit] == [
        *(1, 2, 4, 8, 16, 32, 64, 128, 256),
    ]


def test_a_binary_log_grows(by_hand: None) -> None:
    # 1 ms + 3 ms + 1 ms = 5 ms
    plan = planned(DRIVE, MYSQL, client_counts=(1,), cpu_us_per_txn=1000)
    assert plan.group_commit[0].tps == 200
    assert plan.notes == (MORE_DATA,)


def test_a_binary_log_that_was_not_measured_is_guessed_aloud(by_hand: None) -> None:
    plan = planned(measurement(1000), MYSQL, client_counts=(1,), cpu_us_per_txn=1000)
    assert plan.group_commit[0].tps == pytest.approx(1000 / 3)
    assert any("binary log" in note and "not measured" in note for note in plan.notes)


def test_the_model_is_told_of_once_per_run_and_run_once(by_hand: None) -> None:
    told: list[str] = []
    planned(DRIVE, None, told, client_counts=(1, 2))
    assert told == ["1 client, 1 ms a sync", "2 clients, 1 ms a sync"]
    # 500 us of CPU time: 2 x 667/s are needed, asked for the table, too
    told.clear()
    planned(DRIVE, None, told, client_counts=(1, 2), target_tps=1000, cpu_us_per_txn=500)
    assert [step for step in told if step.endswith(" 1 ms a sync")] == [
        "2 clients, 1 ms a sync",
        "1 client, 1 ms a sync",
    ]


# Workloads


def test_a_database_shares_and_files_do_not(by_hand: None) -> None:
    # ceilings: 1000/s / 6, and 1000/s / 8: two syncs of 1 ms and a replace, which was not measured
    # and so is two of 3 ms; alone, by hand, both wait: 1 ms once, and 3 x 1 ms
    trade, login = planned(DRIVE, POSTGRESQL, None, "trade", "login", cpu_us_per_txn=1000).workloads
    assert trade.ceiling_tps == pytest.approx(166.67, abs=0.01)
    assert login.ceiling_tps == pytest.approx(125)
    assert (trade.p99_ms, login.p99_ms) == (2, 4)
    # 97.3 % of what the 4 cores can do, 4000/s, and of what one drive can, 125/s
    assert trade.sustainable_tps == pytest.approx(3891, abs=1)
    assert login.sustainable_tps == pytest.approx(121.6, abs=0.1)
    assert trade.per_day == trade.sustainable_tps * 86_400


# 2 x 1 ms + 5 ms = 7 ms; without the series 2 x 1 ms + 2 x 3 ms, DRIVE's growing file.
@pytest.mark.parametrize(
    ("replaces_us", "told_us", "source", "ceiling_tps"),
    [(5000, 5000, "as measured", 142.857), (None, 6000, "assumed", 125)],
)
def test_a_durable_replace_takes_what_was_measured(
    by_hand: None, replaces_us: float | None, told_us: float, source: str, ceiling_tps: float
) -> None:
    replaces = [] if replaces_us is None else [series("durable-replace", "fsync", replaces_us)]
    drive = measurement(1000, APPEND, *replaces)
    login, trade = planned(drive, None, None, "login", "trade").workloads
    assert (login.syncs, login.replaces, trade.replaces) == (3, 1, 0)
    assert login.replace_us is not None
    assert (login.replace_us.value, login.replace_us.source) == (told_us, source)
    assert trade.replace_us is None
    assert login.ceiling_tps == pytest.approx(ceiling_tps, abs=0.001)


# publish: 6 + 9 x 2 = 24 operations.
def test_a_durable_replace_is_two_operations_to_a_provider(by_hand: None) -> None:
    limits = ProviderLimits(ops_per_s=240)
    (publish,) = planned(DRIVE, None, None, "publish", limits=limits).workloads
    assert [(bound.name, bound.tps) for bound in publish.bounds] == [("operation limit", 10)]
    assert publish.ceiling_tps == pytest.approx(10)


def test_a_target_that_is_missed_alone_is_not_met(by_hand: None) -> None:
    # a trade's p99 target is 5 ms
    (trade,) = planned(measurement(4000), None, None, "trade", cpu_us_per_txn=1001).workloads
    assert not trade.meets_target
    assert (trade.sustainable_tps, trade.per_day, trade.p99_ms) == (0, 0, 5.001)
    (trade,) = planned(measurement(4000), None, None, "trade", cpu_us_per_txn=1000).workloads
    assert trade.meets_target


def test_records_are_those_of_the_batch(by_hand: None) -> None:
    batch, trade = planned(DRIVE, None, None, "analytics-batch", "trade").workloads
    assert batch.records_per_s == pytest.approx(batch.sustainable_tps * 10_000)
    assert trade.records_per_s is None


def test_references_are_shown_when_asked_for(by_hand: None) -> None:
    (trade,) = planned(DRIVE, None, None, "trade").workloads
    assert trade.references == ()
    (trade,) = planned(DRIVE, None, None, "trade", on_references=True).workloads
    assert len(trade.references) == 12
    # profiles/storage/references.toml, over the six syncs of a trade:
    # 40473.06 / 6 = 6745, 83.04 / 6 = 13
    ceilings = {entry.name: int(entry.ceiling_tps) for entry in trade.references}
    assert (ceilings["reference 1"], ceilings["reference 9"]) == (6745, 13)
    # alone 12.04 ms: past a trade's 5 ms; 24.7 us are not
    met = {entry.name: entry.meets_target for entry in trade.references}
    assert (met["reference 1"], met["reference 9"]) == (True, False)


# Other drives


def test_the_reference_drives_take_their_mean() -> None:
    drives = {one.name: one for one in reference_drives(STORAGE.references, 3)}
    assert len(drives) == 12
    fastest = drives["reference 1"]
    assert fastest.description.startswith("2x 960GB NVMe RAID 1")
    assert fastest.drive.log.mean_us == pytest.approx(24.708, abs=0.001)  # 1e6 / 40473.06
    assert fastest.drive.append is not None
    assert fastest.drive.append.mean_us == pytest.approx(74.12, abs=0.01)


def test_a_binary_log_grows_elsewhere_as_it_does_here() -> None:
    assert append_factor(hosting.drive_of(DRIVE)) == 3
    assert append_factor(hosting.drive_of(measurement(1000))) == 1


# profiles/storage/classes.toml, typed again
def test_classes_at_their_best_and_worst() -> None:
    drives = {one.name: one.drive.log.mean_us for one in class_drives(STORAGE.classes, 1)}
    assert drives == {
        "hdd at best": 4000,
        "hdd at worst": 8333,
        "nvme-plp at best": 25,
        "nvme-plp at worst": 100,
        "nvme-consumer at best": 200,
        "nvme-consumer at worst": 7000,
        "sata-ssd-plp at best": 39,
        "sata-ssd-plp at worst": 400,
        "sata-ssd-consumer at best": 600,
        "sata-ssd-consumer at worst": 12_000,
    }


# The inverse


def storages(plan: CapacityPlan) -> dict[str, StorageResult]:
    assert plan.target is not None
    return {storage.name: storage for storage in plan.target.storages}


def test_what_sustains_a_target(by_hand: None) -> None:
    plan = planned(DRIVE, POSTGRESQL, target_tps=3000, cpu_us_per_txn=1000)
    assert plan.target is not None
    # here 500/s a client: 6 are needed, 8 are the first tried; CPU 4000/s
    assert plan.target.here.clients == 8
    assert plan.target.remedies == ()
    assert len(plan.target.storages) == 12 + 10
    # 1 / (12.04 + 1) ms = 76.7/s a client: 39.1 are needed
    assert storages(plan)["reference 9"].clients == 64


def test_a_limit_on_p99_rules_slow_drives_out(by_hand: None) -> None:
    plan = planned(DRIVE, POSTGRESQL, target_tps=3000, p99_limit_ms=9, cpu_us_per_txn=1000)
    assert plan.target is not None
    assert plan.target.here.clients == 8
    assert storages(plan)["reference 9"].clients is None  # 13 ms
    assert storages(plan)["nvme-consumer at worst"].clients is not None  # 8 ms


def test_the_least_change_of_drive_is_proposed_and_never_a_slower_one(by_hand: None) -> None:
    plan = planned(DRIVE, MYSQL, target_tps=3000, p99_limit_ms=4, cpu_us_per_txn=1000)
    assert plan.target is not None
    assert plan.target.here.clients is None  # 1 + 3 + 1 = 5 ms
    # the binary log takes three times as long there, too: 4 x sync + 1 ms <= 4 ms, sync <= 750 us;
    # reference 6 takes 591 us, 7b 781 us; a class that takes 600 us is only described
    drive, *others = [remedy.changes for remedy in plan.target.remedies]
    assert drive == ("a drive like reference 6 (591 us a sync)",)
    assert others == [("--durability loses-recent-on-power-loss",)]


def test_a_slower_drive_is_no_remedy_for_a_tail() -> None:
    def model(engine: CommitModel, drive: SyncLatencies, cpu: Cpu, clients: int) -> ModelResult:
        return ModelResult(clients, 1e4, 1, drive.log.ordered_us[-1] / 1000, 1, "flush")

    # a mean of 1.1 ms, and now and then 10 ms
    tailed = SyncLatencies(Latency((1000.0,) * 89 + (10_000.0,)))
    others = tuple(
        StandardDrive(f"{us} us", "", SyncLatencies(Latency.constant(us)), measured=True)
        for us in (500, 1000, 2000)
    )
    scenario = Scenario(CommitModel(COMMIT_SEQUENCES["postgresql"]), tailed, Cpu(4, ((1, 100.0),)))
    found = target_result(scenario, TargetRate(10, 5), "durable", others, (), model)
    assert found.here.clients is None
    assert [storage.clients for storage in found.storages] == [1, 1, 1]
    assert [remedy.changes for remedy in found.remedies] == [
        ("a drive like 1000 us (1 ms a sync)",)
    ]


def test_two_changes_where_no_drive_does(by_hand: None) -> None:
    # 5000/s need 5 cores at 1 ms each: 6 with room; 2 ms are allowed, here a commit takes 2.001
    plan = planned(DRIVE, None, target_tps=5000, p99_limit_ms=2.0, cpu_us_per_txn=1001)
    assert plan.target is not None
    assert {storage.clients for storage in plan.target.storages} == {None}
    first = plan.target.remedies[0].changes
    assert first[0].startswith("a drive like reference 1 ")
    assert first[1] == "7 cores"  # 5000 x 1001 us x 1.2 = 6.006


def test_more_clients_where_few_were_tried(by_hand: None) -> None:
    # 500/s a client
    plan = planned(DRIVE, None, client_counts=(1, 2), target_tps=1500, cpu_us_per_txn=1000)
    assert plan.target is not None
    remedies = {remedy.changes: remedy.clients for remedy in plan.target.remedies}
    assert remedies["up to 8 clients",] == 4


def test_what_less_durability_would_bring_and_cost(by_hand: None) -> None:
    request = Request("mysql", (9, 7), "", expected_commits_per_s=3000)
    plan = planned(DRIVE, request, target_tps=3000, cpu_us_per_txn=1000)
    assert plan.target is not None
    (relaxed,) = plan.target.relaxed
    assert relaxed.durability == "loses-recent-on-power-loss"
    assert relaxed.clients == 4  # 1 ms of CPU each: 1000/s a client
    # two seconds at 3000/s
    at_risk = {loss.setting: loss.expected_transactions_at_risk for loss in relaxed.losses}
    assert at_risk == {"innodb_flush_log_at_trx_commit": 6000, "sync_binlog": None}


def test_an_offer_that_leaves_a_sync_is_counted_with_it(
    by_hand: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1 ms of CPU and 1 ms for the log: 500/s a client; with the binary log 200/s."""

    def halved(drive: Measurement, request: Request, knowledge: Knowledge) -> Advice:
        advice = advise(drive, request, knowledge)
        offers = [offer.model_copy(update={"syncs_saved": 1}) for offer in advice.lower_durability]
        return advice.model_copy(update={"lower_durability": tuple(offers)})

    monkeypatch.setattr(planning, "advise", halved)
    plan = planned(DRIVE, MYSQL, target_tps=3000, cpu_us_per_txn=1000, client_counts=(4, 8))
    assert plan.target is not None
    assert plan.target.here.clients is None
    assert [relaxed.clients for relaxed in plan.target.relaxed] == [8]
    clients = {remedy.changes: remedy.clients for remedy in plan.target.remedies}
    assert clients["--durability loses-recent-on-power-loss",] == 8


def test_files_of_their_own_wait_whatever_a_server_is_set_to(by_hand: None) -> None:
    plan = planned(DRIVE, MYSQL, None, "login", target_tps=1000, cpu_us_per_txn=1000)
    assert plan.target is not None
    assert plan.target.here.clients is None  # 3 syncs of 1 ms at least, one after another: 333/s
    assert plan.target.relaxed == ()
    assert plan.target.p99_limit_ms == 100  # the workload's own
    assert not any("durability" in str(remedy.changes) for remedy in plan.target.remedies)


def test_a_target_takes_one_workload_at_most() -> None:
    with pytest.raises(UsageError, match="one workload at most"):
        planned(DRIVE, None, None, "trade", "login", target_tps=10)


# As a whole


def test_a_drive_that_does_not_honour_a_flush_gets_no_plan(by_hand: None) -> None:
    for request in (None, MYSQL):
        with pytest.raises(NotTrustedError):
            planned(measurement(filesystem="tmpfs"), request)


# JSON keys that others may rely on: more may come, none may go
def test_the_promised_keys_are_there(by_hand: None) -> None:
    plan = planned(DRIVE, MYSQL, None, "trade", target_tps=10, on_references=True)
    found = json.loads(plan.model_dump_json())
    assert found["schema_version"] == 1
    assert found["serial"][0].keys() == {"syncs", "tps", "per_day"}
    assert {"clients", "tps", "p50_ms", "p99_ms", "bottleneck"} <= found["group_commit"][0].keys()
    assert {
        *("name", "syncs", "ceiling_tps", "sustainable_tps", "per_day", "p50_ms", "p99_ms"),
        "meets_target",
    } <= found["workloads"][0].keys()


def test_the_same_question_has_the_same_answer_to_the_byte() -> None:
    drive = stored("nvme-plp")
    first, second = (planned(drive, MYSQL, None, "login", client_counts=(1, 8)) for _ in range(2))
    assert first.model_dump_json() == second.model_dump_json()


def test_without_a_server_its_assumption_is_noted(by_hand: None) -> None:
    assert planned().notes == (
        "without --db a commit waits for one sync, shared as PostgreSQL shares it",
        "data that outgrows memory is not in these figures: --db and --data-size add it",
    )
    assert planned(DRIVE, POSTGRESQL).notes == (MORE_DATA,)


def test_knowledge_of_no_server_will_do() -> None:
    assert knowledge_for(None).settings == ()
    assert isinstance(knowledge_for(None), Knowledge)


# What else limits a target


@pytest.mark.parametrize(
    ("limits", "name", "tps", "remedies"),
    [
        # 8336 bytes of WAL for a commit, of 1 MB/s
        (ProviderLimits(bytes_per_s=1_000_000), "bandwidth limit", 119.96, []),
        # 8 clients, of whom 4 share each of 200 syncs/s; without a sync there is nothing to limit
        (
            ProviderLimits(ops_per_s=200),
            "operation limit",
            800,
            ["--durability loses-recent-on-crash"],
        ),
    ],
)
def test_a_target_above_what_a_provider_allows_is_ruled_out_on_any_drive(
    limits: ProviderLimits, name: str, tps: float, remedies: list[str]
) -> None:
    plan = planned(DRIVE, POSTGRESQL, client_counts=(1, 8), target_tps=5000, limits=limits)
    assert plan.target is not None
    assert plan.target.here.clients is None
    assert plan.target.here.bound is not None
    assert plan.target.here.bound.name == name
    assert plan.target.here.bound.tps == pytest.approx(tps, rel=0.02)
    assert {storage.clients for storage in plan.target.storages} == {None}
    assert [remedy.changes for remedy in plan.target.remedies] == [(each,) for each in remedies]


def test_the_clients_of_a_target_have_the_figures_of_the_table() -> None:
    """1 ms a sync, but 200 operations/s: one client makes 200/s, each after 5 ms."""
    limits = ProviderLimits(ops_per_s=200)
    plan = planned(DRIVE, POSTGRESQL, client_counts=(1,), target_tps=199, limits=limits)
    assert plan.target is not None
    (point,) = plan.group_commit
    here = plan.target.here
    assert point.tps == pytest.approx(200, rel=0.001)
    assert point.bottleneck == "operation limit"
    assert (here.clients, here.tps, here.p99_ms) == (1, point.tps, point.p99_ms)
    assert point.p50_ms == pytest.approx(5, rel=0.05)
    strict = planned(
        DRIVE, POSTGRESQL, client_counts=(1,), target_tps=199, p99_limit_ms=4, limits=limits
    )
    assert strict.target is not None
    assert strict.target.here.clients is None


def test_a_limit_of_operations_makes_every_drive_as_slow() -> None:
    """80 operations/s, 8 clients: two groups of 4 take turns, on a fast drive as on a slow one."""
    limits = ProviderLimits(ops_per_s=80)
    for sync_us in (25, 1000, 12_000):
        plan = planned(measurement(sync_us), POSTGRESQL, client_counts=(8,), limits=limits)
        (point,) = plan.group_commit
        assert point.tps == pytest.approx(320, rel=0.02), sync_us
        assert point.bottleneck == "operation limit"
        assert plan.commit_tps == 80
        assert [(each.syncs, each.tps) for each in plan.serial[:2]] == [(1, 80), (2, 40)]


def test_one_connection_waits_for_its_replica_at_every_commit() -> None:
    """A sync of 1 ms and an answer after 3 ms: 250 commits/s; serial syncs have no replica."""
    plan = planned(DRIVE, POSTGRESQL, client_counts=(1,), rtt_us=3000)
    assert plan.commit_tps == pytest.approx(250)
    assert plan.serial[0].tps == pytest.approx(1000)


def test_what_was_not_measured_of_the_data_is_said_with_the_answer() -> None:
    """DRIVE has neither page reads nor page writes; memory of 4 GB makes a cache of 3 GB."""
    request = Request("postgresql", (15,), "a test", memory_bytes=4 * 2**30)
    data = DataSet(100 * 2**30)
    plan = planned(DRIVE, request, client_counts=(8,), target_tps=500, data=data)
    assert plan.target is not None
    assert plan.target.left_out == ("page reads", "page writes")
    assert any(note.startswith("page reads and page writes were not") for note in plan.notes)
    fits = planned(DRIVE, request, client_counts=(8,), target_tps=500, data=DataSet(2**30))
    assert fits.target is not None
    assert fits.target.left_out == ("page writes",)  # in memory nothing is read
    without = planned(DRIVE, request, client_counts=(8,), target_tps=500)
    assert without.target is not None
    assert without.target.left_out == ()


# Data beside the log

PAGES = (
    series("random", "none", summary(1000, ops_per_s=2000), direct=True, writers=8),
    series("random-read", "none", summary(1000, ops_per_s=2000), direct=True, writers=8),
)
SMALL_MEMORY = Request("postgresql", (15,), "a test", memory_bytes=2**30, log_bytes_per_commit=100)
LARGE = DataSet(10_000 * 2**30)
"""Every change is of a page that is read, and then written by itself."""


def rate_with(drive: Measurement, **options: Any) -> tuple[float, str]:
    (point,) = planned(drive, SMALL_MEMORY, client_counts=(64,), **options).group_commit
    return point.tps, point.bottleneck


def test_pages_on_the_drive_of_the_log_slow_its_syncs() -> None:
    """Two pages a commit of 2000/s: below 1000 commits/s, and the drive is busy with them. Of a log
    on a drive of its own they take nothing but that bound."""
    drive = measurement(1000, *PAGES)
    alone, named = rate_with(drive)
    assert (alone > 10_000, named) == (True, "cpu")
    busy, named = rate_with(drive, data=LARGE)
    assert busy == pytest.approx(1000, rel=0.001)
    assert named == "page writes and reads"
    (point,) = planned(drive, SMALL_MEMORY, client_counts=(4,), data=LARGE).group_commit
    assert 600 < point.tps < 900  # two groups of two: 2 ms of pages beside each sync of 1 ms
    log_apart = measurement(1000).model_copy(update={"data_files": drive})
    assert rate_with(log_apart, data=LARGE)[0] == pytest.approx(1000, rel=0.01)


def test_what_pages_take_is_told() -> None:
    """One client: 4 ms of sync and 1 ms of pages; 64 clients: the pages alone."""
    drive = measurement(4000, *PAGES)
    (note,) = planned(drive, SMALL_MEMORY, client_counts=(1,), cpu_us_per_txn=1, data=LARGE).notes
    fifth = "pages take up to 20% of the drive's time, so that a sync takes up to 1.2 times as long"
    assert note == fifth
    all_of_it = planned(drive, SMALL_MEMORY, client_counts=(256,), data=LARGE).notes
    assert "pages take nearly all of the drive's time" in all_of_it
    assert not any("pages take" in note for note in planned(drive, SMALL_MEMORY).notes)


def test_few_pages_are_not_what_limits() -> None:
    """20,000 pages/s: a tenth of what they take the drive."""
    fast = tuple(
        series(each.pattern, "none", summary(100, ops_per_s=2e6), direct=True, writers=8)
        for each in PAGES
    )
    busy, named = rate_with(measurement(20_000, *fast), data=LARGE)
    assert busy < 5000
    assert named == "flush"


def test_a_sync_beside_pages_is_in_the_answer_to_a_target() -> None:
    drive = measurement(1000, *PAGES)
    alone = planned(drive, SMALL_MEMORY, client_counts=(1, 2, 64), target_tps=700)
    busy = planned(drive, SMALL_MEMORY, client_counts=(1, 2, 64), target_tps=700, data=LARGE)
    assert alone.target is not None
    assert busy.target is not None
    assert alone.target.here.clients == 1
    assert busy.target.here.clients == 64


def test_whether_a_drive_of_its_own_pays_for_the_log() -> None:
    """Beside pages of 1 ms a commit at most 1000/s; apart the pages' drive still carries no more
    than that; on a drive of few pages nothing is gained."""
    drive = measurement(1000, *PAGES)
    found = planned(drive, SMALL_MEMORY, client_counts=(2, 4), data=LARGE).separate_log
    assert found is not None
    assert found.clients == 4
    assert 600 < found.together_tps < 900
    assert found.apart_tps == pytest.approx(1000, rel=0.001)
    assert not found.is_apart
    assert planned(drive, SMALL_MEMORY, client_counts=(4,)).separate_log is None
    asynchronous = replace(SMALL_MEMORY, durability="loses-recent-on-crash")
    assert planned(drive, asynchronous, client_counts=(4,), data=LARGE).separate_log is None


FLUSHES = series("page-flush", "none", summary(8000, ops_per_s=1000), direct=True, writers=8)
"""Beside syncs half as many are flushed: a commit's page of 0.5 ms takes 1 ms of that."""


def loaded(mean_us: float, beside_us: float, *more: Series) -> Measurement:
    """A drive whose sync was measured beside 500 page flushes a second."""
    drive = measurement(mean_us, *PAGES, *more)
    return drive.model_copy(update={"under_load": (under_load("overwrite", beside_us),)})


def test_syncs_beside_pages_are_as_measured() -> None:
    """1 ms alone and 3 ms beside pages, of which a commit makes 1 ms, and 0.5 ms of reads: 2.35 ms
    a commit, as in test_group_commit. By the share of the drive alone it would be 2 ms."""
    (note, point) = told(loaded(1000, 3000, FLUSHES))
    assert point == pytest.approx(425, rel=0.05)
    assert note == (
        "a sync beside the pages takes up to 2.3 times as long as alone, by syncs that were"
        " measured beside page flushes"
    )
    assert told(measurement(1000, *PAGES, FLUSHES))[1] == pytest.approx(500, rel=0.05)
    # without the rate of flushes alone, those beside the syncs are taken for as many
    assert told(loaded(1000, 3000))[1] == pytest.approx(1e6 / 2000, rel=0.05)


def told(drive: Measurement) -> tuple[str, float]:
    """The note, and the rate of one client."""
    found = planned(drive, SMALL_MEMORY, client_counts=(1,), cpu_us_per_txn=1, data=LARGE)
    (note,) = found.notes
    return note, found.group_commit[0].tps


def test_without_data_nothing_is_beside_a_sync() -> None:
    drive = loaded(1000, 3000, FLUSHES)
    (point,) = planned(drive, SMALL_MEMORY, client_counts=(1,), cpu_us_per_txn=1).group_commit
    assert point.tps == pytest.approx(1000, rel=0.1)


@pytest.mark.parametrize(
    ("ops_per_s", "expected", "is_measured"),
    [
        # T = 1 + 2 x 1 / T is 2 ms: reads at the provider's limit are its operations alone
        (2100, 500, True),
        # less than the 531 that eight threads had beside the syncs, with a fifth more than allowed
        (420, 140, False),
    ],
)
def test_what_a_provider_lets_through_for_a_while_is_not_what_it_allows(
    ops_per_s: float, expected: float, is_measured: bool
) -> None:
    """A commit is three operations there: a read, a page and a sync."""
    found = planned(
        loaded(1000, 3000, FLUSHES),
        SMALL_MEMORY,
        client_counts=(1,),
        cpu_us_per_txn=1,
        data=LARGE,
        limits=ProviderLimits(ops_per_s=ops_per_s),
    )
    said = any("measured beside page flushes" in note for note in found.notes)
    assert said == is_measured
    assert found.separate_log is not None
    assert found.separate_log.is_measured == is_measured
    assert found.group_commit[0].tps == pytest.approx(expected, rel=0.05)


def test_a_flush_that_was_measured_waits_for_no_provider_again() -> None:
    """Of a page that is read and a page that is written only the read is an operation more."""
    server = hosting.ServerUse(ONE_SHARED_SYNC, PageUse(8192, False, 2**30, None))
    wanted = CapacityRequest(data=LARGE)
    drives = (measurement(1000, *PAGES, FLUSHES), loaded(1000, 3000, FLUSHES))
    idle, beside = (
        hosting.modelled_host(drive, server, knowledge_for(None), wanted, print).busy_drive()
        for drive in drives
    )
    assert idle.page_operations == pytest.approx(2, rel=0.001)
    assert beside.page_operations == pytest.approx(1, rel=0.001)


OTHER = (device().model_copy(update={"name": "nvme1n1"}),)


def test_a_log_of_its_own_by_what_was_measured_on_both_drives() -> None:
    """On the data's drive 5 ms alone and 15 ms beside pages; on the log's 1 ms, and 1.2 ms while
    the data's pages are flushed. One client: T = 1 + 0.2 x 1 / T is 1.17 ms; beside the data
    T - 0.5 = 5 + 10 x 1 / T is 6.94 ms."""
    data = loaded(5000, 15_000, FLUSHES)
    log = measurement(1000, devices=OTHER).model_copy(
        update={"under_load": (under_load("overwrite", 1200),), "data_files": data}
    )
    found = planned(
        log, SMALL_MEMORY, client_counts=(1,), cpu_us_per_txn=1, data=LARGE
    ).separate_log
    assert found is not None
    assert (found.is_apart, found.is_measured) == (True, True)
    assert found.apart_tps == pytest.approx(1e6 / 1170, rel=0.06)
    assert found.together_tps == pytest.approx(1e6 / 6940, rel=0.04)
    alone = planned(data, SMALL_MEMORY, client_counts=(1,), cpu_us_per_txn=1, data=LARGE)
    assert alone.separate_log is not None
    assert (alone.separate_log.is_apart, alone.separate_log.is_measured) == (False, True)
    assert alone.separate_log.together_tps == found.together_tps
    assert alone.separate_log.apart_tps == pytest.approx(200, rel=0.02)
    half = log.model_copy(update={"under_load": ()})
    not_all = planned(half, SMALL_MEMORY, client_counts=(1,), data=LARGE).separate_log
    assert not_all is not None
    assert not not_all.is_measured


def test_a_log_that_has_its_drive_is_compared_with_one_beside_the_data() -> None:
    """The log's own drive takes 1 ms a sync, the data's 5 ms, and its pages 1 ms a commit."""
    data = measurement(5000, *PAGES)
    apart = measurement(1000, devices=OTHER).model_copy(update={"data_files": data})
    found = planned(apart, SMALL_MEMORY, client_counts=(1,), data=LARGE).separate_log
    assert found is not None
    assert found.is_apart
    assert 700 < found.apart_tps < 1000
    assert 150 < found.together_tps < 180  # 6 ms and the processor's part
    bare = apart.model_copy(update={"data_files": measurement(None, *PAGES)})
    assert planned(bare, SMALL_MEMORY, client_counts=(1,), data=LARGE).separate_log is None
