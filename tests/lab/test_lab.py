"""The lab's machinery: that it runs, keeps and compares; never that a configuration wins."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.lab import server_memory
from tests.lab.bench import bench, replayed
from tests.lab.experiment import Experiment, experiment_names, load_experiment
from tests.lab.loads import CannotLoad, driver
from tests.lab.rates import RunRates
from tests.lab.report import (
    BLOCK,
    README,
    _table,
    best_rival,
    by_configuration,
    ratio,
    report,
    shortfalls,
)
from tests.lab.results import RunResult, add, stored_runs
from tests.lab.rivals import GIB, RIVALS
from tests.lab.run import Wanted, _missing, is_close
from tests.servers.account import private_folder
from tests.servers.harness import server_named
from tests.support.emulated_drive import CannotEmulate, load_profile
from tests.support.faults import missing
from tests.support.memory_limit import CannotLimit

BOTH = Wanted(("default", "ours"))
STOPPING = {
    "hurried_s": 1,
    "warmup_s": 1,
    "measured_s": 2,
    "repetitions_min": 2,
    "repetitions_max": 3,
}


def experiment(**changes: Any) -> Experiment:
    figures: dict[str, Any] = {
        "id": "a test",
        "question": "does the machinery work?",
        "servers": ["postgresql-15"],
        "drives": ["nvme-protected"],
        "loads": [{"name": "tpcb", "clients": 2, "scale": 1}],
        "memory": "1GB",
        "configurations": ["default", "ours"],
        "stopping": STOPPING,
        "seed": 1,
        **changes,
    }
    return Experiment.model_validate(figures)


def run(configuration: str, repetition: int, rate: float, block: str = "") -> RunResult:
    return RunResult(
        block=block or experiment().blocks()[0].key,
        configuration=configuration,
        repetition=repetition,
        server_version="15",
        started_at="2026-11-28T12:00:00+00:00",
        load_average=0.0,
        fragment="",
        rates=RunRates(per_s=(rate,)),
    )


def test_what_is_said_of_the_seconds() -> None:
    """Ten seconds of 100 and ten of 80, with 0 for two: lowest five (80+0+0+80+80)/5 = 48."""
    rates = RunRates(per_s=(*[100.0] * 10, *[80.0] * 4, 0.0, 0.0, *[80.0] * 4))
    assert rates.mean == pytest.approx((1000 + 640) / 20)
    assert rates.lowest == pytest.approx(48)
    assert rates.drift == pytest.approx(0.64)
    assert not rates.is_steady
    assert RunRates(per_s=(5.0, 5.2)).is_steady


def test_each_repetition_has_an_order_of_its_own_that_stays() -> None:
    (block,) = experiment(configurations=["default", "ours", "pgtune", "large-wal"]).blocks()
    orders = [block.order(number) for number in range(8)]
    assert len({tuple(order) for order in orders}) > 1
    assert orders == [block.order(number) for number in range(8)]
    assert {frozenset(order) for order in orders} == {frozenset(block.experiment.configurations)}


def test_a_comparison_goes_on_while_the_best_two_are_close() -> None:
    (block,) = experiment().blocks()
    assert [n for _, n in _missing(block, [], BOTH)] == [0, 0, 1, 1]
    made = [run("default", 0, 100), run("ours", 0, 105), run("default", 1, 100)]
    assert _missing(block, made, BOTH) == [("ours", 1)]
    assert _missing(block, made, Wanted(["default"])) == [("default", 2)]  # close so far
    assert _missing(block, [], Wanted(["ours"])) == [("ours", 0), ("ours", 1)]
    assert _missing(block, [], Wanted(["ours"], repetitions=1)) == [("ours", 0)]
    close, apart = [*made, run("ours", 1, 105)], [*made, run("ours", 1, 200)]
    assert [n for _, n in _missing(block, close, BOTH)] == [2, 2]
    assert is_close(close)
    assert not is_close([run("default", 0, 100), run("ours", 0, 112)])
    clear = [*apart[:1], run("ours", 0, 200), *apart[2:]]
    assert _missing(block, clear, BOTH) == []


def test_a_run_is_kept_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "results" / "x.jsonl"
    for one in (run("ours", 0, 10), run("default", 0, 12)):
        add(one, path)
    assert stored_runs("x", path) == [run("ours", 0, 10), run("default", 0, 12)]
    assert [json.loads(line)["configuration"] for line in path.read_text().splitlines()] == [
        "ours",
        "default",
    ]


def test_the_rivals_formulas() -> None:
    """For 16 GB and 8 processors, computed by hand from the sources that rivals.py names."""
    pgtune = RIVALS["postgresql"]["pgtune"](16 * GIB, 8)
    assert pgtune["shared_buffers"] == "4096MB"
    assert pgtune["maintenance_work_mem"] == "1024MB"
    assert (pgtune["min_wal_size"], pgtune["max_wal_size"]) == ("2GB", "8GB")
    assert RIVALS["postgresql"]["timescaledb-tune"](16 * GIB, 8)["max_wal_size"] == "1GB"
    dedicated = RIVALS["mysql"]["dedicated-server"]
    assert dedicated(16 * GIB, 8) == {
        "innodb_buffer_pool_size": "12288M",
        "innodb_redo_log_capacity": "4096M",
    }
    assert dedicated(2 * GIB, 2)["innodb_buffer_pool_size"] == "1024M"
    assert RIVALS["mariadb"]["large-redo"](10 * GIB, 4) == {
        "innodb_buffer_pool_size": "7168M",
        "innodb_log_file_size": "7168M",
    }


@pytest.mark.parametrize("name", experiment_names())
def test_an_experiment_names_what_there_is(name: str) -> None:
    stated = load_experiment(name)
    assert stated.question.endswith("?")
    for drive in stated.drives:
        load_profile(drive)
    for block in stated.blocks():
        vendor = server_named(block.server).vendor
        known = {"default", "ours", *RIVALS[vendor], *stated.variants}
        assert set(stated.configurations) <= known
        assert {variant.of for variant in stated.variants.values()} <= known


def test_a_load_that_a_server_does_not_have_is_refused() -> None:
    (block,) = experiment().blocks()
    with pytest.raises(CannotLoad, match="pgbench's"):
        driver(block.load, "mysql")


@pytest.mark.quiet
@pytest.mark.parametrize(
    ("server", "load"),
    [
        ("postgresql-15", {"name": "tpcb", "clients": 2, "scale": 1}),
        ("mariadb-10.11", {"name": "write-only", "clients": 2, "scale": 1}),
        ("mysql-9.7", {"name": "single-row", "clients": 2, "scale": 1}),
    ],
)
def test_a_server_has_its_turn_with_each_configuration(server: str, load: dict[str, Any]) -> None:
    (block,) = experiment(servers=[server], loads=[load]).blocks()
    try:
        with private_folder() as room, bench(block, room) as made:
            results = [made.run("default", 0, recovery=True), made.run("ours", 0)]
    except (CannotEmulate, CannotLimit) as error:
        missing(str(error))
    for result in results:
        assert result.rates.mean > 0
        assert 1 <= len(result.rates.per_s) <= 3  # of two seconds; a busy machine reports fewer
        assert result.hurried_per_s is not None
        assert result.hurried_per_s > 0
        assert result.flushes_per_commit is not None
        assert result.flushes_per_commit > 0
        assert result.drive_work is not None
        # At least a sector for each flush that a commit waited for; half, for the seconds differ.
        least_per_s = 0.5 * 512 * result.flushes_per_commit * result.rates.mean
        assert result.drive_work.written_bytes_per_s > least_per_s
        assert result.drive_work.writes_per_s > 0
    default, ours = results
    assert default.recovery_s is not None
    assert default.recovery_s > 0
    assert default.replayed_bytes is not None
    assert default.replayed_bytes > 0
    assert "made by fsync-advisor" in ours.fragment or "fsync-advisor" in ours.fragment
    assert len(ours.fragment) > len(default.fragment)


@pytest.mark.quiet
def test_a_server_that_wants_more_memory_commits_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """MariaDB takes 80 MiB before anybody connects (results/server_memory.json). Where the host had
    no memory left either, nobody knows why the server was killed, and there is no result."""
    load = {"name": "single-row", "clients": 2, "scale": 1}
    (block,) = experiment(servers=["mariadb-10.11"], loads=[load], memory="50MB").blocks()
    try:
        with private_folder() as room, bench(block, room) as made:
            result = made.run("default", 0)
            full = SimpleNamespace(available=1 << 20)
            monkeypatch.setattr("tests.lab.bench.psutil.virtual_memory", lambda: full)
            with pytest.raises(MemoryError, match="the host's memory was full"):
                made.run("default", 1)
    except (CannotEmulate, CannotLimit) as error:
        missing(str(error))
    assert result.is_out_of_memory
    assert result.rates.mean == 0
    (row,) = (line for line in _table(block, {"default": [result]}) if line.startswith("| default"))
    assert row == "| default | 1 | killed: it wanted more memory | 0 |  |  |  |"


@pytest.mark.quiet
def test_what_a_server_takes_beside_its_pool_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_memory, "SECONDS", 1)
    monkeypatch.setattr(server_memory, "FEW_ROWS", 1)
    nobody, two = server_memory.besides("mariadb-10.11", (2,))
    assert (nobody.clients, two.clients) == (0, 2)
    assert 20 < nobody.beside_pool_mib < two.beside_pool_mib < 640


def test_the_tables_by_hand() -> None:
    """Ours 130 and 120 against 100 and 100: the geometric mean of 1.3 and 1.2 is 1.249."""
    (block,) = experiment(configurations=["default", "ours", "pgtune", "large-wal"]).blocks()
    stored = [run("default", n, 100) for n in (0, 1)]
    stored += [run("ours", 0, 130), run("ours", 1, 120)]
    stored += [run("pgtune", n, 150) for n in (0, 1)]
    stored += [run("large-wal", n, 110) for n in (0, 1)]
    stored += [run("ours", 0, 9000, block="another")]
    runs = by_configuration(block, stored)
    assert best_rival(block, runs) == "pgtune"
    found = ratio(runs, "ours", "default")
    assert found is not None
    assert found.ratio == pytest.approx(1.249, abs=0.001)
    assert list(shortfalls(block, runs)) == [
        "0.833 of pgtune, below 0.97",
        "1.249 of default, below 1.3",
    ]


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        # Lines that the three servers wrote here, cut to what counts.
        ("LOG:  redo starts at 0/3040208\nLOG:  redo done at 1/6278830 system usage: ", 4347627048),
        ("[Note] InnoDB: Starting crash recovery from checkpoint LSN=52757285\n"
         "[Note] InnoDB: End of log at LSN=87423667\n", 34666382),
        ("Starting to parse redo log at lsn = 95414808, whereas checkpoint_lsn = 95415187 and\n"
         "Doing recovery: scanned up to log sequence number 100657664\n"
         "[InnoDB] 9.7.4 started; log sequence number 102348079\n", 6932892),
        ("[InnoDB] 9.7.4 started; log sequence number 102348079\n", None),
    ],
)  # fmt: skip
def test_how_much_log_a_recovery_went_through(log: str, expected: int | None) -> None:
    assert replayed(log) == expected


def test_the_readme_shows_the_results() -> None:
    found = BLOCK.search(README.read_text())
    assert found is not None
    assert found[0] == f"{found[1]}{report()}{found[2]}", "run python -m tests.lab.report"
