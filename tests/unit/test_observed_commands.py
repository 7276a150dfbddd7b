"""Every command takes an observed measurement, and says what it rests on."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from socket import gethostname
from typing import Any

import pytest

from advisor.advice import Advice
from advisor.advise import advise
from advisor.analysis.description import describe_measured
from advisor.analysis.verdict import judge
from advisor.commands.source import knowledge_for
from advisor.knowledge import load_storage_knowledge
from advisor.measurement import Measurement
from advisor.measurement_file import to_json
from advisor.model import Unknown
from advisor.output.measurement import measurement_document
from advisor.output.prometheus import prometheus_text
from advisor.output.renderers import render
from advisor.output.summary import summary_document
from advisor.output.systemd import IF_THERE_IS
from advisor.servers.installed import barred_at
from advisor.vendors.registry import VENDORS
from tests.servers.account import account, private_folder
from tests.support.command_line import run
from tests.support.faults import missing
from tests.support.paths import CHECKOUT, MEASUREMENTS
from tests.unit.test_observation import REQUEST, as_measurement
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


def of_15_8(folder: Path) -> Path:
    """The same of a server that says its version."""
    drive = as_measurement()
    assert drive.observation is not None
    named = drive.observation.model_copy(update={"server": "PostgreSQL 15.8"})
    return saved(folder, drive.model_copy(update={"observation": named}), "pg.json")


def test_the_settings_are_for_the_server_that_was_observed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = of_15_8(tmp_path)
    status, out, err = run(capsys, "recommend", "--from", file)
    assert status == 0, err
    assert out.startswith("# fsync-advisor 0.1.0: settings for PostgreSQL 15.8 (as observed)\n")
    assert "note: for PostgreSQL 15.8, which was observed; --db names another" in err
    _, out, err = run(capsys, "recommend", "--from", file, "--db", "postgresql")
    assert "settings for PostgreSQL 15.8 (as observed)" in out
    assert "which was observed; --db" not in err
    _, out, err = run(capsys, "capacity", "--from", file, "--clients", "1")
    assert "note: for PostgreSQL 15.8, which was observed" in err
    assert "One commit with these settings waits for 1 sync" in out
    status, out, err = run(capsys, "report", "--from", file, "--format", "markdown")
    assert status == 0, err
    assert "PostgreSQL 15.8: one connection commits at most 400 times a second" in out  # 2.5 ms
    assert "PostgreSQL 15.8 (as observed)" in out
    assert "note: for PostgreSQL 15.8, which was observed; --db names another" in err


def test_a_version_that_is_named_is_not_called_observed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _, _, err = run(capsys, "recommend", "--from", of_15_8(tmp_path), "--db-version", "17")
    assert "note: for PostgreSQL, which was observed; --db names another" in err


@pytest.mark.parametrize(
    ("options", "head", "says"),
    [
        (("--db-version", "15"), "PostgreSQL 15 (as given)", ""),
        (FOR_15, "PostgreSQL 15 (as given)", ""),
        (
            ("--db-version", "17"),
            "PostgreSQL 17 (as given)",
            "# Note: PostgreSQL 15.8 was observed, and this is for 17\n",
        ),
        (
            ("--db", "mysql", "--db-version", "8.0"),
            "MySQL 8.0 (as given, its newest release)",
            "# Note: a PostgreSQL was observed, and this is for MySQL: its load counts",
        ),
        (
            ("--db", "mysql", "--db-version", "9.7.1"),
            "MySQL 9.7.1 (as given)",
            "# Note: a PostgreSQL was observed, and this is for MySQL: its load counts for nothing"
            " here, its sync times do\n",
        ),
    ],
)
def test_what_is_named_wins_and_a_contradiction_is_told(
    options: tuple[str, ...],
    head: str,
    says: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    status, out, err = run(capsys, "recommend", "--from", of_15_8(tmp_path), *options)
    assert status == 0, err
    assert f"settings for {head}" in out
    assert says in out
    assert ("this is for" in out) == bool(says)


def test_the_file_is_read_before_a_server_is_watched(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The server is not even asked for, though nothing listens at that port."""
    dsn = "postgresql://127.0.0.1:1/"
    status, _, err = run(capsys, "audit", "--dsn", dsn, "--from", tmp_path / "missing.json")
    assert (status, "missing.json cannot be read: No such file" in err) == (1, True)


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
    said = " ".join(out.split())
    assert "Observed for 60 s: 200 commits/s with 0.5 syncs per commit" in said
    assert "800 commits/s would take all of it; that is no limit" in said


