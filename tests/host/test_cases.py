"""Every finding about a host against its hand-typed cases, and whether these leave nothing out.

tests/host/<name>.toml holds the cases of profiles/host/<name>.toml.
"""

from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import tomli

from advisor.analysis.host_findings import HostCheck, HostFinding, evaluate
from advisor.analysis.trust import judge_trust
from advisor.conditions import Condition, Strict
from advisor.knowledge import load_host_checks, load_storage_knowledge
from advisor.measurement import Fill, IoLimits, Layer, Measurement, Series
from advisor.vendors.names import VendorName
from tests.support.drives import device, measurement, series, summary

CASES: Final = Path(__file__).parent
CHECKS: Final = {check.id: check for check in load_host_checks()}


class Case(Strict):
    """A drive and its host; what is not given is a plain NVMe SSD with ext4 (tests/support)."""

    name: str
    fires: bool
    vendor: VendorName | None = None
    filesystem: str = "ext4"
    mount_options: tuple[str, ...] = ("rw", "relatime")
    devices: tuple[dict[str, Any], ...] = ({"name": "nvme0n1"},)
    layers: tuple[Layer, ...] | None = None
    record_bytes: int | None = None
    sync_us: float = 1000.0
    reads_per_s: float | None = None
    unsynced_per_s: float | None = None
    fill_bytes_per_s: int | None = None
    dirty_background_bytes: int | None = None
    io_limits: IoLimits | None = None
    text: str | None = None
    change: str | None = None

    def drive(self) -> Measurement:
        """What is measured there."""
        read = summary(1000.0, ops_per_s=self.reads_per_s)
        reads = series("random-read", "none", read, direct=True, block_bytes=16384, writers=8)
        second = Fill(written_bytes=self.fill_bytes_per_s or 1, elapsed_ns=10**9)
        plain = measurement(
            self.sync_us,
            *([reads] if self.reads_per_s else []),
            *self._unsynced(),
            filesystem=self.filesystem,
            mount_options=self.mount_options,
            devices=tuple(device().model_copy(update=each) for each in self.devices),
            fill=second if self.fill_bytes_per_s else None,
        )
        asked = ("layers", "record_bytes", "io_limits")
        seen = {name: value for name in asked if (value := getattr(self, name)) is not None}
        dirty = self.dirty_background_bytes
        host = {} if dirty is None else {"dirty_background_bytes": dirty}
        return plain.model_copy(
            update={
                "target": plain.target.model_copy(update=seen),
                "environment": plain.environment.model_copy(update=host),
            }
        )

    def _unsynced(self) -> list[Series]:
        """Into the kernel's memory."""
        if self.unsynced_per_s is None:
            return []
        return [series("overwrite", "none", summary(1.0, ops_per_s=self.unsynced_per_s))]


def findings(check: HostCheck, case: Case) -> tuple[HostFinding, ...]:
    return evaluate(case.drive(), (check,), case.vendor)


@cache
def cases_of(name: str) -> tuple[Case, ...]:
    raw = tomli.loads((CASES / f"{name}.toml").read_text(encoding="utf-8"))
    assert raw.keys() == {"case"}
    return tuple(Case.model_validate(case) for case in raw["case"])


every_check = pytest.mark.parametrize("name", CHECKS)
every_case = pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(path.stem, case, id=f"{path.stem}: {case.name}")
        for path in sorted(CASES.glob("*.toml"))
        for case in cases_of(path.stem)
    ],
)


def test_each_finding_has_cases_and_the_other_way_round() -> None:
    assert {path.stem for path in CASES.glob("*.toml")} == set(CHECKS)


@every_case
def test_case(name: str, case: Case) -> None:
    found = findings(CHECKS[name], case)
    assert len(found) == case.fires
    for each in found:
        assert (each.id, each.severity) == (name, CHECKS[name].severity)
        assert not {"{", "}"} & set(each.text + each.why + each.change)
        assert case.text in (None, each.text)
        assert case.change in (None, each.change)


@every_check
def test_case_names_differ(name: str) -> None:
    names = [case.name for case in cases_of(name)]
    assert len(names) == len(set(names))


@every_check
def test_each_finding_fires_and_says_what_is_typed_by_hand(name: str) -> None:
    assert any(case.fires and case.text for case in cases_of(name))


@every_check
def test_each_condition_has_a_neighbour_that_lacks_it_alone(name: str) -> None:
    """Without that condition the neighbour's drive would be found, too."""
    check = CHECKS[name]
    silent = [case for case in cases_of(name) if not case.fires]
    assert silent
    for fact in check.when:
        rest = {each: condition for each, condition in check.when.items() if each != fact}
        relaxed = check.model_copy(update={"when": rest})
        assert any(findings(relaxed, case) for case in silent), fact


@every_check
def test_each_threshold_has_a_neighbour_next_to_it(name: str) -> None:
    """A number just short of a limit, and the limit itself, are both among the cases."""
    check = CHECKS[name]
    for fact, condition in check.when.items():
        limit = condition.at_least if condition.below is None else condition.below
        if limit is None:
            continue
        for factor in (0.998, 1.002):
            moved = {"at_least": limit * factor} if condition.below is None else {}
            moved = moved or {"below": limit * factor}
            near = check.model_copy(
                update={"when": {**check.when, fact: Condition.model_validate(moved)}}
            )
            changed = [
                case.name for case in cases_of(name) if bool(findings(near, case)) != case.fires
            ]
            if changed:
                break
        assert changed or fact in FAR, (fact, limit)


FAR: Final = frozenset({"record_bytes", "discard_bytes"})
"""Powers of two, and "any at all": a neighbour is a power away."""


@every_check
def test_each_server_has_a_case_and_another_server_none(name: str) -> None:
    check = CHECKS[name]
    if check.db:
        silent = [case for case in cases_of(name) if not case.fires]
        for_all = check.model_copy(update={"db": ()})
        assert any(findings(for_all, case) for case in silent)
        assert {case.vendor for case in cases_of(name) if case.fires} <= set(check.db)


@every_check
def test_what_was_tried_nowhere_says_so(name: str) -> None:
    check = CHECKS[name]
    assert bool(check.tried) != ("not tried" in check.why.lower())


@every_check
def test_trust_says_what_a_finding_leaves_to_it(name: str) -> None:
    check, storage = CHECKS[name], load_storage_knowledge()
    for case in cases_of(name):
        if check.also_trust and case.fires:
            _, evidence = judge_trust(case.drive(), storage.checks, storage.virtual_models)
            said = {each.check: each.text for each in evidence}
            (found,) = findings(check, case)
            assert said[check.also_trust] == found.text


def test_the_folklore_stays_out() -> None:
    """No measurement of ours, and no source, gives a commit anything for these."""
    text = " ".join(f"{check.says} {check.why} {check.change}" for check in CHECKS.values())
    assert [
        word for word in ("noatime", "hugepage", "huge page", "read_ahead") if word in text
    ] == []
