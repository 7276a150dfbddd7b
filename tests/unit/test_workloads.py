"""Workloads as data: what the reference counts, and what a file of one's own must say."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from advisor import knowledge
from advisor.capacity.page_load import PageChanges
from advisor.capacity.serial import serial_points
from advisor.capacity.workloads import Transaction, Workload, fill_in
from advisor.errors import KnowledgeError, UsageError
from advisor.knowledge import load_workload, load_workloads
from advisor.resources import resource_dir

OURS = load_workloads()
FOLDER = resource_dir("profiles") / "workloads"


def one(name: str, **parameters: int) -> Transaction:
    (transaction,) = fill_in([OURS[name]], parameters)
    return transaction


def test_the_reference_workloads_and_three_benchmarks_are_there() -> None:
    assert list(OURS) == [
        *("analytics-batch", "cart", "login", "order", "pgbench-tpcb", "publish"),
        *("sysbench-update", "sysbench-write-only", "trade"),
    ]


# Its N, and transactions per second at 40473.06 and at 83.04 syncs/s, as github.com/centminmod/
# centminmod-sysbench, scripts/fsync.py.md has them; rounded down:
# 40473.06 / 6 = 6745.5, 83.04 / 6 = 13.8.
@pytest.mark.parametrize(
    ("name", "kind", "syncs", "at_fastest", "at_slowest"),
    [
        ("trade", "database", 6, 6745, 13),
        ("order", "database", 12, 3372, 6),
        ("analytics-batch", "database", 75, 539, 1),
        ("login", "files", 3, 13491, 27),
        ("cart", "files", 2, 20236, 41),
        ("publish", "files", 15, 2698, 5),
    ],
)
def test_what_the_reference_counts(
    name: str, kind: str, syncs: int, at_fastest: int, at_slowest: int
) -> None:
    transaction = one(name)
    assert (transaction.kind, transaction.syncs) == (kind, syncs)
    for per_s, expected in ((40473.06, at_fastest), (83.04, at_slowest)):
        (point,) = serial_points(1e6 / per_s, (syncs,))
        assert int(point.tps) == expected


# The same document: an order's 8 to 15 syncs grow by 3 with each item, a batch has 50 to 100.
@pytest.mark.parametrize(
    ("name", "parameter", "count", "syncs", "statements"),
    [
        ("order", "items", 1, 9, 9),
        ("order", "items", 2, 12, 12),
        ("order", "items", 3, 15, 15),
        ("order", "items", 100, 306, 306),
        ("analytics-batch", "wal_operations", 50, 50, 100),
        ("analytics-batch", "wal_operations", 100, 100, 100),
    ],
)
def test_a_parameter_makes_a_transaction_larger(
    name: str, parameter: str, count: int, syncs: int, statements: float
) -> None:
    transaction = one(name, **{parameter: count})
    assert (transaction.syncs, transaction.statements) == (syncs, statements)


def test_which_pages_sysbench_changes() -> None:
    """Two updates, a delete and an insert of that row; the second update moves no entry of k."""
    assert one("sysbench-write-only").changes == PageChanges(3, 3, 0.065)
    assert one("order", items=3).changes == PageChanges(15)


# The same document: less than 5 ms p99 for a trade; 10 000 records per batch.
def test_targets_and_records_are_the_references() -> None:
    assert one("trade").p99_target_ms == 5
    assert one("analytics-batch").records == 10_000
    assert one("trade").records is None
    assert one("analytics-batch").written_bytes == 2_860_000
    assert one("trade").written_bytes is None


# Security events and payments at once; half of the time for syncs: our choice, as the
# workloads' files say.
@pytest.mark.parametrize(("name", "share"), [("login", 0.1), ("cart", 0.05), ("publish", 0)])
def test_files_say_what_must_go_at_once_and_when_to_batch(name: str, share: float) -> None:
    assert (one(name).immediate_share, one(name).comfortable_utilisation) == (share, 0.5)


# What is written anew as a whole is replaced, what grows is not: our choice, as the files say.
@pytest.mark.parametrize(
    ("name", "replaces"), [("login", 1), ("cart", 1), ("publish", 9), ("trade", 0)]
)
def test_files_say_how_many_are_replaced(name: str, replaces: int) -> None:
    assert one(name).replaces == replaces


@pytest.mark.parametrize(
    ("name", "replaces"), [("login", 4), ("trade", 1), ("login", -1), ("trade", -1)]
)
def test_no_more_is_replaced_than_is_synced(name: str, replaces: int) -> None:
    with pytest.raises(ValidationError, match="replaces"):
        Workload.model_validate({**OURS[name].model_dump(by_alias=True), "replaces": replaces})


@pytest.mark.parametrize("name", ["pgbench-tpcb", "sysbench-update"])
def test_a_benchmark_commits_once(name: str) -> None:
    assert (one(name).kind, one(name).syncs) == ("database", 1)


def test_a_choice_of_ours_says_so() -> None:
    for workload in OURS.values():
        assert any(source.startswith("https://") for source in workload.sources), workload.name
        assert any(source.startswith("our choice: ") for source in workload.sources), workload.name


# Parameters


def test_a_parameter_goes_to_the_workloads_that_have_it() -> None:
    trade, order = fill_in([OURS["trade"], OURS["order"]], {"items": 3})
    assert (trade.syncs, order.syncs) == (6, 15)


@pytest.mark.parametrize(
    ("parameters", "message", "hint"),
    [
        (
            {"items": 0},
            "order: items 0 is outside 1 to 100",
            "",
        ),
        ({"items": 101}, "order: items 101 is outside 1 to 100", ""),
        (
            {"item": 3},
            "no chosen workload has a parameter 'item'",
            "they have: items",
        ),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused(
    parameters: dict[str, int], message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as refusal:
        fill_in([OURS["trade"], OURS["order"]], parameters)
    assert (refusal.value.message, refusal.value.hint) == (message, hint)


def test_workloads_without_parameters_say_that_they_have_none() -> None:
    with pytest.raises(UsageError) as refusal:
        fill_in([OURS["trade"]], {"items": 3})
    assert refusal.value.hint == "they have: none"


# Files

COMPLETE = """
summary = "Made by hand."
kind = "files"
syncs = 4
statements = 1.5
p99_target_ms = 20
sources = ["our choice: all of it"]

