"""Drives side by side: like with like, and nothing said of what is not known."""

import json

import pytest

from advisor.advice import Advice
from advisor.comparison.advice import advice_changes
from advisor.comparison.drives import ComparedDrive, measured_drive, reference_drive
from advisor.comparison.side_by_side import (
    Comparison,
    ComparisonGroup,
    GroupUnderLoad,
    compare,
)
from advisor.errors import GuardError, UsageError
from advisor.knowledge import (
    load_assumptions,
    load_replay,
    load_settings,
    load_storage_knowledge,
)
from advisor.measurement import Measurement
from advisor.request import Request
from advisor.rules.knowledge import Knowledge
from tests.support.drives import classic, measurement, series, summary, under_load

STORAGE = load_storage_knowledge()
MYSQL = Knowledge(STORAGE, load_assumptions(), load_settings("innodb"), load_replay())


def drive(name: str, of: Measurement) -> ComparedDrive:
    return measured_drive(name, of, STORAGE)


def ref(number: str) -> ComparedDrive:
    return reference_drive(f"ref:{number}", STORAGE.references)


def shown(group: ComparisonGroup | GroupUnderLoad) -> dict[str, tuple[float | None, str | None]]:
    """Drive -> ratio and judgement."""
    return {
        row.drive: (
            row.speed_ratio and round(row.speed_ratio, 3),
            row.difference.judgement if row.difference else None,
        )
        for row in group.rows
    }


def test_two_measurements_are_compared_by_overwrite_and_fdatasync() -> None:
    found = compare(
        [drive("a", measurement(1000.0, classic(900))), drive("b", measurement(2000.0))]
    )
    (group,) = found.groups
    assert group.series == "8 KiB overwrite + fdatasync"
    assert (group.pattern, group.method, group.direct, group.block_bytes) == (
        *("overwrite", "fdatasync", False),
        8192,
    )
    assert shown(group) == {"a": (1.0, None), "b": (0.5, "slower")}
    assert found.not_compared == ()


def test_the_ratio_is_of_the_means_as_the_judgement_is() -> None:
    idle = summary(1000.0, ops_per_s=400.0)
    found = compare([drive("a", measurement(idle)), drive("b", measurement(1250.0))])
    assert shown(found.groups[0]) == {"a": (1.0, None), "b": (0.8, "slower")}
    assert [row.ops_per_s for row in found.groups[0].rows] == [400.0, 800.0]


def test_a_reference_is_compared_with_the_classic_test_and_not_judged() -> None:
    # profiles/storage/references.toml: 7a makes 3602.94 of them a second, 277.55 us each
    found = compare([drive("a", measurement(1000.0, classic(900.735))), ref("7a")])
    (group,) = found.groups
    assert group.series == "classic 4 KiB O_DIRECT + fsync"
    assert shown(group) == {"a": (1.0, None), "ref:7a": (4.0, "not judged")}
    row = group.rows[1]
    assert (row.ops_per_s, round(row.mean_us, 2)) == (3602.94, 277.55)
    assert (row.p50_us, row.p99_us, row.ci95_percent) == (None, None, None)


def test_two_references_are_compared_and_not_judged() -> None:
    (group,) = compare([ref("1"), ref("9")]).groups
    assert shown(group) == {"ref:1": (1.0, None), "ref:9": (0.002, "not judged")}


def test_without_4_kib_the_classic_test_at_16_kib_serves() -> None:
    (group,) = compare([drive("a", measurement(None, classic(100, 16384))), ref("1")]).groups
    assert group.series == "classic 16 KiB O_DIRECT + fsync"
    assert group.rows[1].ops_per_s == 30369.08


def test_a_mixed_company_gets_a_group_for_each_kind_and_all_who_have_it() -> None:
    both = [drive(name, measurement(mean, classic(500))) for name, mean in (("a", 1e3), ("b", 2e3))]
    first, second = compare([*both, ref("9")]).groups
    assert [row.drive for row in first.rows] == ["a", "b"]
    assert [row.drive for row in second.rows] == ["a", "b", "ref:9"]


def test_a_reference_first_leaves_only_the_classic_test() -> None:
    found = compare([ref("9"), drive("a", measurement(1000.0, classic(900)))])
    assert [group.series for group in found.groups] == ["classic 4 KiB O_DIRECT + fsync"]


