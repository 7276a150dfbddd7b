"""Every command takes an observed measurement, and says what it rests on."""

import json
from pathlib import Path
from typing import Any

import pytest

from advisor.analysis.verdict import judge
from advisor.knowledge import load_storage_knowledge
from advisor.measurement import Measurement, Unknown, to_json
from advisor.output.measurement import measurement_document
from advisor.output.prometheus import prometheus_text
from advisor.output.renderers import render
from tests.support.command_line import run
from tests.support.paths import MEASUREMENTS
from tests.unit.test_observation import as_measurement
from tests.unit.test_prometheus import samples

NVME = MEASUREMENTS / "nvme-consumer.json"
FOR_15 = ("--db", "postgresql", "--db-version", "15")


@pytest.fixture
def seen(tmp_path: Path) -> Path:
    """Of a minute under 200 commits/s, each of 5,000 bytes; 6,000 syncs of 2.5 ms."""
    return saved(tmp_path, as_measurement())


def saved(folder: Path, measurement: Measurement, name: str = "seen.json") -> Path:
    (folder / name).write_text(to_json(measurement))
    return folder / name


def advised(capsys: pytest.CaptureFixture[str], *options: object) -> dict[str, Any]:
    status, out, err = run(capsys, "recommend", "--format", "json", *options)
    assert status == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def test_the_head_of_a_fragment_says_so(capsys: pytest.CaptureFixture[str], seen: Path) -> None:
    status, out, _ = run(capsys, "recommend", *FOR_15, "--from", seen)
    assert status == 0
    assert out.splitlines()[1].startswith("# Observed for 60 s under 200 commits/s 2026-11-22 ")
    assert "# Trust: unverifiable" in out
    assert "# Note: the load is that of 60 s, and perhaps not the heaviest: 200 commits/s" in out


@pytest.mark.parametrize(
    ("options", "hour"),
    [
        ((), "3.35 GB"),  # 3600 s of 200 commits/s of 5,000 bytes are 3.6e9 / 2^30
        (("--expected-tps", 400, "--log-bytes-per-commit", "1000B"), "1.34 GB"),  # 1.44e9 / 2^30
    ],
)
def test_the_log_is_sized_for_what_was_observed(
    capsys: pytest.CaptureFixture[str], seen: Path, options: tuple[object, ...], hour: str
) -> None:
    asked = (*FOR_15, "--from", seen, "--recovery-time", "2h", *options)
    (own,) = (
        entry for entry in advised(capsys, *asked)["settings"] if entry["setting"] == "max_wal_size"
    )
    assert "limited by an hour of the expected load" in own["reason"]
    assert f"Rounded down from {hour}." in own["reason"]


def test_the_load_of_another_server_counts_for_nothing(
    capsys: pytest.CaptureFixture[str], seen: Path
) -> None:
    for_mysql = ("--db", "mysql", "--db-version", "9.7")
    (own,) = (
        entry
        for entry in advised(capsys, *for_mysql, "--from", seen)["settings"]
        if entry["setting"] == "innodb_redo_log_capacity"
    )
    assert "hour of the expected load" not in own["reason"]


def test_capacity_has_the_syncs_that_were_observed(
    capsys: pytest.CaptureFixture[str], seen: Path
) -> None:
    """A quarter of the time for 200 commits/s: 800/s in all of it."""
    asked = ("capacity", *FOR_15, "--from", seen, "--clients", "1")
    status, out, _ = run(capsys, *asked, "--format", "json")
    assert status == 0
    plan = json.loads(out)["plan"] if "plan" in json.loads(out) else json.loads(out)
    assert plan["observed"] == {
        "interval_s": 60.0,
        "commits_per_s": 200.0,
        "syncs_per_commit": 0.5,
        "sync_busy_percent": 25.0,
        "commits_per_s_max": 800.0,
    }
    assert plan["commit_us"] == 2_500
    status, out, _ = run(capsys, *asked)
    assert "Observed for 60 s: 200 commits/s with 0.5 syncs per commit" in " ".join(out.split())


def test_it_is_not_compared_with_what_was_measured(
    capsys: pytest.CaptureFixture[str], seen: Path
) -> None:
    status, out, _ = run(capsys, "compare", NVME, seen)
    assert status == 0
    said = " ".join(out.split())
    assert "no series in common" in said
    assert "observed for 60 s under 200 commits/s" in said
    status, _, err = run(capsys, "drift", NVME, "--from", seen)
    assert (status, "no series in common" in err) == (1, True)


