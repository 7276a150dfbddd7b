"""fsync-advisor compare: exit statuses, one clear line for each mistake, and 80 columns."""

import json
import shutil
from pathlib import Path

import pytest

from advisor.instance import Drives
from advisor.measurement import Measurement
from advisor.measurement_file import to_json
from tests.support.command_line import run
from tests.support.drives import measurement, summary, under_load
from tests.support.golden import stored
from tests.support.paths import MEASUREMENTS

HDD = str(MEASUREMENTS / "hdd.json")
NVME = str(MEASUREMENTS / "nvme-consumer.json")
SATA = str(MEASUREMENTS / "sata-ssd-consumer.json")
RAID_CACHE = str(MEASUREMENTS / "raid-cache.json")
JOURNAL = str(MEASUREMENTS / "hdd-journal.json")
TMPFS = str(MEASUREMENTS / "tmpfs.json")


def changed(tmp_path: Path, name: str, source: str = NVME, **summary: float | None) -> str:
    """A copy of a stored measurement whose primary series has another summary."""
    raw = json.loads(Path(source).read_text())
    raw["series"][0]["summary"].update(summary)
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps(raw))
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ((), 2, "compare needs two drives or more"),
        ((HDD,), 2, "compare needs two drives or more"),
        ((HDD, "ref:99"), 2, "there is no reference storage 'ref:99'\n  hint: the IDs are 1, 2,"),
        ((HDD, "ref:"), 2, "there is no reference storage 'ref:'"),
        ((HDD, NVME, HDD), 2, f"{HDD} is given twice"),
        ((HDD, str(MEASUREMENTS / ".." / "measurements" / "hdd.json")), 2, "is given twice"),
        (("ref:1", "ref:1"), 2, "ref:1 is given twice"),
        ((HDD, "nowhere.json"), 1, "nowhere.json cannot be read: No such file"),
        ((HDD, "/"), 1, "/ cannot be read: Is a directory"),
        ((HDD, __file__), 1, "is not a known report"),
        (
            (HDD, NVME, "--tolerance", "10"),
            2,
            "compare --tolerance is now: fsync-advisor drift\n  hint: fsync-advisor drift --help",
        ),
        (("--baseline", HDD, NVME), 2, "compare --baseline is now: fsync-advisor drift"),
        ((f"--baseline={HDD}", NVME), 2, "compare --baseline is now: fsync-advisor drift"),
        ((HDD, NVME, "--quick"), 2, "No such option: --quick"),
        ((HDD, NVME, "--memory", "8GB"), 2, "--memory needs --db"),
        ((HDD, NVME, "--db-version", "8.0"), 2, "--db-version needs --db"),
        ((HDD, NVME, "--syncs", "0"), 2, "--syncs '0': whole numbers above 0"),
        ((HDD, NVME, "--output", "/"), 2, "/ is a directory"),
        ((HDD, NVME, "--db", "mysql", "--db-version", "5.6"), 2, "older than what we know"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(
    arguments: tuple[str, ...], status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    actual, out, err = run(capsys, "compare", *arguments)
    assert (actual, out) == (status, "")
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ((), 2, "Missing argument 'BASELINE'"),
        ((HDD, "/a", "/b"), 2, "unexpected extra argument"),
        ((HDD, "/tmp", "--from", NVME), 2, f"both /tmp and --from {NVME} are given"),
        ((HDD, "--from", HDD), 2, f"{HDD} is given twice"),
        ((HDD, NVME), 2, f"{NVME} is a file, not a DIR to measure\n  hint: --from {NVME}"),
        ((HDD, "--from", "ref:1"), 2, "references have only means"),
        (("ref:1", "--from", HDD), 2, "references have only means"),
        ((HDD, "--from", NVME, "--quick"), 2, "need a drive, not --from"),
        ((HDD, "--from", NVME, "--memory", "8GB"), 2, "--memory needs --db"),
        ((HDD, "--from", NVME, "--tolerance", "-1"), 2, "--tolerance"),
        ((HDD, "--from", NVME, "--tolerance", "inf"), 2, "a tolerance of inf % makes no sense"),
        (("nowhere.json",), 1, "nowhere.json cannot be read"),
        ((HDD, "--from", "nowhere.json"), 1, "nowhere.json cannot be read"),
        ((TMPFS, "--from", HDD), 3, "tmpfs.json cannot be a baseline: it is not durable"),
        ((HDD,), 1, "/var/lib/db"),  # where it was measured, and nowhere here
    ],
)
def test_what_goes_wrong_with_drift_is_said_in_one_line(
    arguments: tuple[str, ...], status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    actual, out, err = run(capsys, "drift", *arguments)
    assert (actual, out) == (status, "")
    assert message in err
    assert "Traceback" not in err


def test_drives_side_by_side_are_no_failure_whatever_they_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, err = run(capsys, "compare", NVME, HDD, RAID_CACHE, TMPFS, "ref:7a")
    assert (status, err) == (0, "")
    assert "tmpfs.json is not durable, so its speed does not count" in out.replace("\n  ", " ")


def test_what_the_reader_of_a_measurement_must_know_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = json.loads(Path(RAID_CACHE).read_text())
    path = tmp_path / "busy.json"
    path.write_text(json.dumps({**raw, "warnings": [{"code": "x", "text": "others wrote, too"}]}))
    out = run(capsys, "compare", NVME, str(path))[1]
    assert "\nbusy is suspicious: sda rotates, but synced one block at 10,310/s" in out
    assert "\nbusy: others wrote, too\n" in out
    assert "nvme-consumer is plausible" not in out


@pytest.mark.parametrize("how", ["table", "markdown", "json"])
def test_what_is_not_known_is_never_called_equal(
    how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(capsys, "compare", HDD, "ref:9", "--format", how)
    assert "not judged" in out
    assert "equal" not in out
    assert "same" not in out


def test_a_dash_stands_for_what_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    lines = run(capsys, "compare", HDD, "ref:9")[1].splitlines()
    # profiles/storage/references.toml, 9: 83.04/s; 12.1 ms / 12.042 ms = 1.005
    assert "ref:9     83    12 ms        -    -       -      1  not judged" in lines
    assert any(line.startswith("ref:9  -      -          4x 2TB Samsung") for line in lines)


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", NVME, HDD, "ref:7a", "--db", "mysql", "--db-version", "9.7"),
        (
            "compare",
            NVME,
            HDD,
            SATA,
            RAID_CACHE,
            JOURNAL,
            TMPFS,
            "--db",
            "postgresql",
            "--db-version",
            "15",
        ),
        ("drift", SATA, "--from", HDD),
        ("compare", HDD, "ref:1", "--syncs", "1,12,144"),
    ],
)
def test_a_comparison_fits_80_columns(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    out = run(capsys, *arguments)[1]
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("command", ["compare", "drift"])
def test_what_was_measured_under_load_is_shown(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = []
    for name, mean_us, pages_per_s in (("before", 3000, 600.0), ("now", 6000, 200.0)):
        beside = under_load("overwrite", summary(mean_us, p99_us=9000), ops_per_s=pages_per_s)
        drive = measurement(summary(1000, p99_us=2000), label=name)
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(to_json(drive.model_copy(update={"under_load": (beside,)})))
    arguments = files if command == "compare" else [files[0], "--from", files[1]]
    status, out, _ = run(capsys, command, *arguments)
    assert status == 0  # drift judges the drive alone
    _, _, shown = out.partition("8 KiB overwrite + fdatasync beside page flushes\n")
    heading, _, before, now = (line.split() for line in shown.strip().splitlines()[:4])
    assert " ".join(heading) == "drive mean p50 p99 +-95 % beside it ratio difference"
    assert " ".join(before) == "before 3 ms - 9 ms 2.0 % 600 pages/s 1"
    assert " ".join(now) == "now 6 ms - 9 ms 2.0 % 200 pages/s 0.5 slower"
    assert "beside it: what was done of the load meanwhile" in out
    assert max(map(len, out.splitlines())) <= 80


def test_long_names_are_cut_in_the_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [tmp_path / f"database-host-{number}-2026-11.json" for number in (1, 2)]
    for name in names:
        shutil.copy(HDD, name)
    out = run(capsys, "compare", *map(str, names))[1]  # cut to 14 they would be alike
    assert "\ndatabase-host-1-2026-11 " in out
    names[1].rename(tmp_path / "database-host-1-2026-12.json")
    out = run(capsys, "compare", str(names[0]), str(tmp_path / "database-host-1-2026-12.json"))[1]
    assert "\ndataba..026-11 " in out
    assert "\ndataba..026-12 " in out


def test_files_of_one_name_keep_their_folders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in "ab":
        Path(folder).mkdir()
        shutil.copy(HDD, f"{folder}/m.json")
    out = run(capsys, "compare", "a/m.json", "b/m.json")[1]
    assert "\na/m.json " in out
    assert "\nb/m.json " in out


def test_the_same_advice_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = changed(tmp_path, "copy")
    status, out, _ = run(capsys, "compare", NVME, copy, "--db", "mysql", "--db-version", "9.7")
    assert status == 0
    assert "MySQL 9.7 (as given, its newest release): the advice would be the same.\n" in out
    assert "setting" not in out


@pytest.mark.parametrize(("other", "said"), [(HDD, True), (SATA, False)], ids=["hdd", "sata"])
def test_memory_settings_are_told_from_those_of_the_drive(
    other: str, said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    out = run(capsys, "compare", NVME, other, "--db", "mysql", "--db-version", "9.7")[1]
    assert "innodb_io_capacity " in out
    assert ("innodb_buffer_pool_size" in out) is said
    assert ("Memory settings follow each measurement's host" in out) is said


def test_it_is_written_to_a_new_file_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "comparison.md"
    asked = (NVME, HDD, "--format", "markdown", "--output", str(path))
    assert run(capsys, "compare", *asked) == (0, "", f"fsync-advisor: wrote {path}\n")
    assert path.read_text().startswith("| drive | class | trust | what |\n")
    status, _, err = run(capsys, "compare", *asked)
    assert status == 2
    assert f"{path} exists already" in err
    assert run(capsys, "compare", *asked, "--force")[0] == 0


# One host over time


@pytest.mark.parametrize(
    ("mean_us", "tolerance", "status"),
    [
        (1643.0, (), 0),
        (800.0, (), 0),
        (2000.0, (), 0),  # 22 % slower
        (2100.0, (), 3),  # 28 % slower
        (2100.0, ("--tolerance", "30"), 0),
        (2000.0, ("--tolerance", "20"), 3),
        (1660.0, ("--tolerance", "0"), 0),  # 1 % slower: sqrt(2^2 + 2.02^2) % is noise
    ],
)
def test_slower_is_exit_status_3(
    mean_us: float,
    tolerance: tuple[str, ...],
    status: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = changed(tmp_path, "now", mean_us=mean_us)
    actual, out, err = run(capsys, "drift", NVME, "--from", now, *tolerance)
    assert actual == status
    assert "8 KiB overwrite + fdatasync" in out
    if status == 3:
        assert err.startswith(f"fsync-advisor: {now} is slower than {NVME}, by more than")
        assert err.splitlines()[1:] == ["  exit status 3: slower"]
    else:
        assert err == ""
        assert "Not slower beyond noise and by more than" in out


def test_what_noise_hides_is_inconclusive_and_exit_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = changed(tmp_path, "before", ci95_percent=30.0)
    now = changed(tmp_path, "now", ci95_percent=30.0)
    status, out, err = run(capsys, "drift", before, "--from", now)
    assert status == 1
    # sqrt(30^2 + 30^2) = 42
    what = "nconclusive, for a change below 42 % is within noise here"
    assert f"I{what}" in out
    assert "Not slower" not in out
    hint = "  hint: measure both again with --thorough, while the host is idle\n"
    assert "measure both again with --thorough" in out
    assert err == f"fsync-advisor: i{what}\n{hint}"


def test_a_finding_is_said_though_it_is_quiet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = changed(tmp_path, "now", mean_us=9000.0)
    status, _, err = run(capsys, "drift", NVME, "--from", now, "--quiet")
    assert status == 3
    assert "is slower than" in err


def test_a_baseline_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    now = changed(tmp_path, "now", mean_us=3286.0)
    status, out, _ = run(capsys, "drift", NVME, "--from", now, "--format", "json")
    found = json.loads(out)
    assert status == 3
    assert found["baseline"].keys() == {
        *("tolerance_percent", "slower", "noticeable_percent", "inconclusive"),
        *("says", "findings", "changed", "remedy", "notes"),
    }
    assert (found["baseline"]["tolerance_percent"], found["baseline"]["slower"]) == (25.0, True)
    assert found["groups"][0]["rows"][1]["difference"]["change_percent"] == pytest.approx(100.0)


def test_a_drive_that_keeps_nothing_now_is_exit_status_3(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, err = run(capsys, "drift", HDD, "--from", TMPFS)
    assert status == 3
    assert "tmpfs.json is not-durable" in err
    assert err.endswith("\n  exit status 3: not trusted\n")
    assert "hdd.json was plausible: tmpfs keeps files in memory" in " ".join(out.split())


def test_what_cannot_be_judged_is_a_failure_and_not_a_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = changed(tmp_path, "now", ci95_percent=None)
    status, out, err = run(capsys, "drift", NVME, "--from", now)
    assert (status, out) == (1, "")
    assert f"{now} cannot be compared with {NVME}: a mean without a confidence interval" in err


def measuring(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, str]]:
    """Measures nothing from now on; returns where what it was asked to measure is noted."""
    asked: list[tuple[Path, str]] = []

    def noted(drives: Drives, plan: str, _: object, **__: object) -> Measurement:
        asked.append((drives.data, plan))
        return stored("nvme-consumer")

    monkeypatch.setattr("advisor.commands.comparison_inputs.measured", noted)
    return asked


@pytest.mark.parametrize(
    ("plan", "flags", "taken"),
    [
        ("quick", (), "quick"),
        ("thorough", (), "thorough"),
        ("small", (), "default"),  # not one of ours
        (None, (), "default"),
        ("thorough", ("--quick",), "quick"),
    ],
)
def test_the_baselines_directory_is_measured_by_its_plan(
    plan: str | None,
    flags: tuple[str, ...],
    taken: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = json.loads(Path(NVME).read_text())
    old = tmp_path / "old.json"
    old.write_text(json.dumps({**raw, "plan": plan and {"name": plan, "seed": 1, "rounds": 3}}))
    asked = measuring(monkeypatch)
    assert run(capsys, "drift", str(old), *flags)[0] == 0
    assert run(capsys, "drift", str(old), str(tmp_path), *flags)[0] == 0
    assert asked == [(Path("/var/lib/db"), taken), (tmp_path, taken)]


def test_nothing_is_measured_for_an_output_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = measuring(monkeypatch)
    existing = tmp_path / "comparison.txt"
    existing.touch()
    assert run(capsys, "drift", NVME, "--output", str(existing))[0] == 2
    assert asked == []


def test_what_another_tool_reported_does_not_say_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = json.loads(Path(NVME).read_text())
    path = tmp_path / "fio.json"
    path.write_text(json.dumps({**raw, "source": "reported by fio"}))
    status, _, err = run(capsys, "drift", str(path))
    assert status == 2
    assert "was reported by fio, which does not say where" in err
    assert "2026-11-20 08:30 UTC, reported by fio" in run(capsys, "compare", str(path), HDD)[1]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("compare", NVME, RAID_CACHE), 3),
        (("drift", RAID_CACHE, "--from", NVME, "--tolerance", "9999"), 0),  # what it is now counts
        (("compare", NVME, "ref:1"), 0),  # of which nothing is known
    ],
)
def test_trust_can_be_required(
    arguments: tuple[str, ...], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    actual, out, _ = run(capsys, *arguments, "--require-trust", "plausible")
    assert actual == status
    assert out
