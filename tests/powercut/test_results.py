"""The stored results keep what profiles/ claim, and README.md here shows them."""

from pathlib import Path
from typing import Any

import pytest

from tests.powercut.advisor_files import Written, allowed
from tests.powercut.configurations import CONFIGURATIONS, STARTED, Claim, Configuration, claim
from tests.powercut.disk import Cut
from tests.powercut.rehearsal import Plan
from tests.powercut.report import milliseconds, tables, tally
from tests.powercut.results import ACCIDENTS, BLOCK, README, add, load
from tests.powercut.run import is_chosen, plans, volatile_plans

STORED = load()
AT_LEAST = 50
HONEST = [one for one in CONFIGURATIONS if not one.lying]


def runs_of(configuration: Configuration) -> list[dict[str, Any]]:
    return STORED["servers"][configuration.name]


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda one: one.name)
def test_every_configuration_was_cut_often_enough(configuration: Configuration) -> None:
    runs = runs_of(configuration)
    assert tally(runs, "power cut").accidents >= AT_LEAST
    assert {run["clients"] for run in runs} == {1, 16}
    assert {run["filesystem"] for run in runs} == {"ext4", "xfs"}
    assert len({run["seed"] for run in runs}) == len(runs)


@pytest.mark.parametrize("configuration", HONEST, ids=lambda one: one.name)
def test_no_cut_contradicts_a_claim(configuration: Configuration) -> None:
    runs, claimed = runs_of(configuration), claim(configuration)
    cut, killed = tally(runs, "power cut"), tally(runs, "kill -9")
    tables_ms = claimed.tables_ms + claimed.flushes_ms
    assert cut.oldest_ms <= tables_ms
    assert tally(runs, "power cut", log=True).oldest_ms <= claimed.log_ms
    assert killed.oldest_ms <= (tables_ms if claimed.at_a_kill else 0)
    assert tally(runs, "kill -9", log=True).losing == 0
    if claimed.log_groups is not None:
        alone = [run for run in runs if run["clients"] == 1]
        assert max(n for run in alone for n in run["power cut"]["log_lost"]) <= claimed.log_groups
    # A rehearsal that cannot lose proves nothing.
    losing = cut.losing + tally(runs, "power cut", log=True).losing
    assert (losing > 0) == (claimed != Claim(0, 0, None, at_a_kill=False))
    assert [text for run in runs for kind in ACCIDENTS for text in run[kind]["faults"]] == []


@pytest.mark.parametrize("server", STARTED)
def test_strict_loses_nothing_where_a_drives_cache_is_lost_too(server: str) -> None:
    """At least 20 cuts, and in most of them there was something in the cache to lose."""
    runs = STORED["volatile"][Configuration(server).name]
    cuts = [run["power cut"] for run in runs]
    held = [count for run in runs for count in run["held"]]
    assert len(held) == sum(len(cut["lost"]) for cut in cuts) >= 20
    assert sum(count > 0 for count in held) > len(held) / 2
    assert {run["filesystem"] for run in runs} == {"ext4", "xfs"}
    for run in runs:
        for kind in ACCIDENTS:
            assert sum(run[kind]["lost"]) + sum(run[kind]["log_lost"]) == 0
            assert sum(run[kind]["tables_only"]) + sum(run[kind]["log_only"]) == 0
            assert run[kind]["faults"] == []


def test_only_what_promises_everything_is_cut_with_a_volatile_cache() -> None:
    planned = [one for one in CONFIGURATIONS if volatile_plans(one, seed=0, full=True)]
    assert planned == [Configuration(server) for server in STARTED]
    for one in planned:
        seeds = [
            plan.seed for plan in (*plans(one, 0, full=True), *volatile_plans(one, 0, full=True))
        ]
        assert len(set(seeds)) == len(seeds)


@pytest.mark.parametrize("server", ["mysql-9.7", "mariadb-10.11"])
def test_strict_keeps_tables_and_binary_log_in_agreement(server: str) -> None:
    for run in runs_of(Configuration(server)):
        for kind in ACCIDENTS:
            assert sum(run[kind]["tables_only"]) + sum(run[kind]["log_only"]) == 0


@pytest.mark.parametrize(
    "configuration", [one for one in CONFIGURATIONS if one.lying], ids=lambda one: one.name
)
def test_a_drive_that_lies_loses_what_strict_promised(configuration: Configuration) -> None:
    runs = runs_of(configuration)
    assert tally(runs, "power cut").losing > 0
    assert {run["trust"] for run in runs} == {"suspicious"}


@pytest.mark.parametrize("command", ["measure", "recommend", "import", "apply"])
def test_the_advisors_files_were_cut_and_whole(command: str) -> None:
    runs = STORED["advisor"][f"fsync-advisor {command}"]
    assert {run["filesystem"] for run in runs} == {"ext4", "xfs"}
    for run in runs:
        assert run["cuts"] >= AT_LEAST
        assert run["cuts_beside_a_draft"] > 0
        assert run["neither_old_nor_new"] == 0


def test_the_readme_shows_the_results() -> None:
    found = BLOCK.search(README.read_text())
    assert found is not None
    assert found[0] == f"{found[1]}{tables(STORED)}{found[2]}", (
        "run python -m tests.powercut.report"
    )


