"""The lowest versions that pyproject.toml allows, installed and tried.

    python -m tests.package.minimum_versions [FILE]    FILE: where the result goes

In an environment of its own, from the package index that pip is configured for: exactly the lowest
version of each dependency of the core and of the extra `live`, and this checkout. Then --help, a
fragment, a report as HTML, capacity, an import, an audit of a file, and the drivers imported. The
exit status is 1 where one of them fails, 3 where the index cannot be reached or lacks a version.
"""

import json
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import tomli

from tests.support.paths import CHECKOUT, FIXTURES, MEASUREMENTS

MEASUREMENT: Final = MEASUREMENTS / "nvme-consumer.json"
REPORT: Final = FIXTURES / "fio-3.33-fdatasync.json"
DRIVERS: Final = "import psycopg, pymysql, advisor.servers.connection; print('drivers imported')"
TRIED: Final = (
    ("--help",),
    ("--version",),
    ("recommend", "--db", "mysql", "--from", str(MEASUREMENT)),
    ("recommend", "--db", "postgresql", "--from", str(MEASUREMENT), "--format", "json"),
    ("report", "--db", "mariadb", "--from", str(MEASUREMENT), "--format", "html"),
    ("capacity", "--from", str(MEASUREMENT)),
    ("import", str(REPORT)),
    ("rules", "check"),
)
CONFIGURATION: Final = "[mysqld]\ninnodb_flush_log_at_trx_commit=1\nsync_binlog=1\n"

NO_INDEX: Final = 3


def minimums() -> dict[str, str]:
    """Name of each dependency, with its extras -> the lowest version that is declared."""
    project = tomli.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["live"]]
    return dict(_minimum(requirement) for requirement in declared)


def _minimum(requirement: str) -> tuple[str, str]:
    found = re.fullmatch(r"([A-Za-z0-9_.-]+(?:\[[a-z,]+\])?)>=([0-9.]+)", requirement)
    assert found, f"{requirement} names no lowest version"
    return found[1], found[2]


def install(python: Path, wanted: Mapping[str, str]) -> str:
    """Installs these versions and this checkout; why not, "" where it went well."""
    pins = [f"{name}=={version}" for name, version in wanted.items()]
    for packages in (pins, ["--no-deps", str(CHECKOUT)]):
        done = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", *packages],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            return " ".join(errors) or done.stderr[-500:]
    return ""


def tried(python: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """Each command, and what was wrong with it; "" for nothing."""
    (folder / "my.cnf").write_text(CONFIGURATION)
    audit = ("audit", "--db", "mysql", "--db-version", "8.4", "--config", str(folder / "my.cnf"))
    commands = [[python.parent / "fsync-advisor", *words] for words in (*TRIED, audit)]
    for command in [*commands, [python, "-c", DRIVERS]]:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
        said = done.stdout + done.stderr
        bad = done.returncode not in (0, 3) or not said or "Traceback" in said
        words = " ".join(str(word) for word in command[1:]).replace(f"{folder}/", "")
        yield words.replace(f"{CHECKOUT}/", ""), done.stderr[-500:] if bad else ""


def main(to: Path | None) -> int:
    wanted = minimums()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "environment", with_pip=True)
        python = folder / "environment" / "bin" / "python"
        if problem := install(python, wanted):
            print(f"cannot be installed: {problem}", file=sys.stderr)
            return NO_INDEX
        found = dict(tried(python, folder))
    result = {"python": sys.version.split()[0], "installed": wanted, "failures": {}}
    result["failures"] = {command: what for command, what in found.items() if what}
    result["tried"] = list(found)
    text = json.dumps(result, indent=1) + "\n"
    if to:
        to.write_text(text)
    print(text, end="")
    return 1 if result["failures"] else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if sys.argv[1:] else None))
