"""The measurement file: what is refused, and that what was saved is what is loaded."""

import json
from array import array
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.analysis.verdict import judge
from advisor.comparison.drives import measured_drive
from advisor.errors import AdvisorError
from advisor.knowledge import load_storage_knowledge
from advisor.measurement import (
    AbsentSeries,
    Fill,
    Measurement,
    MeasurementWarning,
    Round,
    summarised,
)
from advisor.measurement_file import from_json, to_json
from advisor.model import Unknown
from advisor.series_kind import PRIMARY_BESIDE_PAGES, SeriesKind
from tests.support.drives import (
    classic,
    device,
    measurement,
    round_of,
    series,
    summary,
    under_load,
)
from tests.support.paths import MEASUREMENTS

HINT = "make one with: fsync-advisor measure --output FILE"


def stored() -> dict[str, Any]:
    """A whole measurement as it stands in a file."""
    raw: dict[str, Any] = json.loads(
        to_json(
            measurement(
                series("overwrite", "fdatasync", summary(1000, p50_us=900), rounds=[round_of()]),
                fill=Fill(written_bytes=1000, elapsed_ns=1000),
                label="db7 /data",
                absent=(AbsentSeries(name="classic 4 KiB", why="no O_DIRECT"),),
                warnings=(MeasurementWarning(code="drift", text="it drifts"),),
            )
        )
    )
    return raw


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda raw: raw.pop("target"), "target: Field required"),
        (lambda raw: raw.update(schema_version=2), "schema_version: Input should be 1"),
        (lambda raw: raw.update(series=[]), "series: it has fewer than 1 entries"),
        (
            lambda raw: raw.update(taken_at="yesterday"),
            "taken_at.datetime: Input should be a valid datetime",
        ),
        (
            lambda raw: raw["series"][0].update(method="msync"),
            "series.0.method: Input should be 'fdatasync', 'fsync',",
        ),
        (
            lambda raw: raw["series"][0]["summary"].update(mean_us=0),
            "series.0.summary.mean_us: Input should be greater than or equal to 0.001",
        ),
        (
            lambda raw: raw["series"][0]["summary"].update(ops_per_s=float("inf")),
            "series.0.summary.ops_per_s: Input should be a finite number",
        ),
        (
            lambda raw: raw["series"][0]["summary"].update(p50_us=float("nan")),
            "series.0.summary.p50_us: Input should be a finite number",
        ),
        (
            lambda raw: raw["series"][0]["rounds"][0].update(latencies_ns=[1, -1]),
            "series.0.rounds.0.latencies_ns: a latency cannot be negative",
        ),
        (
            lambda raw: raw["series"][0]["rounds"][0].update(latencies_ns=[1.5]),
            "series.0.rounds.0.latencies_ns: latencies must be a list of whole",
        ),
        (
            lambda raw: raw["series"][0]["rounds"][0].update(latencies_ns=[2**63]),
            "series.0.rounds.0.latencies_ns: latencies must be a list of whole",
        ),
        (
            lambda raw: raw["series"][0]["rounds"][0].update(latencies_ns="1 2 3"),
            "series.0.rounds.0.latencies_ns: latencies must be a list of whole",
        ),
        (
            lambda raw: raw["series"][0]["rounds"][0].update(latencies_ns={}),
            "series.0.rounds.0.latencies_ns: latencies must be a list of whole",
        ),
        (
            lambda raw: raw["series"][0]["summary"].update(count=0),
            "series.0.summary.count: Input should be greater than or equal to 1",
        ),
        (
            lambda raw: raw["series"][0]["rounds"][0].update(elapsed_ns=0),
            "series.0.rounds.0.elapsed_ns: Input should be greater than 0",
        ),
        (
            lambda raw: raw["fill"].update(elapsed_ns=0),
            "fill.elapsed_ns: Input should be greater than 0",
        ),
        (
            lambda raw: raw["target"].update(free_bytes={"unknown": 5}),
            "target.free_bytes: Input should be",
        ),
    ],
)
def test_a_file_that_is_no_measurement_is_refused_by_field(change: Change, message: str) -> None:
    raw = stored()
    change(raw)
    with pytest.raises(AdvisorError) as refusal:
        from_json(json.dumps(raw), "drive.json")
    assert refusal.value.message.startswith(f"drive.json is not a measurement: {message}")
    assert refusal.value.hint == HINT


@pytest.mark.parametrize("text", ["", "{", "hello", "[1", '{"schema_version": 1'])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(AdvisorError, match=r"^- is not a measurement: Invalid JSON") as refusal:
        from_json(text, "-")
    assert refusal.value.hint == HINT