def test_what_is_left_does_not_contradict_the_target(
    capsys: pytest.CaptureFixture[str], seen: Path
) -> None:
    """Syncs that more connections share: 2,000/s, where 800/s would fill the time unshared."""
    asked = ("capacity", *FOR_15, "--from", seen, "--target-tps", 2000)
    _, out, _ = run(capsys, *asked)
    said = " ".join(out.split())
    assert "2,000 transactions/s: yes" in said
    assert "sustains 800" not in said
    assert "that is no limit, for more connections share more" in said


def test_syncs_that_overlap_do_not_say_what_is_left(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    drive = as_measurement()
    assert drive.observation is not None
    for busy, most in ((100.0, 200.0), (100.1, None)):
        seen = drive.observation.model_copy(update={"sync_busy_percent": busy})
        file = saved(tmp_path, drive.model_copy(update={"observation": seen}))
        asked = ("capacity", *FOR_15, "--from", file, "--clients", "1")
        _, out, _ = run(capsys, *asked, "--format", "json")
        assert json.loads(out)["observed"]["commits_per_s_max"] == most
    _, out, _ = run(capsys, *asked)
    assert "some waited for others, so what the drive has left is unknown" in " ".join(out.split())


def test_it_is_not_compared_with_what_was_measured(
    capsys: pytest.CaptureFixture[str], seen: Path
) -> None:
    status, out, err = run(capsys, "compare", NVME, seen)
    assert status == 1
    assert f"nothing was compared: no other drive has a series in common with {NVME}" in err
    status, _, err = run(capsys, "compare", NVME, seen, MEASUREMENTS / "nvme-plp.json")
    assert (status, err) == (0, "")  # one of them was
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
    assert status in (0, 3), err  # whether a rule finds something else
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
    assert "ops/s" not in shown
    assert "observed-log-fdatasync     2.5 ms" in shown
    assert list(describe_measured(drive).figures.values()) == ["mean 2.5 ms"]


def on_busy_processors() -> Measurement:
    """A sync took the server 2.5 ms and its device 1 ms, beside processors that were busy."""
    drive = as_measurement()
    assert drive.observation is not None
    log, at_device = drive.series
    summary = at_device.summary.model_copy(update={"mean_us": 1_000.0, "ci95_percent": 1.0})
    fast = at_device.model_copy(update={"summary": summary})
    sure = log.model_copy(update={"summary": log.summary.model_copy(update={"ci95_percent": 1.0})})
    seen = drive.observation.model_copy(update={"cpu_busy_percent": 96.0})
    return drive.model_copy(update={"series": (sure, fast), "observation": seen})


def test_a_comparison_of_what_was_observed_has_no_rate(
    capsys: pytest.CaptureFixture[str], seen: Path, tmp_path: Path
) -> None:
    again = saved(tmp_path, later(2_600.0), "again.json")
    _, out, _ = run(capsys, "compare", seen, again)
    head = next(line for line in out.splitlines() if line.startswith("drive") and "mean" in line)
    assert head.split() == ["drive", "mean", "p50", "p99", "+-95", "%", "ratio", "difference"]
    _, out, _ = run(capsys, "compare", NVME, MEASUREMENTS / "nvme-plp.json")
    assert "ops/s" in out


def test_no_headline_gives_a_processors_wait_to_the_drive(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    idle = as_measurement()
    for drive, told in ((on_busy_processors(), True), (idle, False)):
        verdict = judge(drive, load_storage_knowledge())
        shown = render(measurement_document(drive, verdict), "table", colours=False)
        assert ("note: a sync took the server 2.5 ms, a write and a flush its" in shown) == told
        file = saved(tmp_path, drive)
        _, out, _ = run(capsys, "report", *FOR_15, "--from", file, "--format", "markdown")
        said = " ".join(out.split())
        assert ("2.5 ms on average, perhaps in part as a wait for a processor; " in said) == told
        assert ("which another drive would leave as it is" in said) == told
        assert ("times as many transactions, if all of the wait was for the drive" in said) == told
        document = summary_document(advise_for(drive), "fsync-advisor recommend")
        shown = " ".join(render(document, "terminal", colours=False).split())
        assert "one commit waits 2.5 ms for the drive" in shown
        assert ("2.5 ms for the drive or a processor" in shown) == told


def advise_for(drive: Measurement) -> Advice:
    return advise(drive, REQUEST, knowledge_for("postgresql"))


def test_prometheus_counts_what_the_figures_show_of_themselves() -> None:
    for drive, count in ((on_busy_processors(), 1), (as_measurement(), 1), (sure_of(), 0)):
        text = prometheus_text(drive, judge(drive, load_storage_knowledge()))
        assert samples(text)["warnings"] == count


def sure_of() -> Measurement:
    drive = on_busy_processors()
    assert drive.observation is not None
    seen = drive.observation.model_copy(update={"cpu_busy_percent": 10.0})
    return drive.model_copy(update={"observation": seen})


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
        (("--passive", "--under-load"), "--passive writes nothing"),
        (("--passive", "--soak", "10min"), "--passive writes nothing"),
        (("--interval", "5"), "--interval and --dsn go with --passive"),
        (("--dsn", "postgresql:///"), "--interval and --dsn go with --passive"),
        (("--passive", "--interval", "0.5"), "--interval '0.5' is not between 1s and 1d"),
        (("--passive", "--interval=-1"), "--interval '-1' is not between 1s and 1d"),
        (("--passive", "--interval=-5min"), "--interval '-5min' is not between 1s and 1d"),
        (("--passive", "--interval", "25h"), "--interval '25h' is not between 1s and 1d"),
        (
            ("--passive", "--interval", "soon", "--dsn", "oracle://x"),
            "--interval 'soon' is not a duration",
        ),
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


def test_a_hint_of_measure_names_its_own_options(capsys: pytest.CaptureFixture[str]) -> None:
    _, _, err = run(capsys, "measure", "--passive", "--dsn", "oracle:///x")
    assert "hint: --dsn postgresql://..., mysql://... or mariadb://...\n" in err


def test_the_help_says_what_is_saved_and_what_is_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, out, _ = run(capsys, "measure", "--help")
    said = " ".join(out.split())
    assert "Save the measurement there, as JSON; what --format names is printed as well." in said
    assert "instead of stdout" not in said
    assert "At least 128MB, 512MB with" in said


def test_audit_asks_how_the_server_that_was_observed_is_reached(
    capsys: pytest.CaptureFixture[str], seen: Path
) -> None:
    status, _, err = run(capsys, "audit", "--from", seen)
    assert (status, err) == (
        2,
        f"fsync-advisor: Which server? In {seen} a PostgreSQL was observed.\n"
        "  hint: --dsn postgresql://... as it was observed, or --db postgresql with --config"
        " FILE\n",
    )


def test_the_help_says_how_short_an_interval_may_be(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "measure", "--help")
    assert "below about 15s how well a mean is known stays unknown" in " ".join(out.split())


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


# Drift


def later(mean_us: float, **changed: Any) -> Measurement:
    """The same an hour later, with another mean."""
    drive = as_measurement(**changed)
    first, *others = drive.series
    summary = first.summary.model_copy(update={"mean_us": mean_us, "ci95_percent": 2.0})
    series = (first.model_copy(update={"summary": summary}), *others)
    return drive.model_copy(update={"series": series})


def test_an_observation_is_held_against_an_earlier_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    before = saved(tmp_path, later(2_500.0), "before.json")
    slower = saved(tmp_path, later(3_500.0), "slower.json")
    status, _, err = run(capsys, "drift", before, "--from", slower)
    assert status == 3
    assert "observed log, fdatasync: mean 2.5 ms before, 3.5 ms now" in err
    same = saved(tmp_path, later(2_510.0), "same.json")
    status, out, _ = run(capsys, "drift", before, "--from", same)
    assert (status, "Conditions changed" in out) == (0, False)


def test_what_noise_hides_is_to_be_observed_for_longer(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Both in the verdict and in the hint."""
    noisy = [later(mean_us) for mean_us in (2_500.0, 2_600.0)]
    files = []
    for number, drive in enumerate(noisy):
        first, *others = drive.series
        summary = first.summary.model_copy(update={"ci95_percent": 40.0})
        series = (first.model_copy(update={"summary": summary}), *others)
        changed = drive.model_copy(update={"series": series})
        files.append(saved(tmp_path, changed, f"{number}.json"))
    status, out, err = run(capsys, "drift", files[0], "--from", files[1])
    assert status == 1
    for said in (out, err):
        assert "observe both again, for longer: --interval TIME" in " ".join(said.split())
        assert "--thorough" not in said


def test_another_load_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    drive = later(2_510.0)
    assert drive.observation is not None
    busier = drive.observation.model_copy(update={"commits_per_s": 301.0})
    before = saved(tmp_path, later(2_500.0), "before.json")
    now = saved(tmp_path, drive.model_copy(update={"observation": busier}), "now.json")
    _, out, _ = run(capsys, "drift", before, "--from", now)
    assert "load: 200 commits/s before, 301 commits/s now" in out
    alike = drive.observation.model_copy(update={"commits_per_s": 299.0})
    now = saved(tmp_path, drive.model_copy(update={"observation": alike}), "now.json")
    _, out, _ = run(capsys, "drift", before, "--from", now)
    assert "load:" not in out


def of(
    mean_us: float, *, device_us: float = 2_400.0, cpu_percent: float = 20.0, **known: Any
) -> Measurement:
    """A server's log, and its device's own time."""
    drive = later(mean_us)
    (log, *_), seen = drive.series, drive.observation
    assert seen is not None
    summary = log.summary.model_copy(update={"mean_us": device_us, "ci95_percent": 2.0})
    device = log.model_copy(update={"pattern": "observed-device", "summary": summary})
    known = {"server": "PostgreSQL 15.8", "cpu_busy_percent": cpu_percent, **known}
    changed = {"series": (log, device), "observation": seen.model_copy(update=known)}
    return drive.model_copy(update=changed)


def drifted(
    capsys: pytest.CaptureFixture[str], folder: Path, before: Measurement, now: Measurement
) -> tuple[int, str, str]:
    files = saved(folder, before, "before.json"), saved(folder, now, "now.json")
    status, out, err = run(capsys, "drift", files[0], "--from", files[1])
    return status, " ".join(out.split()), " ".join(err.split())


def test_a_wait_for_a_processor_is_no_slower_drive(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    busy = of(9_000.0, cpu_percent=97.0)
    status, out, err = drifted(capsys, tmp_path, of(2_500.0), busy)
    assert (status, err) == (0, "")
    assert "the rest is perhaps a wait for a processor, not for the drive" in out
    assert "Not slower beyond noise and by more than 25 %: observed device, fdatasync" in out
    assert "what the server waited for was perhaps a processor, and not its drive." in out
    for slower in (of(9_000.0), of(9_000.0, device_us=4_000.0, cpu_percent=97.0)):
        status, _, err = drifted(capsys, tmp_path, of(2_500.0), slower)
        assert status == 3  # the processors were idle; or the device itself is slower
        assert "--tolerance 100" in err
    files = tmp_path / "before.json", saved(tmp_path, busy, "busy.json")
    _, out, _ = run(capsys, "compare", *files)
    assert "perhaps a wait for a processor" in " ".join(out.split())


def test_another_server_is_not_compared_and_another_release_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    mysql = of(2_500.0, server="MySQL 9.7.4", engine="mysql")
    status, out, err = drifted(capsys, tmp_path, of(2_500.0), mysql)
    assert (status, out) == (1, "")
    assert "PostgreSQL was observed in" in err
    assert "and MySQL in" in err
    assert "hint: make a baseline of this server" in err
    status, out, _ = drifted(capsys, tmp_path, of(2_500.0), of(2_500.0, server="PostgreSQL 17.2"))
    assert (status, "server: PostgreSQL 15.8 before, PostgreSQL 17.2 now" in out) == (0, True)


def test_another_host_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    db1, db2 = (
        drive.model_copy(
            update={"environment": drive.environment.model_copy(update={"host_name": name})}
        )
        for drive, name in ((of(2_500.0), "db1"), (of(2_500.0), "db2"))
    )
    status, out, _ = drifted(capsys, tmp_path, db1, db2)
    assert (status, "host: db1 before, db2 now" in out) == (0, True)
    assert "WARN: not slower than before by more than 25 %, but it is another host." in out


def test_a_log_that_nobody_asked_for_now_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    unknown = Unknown(unknown="no server was asked (--dsn)")
    now = of(2_500.0, server=unknown, engine=unknown)
    now = now.model_copy(update={"series": now.series[1:]})
    status, out, _ = drifted(capsys, tmp_path, of(2_500.0), now)
    assert (status, "server: PostgreSQL 15.8 before, none asked now" in out) == (0, True)
    assert "The observed log, fdatasync of" in out
    assert "before.jsonisnotcompared" in "".join(out.split())  # a long path wraps anywhere


def test_what_was_observed_too_shortly_is_to_be_observed_for_longer(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    now = of(2_500.0)
    first, *others = now.series
    summary = first.summary.model_copy(update={"ci95_percent": None})
    now = now.model_copy(update={"series": (first.model_copy(update={"summary": summary}),)})
    status, _, err = drifted(capsys, tmp_path, of(2_500.0), now)
    assert (status, "hint: observe both again, for longer: --interval TIME" in err) == (1, True)
    assert others
    status, _, err = run(capsys, "drift", NVME, "--from", tmp_path / "now.json")
    assert status == 1
    assert "hint: compare what was measured with what was measured, or observed with" in err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("SEEN",), "was observed, and is not comparable with what is measured"),
        (("NVME", "--passive"), "was measured, and is not comparable with what is observed"),
        (("SEEN", "--passive", "--quick"), "--passive writes nothing"),
        (("SEEN", "--passive", "--from", "NVME"), "both --passive and --from are given"),
    ],
)
def test_a_baseline_of_the_other_kind_is_told_at_once(
    options: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str], seen: Path
) -> None:
    files = {"SEEN": seen, "NVME": NVME}
    status, out, err = run(capsys, "drift", *(files.get(word, word) for word in options))
    assert (status, out) == (2, "")
    assert says in err


# Units


def test_a_units_name_goes_with_a_unit(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "measure", "--passive", "--unit-name", "a", ".")
    assert (status, out, "--unit-name goes with --print-unit" in err) == (2, "", True)


def unit(capsys: pytest.CaptureFixture[str], kind: str, *options: str) -> str:
    asked = ("measure", "--passive", "--print-unit", kind, "--quiet", *options)
    status, out, err = run(capsys, *asked)
    assert (status, err) == (0, "")
    return out


@pytest.mark.parametrize(
    ("dsn", "user"),
    [
        ("postgresql:///postgres", "postgres"),
        ("mysql://mysql@localhost/", "mysql"),
        ("mariadb://mysql@localhost/", "mysql"),
    ],
)
def test_a_unit_runs_as_the_databases_own_account(
    dsn: str, user: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = unit(capsys, "service", "--dsn", dsn, "--interval", "30").splitlines()
    assert f"User={user}" in lines
    assert "NoNewPrivileges=yes" in lines
    started = [line for line in lines if line.startswith("Exec")]
    assert len(started) == 3
    assert f"measure --passive --interval 30 --dsn {dsn} --output %S/" in started[0]
    assert all(line.startswith("ExecStart=/") for line in started)  # no + or !, which are root's
    assert "TimeoutStartSec=330" in lines
    timer = unit(capsys, "timer", "--dsn", dsn).splitlines()
    assert "OnCalendar=*:0/15" in timer
    assert "WantedBy=timers.target" in timer


def test_an_interval_is_a_duration(capsys: pytest.CaptureFixture[str]) -> None:
    for typed in ("300", "300s", "5min"):
        text = unit(capsys, "service", "--dsn", "postgresql:///postgres", "--interval", typed)
        assert "measure --passive --interval 300 --dsn" in text


@pytest.mark.parametrize(
    ("interval", "calendar", "words"),
    [
        ("10min", "*:0/15", "every quarter of an hour"),
        ("11min", "hourly", "every hour"),
        ("1h", "0/2:00", "every two hours"),
        ("2h", "0/6:00", "every six hours"),
        ("12h", "daily", "every day"),
        ("1d", "weekly", "every week"),
    ],
)
def test_a_timer_says_when_it_runs_and_leaves_time_for_the_interval(
    interval: str, calendar: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = unit(capsys, "timer", "--dsn", "postgresql:///postgres", "--interval", interval)
    assert f"\nOnCalendar={calendar}\n" in text
    assert f"\nDescription=Observe what syncs of the database take, {words}\n" in text
    if shutil.which("systemd-analyze"):
        asked = ["systemd-analyze", "calendar", calendar]
        assert subprocess.run(asked, capture_output=True, check=False).returncode == 0


def test_two_servers_of_a_host_have_a_unit_each(capsys: pytest.CaptureFixture[str]) -> None:
    """Names, folders and metrics of one do not stand in the place of the other's."""
    texts = [
        unit(capsys, "service", *options)
        for options in (
            ("--dsn", "postgresql:///postgres"),
            ("--dsn", "mysql://mysql@localhost/"),
            ("--dsn", "postgresql:///postgres?port=5433", "--unit-name", "watch-5433"),
        )
    ]
    names = "fsync-advisor-observe-postgresql", "fsync-advisor-observe-mysql", "watch-5433"
    for name, text in zip(names, texts, strict=True):
        assert text.startswith(f"# {name}.service: ")
        assert f"\nStateDirectory={name}\n" in text
        assert f"--output %S/{name}/{name}.prom" in text
        assert set(re.findall(r"%S/([^/]+)/", text)) == {name}
    timer = unit(capsys, "timer", "--dsn", "postgresql:///", "--unit-name", "watch-5433")
    assert timer.startswith("# watch-5433.timer: when watch-5433.service runs.\n")


def test_an_account_that_this_host_lacks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VENDORS["postgresql"], "account", "nobody-of-that-name")
    asked = ("measure", "--passive", "--print-unit", "service", "--dsn", "postgresql:///postgres")
    status, out, err = run(capsys, *asked)
    assert (status, "User=nobody-of-that-name" in out) == (0, True)
    assert "warning: this host has no account nobody-of-that-name: name in User= the one" in err
    assert "packages of this database make" in " ".join(out.split())


def own_account() -> str:
    """That may be asked of, and is not root's, which may pass everything."""
    return account().pw_name


def test_a_program_that_the_account_cannot_reach(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A virtual environment of which only the link to its Python leads through a closed home."""
    if os.geteuid() != 0:
        missing("only root may close a directory to another account")
    with private_folder(of_account=False) as folder:
        (folder / "home/versions").mkdir(parents=True)
        (folder / "home/versions/python3").touch(mode=0o755)
        (folder / "venv").mkdir()
        python = folder / "venv/python"
        python.symlink_to("../home/versions/python3")
        assert barred_at(own_account(), python) is None
        (folder / "home").chmod(0o700)
        assert barred_at(own_account(), python) == folder / "home"
        assert barred_at("nobody-of-that-name", python) is None
        monkeypatch.setattr(sys, "executable", str(python))
        monkeypatch.setattr(sys, "argv", [str(python)])
        monkeypatch.setattr(VENDORS["postgresql"], "account", own_account())
        asked = ("measure", "--passive", "--print-unit", "service", "--dsn", "postgresql:///")
        status, out, err = run(capsys, *asked)
        assert (status, "[Service]" in out) == (0, True)
        assert (
            f"warning: the account {own_account()} may not pass {folder}/home, on the way to" in err
        )
        assert "install fsync-advisor and its Python where every account may go" in err
        (folder / "home").chmod(0o711)
        (folder / "home/versions/python3").chmod(0o744)
        assert barred_at(own_account(), python) == folder / "home/versions/python3"


@pytest.mark.parametrize(
    ("dsn", "host"),
    [
        ("postgresql:///postgres", ""),
        ("postgresql:///postgres?host=/run/postgresql", ""),
        ("postgresql://me@%2Frun%2Fpostgresql/postgres", ""),
        ("postgresql://127.0.0.1:5433/", ""),
        ("postgresql://[::1]:5433/", ""),
        ("mysql://mysql@db7/?socket=/run/a.sock", ""),
        (f"mysql://mysql@{gethostname().upper()}/", ""),
        ("postgresql://me@db7:5432/postgres", "db7"),
        ("postgresql://localhost:5432,10.0.0.7:5432/postgres", "10.0.0.7"),
        ("postgresql:///postgres?host=db7", "db7"),
        ("mariadb://mysql@[2001:db8::1]/", "2001:db8::1"),
    ],
)
def test_a_unit_for_a_server_on_another_host(
    dsn: str, host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = run(capsys, "measure", "--passive", "--print-unit", "service", "--dsn", dsn)
    assert status == 0
    if host:
        assert f"warning: {host} seems to be another host: the unit would watch" in err
    else:
        assert "another host" not in err


def test_what_systemd_would_replace_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """systemd.service(5): %% and $$ are single ones, and in quotes \\" and \\\\ are escapes."""
    dsn = 'postgresql:///a$b"\\?application_name=%24'
    text = unit(capsys, "service", "--dsn", dsn, "--label", "db 7")
    quoted = r'"postgresql:///a$$b\"\\?application_name=%%24"'
    assert f'--dsn {quoted} --label "db 7" --output' in text


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "--print-unit needs --passive and --dsn"),
        (("--passive",), "--print-unit needs --passive and --dsn"),
        (("--passive", "--dsn", "host=x"), "--print-unit needs --passive and --dsn"),
        (
            ("--passive", "--dsn", "postgresql://me:secret@x/"),
            "the DSN has a password, and everybody may read a unit",
        ),
        (("--passive", "--dsn", "postgresql:///a\nUser=root"), "cannot stand in a unit"),
        (
            ("--passive", "--dsn", "mysql://mysql@localhost/?unix_socket=/run/a.sock"),
            "--dsn is not the address of a MySQL server",
        ),
        (
            ("--passive", "--dsn", "postgresql:///postgres?no_such_key=1"),
            "--dsn is not the address of a PostgreSQL server",
        ),
        *(
            (
                ("--passive", "--dsn", "postgresql:///", "--unit-name", name),
                f"{name!r} is not the name of a unit",
            )
            for name in ("../a", "a/b", "a b", "%n")
        ),
    ],
)
def test_a_unit_that_cannot_be(
    options: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, "measure", *options, "--print-unit", "service")
    assert (status, out) == (2, "")
    assert says in err
    assert "secret" not in err