def test_the_claims_are_those_of_the_profiles() -> None:
    def claimed(server: str, **changed: str) -> Claim:
        return claim(Configuration(server, changed=changed))

    off = {"synchronous_commit": "off"}
    nothing = Claim(0, 0, None, at_a_kill=False)
    assert claimed("postgresql-15") == claimed("mysql-9.7") == nothing
    assert claimed("postgresql-15", **off) == Claim(600, 0, None, at_a_kill=True)
    assert claimed("postgresql-15", **off, wal_writer_delay="2s").tables_ms == 6000
    assert claimed("postgresql-15", **off, wal_writer_delay="10ms").tables_ms == 30
    assert claimed("mysql-9.7", sync_binlog="0") == Claim(2000, 40_000, None, at_a_kill=False)
    assert claimed("mysql-9.7", sync_binlog="100") == Claim(2000, 40_000, 100, at_a_kill=False)
    trx = {"innodb_flush_log_at_trx_commit": "2"}
    assert claimed("mariadb-10.11", **trx) == Claim(2000, 0, None, at_a_kill=False)
    trx = {"innodb_flush_log_at_trx_commit": "0"}
    assert claimed("mariadb-10.11", **trx) == Claim(2000, 0, None, at_a_kill=True)
    relaxed = Configuration("mysql-9.7", "loses-recent-on-power-loss")
    assert claim(relaxed) == Claim(2000, 40_000, 100, at_a_kill=False)
    assert claim(Configuration("postgresql-15", "loses-recent-on-power-loss")) == nothing
    assert claim(Configuration("postgresql-15", "loses-recent-on-crash")).tables_ms == 600


def test_what_is_counted_and_how_it_is_told() -> None:
    without_log = {"lost": [0, 3], "oldest_ms": [0.0, 41.26], "log_lost": [], "log_oldest_ms": []}
    with_log = {"lost": [1], "oldest_ms": [1234.5], "log_lost": [2], "log_oldest_ms": [7.0]}
    runs = [{"power cut": without_log}, {"power cut": with_log}]
    assert str(tally(runs, "power cut")) == "1.23 s (2 of 3)"
    assert str(tally(runs, "power cut", log=True)) == "7 ms (1 of 1)"
    assert str(tally(runs[:1], "power cut", log=True)) == "none in 0"
    assert milliseconds(41.26) == "41.3 ms"


def test_a_run_of_the_same_seed_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    for seed, commits in ((2, 10), (1, 20), (2, 30)):
        add("servers", "a server", {"seed": seed, "commits": commits}, path)
    add("advisor", "a command", {"seed": 1}, path)
    assert load(path) == {
        "advisor": {"a command": [{"seed": 1}]},
        "servers": {"a server": [{"seed": 1, "commits": 20}, {"seed": 2, "commits": 30}]},
        "volatile": {},
    }


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda one: one.name)
def test_the_full_plans_are_enough(configuration: Configuration) -> None:
    several = plans(configuration, seed=0, full=True)
    assert sum(plan.cuts for plan in several) >= AT_LEAST
    assert {plan.clients for plan in several} == {1, 16}
    assert {plan.filesystem for plan in several} == {"ext4", "xfs"}
    seeds = {plan.seed for seed in (0, 1) for plan in plans(configuration, seed, full=True)}
    assert len(seeds) == 2 * len(several)


def test_a_whole_name_stands_for_itself_alone() -> None:
    strict, relaxed = "mysql-9.7 durable", "mysql-9.7 durable sync_binlog=0"
    assert is_chosen(strict, strict)
    assert not is_chosen(relaxed, strict)
    assert is_chosen(relaxed, "sync_binlog")
    assert is_chosen(strict, "")
    assert not is_chosen("fsync-advisor import", strict)


def test_a_plan_draws_the_same_instants_again() -> None:
    plan = Plan(clients=1, cuts=3, seconds=5, seed=7, first_s=2)
    assert plan.instants_s() == sorted(plan.instants_s())
    assert plan.instants_s() == Plan(clients=16, cuts=3, seconds=5, seed=7, first_s=2).instants_s()
    assert plan.instants_s() != Plan(clients=1, cuts=3, seconds=5, seed=8, first_s=2).instants_s()
    assert all(2 <= at_s <= 5 for at_s in plan.instants_s())


def cut(began_s: float, ended_s: float) -> Cut:
    return Cut(Path("image"), began_s, ended_s)


def test_what_may_be_in_a_file_after_a_cut() -> None:
    written = [Written(1, 2, b"one"), Written(3, 4, b"two"), Written(5, 6, b"three")]
    assert allowed(written, cut(0.5, 0.6)) == [None]
    assert allowed(written, cut(1.5, 1.6)) == [None, b"one"]
    assert allowed(written, cut(2.5, 2.6)) == [b"one"]
    assert allowed(written, cut(3.5, 3.6)) == [b"one", b"two"]
    assert allowed(written, cut(3.9, 4.1)) == [b"one", b"two"]
    assert allowed(written, cut(7, 8)) == [b"three"]
