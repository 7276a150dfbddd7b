"""Prometheus text, read back by prometheus_client's own parser."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from advisor.analysis.verdict import judge
from advisor.commands.source import stored_measurement
from advisor.knowledge import load_storage_knowledge
from advisor.measurement import Fill, Measurement, Summary
from advisor.output.prometheus import prometheus_text
from tests.support.drives import UNKNOWN, device, measurement, series, summary, under_load
from tests.support.paths import MEASUREMENTS

KNOWLEDGE = load_storage_knowledge()

Samples = dict[str, float]
"""Name and the labels that are not the measurement's own -> value."""


def text_of(measured: Measurement) -> str:
    return prometheus_text(measured, judge(measured, KNOWLEDGE))


def samples(text: str, *, labels: tuple[str, ...] = ("series", "percentile")) -> Samples:
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        assert family.type == "gauge"
        assert family.documentation.endswith(".")
        for sample in family.samples:
            assert sample.timestamp is None
            name = sample.name.removeprefix("fsync_advisor_")
            assert name != sample.name
            key = " ".join([name, *(sample.labels[one] for one in labels if one in sample.labels)])
            assert key not in found
            found[key] = sample.value
    return found


# tests/golden/measurements/hdd.json, by hand: 12 200 us is 0.0122 s.
def test_a_stored_measurement_reads_back_as_it_is() -> None:
    found = samples(text_of(stored_measurement(MEASUREMENTS / "hdd.json")))
    expected = {
        "info": 1,
        "measurement_timestamp_seconds": 1795163400,  # date -d 2026-11-20T08:30:00Z +%s
        "sync_latency_seconds overwrite-fdatasync-8k 50": 0.011834,
        "sync_latency_seconds overwrite-fdatasync-8k 90": 0.01464,
        "sync_latency_mean_seconds overwrite-fdatasync-8k": 0.0122,
        "sync_latency_min_seconds overwrite-fdatasync-8k": 0.00732,
        "sync_latency_max_seconds overwrite-fdatasync-8k": 0.04148,
        "sync_latency_mean_error_ratio overwrite-fdatasync-8k": 0.02,
        "sync_rate_per_second overwrite-fdatasync-8k": 81.97,
        "sync_samples overwrite-fdatasync-8k": 360,
        "write_latency_mean_seconds overwrite-none-8k": 0.000003,
        "write_latency_seconds random-16k-x8 99.9": 0.0624,
        "write_rate_per_second random-16k-x8": 333.33,
        "fill_bytes_per_second": 110_000_000,
        "written_bytes": 500_000_000,
        "warnings": 0,
    }
    assert {name: found.get(name) for name in expected} == pytest.approx(expected)
    # 360 samples support no p99.
    assert "sync_latency_seconds overwrite-fdatasync-8k 99" not in found
    assert not any(name.startswith("sync") and "none" in name for name in found)


# Two syncs are not one.
def test_a_durable_replace_has_a_name_of_its_own() -> None:
    replaces = series("durable-replace", "fsync", summary(5000, p50_us=4000.0), block_bytes=4096)
    found = samples(text_of(measurement(1000, replaces)))
    assert found["durable_replace_latency_mean_seconds durable-replace fsync"] == 0.005
    assert found["durable_replace_latency_seconds durable-replace fsync 50"] == 0.004
    assert found["durable_replace_rate_per_second durable-replace fsync"] == 200
    assert not any(name.startswith("sync") and "replace" in name for name in found)


def test_every_golden_measurement_can_be_read() -> None:
    paths = sorted(MEASUREMENTS.glob("*.json"))
    assert len(paths) >= 8
    for path in paths:
        assert samples(text_of(stored_measurement(path)))["info"] == 1


def test_the_verdict_is_a_label() -> None:
    text = text_of(stored_measurement(MEASUREMENTS / "tmpfs.json"))
    (info,) = [
        sample
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "fsync_advisor_info"
    ]
    assert (info.labels["trust"], info.labels["class"]) == ("not-durable", "memory")
    assert (info.labels["source"], info.labels["tool_version"]) == ("measured", "0.1.0")


