"""The verdict on a drive: what it behaves like, and whether a sync there means anything."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from pydantic import ConfigDict, Field

from advisor.analysis.host_findings import HostFinding
from advisor.analysis.storage import (
    Medium,
    Ranking,
    ReferenceStorage,
    StorageClass,
    classify,
    drive_facts,
    standings,
)
from advisor.analysis.trust import ORDER, Evidence, Trust, TrustCheck, judge_trust
from advisor.durability import MEANING, Durability
from advisor.errors import NotTrustedError
from advisor.measurement import Measurement
from advisor.model import Model


class StorageKnowledge(NamedTuple):
    """profiles/storage, loaded."""

    classes: tuple[StorageClass, ...]
    checks: tuple[TrustCheck, ...]
    references: tuple[ReferenceStorage, ...]
    virtual_models: tuple[str, ...]


class Verdict(Model):
    """What the drive behaves like, and the trust its syncs deserve."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    storage_class: str = Field(alias="class")
    name: str
    description: str
    medium: Medium | None
    trust: Trust
    evidence: tuple[Evidence, ...]
    standings: tuple[Ranking, ...]


def judge(measurement: Measurement, knowledge: StorageKnowledge) -> Verdict:
    """The verdict on a measurement. Pure: same input, same verdict."""
    entry = classify(drive_facts(measurement, knowledge.virtual_models), knowledge.classes)
    trust, evidence = _trust_of_all(measurement, knowledge)
    return Verdict(
        storage_class=entry.id,
        name=entry.name,
        description=entry.description,
        medium=entry.medium,
        trust=trust,
        evidence=evidence,
        standings=standings(measurement, knowledge.references),
    )


def _trust_of_all(
    measurement: Measurement, knowledge: StorageKnowledge
) -> tuple[Trust, tuple[Evidence, ...]]:
    """Of all drives of one server: what is lost with one is lost."""
    found = [
        (drive, judge_trust(drive, knowledge.checks, knowledge.virtual_models))
        for drive in (measurement, *measurement.others)
    ]
    if len(found) == 1:
        return found[0][1]
    evidence = [
        entry.model_copy(
            update={
                "text": f"{drive.target.directory}: {entry.text}",
                "directory": str(drive.target.directory),
            }
        )
        for drive, (_, entries) in found
        for entry in entries
    ]
    evidence.sort(key=lambda entry: ORDER.index(entry.trust), reverse=True)
    return max((trust for _, (trust, _) in found), key=ORDER.index), tuple(evidence)


KEPT: Final[dict[Trust, str]] = {
    "plausible": "",
    "unverifiable": "whether this drive keeps it is not known",
    "suspicious": "whether this drive keeps it is doubtful",
    "not-durable": "this drive does not keep it",
}
"""What becomes of a promise on a drive of that trust."""


def promise(durability: Durability, trust: Trust) -> str:
    """What settings of that durability mean on a drive that deserves so much trust."""
    meaning, kept = MEANING[durability], KEPT[trust]
    return f"{meaning}, as far as the settings go; {kept}" if kept else meaning


def not_durable(measurement: Measurement, verdict: Verdict) -> str:
    """Which drive is not, and why: of several the one that the worst evidence is about."""
    worst = verdict.evidence[0]
    if not worst.directory:
        return f"{measurement.target.directory} is not durable: {worst.text}"
    return f"{worst.directory} is not durable: {worst.text.removeprefix(f'{worst.directory}: ')}"


def remedy(verdict: Verdict, host: Iterable[HostFinding]) -> str:
    """The command against the worst evidence; "" where no finding about the host has one."""
    worst = verdict.evidence[0].check
    found = next((each for each in host if each.trust_check == worst), None)
    return f"change it and measure again: {found.change}" if found else ""


def require_durable(
    measurement: Measurement,
    verdict: Verdict,
    host: Iterable[HostFinding] = (),
    *,
    accepted: bool = False,
) -> None:
    """Raises NotTrustedError where the drive does not honour a flush."""
    if verdict.trust == "not-durable" and not accepted:
        raise NotTrustedError(
            not_durable(measurement, verdict),
            remedy(verdict, host) or "measure the directory where the database will live",
        )
