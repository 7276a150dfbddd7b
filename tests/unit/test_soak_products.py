"""What is said of a soak: in the fragment, capacity, the report, and what `measure` shows."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from advisor.analysis.description import describe_measured, notes_on
from advisor.analysis.judged_measurement import with_findings
from advisor.analysis.soak_text import duration_text
from advisor.analysis.soaking import with_soak_findings
from advisor.analysis.sustained import sustained_series, with_soak
from advisor.analysis.verdict import judge
from advisor.commands.soaking import announcement
from advisor.errors import AdvisorError
from advisor.files import STANDARD_STREAM
from advisor.knowledge import load_storage_knowledge
from advisor.measurement import Measurement, MeasurementWarning
from advisor.measurement_file import from_json, to_json
from advisor.output.measurement import measurement_document
from advisor.output.renderers import render
from advisor.output.soak_progress import soak_figures_text
from advisor.output_files import write_text
from advisor.probe import PLANS
from advisor.probe.soak import SoakPlan, SoakProgress, SoakReport, tell_nobody
from advisor.soak import HealthReading, Soak
from tests.support.command_line import run
from tests.support.drives import device, measurement, series, summary
from tests.support.soaks import BURST, STEADY, noisy, soak_of_rates, soaked_measurement

LONG = STEADY.model_copy(
    update={
        "stretches": STEADY.stretches.model_copy(
            update={name: values[:20] * 100 for name, values in STEADY.stretches}
        )
    }
)
"""2000 s."""


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "soaked.json"
    path.write_text(to_json(soaked_measurement(devices=(device(transport="virtio"),))))
    return path


FIRST = (
    "measured after a soak of 3 min, in the state it left the drive in: 800 syncs/s sustained"
    " for the last 2 min, not the 3,000 of the first 60 s"
)


def test_notes_say_what_all_figures_rest_on() -> None:
    """60 s at 3000/s are 180,000 syncs of 8 KiB: 1.37 GB, with 64 MB of test files 1.44 (of 1024).
    The NVMe drive of this host has nobody's allowance."""
    first, second = notes_on(soaked_measurement())
    assert first == FIRST
    assert re.fullmatch(
        r"soak: after 60 s, (179,9|180,0)\d\d operations and 1\.44 GB written: the drive itself"
        r" slowed down \(a full cache, or heat\): 3,000 syncs/s before, 800 after",
        second,
    )


def test_a_steady_drive_is_said_to_be() -> None:
    (note,) = notes_on(soaked_measurement(STEADY))
    assert note == (
        "measured after a soak of 60 s, in the state it left the drive in: 800 syncs/s for 60 s"
    )


def test_stalls_a_pace_and_an_early_end_are_said() -> None:
    soak = soak_of_rates(noisy(500, 100), rate_per_s=500, ended_by="bytes")
    longest_us = [5_000.0 if second % 10 else 400_000.0 for second in range(100)]
    stretches = soak.stretches.model_copy(update={"max_us": tuple(longest_us)})
    slow = soak.model_copy(update={"stretches": stretches, "asked_s": 600.0})
    first, *others = notes_on(soaked_measurement(slow))
    assert first == (
        "measured after a soak of 100 s at 500 syncs/s, in the state it left the drive in:"
        " 500 syncs/s as asked for 100 s"
    )
    assert others == [
        "commits are computed from 800 syncs/s, measured right after the soak",
        "soak: a stall every 10 s, 10 times: a sync takes 400 ms then, at most 400 ms",
        "soak: it was paced, so what the drive sustains at full speed is not known from it",
        "soak: it ended after 100 s of 10 min at its limit of 931 GB (--max-bytes)",
    ]


def test_a_drift_is_said() -> None:
    """From 1000/s down to 741/s (e^-0.3) along a line."""
    rates = [round(1000 * 2.718281828 ** (-0.3 * second / 99)) for second in range(100)]
    note, *_ = notes_on(soaked_measurement(soak_of_rates(rates)))
    assert note.endswith("for 100 s, moving by -26 % from begin to end")


