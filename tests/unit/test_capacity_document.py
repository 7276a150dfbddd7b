"""The capacity plan as people see it: 80 columns, Markdown, and what it says of a target."""

from typing import Any

import pytest

from advisor.advice import Loss
from advisor.capacity.results import (
    Assumed,
    CapacityPlan,
    GroupCommitPoint,
    OnReference,
    Relaxation,
    Remedy,
    SeparateLog,
    StorageResult,
    TargetResult,
    WorkloadCapacity,
)
from advisor.capacity.serial import serial_points
from advisor.output.capacity import capacity_document
from advisor.output.renderers.markdown import render_markdown
from advisor.output.renderers.text import render_text


def plan(**more: Any) -> CapacityPlan:
    return CapacityPlan(
        sync_us=1000,
        serial=serial_points(1000, (1, 75)),
        commit_kind="postgresql",
        cores=Assumed(value=12, source="as measured"),
        cpu_us_per_txn=Assumed(value=150, source="assumed"),
        group_commit=(
            GroupCommitPoint(
                clients=256,
                tps=73_456.7,
                p50_ms=1.234,
                p99_ms=12.34,
                commits_per_sync=128.4,
                bottleneck="clients",
            ),
        ),
        **{"workloads": (), **more},
    )


def sustained(*, met: bool) -> dict[str, Any]:
    return {
        "ceiling_tps": 6745.51,
        "sustainable_tps": 12_345.6 if met else 0,
        "per_day": 1_066_659_840 if met else 0,
        "records_per_s": None,
        "p50_ms": 123.4,
        "p99_ms": 567.8,
        "meets_target": met,
    }


def workload(name: str, *references: OnReference, met: bool = True) -> WorkloadCapacity:
    return WorkloadCapacity(
        name=name,
        kind="database",
        syncs=306,
        p99_target_ms=1000,
        cpu_us_per_txn=150,
        references=references,
        **sustained(met=met),
    )


REFERENCE = OnReference(
    name="reference 9",
    description="4x 2TB Samsung 860 EVO SATA SSD RAID 10 (AVAGO MegaRAID SAS 9341-4i)",
    sync_us=12_040,
    **sustained(met=True),
)


def storage(name: str, clients: int | None, description: str = "") -> StorageResult:
    figures = {"tps": 3456.0, "p50_ms": 12.34, "p99_ms": 123.4} if clients else {}
    return StorageResult.model_validate(
        {
            "name": name,
            "description": description,
            "sync_us": 12_040,
            "clients": clients,
            **(figures or dict.fromkeys(("tps", "p50_ms", "p99_ms"))),
        }
    )


def target(clients: int | None = None, *remedies: Remedy, **more: Any) -> TargetResult:
    return TargetResult(
        tps=3000,
        durability="durable",
        clients_tried=(1, 256),
        here=storage("this drive", clients),
        storages=(
            storage("reference 9", None, REFERENCE.description),
            storage("sata-ssd-consumer at worst", 128),
        ),
        remedies=remedies,
        **{"p99_limit_ms": 50, "relaxed": (), **more},
    )


def remedy(*changes: str) -> Remedy:
    return Remedy(changes=changes, clients=8, tps=3210.4, p99_ms=4.56)


RELAXED = Relaxation(
    durability="loses-recent-on-power-loss",
    settings={"innodb_flush_log_at_trx_commit": "2", "sync_binlog": "100"},
    losses=(
        Loss(
            setting="innodb_flush_log_at_trx_commit",
            window_ms=1000,
            groups_max=None,
            transactions_at_risk=20,
            expected_transactions_at_risk=3000,
        ),
        Loss(
            setting="sync_binlog",
            window_ms=40_000,
            groups_max=100,
            transactions_at_risk=100,
            expected_transactions_at_risk=None,
        ),
    ),
    clients=1,
)

LARGEST = plan(
    workloads=(
        workload("analytics-batch", REFERENCE),
        workload("trade", met=False),
        workload("x" * 40),
    ),
    target=target(None, remedy("a drive like x (25 us a sync)", "12 cores"), relaxed=(RELAXED,)),
    notes=("of other storages a sync takes its mean, always; their tails are unknown",),
)


def capacity_text(plan: CapacityPlan) -> str:
    return render_text(capacity_document(plan))


def words(text: str) -> str:
    """Without the breaks of its lines."""
    return " ".join(text.split())


def test_everything_fits_80_columns() -> None:
    lines = capacity_text(LARGEST).splitlines()
    assert max(map(len, lines)) <= 80
    names = [line for line in lines if line.startswith("reference 9: 4x 2TB Samsung 860 EVO")]
    assert len(names) == 2  # of the workload, of the target
    assert words("\n".join(lines)).count("(AVAGO MegaRAID SAS 9341-4i)") == 2


def test_a_point_of_group_commit() -> None:
    text = capacity_text(plan())
    assert "with 12 cores (as measured) and 150 us of CPU time per transaction (assumed):" in words(
        text
    )
    row = next(line for line in text.splitlines() if line.lstrip().startswith("256 "))
    assert row.split() == ["256", "73460", "1.23", "ms", "12.3", "ms", "128", "clients"]


