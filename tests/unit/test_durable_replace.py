"""A measurement with a series of durable replaces, and one without, through the commands."""

import json
from pathlib import Path
from typing import Any

import pytest

from advisor.measurement import Measurement
from advisor.series_kind import DURABLE_REPLACE
from tests.support.command_line import run
from tests.support.drives import measurement, series, summary
from tests.support.golden import stored
from tests.support.paths import MEASUREMENTS

OLD = MEASUREMENTS / "nvme-consumer.json"
NAME = "durable-replace-fsync-4k"


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """The same drive, on which a durable replace takes 4 ms."""
    raw: dict[str, Any] = json.loads(OLD.read_text())
    replaces = series("durable-replace", "fsync", summary(4000, p50_us=3900.0), block_bytes=4096)
    raw["series"].append({**json.loads(replaces.model_dump_json()), "name": NAME})
    path = tmp_path / "new.json"
    path.write_text(json.dumps(raw))
    return path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    status, out, error = run(capsys, *arguments)
    assert status == 0, error
    return out


def test_the_series_is_found_by_its_kind() -> None:
    taken = series("durable-replace", "fsync", 4000, block_bytes=4096)
    assert taken.kind == DURABLE_REPLACE
    assert measurement(1000, taken).durable_replaces == taken
    assert stored("nvme-consumer").durable_replaces is None


# In a report nothing else may be there, and two syncs are none that a commit waits for.
def test_it_never_stands_for_a_sync() -> None:
    taken = series("durable-replace", "fsync", 4000, block_bytes=4096)
    reported = measurement(None, taken).model_copy(update={"source": "reported by a tool"})
    assert isinstance(reported, Measurement)
    assert reported.effective_sync is None


# publish at 10/s: 10/s x (6 x 5.5 ms + 9 x 4 ms) = 0.69; without the series 9 x 2 x 5.5 ms: 1.32.
def test_a_policy_rests_on_it(new: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ("--workload", "publish", "--rate", "10", "--format", "json")
    for path, value, source, utilisation in (
        (new, 4000, "as measured", 0.69),
        (OLD, 11_000, "assumed", 1.32),
    ):
        (told,) = json.loads(printed(capsys, "report", "--from", str(path), *wanted))["policies"]
        assert told["replaces_per_event"] == 9
        assert told["durable_replace"]["replace_us"] == {"value": value, "source": source}
        assert len(told["durable_replace"]["steps"]) == 4
        assert told["utilisation"] == pytest.approx(utilisation)


# login: 2 x 1.64 ms + 4 ms = 7.28 ms.
def test_capacity_rests_on_it(new: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("capacity", "--from", str(new), "--clients", "1", "--workload", "login")
    (login,) = json.loads(printed(capsys, *asked, "--format", "json"))["workloads"]
    assert (login["replaces"], login["replace_us"]) == (
        1,
        {"value": 4000, "source": "as measured"},
    )
    assert login["ceiling_tps"] == pytest.approx(1000 / 7.28, rel=0.01)
    said = "Steps that replace a file durably: login 1 of 3; 4 ms each (as measured)."
    assert said in printed(capsys, *asked)


def test_where_nothing_is_replaced_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("capacity", "--from", str(OLD), "--clients", "1", "--workload", "trade")
    (trade,) = json.loads(printed(capsys, *asked, "--format", "json"))["workloads"]
    assert (trade["replaces"], trade["replace_us"]) == (0, None)
    assert "durably" not in printed(capsys, *asked)


def test_it_is_one_of_the_series_that_are_shown(
    new: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = printed(capsys, "report", "--from", str(new), "--format", "markdown")
    assert f"| {NAME} | 250 | 4 ms | 3.9 ms |" in shown


def test_old_and_new_are_compared(new: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for pair in ((new, OLD), (OLD, new)):
        assert "8 KiB overwrite + fdatasync" in printed(capsys, "compare", *map(str, pair))


def test_no_setting_rests_on_it(new: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("recommend", "--db", "mysql", "--db-version", "9.7", "--from")
    with_it, without = (printed(capsys, *asked, str(path)) for path in (new, OLD))
    assert with_it.replace(str(new), "X") == without.replace(str(OLD), "X")


# A quick measurement has neither: 2 x 1.643 ms, which is less than any replace takes.
def test_what_was_doubled_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw: dict[str, Any] = json.loads(OLD.read_text())
    raw["series"] = [each for each in raw["series"] if each["pattern"] != "append"]
    quick = tmp_path / "quick.json"
    quick.write_text(json.dumps(raw))
    asked = ("--clients", "1", "--workload", "login")
    for path, low, takes in ((quick, True, "3.29 ms"), (OLD, False, "11 ms")):
        said = " ".join(printed(capsys, "capacity", "--from", str(path), *asked).split())
        assert f"login 1 of 3; {takes} each (assumed: two syncs of a file that " in said
        assert (
            "does not grow, for nothing else was measured; a replace takes longer" in said
        ) == low
        told = json.loads(
            printed(capsys, "capacity", "--from", str(path), *asked, "--format", "json")
        )
        assert told["workloads"][0]["replace_is_low"] == low
        rate = ("--workload", "login", "--rate", "10", "--format", "json")
        report = json.loads(printed(capsys, "report", "--from", str(path), *rate))
        assert report["policies"][0]["durable_replace"]["is_low"] == low


# Of a reference a log's sync is known alone: 2 x 5.5 ms / 1.643 ms = 6.7 of them.
def test_what_a_replace_takes_elsewhere_is_said_to_be_from_here(
    new: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("capacity", "--from", str(OLD), "--clients", "1", "--references", "--format", "json")
    for workload, count in (("login", 1), ("trade", 0)):
        notes = json.loads(printed(capsys, *asked, "--workload", workload))["notes"]
        assert sum("and a durable replace 6.7 of them" in each for each in notes) == count
