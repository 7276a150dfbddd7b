"""Numbers that no server, drive or host can have, and inputs without end: one line, soon."""

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest

from tests.benchmarks.measurement_fuzz import fuzz
from tests.support.command_line import run
from tests.support.paths import MEASUREMENTS

Changes = dict[str, Any]
MIB: Final = 1024**2


def measurement() -> Any:
    return json.loads((MEASUREMENTS / "nvme-consumer.json").read_text())


def written(folder: Path, tree: Any) -> Path:
    file = folder / "m.json"
    file.write_text(tree if isinstance(tree, str) else json.dumps(tree))
    return file


@contextmanager
def processor_time(limit_s: float) -> Iterator[None]:
    """Ends the test that takes more: without it that would go on for hours."""

    def too_slow(_: int, __: FrameType | None) -> None:
        raise TimeoutError(f"more than {limit_s} s of the processor")

    before = signal.signal(signal.SIGPROF, too_slow)
    signal.setitimer(signal.ITIMER_PROF, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def one_line(err: str) -> str:
    """The error; no more than that and its hint."""
    first, *rest = err.splitlines()
    assert first.startswith("fsync-advisor: ")
    assert len(rest) <= 1
    assert all(line.startswith("  hint: ") for line in rest)
    assert len(err) < 600
    return first


# Where a number is, and the commands that would compute with it.
NUMBERS: Final = (
    ("target", "free_bytes"),
    ("environment", "memory_bytes"),
    ("environment", "cpu_count"),
    ("written_bytes",),
    ("fill", "written_bytes"),
    ("fill", "elapsed_ns"),
    ("series", 0, "summary", "count"),
    ("series", 0, "summary", "ops_per_s"),
    ("series", 0, "summary", "mean_us"),
    ("series", 0, "summary", "p99_us"),
    ("series", 0, "block_bytes"),
    ("series", 0, "writers"),
    ("plan", "seed"),
    ("plan", "rounds"),
)
TOO_MUCH: Final = ("1" + "0" * 400, "1e308", "1e999", "NaN", "-Infinity", "-1e300", "9" * 5000)
COMMANDS: Final = (
    "recommend --db mysql --from",
    "capacity --from",
    "report --format prometheus --from",
    "report --format html --from",
    "compare ref:1",
    "fleet report",
)


@pytest.mark.parametrize("number", TOO_MUCH, ids=lambda number: number[:10])
@pytest.mark.parametrize("at", NUMBERS, ids=lambda at: ".".join(map(str, at)))
def test_a_number_that_nothing_has_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, at: tuple[Any, ...], number: str
) -> None:
    tree = measurement()
    place = tree
    for step in at[:-1]:
        place = place[step]
    place[at[-1]] = "HERE"
    file = written(tmp_path, json.dumps(tree).replace('"HERE"', number))
    for command in COMMANDS:
        status, out, err = run(capsys, *command.split(), file)
        assert (status, out) == (1, ""), command
        assert str(file) in one_line(err)


def with_label(characters: int) -> Any:
    return {**measurement(), "label": "x" * characters}


def with_many_series(count: int) -> Any:
    return {**measurement(), "series": measurement()["series"][:1] * count}


def with_mounts(count: int, characters: int) -> Any:
    tree = measurement()
    tree["target"]["mount_options"] = ["o" * characters] * count
    return tree


def with_devices(count: int) -> Any:
    tree = measurement()
    tree["target"]["devices"] *= count
    return tree


def with_latencies(count: int) -> Any:
    tree = measurement()
    one: Changes = {"warmup_count": 0, "elapsed_ns": 10**9, "written_bytes": 1, "flush_requests": 1}
    one |= {"device_written_bytes": 1, "latencies_ns": [1000] * count}
    tree["series"][0]["rounds"] = [one]
    return tree


def with_rounds(count: int) -> Any:
    tree = with_latencies(1)
    tree["series"][0]["rounds"] *= count
    return tree


