"""What rules learn from a report: no tail from means, no 8 KiB from other sizes."""

from typing import Final

import pytest

from advisor.analysis.fact_model import Facts
from advisor.analysis.facts import build_facts
from advisor.analysis.verdict import judge
from advisor.importers import import_report
from advisor.knowledge import load_assumptions, load_replay, load_storage_knowledge
from advisor.model import Unknown
from advisor.request import Request
from tests.support.paths import FIXTURES

STORAGE: Final = load_storage_knowledge()
REQUEST: Final = Request(
    vendor="postgresql", version=(17,), version_source="a test", durability="durable"
)
TAIL: Final = ("fdatasync_p50_us", "fdatasync_p99_us")


def facts_of(name: str) -> Facts:
    found = import_report((FIXTURES / name).read_bytes(), name).measurement
    return build_facts(
        found, judge(found, STORAGE), REQUEST, load_assumptions(), load_replay()["postgresql"]
    )


@pytest.mark.parametrize(
    "name",
    ["pg-18.3.txt", "classic-server-1-4k.txt", "sysbench-fsync-all.txt", "ioping-8k-quiet.txt",
     "fio-3.1-no-sync-section.json", "fio-sync-does-nothing.json"],
)  # fmt: skip
def test_means_give_no_tail(name: str) -> None:
    facts = facts_of(name)
    for fact in TAIL:
        assert isinstance(facts.lookup(fact), Unknown), fact


def test_percentiles_give_one() -> None:
    facts = facts_of("fio-3.33-fdatasync.json")
    assert facts.fdatasync_p50_us == 193.536
    assert facts.fdatasync_p99_us == 1318.912


def test_a_mean_without_confidence_proves_no_faster_method() -> None:
    facts = facts_of("pg-18.3.txt")
    assert facts.fdatasync_mean_us == pytest.approx(1812.1983)
    assert facts.fsync_mean_us == pytest.approx(6363.7521)
    assert isinstance(facts.open_datasync_is_faster, Unknown)


@pytest.mark.parametrize(
    "name",
    ["fio-3.28-optane.txt", "ioping-write.txt", "fio-3.33-etcd.json", "fio-3.33-randwrite.json"],
)
def test_other_sizes_and_places_are_not_the_overwrite_of_8_kib(name: str) -> None:
    assert isinstance(facts_of(name).fdatasync_mean_us, Unknown)


def test_iotune_feeds_the_rate_of_writes_and_nothing_else() -> None:
    facts = facts_of("iotune-rpk.yaml")
    assert facts.page_flushes_per_s == 3342.5  # half of 6685 random writes
    for fact in (*TAIL, "fdatasync_mean_us", "fsync_mean_us", "append_mean_us"):
        assert isinstance(facts.lookup(fact), Unknown), fact
    assert facts.storage_class == "unknown-slow"


def test_what_the_host_is_like_is_unknown() -> None:
    facts = facts_of("pg-18.3.txt")
    for fact in ("memory_bytes", "cpu_count", "free_bytes", "filesystem", "medium", "write_cache"):
        assert isinstance(facts.lookup(fact), Unknown), fact
