"""Stored measurement -> report in each format, held against files that a person has read.

A golden file changes only with `tests/run tests/golden --update-golden`; read the difference.
"""

import re
from pathlib import Path
from typing import Final

import pytest

from advisor.output.renderers import render
from advisor.output.report.document import report_document
from advisor.report.results import Report
from tests.support.command_line import run
from tests.support.paths import MEASUREMENTS

HERE: Final = Path(__file__).parent
REPORTS: Final = HERE / "reports"

OPTIONS: Final = {
    "cloud-quick": ("--clients", "1,16,64"),
    "hdd": (
        *("--db", "mysql", "--db-version", "9.7", "--clients", "16,64,256"),
        *("--target-tps", "2500", "--p99-ms", "60"),
    ),
    "hdd-journal": ("--db", "mariadb", "--db-version", "10.11", "--binary-log", "--rate", "500"),
    "nvme-consumer": (
        *("--db", "mysql", "--db-version", "9.7", "--db", "postgresql", "--db-version", "15"),
        *("--clients", "1,64"),
    ),
    "nvme-plp": ("--db", "postgresql", "--db-version", "18", "--workload", "login"),
    "raid-cache": ("--db", "postgresql", "--db-version", "13", "--syncs", "1,6"),
    "sata-ssd-consumer": (
        *("--db", "mysql", "--db-version", "5.7", "--memory", "4GB", "--no-binary-log"),
        *("--durability", "loses-recent-on-power-loss", "--clients", "1,64"),
    ),
    "sata-ssd-plp": ("--workload", "order", "--parameter", "items=5", "--target-tps", "900"),
    "tmpfs": ("--db", "mysql", "--db-version", "8.4"),
}
"""Stored measurement -> options."""

FORMATS: Final = {"terminal": "txt", "markdown": "md", "html": "html", "json": "json"}
"""--format -> the ending of the golden file."""


@pytest.mark.parametrize("drive", OPTIONS)
def test_report(
    drive: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    update_golden: bool,
) -> None:
    monkeypatch.chdir(MEASUREMENTS)
    status, out, _ = run(
        capsys, "report", "--from", f"{drive}.json", *OPTIONS[drive], "--format", "json"
    )
    assert status == (3 if drive == "tmpfs" else 0)
    document = report_document(Report.model_validate_json(out))  # it holds all that is shown
    shown = {
        "json": out,
        "txt": render(document, "terminal"),
        "md": render(document, "markdown"),
        "html": render(document, "html", charts=False),
    }
    for ending, text in shown.items():
        golden = REPORTS / f"{drive}.{ending}"
        if update_golden:
            golden.write_text(text)
        assert text == golden.read_text()


def in_one_line(text: str) -> str:
    """With commands of several lines as one."""
    return re.sub(r" \\\n +", " ", text)


@pytest.mark.parametrize(
    "how",
    [(), ("--format", "markdown"), ("--format", "html", "--no-charts"), ("--format", "json")],
    ids=FORMATS,
)
def test_the_command_shows_the_same(
    how: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(MEASUREMENTS)
    given = "--from cloud-quick.json --clients 1,16,64"
    _, out, _ = run(capsys, "report", *given.split(), *how)
    name = how[1] if how else "terminal"
    # Each format shows the command that made it; the golden files come from the JSON.
    shown = in_one_line(out).replace(" ".join((given, *how)), f"{given} --format json")
    stored = (REPORTS / f"cloud-quick.{FORMATS[name]}").read_text()
    assert shown == in_one_line(stored)


def test_every_golden_report_is_tested() -> None:
    expected = {f"{drive}.{ending}" for drive in OPTIONS for ending in FORMATS.values()}
    assert {path.name for path in REPORTS.iterdir()} == expected


def test_every_stored_measurement_has_a_report() -> None:
    assert {path.stem for path in MEASUREMENTS.iterdir()} == OPTIONS.keys()