def test_any_other_sync_done_the_same_way_serves_where_nothing_better_is_common() -> None:
    one, other = (
        measurement(None, series("append", "fsync", mean, block_bytes=2300))
        for mean in (100.0, 50.0)
    )
    (group,) = compare([drive("a", one), drive("b", other)]).groups
    assert group.series == "2300 byte append + fsync"
    assert shown(group)["b"] == (2.0, "faster")


@pytest.mark.parametrize(
    "other",
    [
        series("overwrite", "fdatasync", 100.0, block_bytes=4096),
        series("overwrite", "fsync", 100.0),
        series("append", "fdatasync", 100.0),
        series("overwrite", "fdatasync", 100.0, direct=True),
    ],
)
def test_what_was_measured_in_another_way_is_not_compared(other: object) -> None:
    found = compare([drive("a", measurement(1000.0)), drive("b", measurement(other))])  # type: ignore[arg-type]
    assert found.groups == ()
    (left,) = found.not_compared
    assert left.drive == "b"
    assert left.why.startswith("no series in common with a; it has ")


@pytest.mark.parametrize(
    "common",
    [series("overwrite", "none", 2.0), series("random", "fdatasync", 90.0, writers=8)],
    ids=["no sync", "several writers"],
)
def test_only_one_writers_syncs_are_compared(common: object) -> None:
    drives = [drive(name, measurement(None, common)) for name in "ab"]  # type: ignore[arg-type]
    found = compare(drives)
    assert found.groups == ()
    assert found.not_compared[0].why == "no series in common with a; it has no sync of one writer"


def test_the_serial_bound_is_that_of_the_series_compared() -> None:
    # 1 / 0.002 s = 500, / 4 = 125; ref:9: 83.04 / 4 = 20.76
    found = compare([drive("a", measurement(1000.0, classic(500))), ref("9")], (1, 4))
    rates = [
        [(point.syncs, round(point.tps, 2)) for point in row.serial] for row in found.groups[0].rows
    ]
    assert rates == [[(1, 500.0), (4, 125.0)], [(1, 83.04), (4, 20.76)]]


@pytest.mark.parametrize("names", ["ab", "ba"])
def test_the_speed_of_a_drive_that_keeps_nothing_says_nothing(names: str) -> None:
    drives = {"a": measurement(1000.0), "b": measurement(1.0, filesystem="tmpfs")}
    rows = compare([drive(name, drives[name]) for name in names]).groups[0].rows
    expected = {"ab": [1.0, None], "ba": [None, None]}
    assert [row.speed_ratio for row in rows] == expected[names]
    assert rows[1].difference is not None
    assert rows[1].difference.judgement == "not judged"
    assert rows[1].difference.why == "b is not durable, so its speed does not count"
    assert {row.drive: bool(row.serial) for row in rows} == {"a": True, "b": False}


# Under load


def test_series_under_load_are_compared_beside_the_same_load() -> None:
    """On the second they take twice as long, beside a third of the pages."""
    first = measurement(1000.0).model_copy(
        update={
            "under_load": (
                under_load("overwrite", summary(3000, p99_us=9000), ops_per_s=600),
                under_load("append", 4000),
            )
        }
    )
    second = measurement(1000.0).model_copy(
        update={
            "under_load": (
                under_load("overwrite", summary(6000, p99_us=8000), ops_per_s=200),
                under_load("append", 4000, beside="sequential-read"),
            )
        }
    )
    found = compare([drive("a", first), drive("b", second), drive("c", measurement(1000.0))])
    (group,) = found.under_load
    assert group.series == "8 KiB overwrite + fdatasync beside page flushes"
    assert [(row.drive, row.mean_us, row.p99_us) for row in group.rows] == [
        ("a", 3000, 9000),
        ("b", 6000, 8000),
    ]
    assert [row.load_ops_per_s for row in group.rows] == [600, 200]
    # Of 16 KiB each, written twice.
    assert [row.load_bytes_per_s for row in group.rows] == [600 * 32768, 200 * 32768]
    assert shown(group) == {"a": (1.0, None), "b": (0.5, "slower")}
    assert shown(found.groups[0])["b"] == (1.0, "within noise")