def test_the_head_of_a_fragment_has_the_sustained_figure(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("recommend", "--db", "postgresql", "--db-version", "17", "--memory", "8GB")
    status, fragment, told = run(capsys, *arguments, "--from", saved)
    assert status == 0
    assert "#   8 KiB overwrite + fdatasync: 800/s, mean 1.25 ms, p99 1.88 ms\n" in fragment
    head = (
        "#   soak, 3 min: 800 syncs/s sustained for the last 2 min, not the 3,000 of the first 60 s"
    )
    assert head in fragment
    assert f"# Note: {FIRST}\n" in fragment
    assert "measured after a soak of 3 min" in told


def test_capacity_rests_on_the_sustained_figure_and_says_so(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A commit waits for one sync of 1.25 ms: 800 a second."""
    status, text, _ = run(capsys, "capacity", "--from", saved, "--syncs", "1", "--format", "json")
    assert status == 0
    plan = json.loads(text)
    assert plan["serial"][0]["tps"] == pytest.approx(800)
    assert any("800 syncs/s sustained for the last 2 min" in note for note in plan["notes"])


def test_json_has_the_changes(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, text, _ = run(
        capsys, "report", "--db", "postgresql", "--from", saved, "--format", "json"
    )
    assert status == 0
    found = json.loads(text)["soak"]
    assert [change["cause"] for change in found["changes"]] == ["cache"]
    assert found["changes"][0]["at_s"] == pytest.approx(60, abs=0.1)
    assert found["sustained"]["ops_per_s"] == pytest.approx(800, rel=0.01)


def test_the_json_of_measure_has_them_and_can_be_read_again() -> None:
    judged = with_findings(soaked_measurement(), ())
    text = to_json(with_soak_findings(judged))
    assert len(json.loads(text)["soak_findings"]["changes"]) == 1
    assert from_json(text, "a file") == soaked_measurement()
    unsoaked = with_findings(soaked_measurement(None), ())
    assert with_soak_findings(unsoaked) is unsoaked


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_a_report_has_a_section_of_it(
    form: str, saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, text, _ = run(capsys, "report", "--db", "postgresql", "--from", saved, "--format", form)
    assert status == 0
    assert "The drive over time" in text
    assert re.search(r"179,9\d\d|180,0\d\d", text)
    assert re.search("1.44.GB", text)
    assert ("<svg" in text) == (form == "html")
    if form == "html":
        assert "syncs per second" in text
        assert "minutes since the soak began" not in text  # 3 minutes are told in seconds
        assert "seconds since the soak began" in text


def test_what_measure_shows(capsys: pytest.CaptureFixture[str]) -> None:
    taken = soaked_measurement()
    verdict = judge(taken, load_storage_knowledge())
    text = render(measurement_document(taken, verdict), "table")
    assert "changes of the rate" in text
    assert "smartctl is not installed" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80


def test_what_the_drive_says_of_itself_is_shown() -> None:
    readings = (
        HealthReading(at_s=0, percent_used=3, temperature_c=40),
        HealthReading(at_s=60, percent_used=4, temperature_c=61),
    )
    soak = BURST.model_copy(update={"health": readings, "health_unknown": None})
    taken = soaked_measurement(soak)
    verdict = judge(taken, load_storage_knowledge())
    text = render(measurement_document(taken, verdict), "markdown")
    assert "61 C at most" in text
    assert "percentage used rose by 1" in text


# The measurement that follows


def before(sync_us: float) -> Measurement:
    return soaked_measurement(None, sync_us)


def test_what_was_measured_in_the_state_of_the_soak_stays_as_it_is() -> None:
    taken = before(1250.0)
    soaked = with_soak(taken, BURST)
    assert soaked.series == taken.series
    assert soaked.soak == BURST
    written_bytes = (sum(BURST.stretches.syncs) * 8192) + (64 << 20)
    assert soaked.written_bytes == 1_000_000 + written_bytes


SHORT = MeasurementWarning(code="short-run", text="measured for 9 s on a virtual machine")
OTHER = MeasurementWarning(code="competing-writes", text="others wrote")


@pytest.mark.parametrize(
    ("soak", "said"),
    [
        (BURST, None),
        (STEADY, "soaked for 60 s on a virtual machine: a cloud volume's burst credits can last"),
        (STEADY.model_copy(update={"rate_per_s": 800.0}), "soaked for 60 s on a virtual machine"),
        (LONG, None),
        (LONG.model_copy(update={"rate_per_s": 800.0}), "soaked for 33.3 min on a virtual mach"),
    ],
    ids=["burst ended", "too short", "paced", "long", "long, but paced"],
)
def test_a_soak_that_may_have_missed_the_end_of_a_burst_says_so(
    soak: Soak, said: str | None
) -> None:
    """Credits last for half an hour at full speed."""
    taken = before(1250.0).model_copy(update={"warnings": (OTHER, SHORT)})
    first, *others = with_soak(taken, soak).warnings
    assert first == OTHER
    assert [warning.text[: len(said or "")] for warning in others] == ([said] if said else [])


def test_of_a_drive_that_recovered_the_end_of_the_soak_counts() -> None:
    """3000/s again: 0.33 ms, where 1.25 ms are sustained."""
    soaked = with_soak(before(333.0), BURST)
    assert soaked.primary is not None
    assert soaked.primary.summary.mean_us == pytest.approx(1250, rel=0.01)
    assert soaked.primary.summary.ops_per_s == pytest.approx(800, rel=0.01)
    assert [each.pattern for each in soaked.series] == ["overwrite", "random-read"]
    why = "taken after the drive had recovered from the soak"
    assert {(each.name, each.why) for each in soaked.absent} == {
        ("append fdatasync", why),
        ("classic fsync", why),
    }
    assert [warning.code for warning in soaked.warnings] == ["recovered"]


def test_reads_after_a_recovery_tell_nothing_of_the_change() -> None:
    """1000/s are no more than twice the 800 writes: reads may be held as writes are."""
    volume = (device(transport="virtio"),)
    reads = series(
        "random-read",
        "none",
        summary(8000, ops_per_s=1000.0),
        direct=True,
        block_bytes=16384,
        writers=8,
    )
    taken = measurement(1250.0, reads, devices=volume).model_copy(update={"soak": BURST})
    assert "written: burst credits used up: 3,000 syncs/s" in notes_on(taken)[1]
    again = measurement(333.0, reads, devices=volume)
    assert "burst credits used up, or a cache full: 3" in notes_on(with_soak(again, BURST))[2]


@pytest.mark.parametrize("parts", [{"rate_per_s": 800.0}, {"page_writers": 4}])
def test_a_soak_that_did_something_else_is_not_compared(parts: dict[str, float]) -> None:
    taken = before(333.0)
    assert with_soak(taken, BURST.model_copy(update=parts)).series == taken.series


def test_the_sync_of_the_end_as_a_series() -> None:
    """What an interrupted soak leaves."""
    taken = soaked_measurement()
    alone = sustained_series(BURST, taken.target, taken.environment)
    assert alone.name == "overwrite-fdatasync-8k"
    assert alone.summary.count == pytest.approx(800 * 120, rel=0.01)
    assert alone.summary.ops_per_s == pytest.approx(800, rel=0.01)


@contextmanager
def steady_soak(*arguments: object, then_bytes: int, **options: object) -> Iterator[Soak]:
    """In place of one of a real drive."""
    assert then_bytes > 128 << 20  # the default plan has two files of 64 MB, and more
    yield STEADY


def test_a_soak_is_not_lost_where_what_follows_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*arguments: object, **options: object) -> Measurement:
        raise AdvisorError("fdatasync failed: EIO", "look at dmesg")

    monkeypatch.setattr("advisor.commands.soaking.soaked", steady_soak)
    monkeypatch.setattr("advisor.commands.measuring.measure", fails)
    saved = tmp_path / "soaked.json"
    status, out, told = run(capsys, "measure", tmp_path, "--soak", "60s", "--output", saved)
    assert (status, out) == (1, "")
    assert "fsync-advisor: fdatasync failed: EIO" in told
    taken = from_json(saved.read_text(), "soaked.json")
    assert taken.soak == STEADY
    assert [each.name for each in taken.series] == ["overwrite-fdatasync-8k"]
    assert taken.absent[0].why == "no series was taken after the soak: fdatasync failed: EIO"
    assert taken.warnings[0].code == "soak-alone"


def measured_after(
    soak: Soak, monkeypatch: pytest.MonkeyPatch
) -> Callable[[pytest.CaptureFixture[str], Path, tuple[object, ...]], tuple[int, str, str]]:
    """`measure --soak`, with this soak and made-up series in place of a drive's."""

    @contextmanager
    def given(*arguments: object, then_bytes: int, **options: object) -> Iterator[Soak]:
        yield soak

    monkeypatch.setattr("advisor.commands.soaking.soaked", given)
    monkeypatch.setattr("advisor.commands.measuring.measure", lambda *_, **__: before(1250.0))
    return lambda capsys, folder, more: run(capsys, "measure", folder, "--soak", "2min", *more)


def test_a_soak_is_printed_where_it_cannot_be_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(path: Path, text: str, *, force: bool = False) -> None:
        if path != STANDARD_STREAM:
            raise AdvisorError(f"{path} cannot be written: No space left on device")
        write_text(path, text)

    measure = measured_after(STEADY, monkeypatch)
    monkeypatch.setattr("advisor.commands.source.write_text", full)
    status, out, told = measure(capsys, tmp_path, ("--output", tmp_path / "soaked.json"))
    assert status == 1
    assert from_json(out, "stdout").soak == STEADY
    assert "soaked.json cannot be written: No space left on device" in told
    assert "the measurement was printed instead, as JSON" in told


def test_who_saves_nothing_is_told_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measure, unsaved = measured_after(STEADY, monkeypatch), "nothing is kept if this is interrupted"
    assert unsaved in measure(capsys, tmp_path, ())[2]
    assert unsaved not in measure(capsys, tmp_path, ("--output", tmp_path / "a.json"))[2]
    assert unsaved not in run(capsys, "measure", tmp_path, "--soak", "60s")[2]


def test_an_early_end_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = soak_of_rates(noisy(800, 5), ended_by="bytes").model_copy(update={"asked_s": 45.0})
    status, _, told = measured_after(ended, monkeypatch)(capsys, tmp_path, ())
    assert status == 0
    assert "the soak ended at --max-bytes after 5 s of 45 s" in told
    assert "warning: in less than 10 s no change of the rate can be told" in told
    assert "the soak ended" not in measured_after(STEADY, monkeypatch)(capsys, tmp_path, ())[2]


def test_the_bar_is_gone_before_the_series_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """However the soak ended."""
    told: list[str] = []

    @contextmanager
    def bar(*, quiet: bool) -> Iterator[SoakReport]:
        yield tell_nobody
        told.append("bar closed")

    def taken(*arguments: object, **options: object) -> Measurement:
        told.append("measured")
        return before(1250.0)

    measure = measured_after(STEADY.model_copy(update={"ended_by": "bytes"}), monkeypatch)
    monkeypatch.setattr("advisor.commands.soaking.soak_progress_bar", bar)
    monkeypatch.setattr("advisor.commands.measuring.measure", taken)
    assert measure(capsys, tmp_path, ())[0] == 0
    assert told == ["bar closed", "measured"]


# Before and meanwhile


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (
            SoakPlan(duration_s=1800, bytes_max=256 << 30),
            "for 30 min: syncs of 8 KiB, as fast as the drive takes them; writes at most 256 GB,"
            " and ends before if that or 2 points of wear (smartctl) are reached; then measures it"
            " for about 9.8 s (29.4 s on a disk that rotates), which writes at most 4 GB more",
        ),
        (
            # 100 * 1800 * 8192 bytes are 1.37 GB; 64 MB and 8 kB of a test file
            SoakPlan(duration_s=1800, bytes_max=256 << 30, rate_per_s=100),
            "for 30 min: syncs of 8 KiB, 100 a second; writes at most 1.44 GB,",
        ),
        (
            SoakPlan(duration_s=86_400, bytes_max=1 << 40, page_writers=4),
            "for 24 h: syncs of 8 KiB, as fast as the drive takes them, beside 4 writers of pages"
            " in a file of 1 GB; writes at most 1 TB,",
        ),
    ],
)
def test_what_is_said_before_it_begins(plan: SoakPlan, said: str) -> None:
    assert said in announcement(Path("/nowhere"), plan, PLANS["default"])


