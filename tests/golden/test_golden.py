"""Stored measurement -> fragment, advice and comparison, held against files that a person has read.

A golden file changes only with `tests/run tests/golden --update-golden`; read the difference.
"""

import json
from pathlib import Path
from typing import Final

import pytest

from tests.support.command_line import run
from tests.support.paths import MEASUREMENTS

HERE: Final = Path(__file__).parent

SERVERS: Final = {
    "mysql": ("mysql", "9.7"),
    "mysql-5.7": ("mysql", "5.7"),
    "mariadb": ("mariadb", "10.11"),
    "postgresql": ("postgresql", "15"),
}
"""Name in the golden file -> --db and --db-version."""

FRAGMENTS: Final = [
    *((drive, server) for drive in ("hdd", "nvme-plp") for server in SERVERS),
    *((drive, "mysql") for drive in ("sata-ssd-plp", "raid-cache", "cloud-quick")),
    *((drive, "postgresql") for drive in ("nvme-consumer", "hdd-journal", "cloud-quick")),
    ("sata-ssd-consumer", "mariadb"),
]


ROLES: Final = [
    *(("replica", server) for server in SERVERS),
    ("primary", "mysql"),
    ("primary", "postgresql"),
]

THREE: Final = ("compare", "sata-ssd-plp.json", "nvme-consumer.json", "ref:7a")
COMPARISONS: Final = {
    "three.txt": (*THREE, "--db", "postgresql", "--db-version", "15"),
    "three.md": (*THREE, "--db", "postgresql", "--db-version", "15", "--format", "markdown"),
    "three.json": (*THREE, "--db", "postgresql", "--db-version", "15", "--format", "json"),
    "baseline.txt": ("drift", "sata-ssd-consumer.json", "--from", "nvme-consumer.json"),
}
"""Golden file -> arguments."""


def hold_against(golden: Path, text: str, *, update: bool) -> None:
    if update:
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize(("drive", "server"), FRAGMENTS)
def test_fragment(
    drive: str, server: str, capsys: pytest.CaptureFixture[str], update_golden: bool
) -> None:
    vendor, version = SERVERS[server]
    source = str(MEASUREMENTS / f"{drive}.json")
    status, out, _ = run(
        capsys, "recommend", "--db", vendor, "--db-version", version, "--from", source, "--explain"
    )
    assert status == 0
    golden = HERE / "fragments" / f"{drive}.{server}.conf"
    hold_against(golden, out, update=update_golden)


@pytest.mark.parametrize(("role", "server"), ROLES)
def test_fragment_of_a_role(
    role: str, server: str, capsys: pytest.CaptureFixture[str], update_golden: bool
) -> None:
    vendor, version = SERVERS[server]
    source = str(MEASUREMENTS / "nvme-consumer.json")
    asked = ("--db", vendor, "--db-version", version, "--from", source, "--role", role)
    status, out, _ = run(capsys, "recommend", *asked, "--explain")
    assert status == 0
    hold_against(HERE / "fragments" / f"{role}.{server}.conf", out, update=update_golden)


@pytest.mark.parametrize("server", SERVERS)
def test_relaxed_fragment(
    server: str, capsys: pytest.CaptureFixture[str], update_golden: bool
) -> None:
    vendor, version = SERVERS[server]
    status, out, _ = run(
        capsys,
        *("recommend", "--db", vendor, "--db-version", version),
        *("--from", str(MEASUREMENTS / "hdd.json")),
        *("--durability", "loses-recent-on-crash", "--memory", "1GB", "--recovery-time", "1min"),
    )
    assert status == 0
    golden = HERE / "fragments" / f"hdd.{server}.relaxed.conf"
    hold_against(golden, out, update=update_golden)