LIMITS: Final[tuple[tuple[Callable[..., Any], tuple[int, ...], str], ...]] = (
    (with_label, (201,), "label: it has more than 200 characters"),
    (with_label, (9 * MIB,), "characters beside its latencies, and no measurement has more than"),
    (with_many_series, (201,), "series: it has more than 200 entries"),
    (with_mounts, (1001, 1), "target.mount_options: it has more than 1000 entries"),
    (with_mounts, (1, 20_001), "it has more than 20000 characters"),
    (with_devices, (1001,), "target.devices: it has more than 1000 entries"),
    (with_rounds, (1001,), "series.0.rounds: it has more than 1000 entries"),
    (with_latencies, (1_000_001,), "has 1000001 latencies, and no measurement has more than 1000"),
    (with_latencies, (3_500_000,), "is larger than 16777216 bytes"),
)


@pytest.mark.parametrize(("make", "much", "says"), LIMITS)
def test_each_part_of_a_measurement_has_a_limit_that_is_said(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    make: Callable[..., Any],
    much: tuple[int, ...],
    says: str,
) -> None:
    file = written(tmp_path, make(*much))
    status, out, err = run(capsys, "report", "--format", "prometheus", "--from", file)
    assert (status, out) == (1, "")
    assert says in one_line(err)


@pytest.mark.parametrize(
    ("make", "much"),
    [
        (with_label, (200,)),
        (with_many_series, (200,)),
        (with_mounts, (1000, 500)),
        (with_devices, (1000,)),
        (with_rounds, (1000,)),
    ],
)
def test_as_much_as_there_may_be_is_taken(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, make: Callable[..., Any], much: Any
) -> None:
    file = written(tmp_path, make(*much))
    status, out, _ = run(capsys, "report", "--format", "prometheus", "--from", file)
    assert status == 0
    assert len(out) < 4 * MIB


