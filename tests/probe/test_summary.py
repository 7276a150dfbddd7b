"""measure --summary: a small file without single latencies, which every command takes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from advisor.analysis.verdict import judge
from advisor.knowledge import load_storage_knowledge
from advisor.measurement import Measurement, summarised
from advisor.measurement_file import from_json, to_json
from tests.support.command_line import run, run_process
from tests.support.drives import UNKNOWN, measurement, round_of, series
from tests.support.paths import MEASUREMENTS


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Measured here, whatever the drive is."""
    folder = tmp_path_factory.mktemp("summary")
    file = folder / "drive.json"
    done = run_process("measure", "--quick", "--summary", "--output", file, folder)
    assert done.returncode in (0, 3), done.stderr  # on a memory file system it is not durable
    return file


def latencies(told: Any) -> Iterator[int]:
    """How many latencies each round has, on every drive."""
    for each in told["series"]:
        yield from (len(part["latencies_ns"]) for part in each["rounds"])
    for name in ("data_files", "binary_log"):
        if told[name]:
            yield from latencies(told[name])


def test_it_is_small_and_has_no_latency(saved: Path) -> None:
    told = json.loads(saved.read_text())
    assert set(latencies(told)) == {0}
    assert saved.stat().st_size < 12_000
    assert all(each["summary"]["count"] > 0 for each in told["series"])


@pytest.mark.parametrize(
    "arguments",
    [
        ("recommend", "--db", "postgresql", "--db-version", "17", "--from", "FILE"),
        ("capacity", "--db", "mysql", "--db-version", "8.4", "--from", "FILE"),
        ("report", "--db", "mysql", "--db-version", "8.4", "--from", "FILE", "--format", "html"),
        ("compare", "FILE", "ref:7a"),
        ("compare", "FILE", MEASUREMENTS / "nvme-plp.json"),
        ("fleet", "report", "FILE"),
        ("fleet", "report", "--format", "json", "FILE"),
    ],
    ids=lambda arguments: " ".join(map(str, arguments[:2])),
)
def test_every_command_takes_it(
    arguments: tuple[object, ...], saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [saved if each == "FILE" else each for each in arguments]
    if json.loads(saved.read_text())["target"]["filesystem"] == "tmpfs":
        given += ["--accept-not-durable"] if arguments[0] == "recommend" else []
    status, out, err = run(capsys, *given)
    assert (status in (0, 3), "Traceback" in err) == (True, False), err
    assert out or status == 3


def test_drift_takes_it_as_what_was_and_as_what_is(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = tmp_path / "now.json"
    now.write_text(saved.read_text())
    status, out, err = run(capsys, "drift", saved, "--from", now)
    assert "+0.0 +-" in out or status == 3, err


def test_all_drives_of_a_server_are_summarised() -> None:
    def drive() -> Measurement:
        rounds = [round_of([1000] * 20)]
        return measurement(series("overwrite", "fdatasync", 1000, rounds=rounds))

    server = drive().model_copy(update={"data_files": drive(), "binary_log": drive()})
    assert set(latencies(json.loads(to_json(server)))) == {20}
    again = from_json(to_json(summarised(server)), "x")
    assert set(latencies(json.loads(to_json(again)))) == {0}
    assert again.series[0].summary == server.series[0].summary


def test_the_rounds_of_a_series_are_added_up() -> None:
    rounds = [
        round_of([1000] * 20, warmup_count=2, elapsed_ns=7, flush_requests=18),
        round_of([1000] * 30, warmup_count=3, elapsed_ns=8, flush_requests=27),
    ]
    drive = measurement(series("overwrite", "fdatasync", 1000, rounds=rounds))
    (together,) = summarised(drive).series[0].rounds
    assert list(together.latencies_ns) == []
    assert (together.warmup_count, together.elapsed_ns, together.flush_requests) == (5, 15, 45)
    assert together.written_bytes == sum(each.written_bytes for each in rounds)
    unknown = [rounds[0], round_of(flush_requests=UNKNOWN)]
    drive = measurement(series("overwrite", "fdatasync", 1000, rounds=unknown))
    assert summarised(drive).series[0].rounds[0].flush_requests == UNKNOWN


@pytest.mark.parametrize("flushes", [18, 9])
def test_trust_is_as_with_the_latencies(flushes: int) -> None:
    """Half as many flushes as syncs is suspicious, in one round as in two."""
    rounds = [round_of([1000] * 20, flush_requests=flushes)] * 2
    drive = measurement(series("overwrite", "fdatasync", 1000, rounds=rounds))
    knowledge = load_storage_knowledge()
    assert judge(summarised(drive), knowledge) == judge(drive, knowledge)
    assert judge(drive, knowledge).trust == ("plausible" if flushes == 18 else "suspicious")