def test_systemd_finds_no_fault_with_the_units(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    if shutil.which("systemd-analyze") is None:
        missing("systemd-analyze is not installed")
    for kind in ("service", "timer"):
        text = unit(
            capsys, kind, "--dsn", "postgresql:///postgres?host=/run/a%20b", "--label", "db 7"
        )
        # The account need not be here.
        own = text.replace("User=postgres", "User=root")
        (tmp_path / f"fsync-advisor-observe.{kind}").write_text(own)
    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert [line for line in done.stderr.splitlines() if "fsync-advisor" in line] == []
    assert done.returncode == 0


# Ctrl-C


@pytest.mark.parametrize(
    ("baseline", "status", "expected"),
    [("there", 0, 0), ("there", 1, 0), ("there", 2, 2), ("there", 3, 3), ("missing", 3, 0)],
)
def test_noise_fails_no_unit_and_a_slower_drive_does(
    baseline: str, status: int, expected: int, tmp_path: Path
) -> None:
    """The comparison, with a program that ends with a status of `drift`."""
    (tmp_path / "there").touch()
    command = [*IF_THERE_IS, str(tmp_path / baseline), "sh", "-c", f"exit {status}"]
    assert subprocess.run(command, check=False).returncode == expected


def test_an_interruption_ends_it(tmp_path: Path) -> None:
    product = tmp_path / "seen.json"
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "advisor", "measure", "--passive", "--interval", "600"),
            *("--output", str(product), str(CHECKOUT)),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = process.stderr.readline()
    if "nothing counts what is synced" in said:
        missing("the checkout lies on no block device")
    assert "nothing is written" in said
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []
