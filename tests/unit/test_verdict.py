"""The verdict: class, trust and standing put together."""

import json

from advisor.analysis.verdict import judge
from advisor.knowledge import load_storage_knowledge
from tests.support.drives import classic, device, measurement

KNOWLEDGE = load_storage_knowledge()


def test_a_drive_that_nobody_knows_has_no_medium_and_no_trust() -> None:
    verdict = judge(measurement(50.0, devices=()), KNOWLEDGE)
    assert verdict.storage_class == "unknown-fast"
    assert verdict.name == "unidentified storage, fast"
    assert verdict.medium is None
    assert verdict.trust == "unverifiable"
    assert verdict.standings == ()


def test_a_virtual_disk_is_judged_with_the_models_of_the_file() -> None:
    drive = measurement(50.0, devices=(device(model="Amazon Elastic Block Store"),))
    verdict = judge(drive, KNOWLEDGE)
    assert (verdict.storage_class, verdict.medium) == ("virtual-disk", "virtual")
    assert verdict.trust == "suspicious"
    assert [entry.check for entry in verdict.evidence] == ["virtual-too-fast", "virtual-disk"]


def test_a_plain_drive_is_plausible_and_stands_somewhere() -> None:
    verdict = judge(measurement(1000.0, classic(900)), KNOWLEDGE)
    assert (verdict.storage_class, verdict.medium) == ("nvme-consumer", "ssd")
    assert verdict.trust == "plausible"
    assert verdict.evidence == ()
    (standing,) = verdict.standings
    # profiles/storage/references.toml: 1001.50/s is the KC3000 (5),
    # 652.10/s the Micron 1100 mirror (10)
    assert (standing.next_faster, standing.next_slower) == ("5", "10")


def test_the_same_drive_has_the_same_verdict() -> None:
    drive = measurement(50.0, classic(900), devices=())
    first = judge(drive, KNOWLEDGE)
    assert first.model_dump_json() == judge(drive, KNOWLEDGE).model_dump_json()


# JSON keys that others may rely on: storage{class, trust, evidence[]}.
def test_the_class_is_called_class_in_json() -> None:
    raw = json.loads(judge(measurement(), KNOWLEDGE).model_dump_json())
    assert raw["class"] == "nvme-consumer"
    assert {"class", "trust", "evidence"} <= raw.keys()
    assert "storage_class" not in raw
