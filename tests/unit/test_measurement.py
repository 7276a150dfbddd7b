"""The measurement file: what is refused, and that what was saved is what is loaded."""

import json
from array import array
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.errors import AdvisorError
from advisor.measurement import (
    AbsentSeries,
    Fill,
    Measurement,
    MeasurementWarning,
    Round,
    Unknown,
    from_json,
    to_json,
)
from advisor.series_kind import SeriesKind
from tests.support.drives import classic, device, measurement, round_of, series, summary
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
        (lambda raw: raw.update(series=[]), "series: Tuple should have at least 1 item"),
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
            "series.0.rounds.0.latencies_ns: Value error, a latency cannot be negative",
        ),
        (
            lambda raw: raw["series"][0]["rounds"][0].update(latencies_ns=[1.5]),
            "series.0.rounds.0.latencies_ns: Value error, latencies must be a list of whole",
        ),
        (
            lambda raw: raw["series"][0]["rounds"][0].update(latencies_ns=[2**63]),
            "series.0.rounds.0.latencies_ns: Value error, latencies must be a list of whole",
        ),
        (
            lambda raw: raw["series"][0]["rounds"][0].update(latencies_ns="1 2 3"),
            "series.0.rounds.0.latencies_ns: Value error, latencies must be a list of whole",
        ),
        (
            lambda raw: raw["series"][0]["rounds"][0].update(latencies_ns={}),
            "series.0.rounds.0.latencies_ns: Value error, latencies must be a list of whole",
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
