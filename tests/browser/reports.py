"""The reports that the browser opens."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from advisor.measurement_file import to_json
from advisor.probe import measure
from tests.support.faults import SMALL_PLAN
from tests.support.paths import MEASUREMENTS
from tests.support.soaks import soaked_measurement

HOSTILE: Final = (
    "<script>alert(1)</script><img src=x onerror=alert(1)> {{ 7*7 }} ${7*7} \"'&lt; "
    "\u202e\u05e9\u05dc\u05d5\u05dd \N{PILE OF POO}\n" + "x" * 10_000
)
HOSTILE_LABEL: Final = HOSTILE[:200]
"""As long as a label may be."""

SERVERS: Final = ("--db", "mysql", "--db", "mariadb", "--db", "postgresql")

REPORTS: Final[dict[str, tuple[str, ...]]] = {
    "hdd": ("hdd",),
    "nvme-consumer": ("nvme-consumer", *SERVERS, "--workload", "order", "--target-tps", "9000"),
    "cloud-quick": (
        "cloud-quick",
        "--db",
        "postgresql",
        "--workload",
        "login",
        "--workload",
        "trade",
    ),
    "one-server": ("nvme-plp", "--db", "mysql", "--workload", "order"),
    "tmpfs": ("tmpfs", "--db", "mysql"),
    "no-charts": ("nvme-consumer", "--db", "mysql", "--no-charts"),
}
"""Of which stored measurement, and what else is asked for."""


NAMES: Final = (*REPORTS, "hostile", "measured", "fleet", "soaked")


def write_reports(folder: Path) -> dict[str, Path]:
    """HTML files by name: of stored measurements, of one with hostile names, of
    this host, of a fleet and of a drive that was soaked."""
    hostile, measured = folder / "hostile.json", folder / "measured.json"
    soaked = folder / "soaked.json"
    soaked.write_text(to_json(soaked_measurement()))
    hostile.write_text(json.dumps(with_hostile_names("nvme-consumer")))
    measured.write_text(measure(folder, SMALL_PLAN).model_dump_json())
    commands = {
        name: options_of(MEASUREMENTS / f"{measurement}.json", *options)
        for name, (measurement, *options) in REPORTS.items()
    }
    commands["hostile"] = options_of(hostile, "--db", "mysql")
    commands["measured"] = options_of(measured)
    commands["soaked"] = options_of(soaked, "--db", "postgresql")
    stored = map(str, sorted(MEASUREMENTS.glob("*.json")))
    commands["fleet"] = ["fleet", "report", str(hostile), *stored]
    made = {name: folder / f"{name}.html" for name in commands}
    program = [sys.executable, "-m", "advisor"]
    started = {
        name: subprocess.Popen(
            [*program, *options, "--quiet", "--format", "html", "--output", str(made[name])],
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, options in commands.items()
    }
    for name, process in started.items():
        _, said = process.communicate()
        assert process.returncode in (0, 3), f"{name}: {said}"  # 3: not to be trusted
    return made


def options_of(measurement: Path, *options: str) -> list[str]:
    """For the command line, with versions and memory that do not depend on this host."""
    chosen = ["report", "--from", str(measurement), "--clients", "1,8,64", *options]
    for vendor, version in (("mysql", "8.4"), ("mariadb", "11.4"), ("postgresql", "17")):
        if vendor in options:
            chosen += ["--db-version", version]
    return [*chosen, "--memory", "8GB"] if "--db" in options else chosen


def with_hostile_names(name: str) -> Any:
    """A stored measurement, whatever is text in it replaced by what should not run."""
    loaded = json.loads((MEASUREMENTS / f"{name}.json").read_text())
    loaded["label"] = HOSTILE_LABEL
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