def test_under_load_a_drive_that_keeps_nothing_is_not_judged() -> None:
    loaded = {"under_load": (under_load("overwrite", 3000),)}
    kept = measurement(1000.0).model_copy(update=loaded)
    lost = measurement(10.0, filesystem="tmpfs", devices=()).model_copy(update=loaded)
    found = compare([drive("a", kept), drive("b", lost)])
    assert shown(found.under_load[0]) == {"a": (1.0, None), "b": (None, "not judged")}


def test_an_unknown_reference_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="there is no reference storage 'ref:99'") as refused:
        ref("99")
    assert refused.value.hint == "the IDs are 1, 2, 7a, 7c, 4, 6, 7b, 5, 10, 3, 8, 9"


def test_json_keys_have_their_units_and_the_version_of_the_schema() -> None:
    drives = [drive("a", measurement(1000.0, classic(500))), ref("9")]
    raw = json.loads(compare(drives).model_dump_json())
    assert raw.keys() == {
        *("schema_version", "tool_version", "drives", "groups", "not_compared", "advice"),
        *("baseline", "under_load"),
    }
    assert raw["schema_version"] == 1
    assert raw["drives"][0]["storage"]["class"] == "nvme-consumer"
    assert raw["drives"][1]["storage"] is None
    assert raw["groups"][0]["rows"][1].keys() == {
        *("drive", "ops_per_s", "mean_us", "p50_us", "p99_us", "ci95_percent", "speed_ratio"),
        *("difference", "serial"),
    }


def test_the_same_drives_give_the_same_comparison() -> None:
    def once() -> Comparison:
        return compare([drive("a", measurement(1000.0, classic(500))), ref("9")])

    assert once().model_dump_json() == once().model_dump_json()


# What the advice would change

ASKED = Request(vendor="mysql", version=(9, 7), version_source="as given")


def test_only_settings_that_differ_are_shown() -> None:
    random = [
        series("random", "none", summary(80.0, ops_per_s=rate), direct=True, writers=8)
        for rate in (10_000.0, 20_000.0)
    ]
    drives = [drive(n, measurement(1000.0, one)) for n, one in zip("ab", random, strict=True)]
    found = advice_changes(drives, ASKED, MYSQL)
    values = {entry.setting: entry.values for entry in found.settings}
    # Half of the random writes are page flushes. innodb_io_capacity.measured: a quarter of them;
    # _max: a half. Redo of 3000 bytes a page beside
    # 15 MB/s: 10 MB/s in ten minutes, 5722 MB; 12 MB/s are more than three quarters of 8 GB.
    assert values == {
        "innodb_redo_log_capacity": {"a": "5700M", "b": "6G"},
        "innodb_io_capacity": {"a": "1200", "b": "2500"},
        "innodb_io_capacity_max": {"a": "2500", "b": "5000"},
    }
    assert found.advised == ("a", "b")
    assert (found.engine, found.engine_version) == ("mysql", "9.7")


def test_the_same_drive_changes_nothing() -> None:
    drives = [drive(name, measurement(1000.0)) for name in "ab"]
    assert advice_changes(drives, ASKED, MYSQL).settings == ()


def test_a_rule_that_crosses_a_red_line_is_no_drives_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def crossing(*_: object) -> Advice:
        raise GuardError("fsync = off")

    monkeypatch.setattr("advisor.comparison.advice.advise", crossing)
    with pytest.raises(GuardError):
        advice_changes([drive("a", measurement(1000.0))], ASKED, MYSQL)


def test_drives_without_advice_are_named_with_the_reason() -> None:
    drives = [
        drive("a", measurement(1000.0)),
        drive("tmp", measurement(1.0, filesystem="tmpfs")),
        drive("old", measurement(None, classic(500))),
        ref("1"),
    ]
    found = advice_changes(drives, ASKED, MYSQL)
    assert found.advised == ("a",)
    assert found.settings == ()
    whys = {entry.drive: entry.why for entry in found.unadvised}
    assert whys.keys() == {"tmp", "old", "ref:1"}
    assert whys["tmp"].startswith("/var/lib/database is not durable: tmpfs keeps files in memory")
    assert whys["old"].startswith("the measurement has no overwrite with fdatasync")
    assert whys["ref:1"] == "too little is known of a reference storage"
