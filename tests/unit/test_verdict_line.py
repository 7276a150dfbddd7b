"""PASS, WARN or FAIL: which of them a product begins with, and why."""

from pathlib import Path

import pytest

from advisor.analysis.verdict import judge
from advisor.comparison.baseline import BaselineCheck
from advisor.knowledge import load_storage_knowledge
from advisor.output.verdict_line import drift_verdict, drive_verdict, verification_verdict
from advisor.verification import CheckedLine, LineVerdict, Verification
from tests.support.command_line import run
from tests.support.golden import stored
from tests.support.paths import MEASUREMENTS


@pytest.mark.parametrize(
    ("drive", "level", "reason"),
    [
        ("nvme-plp", "PASS", "a sync takes 24.1 us, p99 38.6 us; all checks of the drive passed."),
        ("hdd", "PASS", "a sync takes 12.2 ms; all checks of the drive passed."),
        (
            "cloud-quick",
            "WARN",
            "trust is unverifiable: virtual disk vda: the host decides what a flush means.",
        ),
        ("raid-cache", "WARN", "trust is suspicious: sda rotates, but synced one block at 10,310"),
        ("tmpfs", "FAIL", "not durable: tmpfs keeps files in memory: a power loss erases"),
    ],
)
def test_of_a_drive(drive: str, level: str, reason: str) -> None:
    measurement = stored(drive)
    sync = measurement.effective_sync
    verdict = judge(measurement, load_storage_knowledge())
    line = drive_verdict(verdict, sync.summary if sync else None)
    assert line.level == level
    assert line.reason.startswith(reason)
    assert line.reason.endswith((".", "?"))
    assert not line.reason.endswith("?.")


def check(**changes: object) -> BaselineCheck:
    fields = {
        "tolerance_percent": 25,
        "slower": False,
        "noticeable_percent": 5.0,
        "inconclusive": False,
        "says": "",
        "findings": (),
        "changed": (),
        "remedy": "do it again",
    }
    return BaselineCheck.model_validate(fields | changes)


def test_of_a_drive_against_its_own_past() -> None:
    assert drift_verdict(check()).level == "PASS"
    assert drift_verdict(check()).reason == "not slower than before by more than 25 %."
    unclear = drift_verdict(check(inconclusive=True))
    assert (unclear.level, unclear.reason) == ("WARN", "noise hides what counts; do it again.")
    slower = drift_verdict(check(slower=True, findings=("b is slower than a",)))
    assert (slower.level, slower.reason) == ("FAIL", "b is slower than a.")


def verified(*verdicts: LineVerdict) -> Verification:
    lines = tuple(
        CheckedLine(line=number, setting=f"s{number}", fragment="1", server="1", verdict=verdict)
        for number, verdict in enumerate(verdicts, 1)
    )
    return Verification(
        engine="mysql",
        engine_version="9.7.4",
        program="mysqld",
        fragment="a.cnf",
        ok=True,
        lines=lines,
    )


@pytest.mark.parametrize(
    ("verdicts", "level", "reason"),
    [
        (("ok", "taken"), "PASS", "MySQL 9.7.4 took all 2 lines as they are written."),
        (("ok",), "PASS", "MySQL 9.7.4 took the only line as it is written."),
        (
            ("ok", "not tried"),
            "WARN",
            "MySQL 9.7.4 took 1 line as it is written; 1 was not tried.",
        ),
        (
            ("ok", "ok", "not tried", "not read"),
            "WARN",
            "MySQL 9.7.4 took 2 lines as they are written; 2 were not tried.",
        ),
        (
            ("ok", "differs", "refused", "not tried"),
            "FAIL",
            "MySQL 9.7.4 does not take the fragment as it is written: line 2: s2 differs and 1 "
            "more.",
        ),
    ],
)
def test_of_a_fragment(verdicts: tuple[LineVerdict, ...], level: str, reason: str) -> None:
    line = verification_verdict(verified(*verdicts))
    assert (line.level, line.reason) == (level, reason)


@pytest.mark.parametrize(
    ("drive", "line"),
    [
        ("hdd", "PASS: nothing to change in "),
        ("raid-cache", "WARN: nothing to change in "),
        ("tmpfs", "FAIL: nothing to change in "),
    ],
)
def test_an_audit_passes_only_on_a_drive_that_is_trusted(
    drive: str, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "postgresql.conf"
    config.write_text("synchronous_commit = on\nrecovery_prefetch = off\n")  # as a disk wants it
    measurement = MEASUREMENTS / f"{drive}.json"
    asked = ("--db", "postgresql", "--db-version", "15", "--config", config)
    _, out, _ = run(capsys, "audit", *asked, "--from", measurement)
    assert out.startswith(line)


def test_another_drive_is_no_pass_of_drift(capsys: pytest.CaptureFixture[str]) -> None:
    before, now = MEASUREMENTS / "nvme-consumer.json", MEASUREMENTS / "nvme-plp.json"
    _, out, _ = run(capsys, "drift", before, "--from", now)
    assert out.splitlines()[0] == (
        "WARN: not slower than before by more than 25 %, but it is another drive."
    )
