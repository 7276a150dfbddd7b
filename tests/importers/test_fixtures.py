"""Every report in fixtures/ against what its table, <tool>.toml, expects of it, typed by hand.

A table's case names the report, the command that made it or where it comes from, the trap it holds,
and either the series or the refusal. A percentile that is not expected must not be there.
"""

from pathlib import Path
from typing import Any, Final

import pytest
import tomli

from advisor.analysis.verdict import judge
from advisor.errors import AdvisorError
from advisor.importers import import_report
from advisor.knowledge import load_storage_knowledge
from advisor.measurement import Measurement, Series
from advisor.measurement_file import from_json, to_json
from advisor.model import Unknown
from tests.support.paths import FIXTURES

HERE: Final = Path(__file__).parent
TABLES: Final = sorted(HERE.glob("*.toml"))
STORAGE: Final = load_storage_knowledge()

DISTRIBUTION: Final = ("min_us", "p50_us", "p90_us", "p99_us", "p999_us", "max_us", "ci95_percent")
ASKED_OF_TARGET: Final = ("directory", "filesystem", "mount_source", "devices")
ASKED_OF_HOST: Final = ("os", "memory_bytes")


def cases() -> list[dict[str, Any]]:
    return [
        {"table": path.stem, **case}
        for path in TABLES
        for case in tomli.loads(path.read_text(encoding="utf-8"))["case"]
    ]


CASES: Final = cases()
REFUSED: Final = [case for case in CASES if "refused" in case]
READ: Final = [case for case in CASES if "refused" not in case]


def name_of(case: dict[str, Any]) -> str:
    """The file, the pick and the trap: a failing test says what was walked into."""
    pick = f" --pick {case['pick']}" if "pick" in case else ""
    trap = f" [{case['trap']}]" if "trap" in case else ""
    return f"{case['file']}{pick}{trap}"


def read(case: dict[str, Any]) -> tuple[Measurement, str]:
    raw = (FIXTURES / case["file"]).read_bytes()
    found = import_report(raw, case["file"], case.get("pick"))
    return found.measurement, found.taken


def expected_series(case: dict[str, Any]) -> list[dict[str, Any]]:
    if "like" not in case:
        series: list[dict[str, Any]] = case["series"]
        return series
    (other,) = (found for found in CASES if found["file"] == case["like"])
    return expected_series(other)


def description(series: Series) -> str:
    parts = [series.pattern, series.method, str(series.block_bytes)]
    parts += ["direct"] if series.direct else []
    parts += [f"x{series.writers}"] if series.writers > 1 else []
    return " ".join(parts)


@pytest.mark.parametrize("case", READ, ids=name_of)
def test_a_report_is_read_as_expected(case: dict[str, Any]) -> None:
    measurement, taken = read(case)
    expected = expected_series(case)
    assert [description(series) for series in measurement.series] == [
        wanted["is"] for wanted in expected
    ]
    for series, wanted in zip(measurement.series, expected, strict=True):
        figures = series.summary.model_dump()
        for field in ("ops_per_s", "mean_us", "count"):
            if field in wanted:
                assert figures[field] == pytest.approx(wanted[field], rel=1e-5), field
        told = {field: figures[field] for field in DISTRIBUTION if figures[field] is not None}
        assert told == pytest.approx({key: wanted[key] for key in DISTRIBUTION if key in wanted})
    if "taken" in case:
        assert taken.partition(" is read as ")[2].partition(";")[0] == case["taken"]
    assert measurement.source.startswith("reported by ")
    if "tool" in case:
        assert measurement.source == f"reported by {case['tool']}"
    notes = [warning.text for warning in measurement.warnings]
    assert any(case.get("note", "") in note for note in notes), notes
    if "not_noted" in case:
        assert not any(case["not_noted"] in note for note in notes), notes


@pytest.mark.parametrize("case", READ, ids=name_of)
def test_what_the_report_does_not_say_is_unknown(case: dict[str, Any]) -> None:
    measurement, _ = read(case)
    target, environment = measurement.target.model_dump(), measurement.environment.model_dump()
    unknown = {"unknown": "not in the report"}
    for where, asked in ((target, ASKED_OF_TARGET), (environment, ASKED_OF_HOST)):
        for field in asked:
            if field in case:
                value = getattr(
                    measurement.target if where is target else measurement.environment, field
                )
                expected = case[field]
                assert (value == expected) or expected in str(value)
    for field in ("device_id", "mount_point", "free_bytes", "devices"):
        assert target[field] == unknown
    for field in ("cpu_count", "virtualisation"):
        assert environment[field] == unknown
    assert isinstance(measurement.written_bytes, Unknown)
    if "taken_at" in case:
        taken_at = measurement.taken_at
        shown = str(taken_at) if isinstance(taken_at, Unknown) else taken_at.isoformat()
        assert shown == case["taken_at"]
    for series in measurement.series:
        assert (series.ended_by, series.rounds) == ("reported", ())


@pytest.mark.parametrize("case", READ, ids=name_of)
def test_it_deserves_no_more_than_unverifiable(case: dict[str, Any]) -> None:
    measurement, _ = read(case)
    trust = judge(measurement, STORAGE).trust
    if "trust" in case:
        assert trust == case["trust"]
    assert trust in ("unverifiable", "suspicious", "not-durable")


@pytest.mark.parametrize("case", READ, ids=name_of)
def test_it_survives_being_saved(case: dict[str, Any]) -> None:
    measurement, _ = read(case)
    assert from_json(to_json(measurement), "saved") == measurement


@pytest.mark.parametrize("case", REFUSED, ids=name_of)
def test_a_report_is_refused_in_one_clear_line(case: dict[str, Any]) -> None:
    with pytest.raises(AdvisorError) as refusal:
        read(case)
    assert case["refused"] in refusal.value.message
    assert refusal.value.message.startswith(case["file"])
    assert refusal.value.message.isprintable()
    assert case.get("hint", "") in refusal.value.hint
    assert refusal.value.hint


# The tables themselves


def test_every_fixture_has_its_expectation() -> None:
    assert {case["file"] for case in CASES} == {path.name for path in FIXTURES.iterdir()}
    assert len({case["file"] for case in CASES}) >= 60


def test_every_fixture_says_how_it_was_made() -> None:
    made = {case["file"] for case in CASES if "command" in case or "source" in case}
    derived = {case["file"] for case in CASES} - made
    assert all("trap" in case or "refused" in case or "pick" in case or "like" in case
               for case in CASES if case["file"] in derived)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_table_holds_only_its_own_tool(case: dict[str, Any]) -> None:
    prefix = {"fio_json": "fio", "fio_text": "fio", "pg_test_fsync": "pg"}
    assert case["file"].startswith(prefix.get(case["table"], case["table"]))
