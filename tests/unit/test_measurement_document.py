"""What measure shows: 80 columns, no control characters of a drive's, nothing left out."""

import pytest

from advisor.analysis.verdict import judge
from advisor.knowledge import load_storage_knowledge
from advisor.measurement import Measurement, MeasurementWarning
from advisor.output.measurement import measurement_document
from advisor.output.renderers.text import render_text
from tests.support.drives import summary, under_load
from tests.support.golden import stored


def shown(measurement: Measurement) -> str:
    verdict = judge(measurement, load_storage_knowledge())
    return render_text(measurement_document(measurement, verdict))


@pytest.mark.parametrize("drive", ["hdd", "nvme-plp", "raid-cache", "hdd-journal", "tmpfs"])
def test_a_measurement_fits_80_columns(drive: str) -> None:
    text = shown(stored(drive))
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


def test_the_first_line_says_what_was_measured() -> None:
    verdict, _, first, empty, said, *_ = shown(stored("nvme-consumer")).splitlines()
    assert verdict == "PASS: a sync takes 1.64 ms, p99 2.63 ms; all checks of the drive passed."
    assert first == "/var/lib/db: xfs on nvme0n1 (Samsung SSD 990 PRO 2TB)"
    assert (empty, said[:32]) == ("", "8 KiB overwrite + fdatasync: p50")


def test_every_series_and_every_absent_one_is_shown() -> None:
    measurement = stored("hdd-journal")
    text = shown(measurement)
    for series in measurement.series:
        assert f"\n{series.name} " in text
    (line,) = (line for line in text.split("not measured: ")[1:])
    said = " ".join(line.split())
    assert said.startswith("classic-fsync-4k, classic-fsync-16k, random-16k-x8: O_DIRECT refused")


def test_a_percentile_that_the_sample_cannot_support_is_a_dash() -> None:
    lines = shown(stored("hdd")).splitlines()
    (line,) = (line for line in lines if line.startswith("overwrite-fdatasync-8k "))
    # 360 samples: p50 is there, p99 needs 368
    assert line.split() == [
        *("overwrite-fdatasync-8k", "82", "12.2", "ms", "11.8", "ms", "-"),
        *("41.5", "ms", "2.0", "%"),
    ]


def test_the_verdict_says_where_the_drive_stands() -> None:
    text = shown(stored("raid-cache"))
    assert (
        "trust:   suspicious\n  suspicious: sda rotates, but synced one block at 10,310/s" in text
    )
    between = "classic 4 KiB: 10,310/s, between reference drives 2 and 7a\n"
    assert f"{between}  fast --*---------- slow\n" in text  # third of thirteen


LOADED = {
    "under_load": (
        under_load("overwrite", summary(3500, p50_us=3000, p99_us=12_000), ops_per_s=1234),
        under_load("append", 5000, ops_per_s=1200),
        under_load("overwrite", 1900, beside="sequential-read", ops_per_s=119.2),
    )
}


def test_series_under_load_have_tables_of_their_own() -> None:
    """Of the reader 119.2 blocks of 1 MiB, and sizes count by 1024."""
    text = shown(stored("nvme-consumer").model_copy(update=LOADED))
    assert max(map(len, text.splitlines())) <= 80
    table = text[text.index("beside page flushes\n") :].splitlines()
    assert table[1].split()[1:] == ["mean", "p50", "p99", "p99", "idle", "beside", "it"]
    assert table[3].split() == [
        *("overwrite-fdatasync-8k", "3.5", "ms", "3", "ms", "12", "ms", "2.63", "ms"),
        *("1234", "pages/s"),
    ]
    assert table[4].split()[:4] == ["append-fdatasync-8k", "5", "ms", "-"]
    reads = text[text.index("beside sequential reads\n") :].splitlines()
    assert reads[3].split()[-2:] == ["119", "MB/s"]
    assert "beside" not in shown(stored("nvme-consumer"))


def test_where_the_load_was_is_said_where_that_is_another_drive() -> None:
    slow = under_load("overwrite", 7000)
    data = stored("hdd").model_copy(update={"under_load": (slow,)})
    log = stored("nvme-consumer").model_copy(
        update={**LOADED, "data_files": data, "binary_log": stored("nvme-plp")}
    )
    text = shown(log)
    own = "a sync of the log while pages are flushed: mean 3.5 ms, p99 12 ms"
    said = f"{own}; beside the data mean 7 ms"
    assert said in " ".join(text.split())
    assert "of the log while" not in shown(data)
    assert text.count("beside page flushes where the data files are\n") == 1
    assert text.count("beside page flushes\n") == 1
    apart = log.model_copy(update={"binary_log": data.model_copy(update={"data_files": None})})
    assert shown(apart).count("beside page flushes where the data files are\n") == 2


def test_a_hostile_drive_cannot_steer_the_terminal() -> None:
    hostile = stored("hdd").model_copy(
        update={"warnings": (MeasurementWarning(code="x", text="a\x1b[31m\rb\x07\nc"),)}
    )
    text = shown(hostile)
    assert "note: a [31m b  c" in text
    assert text.replace("\n", "").isprintable()