@pytest.mark.parametrize("text", ["[]", "null", "5"])
def test_json_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(AdvisorError, match=r"^drive.json is not a measurement: Input should be"):
        from_json(text, "drive.json")


def test_what_was_saved_is_what_is_loaded() -> None:
    text = json.dumps(stored())
    loaded = from_json(text, "drive.json")
    assert json.loads(to_json(loaded)) == stored()
    assert from_json(to_json(loaded), "again") == loaded


def test_a_saved_measurement_is_one_line() -> None:
    text = to_json(measurement(label="two\nlines"))
    assert text.endswith("}\n")
    assert text.count("\n") == 1


def test_keys_of_a_later_version_are_ignored() -> None:
    raw = stored()
    raw["colour"] = "blue"
    raw["target"]["mood"] = "good"
    assert from_json(json.dumps(raw), "drive.json") == from_json(json.dumps(stored()), "drive.json")


def test_what_is_unknown_is_saved_with_its_reason() -> None:
    unknown = Unknown(unknown="no permission")
    text = to_json(measurement(devices=unknown, memory_bytes=unknown))
    raw = json.loads(text)
    assert raw["target"]["devices"] == {"unknown": "no permission"}
    assert raw["environment"]["memory_bytes"] == {"unknown": "no permission"}
    loaded = from_json(text, "drive.json")
    assert loaded.target.devices == unknown
    assert loaded.environment.memory_bytes == unknown
    assert str(unknown) == "unknown (no permission)"


def test_a_percentile_that_is_absent_is_null() -> None:
    raw = json.loads(to_json(measurement(summary(1000, p99_us=None))))
    assert raw["series"][0]["summary"]["p99_us"] is None


@given(st.lists(st.integers(min_value=0, max_value=2**63 - 1), max_size=50))
def test_raw_latencies_survive_to_the_nanosecond(latencies: list[int]) -> None:
    text = round_of(latencies).model_dump_json()
    assert json.loads(text)["latencies_ns"] == latencies
    loaded = Round.model_validate_json(text)
    assert loaded.latencies_ns == array("q", latencies)
    assert loaded.latencies_ns.itemsize == 8


def test_a_measurement_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        measurement().written_bytes = 0  # type: ignore[misc]


def test_a_series_is_found_by_all_that_makes_it() -> None:
    buffered = series("overwrite", "fsync", 2000)
    many = series("overwrite", "fdatasync", 3000, writers=8)
    small, large = classic(500), classic(400, block_bytes=16384)
    drive = measurement(1000, buffered, many, small, large, devices=(device(),))
    assert drive.append is None
    assert drive.find(SeriesKind("overwrite", "fsync", 8192, direct=True)) is None
    assert drive.find(SeriesKind("classic", "fsync", 4096)) is None
    assert drive.find(SeriesKind("classic", "fsync", 8192, direct=True)) is None
    assert drive.find(SeriesKind("overwrite", "fdatasync", 8192, writers=4)) is None
    assert drive.find(SeriesKind("overwrite", "fsync", 8192)) == buffered
    assert drive.find(SeriesKind("overwrite", "fdatasync", 8192, writers=8)) == many
    assert drive.find(SeriesKind("classic", "fsync", 16384, direct=True)) == large


def test_a_series_of_any_size_is_the_first_of_one_writer() -> None:
    small, large = classic(500), classic(400, block_bytes=16384)
    many = series("append", "fdatasync", 3000, writers=8)
    append = series("append", "fdatasync", 2000, block_bytes=4096)
    drive = measurement(1000, many, append, small, large)
    assert drive.find_any_size("classic", "fsync", direct=True) == small
    assert drive.find_any_size("classic", "fsync") is None
    assert drive.append == append


BESIDE = (
    under_load("overwrite", 5000, rounds=[round_of()]),
    under_load("append", 6000),
    under_load("overwrite", 7000, beside="sequential-read"),
)