def test_a_target_that_is_not_met_has_no_rate() -> None:
    lines = capacity_text(LARGEST).splitlines()
    (met,) = (line.split() for line in lines if line.startswith("analytics-batch  "))
    (missed,) = (line.split() for line in lines if line.startswith("trade  "))
    assert met[1:] == [
        *("306", "6746", "12350", "1067000000"),
        *("568", "ms", "1", "s"),
    ]
    assert missed[1:] == ["306", "6746", "-", "-", "568", "ms", "1", "s"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            target(64),
            "3,000 transactions/s with p99 within 50 ms: yes, on this drive with 64 clients, "
            "reaching 3,456/s with p99 123 ms.",
        ),
        (
            target(1, p99_limit_ms=None),
            "3,000 transactions/s: yes, on this drive with 1 client, reaching",
        ),
        (
            target(None, remedy("12 cores")),
            "not on this drive, with up to 256 clients. One change is enough: - 12 cores: 3,210/s "
            "with 8 clients, p99 4.56 ms Which drives",
        ),
        (
            target(None, remedy("a faster drive", "12 cores")),
            "No drive and no other single change is enough. Two changes are: - a faster drive "
            "and 12 cores: 3,210/s",
        ),
        (target(None), "No two changes of drive, cores, clients or durability would help."),
        (
            target(None, relaxed=(RELAXED,)),
            "With --durability loses-recent-on-power-loss (innodb_flush_log_at_trx_commit = 2, "
            "sync_binlog = 100) this drive sustains it with 1 client; it may lose up to 1 s of "
            "acknowledged commits, 3,000 of them and the last 100 commit groups or 40 s of the "
            "binary log.",
        ),
    ],
)
def test_what_is_said_of_a_target(asked: TargetResult, said: str) -> None:
    assert said in words(capacity_text(plan(target=asked)))


def test_what_does_not_sustain_it_has_no_figures() -> None:
    lines = capacity_text(plan(target=target())).splitlines()
    (line,) = (line for line in lines if line.startswith("reference 9"))
    assert line.split()[-5:] == ["12", "ms", "no", "-", "-"]


def test_markdown_has_the_same_figures() -> None:
    text = render_markdown(capacity_document(LARGEST))
    assert "| 256 | 73,460 | 1.23 ms | 12.3 ms | 128 | clients |\n" in text
    assert "| trade | 306 | 6,746 | - | - | 568 ms | 1 s |\n" in text
    assert "\n\n| clients | transactions/s | " in text


def test_a_hostile_name_cannot_steer_the_terminal() -> None:
    text = capacity_text(plan(workloads=(workload("a\x1b[31m\nb"),)))
    assert text.replace("\n", "").isprintable()
    assert "\na [31m b " in text


@pytest.mark.parametrize(
    ("kind", "together_tps", "apart_tps", "is_apart", "text"),
    [
        (
            *("postgresql", 890.4, 1240.2, False),
            "With the WAL on another drive like this one: 1,240/s in place of 890/s (64 clients).",
        ),
        (
            *("mysql-binary-log", 890.4, 1240.2, True),
            "With the redo log and the binary log beside the data: 890/s in place of 1,240/s"
            " (64 clients).",
        ),
        (
            *("postgresql", 890.0, 900.0, False),
            "A drive of its own for the WAL would gain nothing: 890 and 900/s with 64 clients.",
        ),
        (
            *("postgresql", 890.0, 880.0, True),
            "A drive of its own for the WAL gains nothing: 890 and 880/s with 64 clients.",
        ),
    ],
)
def test_whether_the_log_wants_a_drive_of_its_own(
    kind: str, together_tps: float, apart_tps: float, is_apart: bool, text: str
) -> None:
    found = SeparateLog(
        clients=64, together_tps=together_tps, apart_tps=apart_tps, is_apart=is_apart
    )
    made = plan(separate_log=found).model_copy(update={"commit_kind": kind})
    assert text in " ".join(render_text(capacity_document(made)).split())
    assert "Syncs beside" not in render_text(capacity_document(made))
    measured = found.model_copy(update={"is_measured": True})
    said = " ".join(
        render_text(capacity_document(made.model_copy(update={"separate_log": measured}))).split()
    )
    assert f"{text} Syncs beside page flushes were measured for that." in said
    assert "own" not in render_text(capacity_document(plan()))


def test_all_figures_have_their_commas() -> None:
    """Numbers of clients and syncs, too."""
    many = plan().group_commit[0].model_copy(update={"clients": 1024})
    changed = {"group_commit": (many,), "serial": serial_points(1000, (2000,))}
    asked = plan().model_copy(update=changed)
    text = render_markdown(capacity_document(asked))
    assert "| 1,024 | 73,460 |" in text
    assert "| 2,000 | 0.5 |" in text
    assert "1024" in render_text(capacity_document(asked))  # for a program behind a pipe