def test_what_is_unknown_is_absent() -> None:
    only_mean = Summary(
        count=None,
        ops_per_s=1000,
        mean_us=1000,
        min_us=None,
        p50_us=None,
        p90_us=None,
        p99_us=None,
        p999_us=None,
        max_us=None,
        ci95_percent=None,
    )
    measured = measurement(only_mean, devices=UNKNOWN).model_copy(
        update={"taken_at": UNKNOWN, "written_bytes": UNKNOWN, "label": None}
    )
    text = text_of(measured)
    assert samples(text) == {
        "info": 1,
        "sync_latency_mean_seconds overwrite fdatasync": 0.001,
        "sync_rate_per_second overwrite fdatasync": 1000,
        "warnings": 0,
    }
    assert 'device="' not in text
    assert 'label="' not in text
    assert UNKNOWN.unknown not in text
    assert "None" not in text


def test_a_confidence_interval_of_nothing_is_not_unknown() -> None:
    found = samples(text_of(measurement(summary(1000, ci95_percent=0.0))))
    assert found["sync_latency_mean_error_ratio overwrite fdatasync"] == 0


HOSTILE = [
    'quote " and backslash \\',
    r"\n is no newline",
    "ends with \\",
    '"} 1\\',
    "{{ x }} <script>alert(1)</script>",
    "\N{ARABIC LETTER ALEF}\N{PILE OF POO}",
    "x" * 200,
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_comes_back_as_it_was(hostile: str) -> None:
    sync = series("overwrite", "fdatasync", 1000).model_copy(update={"name": hostile})
    measured = measurement(sync, devices=(device(model=hostile),), label=hostile)
    target = measured.target.model_copy(update={"directory": hostile})
    text = text_of(measured.model_copy(update={"target": target}))
    families = list(text_string_to_metric_families(text))
    for sample in (sample for family in families for sample in family.samples):
        assert (sample.labels["directory"], sample.labels["label"]) == (hostile, hostile)
        assert sample.labels.get("series", hostile) == hostile
        assert sample.labels.get("device", f"nvme0n1 ({hostile})") == f"nvme0n1 ({hostile})"


# text.one_line: control characters, line and paragraph separators are blanks.
def test_no_line_is_ended_from_within() -> None:
    text = text_of(measurement(label="a\nfsync_advisor_info 2\r\u2028\x1bb"))
    assert samples(text)["info"] == 1
    assert 'label="a fsync_advisor_info 2   b"' in text
    text.encode()


# The collector refuses two files with one and the same sample: of two directories they have none,
# nor of one directory that was measured and observed.
def test_each_sample_says_what_it_is_of() -> None:
    text = text_of(measurement(label="rack 7", fill=Fill(written_bytes=1, elapsed_ns=1)))
    families = list(text_string_to_metric_families(text))
    for sample in (sample for family in families for sample in family.samples):
        assert sample.labels["directory"] == "/var/lib/database"
        assert sample.labels["label"] == "rack 7"
        assert sample.labels["source"] == "measured"


def test_series_under_load_have_families_of_their_own() -> None:
    """Those of an idle drive stay as they are."""
    idle = measurement(summary(1000, p99_us=2000))
    beside = under_load("overwrite", summary(3000, p99_us=9000), ops_per_s=1234)
    found = samples(text_of(idle.model_copy(update={"under_load": (beside,)})))
    name = "overwrite fdatasync-beside-page-flush"
    assert found[f"sync_under_load_latency_seconds {name} 99"] == 0.009
    assert found[f"sync_under_load_latency_mean_seconds {name}"] == 0.003
    assert found[f"load_per_second {name}"] == 1234
    others = {key: value for key, value in found.items() if "load" not in key}
    assert others == samples(text_of(idle))