[parameter.parts]
meaning = "parts of a thing"
default = 2
min = 0
max = 9
syncs_each = 2
"""


def test_a_file_is_a_workload_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "things.toml"
    path.write_text(COMPLETE)
    (transaction,) = fill_in([load_workload(path)], {})
    assert transaction == Transaction("things", "files", 8, 1.5, None, 20)


def test_five_hundred_syncs_are_not_too_many(tmp_path: Path) -> None:
    path = tmp_path / "large.toml"
    path.write_text(COMPLETE.replace("syncs = 4", "syncs = 482"))  # and 9 parts of 2
    (transaction,) = fill_in([load_workload(path)], {"parts": 9})
    assert transaction.syncs == 500


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('summary = "Made by hand."\n', "", "summary: Field required"),
        ("Made by hand.", "Made.", "summary: String should have at least 10 characters"),
        ('kind = "files"', 'kind = "file"', "kind: Input should be 'database' or 'files'"),
        ("syncs = 4\n", "", "syncs: Field required"),
        ("syncs = 4", "syncs = -1", "syncs: Input should be greater than or equal to 0"),
        ("syncs = 4", "syncs = 0", "a transaction needs a sync: raise syncs"),
        ("syncs = 4", "syncs = 483", "a transaction of more than 500 syncs"),
        ("statements = 1.5", "statements = inf", "statements: Input should be less than"),
        ("statements = 1.5", "statements = nan", "statements: Input should be"),
        ("p99_target_ms = 20", "p99_target_ms = inf", "p99_target_ms: Input should be less"),
        ("syncs = 4", "syncs = 4.5", "syncs: Input should be a valid integer"),
        ("statements = 1.5", "statements = 0", "statements: Input should be greater than 0"),
        ("p99_target_ms = 20", "p99_target = 20", "p99_target_ms: Field required"),
        ("p99_target_ms = 20", "p99_target_ms = 0", "p99_target_ms: Input should be greater"),
        ("syncs = 4", "syncs = 4\nimmediate_share = 1.1", "immediate_share: Input should be less"),
        ("syncs = 4", "syncs = 4\nimmediate_share = -0.1", "immediate_share: Input should be gr"),
        ("syncs = 4", "syncs = 4\ncomfortable_utilisation = 1", "Input should be less than 1"),
        ("syncs = 4", "syncs = 4\ncomfortable_utilisation = 0", "Input should be greater than 0"),
        ('sources = ["our choice: all of it"]', "sources = []", "sources: Tuple should have"),
        ('kind = "files"', 'kind = "files"\ncolour = 1', "colour: Extra inputs are not permitted"),
        ('kind = "files"', 'name = "x"\nkind = "f"', "kind: Input should be"),
        ("default = 2", "default = 10", "min, default and max must be in that order"),
        ("min = 0", "min = 3", "min, default and max must be in that order"),
        ("min = 0", "min = -1", "parameter.parts.min: Input should be greater"),
        (
            "syncs_each = 2",
            "",
            "a parameter needs syncs_each, statements_each or random_pages_each",
        ),
        ("syncs_each = 2", "syncs_each = -2", "parameter.parts.syncs_each: Input should be"),
        ("syncs = 4", "syncs = 4\nindex_pages = 2", "index_pages needs index_share"),
        ("syncs = 4", "syncs = 4\nindex_share = 0.1", "index_share needs index_pages"),
        (
            "syncs = 4",
            "syncs = 4\nindex_pages = 1\nindex_share = 1",
            "index_share: Input should be less than 1",
        ),
        ("syncs = 4", "syncs 4", "Expected '=' after a key"),
    ],
)
def test_an_incomplete_or_contradictory_file_is_fatal(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    assert old in COMPLETE
    path.write_text(COMPLETE.replace(old, new, 1))
    with pytest.raises(KnowledgeError) as fatal:
        load_workload(path)
    assert fatal.value.message.startswith(f"{path}: ")
    assert message in fatal.value.message


def test_a_file_that_is_missing_or_no_text_is_fatal(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    with pytest.raises(KnowledgeError, match="cannot be read: No such file or directory"):
        load_workload(path)
    path.write_bytes(b"\xff")
    with pytest.raises(KnowledgeError, match=r"mine\.toml: "):
        load_workload(path)


def test_one_bad_file_of_ours_or_none_at_all_is_fatal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knowledge, "resource_dir", lambda name: tmp_path / name)
    folder = tmp_path / "profiles" / "workloads"
    folder.mkdir(parents=True)
    (folder / "template.toml").write_text(COMPLETE)
    with pytest.raises(KnowledgeError, match="holds no workloads"):
        load_workloads()
    (folder / "good.toml").write_text(COMPLETE)
    assert list(load_workloads()) == ["good"]
    (folder / "bad.toml").write_text("syncs = 1\n")
    with pytest.raises(KnowledgeError, match=r"bad\.toml: summary: Field required"):
        load_workloads()


# The template


def test_the_template_is_a_workload_that_shows_every_key() -> None:
    text = (FOLDER / "template.toml").read_text()
    template = load_workload(FOLDER / "template.toml")
    assert template.parameters
    keys = set(Workload.model_fields) - {"name", "parameters"}
    for key in keys | set(type(template.parameters["items"]).model_fields):
        assert f"\n{key} = " in text, key


def test_the_template_is_not_offered_as_a_workload() -> None:
    assert "template" not in OURS