def test_of_a_log_with_its_own_drive_only_that_is_soaked() -> None:
    plan = SoakPlan(duration_s=1800, bytes_max=256 << 30)
    assert "/log, the log's drive and no other, for 30" in announcement(
        Path("/log"), plan, PLANS["default"], is_log=True
    )
    quick = announcement(Path("/log"), plan, PLANS["quick"])
    assert quick.endswith("for about 2.8 s, which writes at most 1 GB more")
    assert "no other" not in announcement(Path("/log"), plan, PLANS["default"])


def test_what_is_said_meanwhile() -> None:
    progress = SoakProgress(
        elapsed_s=300, duration_s=1800, written_bytes=1 << 30, ops_per_s=3010.0, p99_us=1200.0
    )
    assert soak_figures_text(progress) == ("at most 25 min left; 3,010/s, p99 1.2 ms, 1 GB written")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(40.0, "40 s"), (119.0, "119 s"), (750.0, "12.5 min"), (86_400.0, "24 h")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--rate", "5"), "--rate, --with-page-writes and --max-bytes need --soak TIME"),
        (("--with-page-writes",), "--rate, --with-page-writes and --max-bytes need --soak TIME"),
        (("--max-bytes", "1GB"), "--rate, --with-page-writes and --max-bytes need --soak TIME"),
        (("--soak", "soon"), "'soon' is not a duration"),
        (("--soak", "5s"), "--soak 5s is not within 10 s and 30 days"),
        (("--soak", "90d"), "--soak 90d is not within 10 s and 30 days"),
        (("--soak", "1h", "--max-bytes", "much"), "'much' is not a size"),
        (("--soak", "1h", "--max-bytes", "10MB"), "--max-bytes 10MB is too little"),
        (("--soak", "1h", "--max-bytes", "127MB"), "128MB or more"),
        (("--soak", "1h", "--with-page-writes", "--max-bytes", "511MB"), "512MB or more"),
        (("--soak", "0"), "--soak 30min shows most bursts"),
        (("--soak", "1h", "--rate", "0"), "--rate"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_is_written(
    arguments: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, told = run(capsys, "measure", tmp_path, *arguments)
    assert (status, out) == (2, "")
    assert message in told
    assert list(tmp_path.iterdir()) == []


def test_figures_name_the_soak() -> None:
    figures = describe_measured(soaked_measurement()).figures
    assert figures["soak, 3 min"].startswith("800 syncs/s sustained for the last 2 min")