def test_a_series_under_load_is_never_one_of_an_idle_drive() -> None:
    """Of nobody: the same verdict, advice and comparison, and no primary series where there is
    none."""
    idle = measurement(1000, classic(500), series("append", "fdatasync", 2000))
    drive = idle.model_copy(update={"under_load": BESIDE})
    assert (drive.primary, drive.append, drive.series) == (idle.primary, idle.append, idle.series)
    assert drive.find(PRIMARY_BESIDE_PAGES) is None
    assert drive.primary_beside_pages == BESIDE[0]
    assert drive.append_beside_pages == BESIDE[1]
    beside_reads = replace(PRIMARY_BESIDE_PAGES, beside="sequential-read")
    assert drive.find_under_load(beside_reads) == BESIDE[2]
    assert idle.primary_beside_pages is None
    bare = measurement(None, classic(500)).model_copy(update={"under_load": BESIDE})
    assert (bare.primary, bare.effective_sync, bare.append) == (None, None, None)
    knowledge = load_storage_knowledge()
    assert judge(drive, knowledge) == judge(idle, knowledge)
    first, second = (measured_drive("x", each, knowledge).summaries for each in (drive, idle))
    assert first == second


def test_a_series_under_load_is_kept_in_a_file() -> None:
    """A version that does not know it reads the rest; a file of before has none."""
    drive = measurement(1000).model_copy(update={"under_load": BESIDE})
    assert from_json(to_json(drive), "x") == drive
    raw = json.loads(to_json(drive))
    assert [each["beside"] for each in raw["series"] if "beside" in each] == []
    kept = raw["under_load"][2]
    assert (kept["name"], kept["beside"]) == (
        "overwrite fdatasync-beside-sequential-read",
        "sequential-read",
    )
    assert kept["background"] == {
        "writers": 1,
        "block_bytes": 1_048_576,
        "ops_per_s": 500.0,
        "bytes_per_s": 524_288_000.0,
    }
    assert summarised(drive).under_load[0].rounds[0].latencies_ns == array("q")
    del raw["under_load"]
    assert from_json(json.dumps(raw), "x").under_load == ()


def test_latencies_under_load_count() -> None:
    latencies = [1] * 600_000
    many = under_load("overwrite", 1000, rounds=[round_of(latencies)])
    drive = measurement(1000).model_copy(update={"under_load": (many, many)})
    with pytest.raises(AdvisorError, match="1200000 latencies"):
        from_json(to_json(drive), "x")


def test_the_primary_series_is_buffered_overwrite_with_fdatasync_of_one_writer() -> None:
    others = (
        series("overwrite", "fdatasync", 3000, writers=2),
        series("overwrite", "fdatasync", 3000, direct=True),
        series("append", "fdatasync", 3000),
        series("overwrite", "fsync", 3000),
    )
    assert measurement(None, *others).primary is None
    found = measurement(1000, *others).primary
    assert found is not None
    assert found.summary.mean_us == 1000


# 64 MiB in half a second: 67 108 864 * 2.
def test_the_speed_of_the_fill() -> None:
    fill = Fill(written_bytes=67_108_864, elapsed_ns=500_000_000)
    assert fill.bytes_per_s == 134_217_728


def test_the_schema_version_is_one() -> None:
    assert json.loads(to_json(measurement()))["schema_version"] == 1
    assert Measurement.model_fields["schema_version"].default == 1


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("target", "free_bytes"), "1" + "0" * 400),
        (("target", "devices", 0, "size_bytes"), "-1"),
        (("environment", "memory_bytes"), "1" + "0" * 400),
        (("environment", "cpu_count"), "0"),
        (("environment", "cpu_count"), "-1"),
        (("environment", "cpu_count"), "1000001"),
        (("fill", "written_bytes"), "1" + "0" * 400),
        (("fill", "elapsed_ns"), "1" + "0" * 400),
        (("written_bytes",), "1" + "0" * 400),
        (("series", 0, "summary", "count"), "1" + "0" * 400),
        (("series", 0, "summary", "ops_per_s"), "1e308"),
        (("series", 0, "summary", "mean_us"), "1e308"),
        (("series", 0, "summary", "p50_us"), "-1"),
        (("series", 0, "summary", "p99_us"), "1e13"),
        (("series", 0, "summary", "ci95_percent"), "1e308"),
        (("series", 0, "writers"), "1" + "0" * 400),
        (("series", 0, "block_bytes"), "1" + "0" * 400),
    ],
)
def test_a_figure_that_no_drive_or_host_has_is_refused(
    place: tuple[str | int, ...], value: str
) -> None:
    raw = json.loads((MEASUREMENTS / "nvme-consumer.json").read_text())
    inner = raw
    for step in place[:-1]:
        inner = inner[step]
    assert place[-1] in inner
    inner[place[-1]] = "PLANTED"
    text = json.dumps(raw).replace('"PLANTED"', value)
    with pytest.raises(AdvisorError) as refusal:
        from_json(text, "x.json")
    where = ".".join(map(str, place))
    assert refusal.value.message.startswith(f"x.json is not a measurement: {where}")
    assert len(refusal.value.message) < 200