@pytest.mark.parametrize("command", [("measure", "."), ("import", "x", "--output", "y")])
def test_a_label_is_refused_before_anything_is_measured(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    status, out, err = run(capsys, *command, "--label", "x" * 201)
    assert (status, out) == (2, "")
    assert one_line(err) == "fsync-advisor: --label has 201 characters, and 200 is the most"


# Configuration files: a number that a server refuses, or reads in its own way.
@pytest.mark.parametrize("text", ["1e999999999", "1/0", "1e400", "9" * 3000, "0x", "nan", "-inf"])
@pytest.mark.parametrize(
    ("vendor", "line"),
    [
        ("postgresql", "max_wal_size = '{}'"),
        ("postgresql", "checkpoint_completion_target = '{}'"),
        ("mysql", "[mysqld]\ninnodb_io_capacity = {}"),
        ("mysql", "[mysqld]\ninnodb_max_dirty_pages_pct = {}"),
        ("mariadb", "[mysqld]\nsync_binlog = {}"),
        ("mariadb", "[mysqld]\ninnodb_max_dirty_pages_pct = {}"),
    ],
)
def test_a_number_in_a_configuration_file_ends_audit_with_findings(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, vendor: str, line: str, text: str
) -> None:
    file = tmp_path / "my.cnf"
    file.write_text(line.format(text) + "\n")
    version = ("--db-version", VERSION[vendor])
    with processor_time(20):
        status, out, _ = run(capsys, "audit", "--db", vendor, *version, "--config", file)
    assert status in (0, 3)
    assert out


VERSION: Final = {"postgresql": "18", "mysql": "8.4", "mariadb": "11.8"}


def test_configuration_files_have_a_limit_together(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "d").mkdir()
    for number in range(150):
        (tmp_path / "d" / f"{number:03}.cnf").write_text(f"[mysqld]\n#{'x' * 4000}\n" * 3)
    (tmp_path / "my.cnf").write_text(f"!includedir {tmp_path}/d\n")
    status, out, err = run(capsys, "audit", "--db", "mysql", "--config", tmp_path / "my.cnf")
    assert (status, out) == (1, "")
    assert "with it the configuration files have more than 1048576 bytes" in one_line(err)


@pytest.mark.parametrize("vendor", ["mysql", "postgresql"])
def test_configuration_lines_have_a_limit(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, vendor: str
) -> None:
    (tmp_path / "my.cnf").write_text("[mysqld]\n" * (vendor == "mysql") + "a = 1\n" * 20_001)
    status, out, err = run(capsys, "audit", "--db", vendor, "--config", tmp_path / "my.cnf")
    assert (status, out) == (1, "")
    assert "there are more than 20000 lines of configuration" in one_line(err)


def test_a_fragment_has_a_limit(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "f.cnf").write_text("[mysqld]\n" + "a = 1\n" * 20_001)
    status, out, err = run(capsys, "verify", "--db", "mysql", tmp_path / "f.cnf")
    assert (status, out) == (1, "")
    assert "f.cnf:20002: there are more than 20000 lines of configuration" in one_line(err)


def test_a_workload_at_its_maximum_ends(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """It takes 2 s where there is nothing else to do; it took 20 minutes."""
    (tmp_path / "w.toml").write_text(
        'summary = "Made by hand."\nkind = "files"\nsyncs = 500\nstatements = 1\n'
        'p99_target_ms = 3600000\nsources = ["our choice: all of it"]\n'
    )
    golden = MEASUREMENTS / "nvme-plp.json"
    with processor_time(40):
        status, *_ = run(capsys, "capacity", "--from", golden, "--workload", tmp_path / "w.toml")
    assert status == 0


def test_a_workload_has_no_more_syncs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "w.toml").write_text(
        'summary = "Made by hand."\nkind = "files"\nsyncs = 501\nstatements = 1\n'
        'p99_target_ms = 3600000\nsources = ["our choice: all of it"]\n'
    )
    golden = MEASUREMENTS / "nvme-plp.json"
    status, _, err = run(capsys, "capacity", "--from", golden, "--workload", tmp_path / "w.toml")
    assert status == 1
    assert "a transaction of more than 500 syncs" in one_line(err)


@pytest.mark.parametrize(
    "command",
    [
        "audit --db mysql --config my.cnf",
        "compare a.json b.json",
        "import x -o y",
        "measure . --quiet",
    ],
)
def test_a_directory_that_is_gone_is_one_line(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    command: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.rmdir()
    status, out, err = run(capsys, *command.split())
    monkeypatch.undo()
    assert (status, out) == (1, "")
    assert any(
        words in one_line(err) for words in ("No such file or directory", ". does not exist")
    )


@pytest.mark.parametrize(
    "command",
    [
        "recommend --db mysql --format json --from",
        "capacity --format json --from",
        "compare ref:1 --format json",
        "drift --format json tests/golden/measurements/hdd.json --from",
        "report --format json --from",
        "fleet report --format json",
    ],
)
def test_json_holds_no_character_that_steers_a_terminal(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    tree = measurement()
    tree["label"] = tree["target"]["directory"] = "a\x9b31m\x7f\x85\u202e\u2028b"
    status, out, _ = run(capsys, *command.split(), written(tmp_path, tree))
    assert status in (0, 1, 3)
    assert json.loads(out)
    assert not set(out) & set("\x9b\x7f\x85\u202e\u2028")


def test_a_name_without_end_does_not_fill_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = measurement()
    tree["environment"]["virtualisation"] = "x" * 5000
    _, _, err = run(capsys, "recommend", "--db", "mysql", "--from", written(tmp_path, tree))
    assert "trust is unverifiable: virtualisation: xxxx" in err
    assert max(map(len, err.splitlines())) < 700


# The short form of python -m tests.benchmarks.measurement_fuzz; its long form's counts are stored.
@pytest.mark.quiet
def test_mutated_measurements_end_in_a_result_or_in_one_line() -> None:
    tally = fuzz(100, 15, None)
    assert tally.failures == []
    assert tally.counts.total() == 100
    assert sum(count for name, count in tally.counts.items() if "exit 0" in name) > 10


STORED: Final = Path(__file__).parents[1] / "benchmarks" / "measurement_fuzz.json"


def test_the_stored_run_found_nothing() -> None:
    found = json.loads(STORED.read_text())
    assert found["failures"] == []
    assert found["cases"] == sum(found["outcomes"].values()) > 10_000
    assert found["worst_cpu_s"] < 5
    assert found["worst_mib"] < 500