def test_the_other_commands_take_it(
    capsys: pytest.CaptureFixture[str], seen: Path, tmp_path: Path
) -> None:
    status, out, err = run(capsys, "report", *FOR_15, "--from", seen, "--format", "markdown")
    assert status == 0, err
    assert "was observed to take 2.5 ms on average" in out
    assert "Nothing was written: a server and the kernel counted" in out
    config = tmp_path / "postgresql.conf"
    config.write_text("max_wal_size = 1GB\n")
    asked = ("--config", config, *FOR_15, "--from", seen, "--format", "json")
    status, out, err = run(capsys, "audit", *asked)
    assert status == 0, err
    found = json.loads(out)
    assert found["measured"]["observed"] == "for 60 s under 200 commits/s"
    (assumed,) = [note for note in found["notes"] if note.startswith("not findings")]
    assert "--expected-tps" not in assumed  # the load is no assumption any more
    assert "--memory" in assumed
    (tmp_path / "fleet").mkdir()
    saved(tmp_path / "fleet", as_measurement())
    status, out, _ = run(capsys, "fleet", "report", tmp_path / "fleet", "--format", "json")
    assert (status, json.loads(out)["hosts"][0]["source"]) == (0, "observed")


def test_prometheus_is_told_of_the_load_and_of_each_device() -> None:
    drive = as_measurement()
    text = prometheus_text(drive, judge(drive, load_storage_knowledge()))
    found = samples(text, labels=("series", "device"))
    assert found["observed_interval_seconds"] == 60
    assert found["observed_commits_per_second"] == 200
    assert found["observed_syncs_per_commit"] == 0.5
    assert found["observed_log_bytes_per_second"] == 1_000_000
    assert found["observed_sync_busy_ratio"] == 0.25
    assert found["observed_log_full_page_ratio"] == 0.25
    assert found["observed_device_flush_mean_seconds sda"] == 0.003
    assert found["observed_device_write_mean_seconds sda"] == 0.001
    assert found["observed_device_busy_ratio sda"] == pytest.approx(0.5)
    assert found["sync_latency_mean_seconds observed-log-fdatasync"] == 0.0025
    assert "observed_binary_log_syncs_per_second" not in found  # not known
    assert [name for name in found if name.startswith("sync_rate")] == []


def test_what_measure_shows_of_it() -> None:
    drive = as_measurement()
    shown = render(
        measurement_document(drive, judge(drive, load_storage_knowledge())), "table", colours=False
    )
    for line in (
        "observed: a server 1.0 for 60 s; a sync is timed by pg_stat_wal",
        "  syncs per commit: 0.5",
        "  whole pages in the log: 25 % (pg_stat_wal: its images of pages at their whole",
        "  processors busy: 75 %",
    ):
        assert line in shown
    assert "sda     50 %   0.75        10     1 ms        100     3 ms        1  500 us" in shown


def test_a_file_without_an_observation_loads() -> None:
    raw = json.loads(NVME.read_text())
    assert "observation" not in raw
    assert Measurement.model_validate(raw).observation is None


# The command line


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--passive", "--quick"), "--passive writes nothing"),
        (("--passive", "--thorough"), "--passive writes nothing"),
        (("--passive", "--seed", "1"), "--passive writes nothing"),
        (("--interval", "5"), "--interval and --dsn go with --passive"),
        (("--dsn", "postgresql:///"), "--interval and --dsn go with --passive"),
        (("--passive", "--interval", "0.5"), "'--interval': 0.5 is below 1"),
        (("--passive", "--interval", "86401"), "'--interval': 86401 is above 86,400"),
        (("--passive", "--dsn", "oracle://x"), "--dsn does not say which server it is"),
    ],
)
def test_what_makes_no_sense(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...], says: str
) -> None:
    status, out, err = run(capsys, "measure", *options, ".")
    assert (status, out) == (2, "")
    assert says in err


def test_a_file_system_without_a_device_is_told_at_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, err = run(capsys, "measure", "--passive", "--interval", 600, "/dev/shm")
    assert (status, out) == (1, "")
    assert "nothing counts what is synced in /dev/shm: tmpfs does not say on which" in err
    assert "--dsn reads the server's own counters" in err


def test_a_directory_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "measure", "--passive", "/nowhere")
    assert (status, "/nowhere: No such file or directory" in err) == (1, True)


def test_unknown_figures_are_not_shown() -> None:
    drive = as_measurement()
    seen = drive.observation
    assert seen is not None
    unknown = Unknown(unknown="no server was asked")
    other = drive.model_copy(
        update={
            "observation": seen.model_copy(
                update={"commits_per_s": unknown, "server": unknown, "full_page_percent": unknown}
            )
        }
    )
    shown = render(
        measurement_document(other, judge(other, load_storage_knowledge())), "table", colours=False
    )
    assert "observed: for 60 s;" in shown
    assert "commits/s" not in shown
    assert "whole pages" not in shown
