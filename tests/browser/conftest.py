"""One browser for all of these tests, and the reports they open."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from faults import SMALL_PLAN, missing
from opening import start_chromium
from playwright.sync_api import Browser, sync_playwright

from advisor.cli import main
from advisor.probe import measure

MEASUREMENTS: Final = Path(__file__).parents[1] / "golden" / "measurements"

HOSTILE: Final = (
    "<script>alert(1)</script><img src=x onerror=alert(1)> {{ 7*7 }} ${7*7} \"'&lt; "
    "\u202e\u05e9\u05dc\u05d5\u05dd \N{PILE OF POO}\n" + "x" * 10_000
)

SERVERS: Final = ("--db", "mysql", "--db", "mariadb", "--db", "postgresql")

REPORTS: Final[dict[str, tuple[str, ...]]] = {
    "hdd": ("hdd",),
    "nvme-consumer": ("nvme-consumer", *SERVERS, "--workload", "order", "--target-tps", "9000"),
    "cloud-quick": ("cloud-quick", "--db", "postgresql", "--workload", "all"),
    "tmpfs": ("tmpfs", "--db", "mysql"),
    "no-charts": ("nvme-consumer", "--db", "mysql", "--no-charts"),
}
"""Of which stored measurement, and what else is asked for."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = start_chromium(playwright)
        yield started
        started.close()


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """HTML files by name: of stored measurements, of one with hostile names, and of this host."""
    folder = tmp_path_factory.mktemp("reports")
    hostile, measured = folder / "hostile.json", folder / "measured.json"
    hostile.write_text(json.dumps(with_hostile_names("nvme-consumer")))
    measured.write_text(measure(folder, SMALL_PLAN).model_dump_json())
    made = {
        name: write_report(folder / f"{name}.html", MEASUREMENTS / f"{measurement}.json", *options)
        for name, (measurement, *options) in REPORTS.items()
    }
    made["hostile"] = write_report(folder / "hostile.html", hostile, "--db", "mysql")
    made["measured"] = write_report(folder / "measured.html", measured)
    return made


def write_report(html: Path, measurement: Path, *options: str) -> Path:
    """The report as the command line makes it; of a drive that is not durable, too."""
    few = ("--clients", "1,8,64", "--memory", "8GB", "--quiet")
    versions = [
        part
        for vendor, version in (("mysql", "8.4"), ("mariadb", "11.4"), ("postgresql", "17"))
        if vendor in options
        for part in ("--db-version", version)
    ]
    status = main(
        ["report", "--from", str(measurement), "--format", "html", "--output", str(html)]
        + [*options, *versions, *few]
    )
    assert status in (0, 3), f"exit {status}"
    return html


def with_hostile_names(name: str) -> Any:
    """A stored measurement, whatever is text in it replaced by what should not run."""
    loaded = json.loads((MEASUREMENTS / f"{name}.json").read_text())
    loaded["label"] = HOSTILE
    loaded["target"]["directory"] = f"/{HOSTILE}"
    loaded["target"]["mount_point"] = loaded["target"]["mount_source"] = HOSTILE
    loaded["target"]["mount_options"] = [HOSTILE]
    loaded["target"]["devices"][0]["model"] = HOSTILE
    loaded["target"]["devices"][0]["scheduler"] = HOSTILE
    for key in ("os", "kernel", "cpu_model"):
        loaded["environment"][key] = HOSTILE
    loaded["environment"]["preloaded"] = []
    loaded["warnings"] = [{"kind": "shared", "text": HOSTILE}] if loaded["warnings"] else []
    return loaded


@pytest.fixture(scope="session")
def axe() -> str:
    """The text of axe-core."""
    from axe import axe_script

    if not axe_script().exists():
        missing(f"{axe_script()} is not there; tests/run fetches it")
    return axe_script().read_text()