FORMS: Final = {
    "hdd.mysql.sql": ("sql", "hdd", "mysql"),
    "nvme-plp.mysql-5.7.sql": ("sql", "nvme-plp", "mysql-5.7"),
    "nvme-plp.mariadb.sql": ("sql", "nvme-plp", "mariadb"),
    "hdd.postgresql.sql": ("sql", "hdd", "postgresql"),
    "nvme-consumer.patroni.yaml": ("patroni", "nvme-consumer", "postgresql"),
    "nvme-consumer.cloudnativepg.yaml": ("cloudnativepg", "nvme-consumer", "postgresql"),
    "nvme-consumer.postgresql.compose.yaml": ("compose", "nvme-consumer", "postgresql"),
    "raid-cache.mysql.compose.yaml": ("compose", "raid-cache", "mysql"),
}
"""Golden file -> --format, stored measurement and server."""


@pytest.mark.parametrize("golden", FORMS)
def test_another_form(golden: str, capsys: pytest.CaptureFixture[str], update_golden: bool) -> None:
    form, drive, server = FORMS[golden]
    vendor, version = SERVERS[server]
    source = str(MEASUREMENTS / f"{drive}.json")
    asked = ("--db", vendor, "--db-version", version, "--from", source, "--format", form)
    status, out, _ = run(capsys, "recommend", *asked)
    assert status == 0
    hold_against(HERE / "forms" / golden, out, update=update_golden)


def test_every_golden_form_is_tested() -> None:
    assert {path.name for path in (HERE / "forms").iterdir()} == FORMS.keys()


def test_advice_as_json(capsys: pytest.CaptureFixture[str], update_golden: bool) -> None:
    status, out, _ = run(
        capsys,
        *("recommend", "--db", "mysql", "--db-version", "8.4", "--format", "json"),
        *("--from", str(MEASUREMENTS / "nvme-consumer.json")),
    )
    assert status == 0
    assert json.loads(out)["schema_version"] == 1
    hold_against(HERE / "nvme-consumer.mysql-8.4.json", out, update=update_golden)


@pytest.mark.parametrize("golden", COMPARISONS)
def test_comparison(
    golden: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    update_golden: bool,
) -> None:
    monkeypatch.chdir(MEASUREMENTS)
    status, out, _ = run(capsys, *COMPARISONS[golden])
    assert status == (3 if golden.startswith("baseline") else 0)
    hold_against(HERE / "comparisons" / golden, out, update=update_golden)


CAPACITY: Final = {
    "nvme-consumer.postgresql.txt": (
        *("nvme-consumer", "--db", "postgresql", "--db-version", "15"),
        *("--workload", "all", "--clients", "1,8,64"),
    ),
    "hdd.mysql.txt": (
        *("hdd", "--db", "mysql", "--db-version", "9.7", "--clients", "1,8,64"),
        *("--target-tps", "1500", "--p99-ms", "60"),
    ),
    "sata-ssd-plp.mariadb.md": (
        *("sata-ssd-plp", "--db", "mariadb", "--db-version", "10.11", "--binary-log"),
        *("--workload", "trade", "--references", "--clients", "1,8,64", "--format", "markdown"),
    ),
    "nvme-plp.json": (
        *("nvme-plp", "--workload", "order", "--parameter", "items=5", "--cpu-us-per-txn", "200"),
        *("--target-tps", "2000", "--cores", "2", "--clients", "8,64", "--format", "json"),
    ),
}
"""Golden file -> stored measurement and options."""


@pytest.mark.parametrize("name", CAPACITY)
def test_capacity(name: str, capsys: pytest.CaptureFixture[str], update_golden: bool) -> None:
    drive, *options = CAPACITY[name]
    source = str(MEASUREMENTS / f"{drive}.json")
    status, out, _ = run(capsys, "capacity", "--from", source, *options)
    assert status == 0
    hold_against(HERE / "capacity" / name, out, update=update_golden)


def test_every_golden_capacity_is_tested() -> None:
    assert {path.name for path in (HERE / "capacity").iterdir()} == CAPACITY.keys()


def test_every_golden_fragment_is_tested() -> None:
    expected = {f"{drive}.{server}.conf" for drive, server in FRAGMENTS}
    expected |= {f"hdd.{server}.relaxed.conf" for server in SERVERS}
    expected |= {f"{role}.{server}.conf" for role, server in ROLES}
    assert {path.name for path in (HERE / "fragments").iterdir()} == expected
