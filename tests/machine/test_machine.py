"""`measure` on the drives, arrays and file systems of an emulated machine, against what that was
told."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

import pytest

from advisor.knowledge import load_host_checks
from tests.machine import zfs
from tests.machine.boot import Found, Results, run_machine
from tests.machine.case import Case
from tests.machine.cases import CASES
from tests.machine.compared import differences
from tests.machine.report import CUTS_FILE, README, with_table
from tests.machine.system import system, why_not
from tests.servers.fetching import UnavailableError
from tests.support.paths import CHECKOUT

FEW_CUTS: Final = 3
"""report.py makes the 20 that are stored."""


def _missing(why: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"the emulated machine: {why}")
    pytest.skip(why)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Of one boot."""
    if why := why_not():
        _missing(why)
    try:
        booted = system()
    except UnavailableError as error:
        _missing(str(error))
    return run_machine(booted, tmp_path_factory.mktemp("machine"), cuts=FEW_CUTS)


@pytest.fixture
def machine(results: Results) -> Mapping[str, Found]:
    """Case -> what was found."""
    return results.cases


@pytest.fixture
def cuts(results: Results) -> Mapping[str, Any]:
    """The power cuts of PostgreSQL, as tests/powercut stores them."""
    return results.cuts


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_found_is_what_the_machine_was_told(
    case: Case, machine: Mapping[str, Found]
) -> None:
    if case.needs_zfs and not zfs.is_built(zfs.kernel_of(system())):
        pytest.skip(zfs.NOT_BUILT)
    assert differences(case, machine[case.name]) == []


def test_no_two_cases_share_a_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def test_the_first_readme_counts_the_cases() -> None:
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert f" {len(CASES)} cases of drives, arrays and file systems " in text


def test_the_table_in_the_readme_is_what_was_found(
    machine: Mapping[str, Found], update_golden: bool
) -> None:
    text = README.read_text(encoding="utf-8")
    fresh = with_table(text, machine)
    if update_golden:
        Path(README).write_text(fresh, encoding="utf-8")
    assert README.read_text(encoding="utf-8") == fresh


def test_cases_with_zfs_that_did_not_run_keep_their_rows() -> None:
    text = README.read_text(encoding="utf-8")
    ran = {
        case.name: {"failed": "on purpose"}
        for case in CASES
        if not case.needs_zfs or case.name == "zfs-8k"
    }
    old, new = rows_of(text), rows_of(with_table(text, ran))
    assert new["zfs-8k"] == "| zfs-8k | failed | | | | | | |"
    assert new["zfs-16k"] == old["zfs-16k"]
    assert new["zfs-16k"].startswith("| zfs-16k | zfs | zfs (log_device no; ")
    assert new.keys() == old.keys() == {case.name for case in CASES}
    del ran["xfs"]
    with pytest.raises(KeyError, match="xfs"):
        with_table(text, ran)


def rows_of(text: str) -> dict[str, str]:
    """Case -> its row of the README's table."""
    cells = [line.split(" ") for line in text.split("\n") if line.startswith("| ")]
    return {words[1]: " ".join(words) for words in cells if words[1] != "case"}


def test_a_finding_fires_where_its_file_says_that_it_was_tried() -> None:
    checks = {check.id: check for check in load_host_checks()}
    fired = {finding: case.name for case in CASES for finding in case.findings}
    assert fired.keys() <= checks.keys()
    tried = {name: check.tried for name, check in checks.items() if check.tried}
    findings = {case.name: case.findings for case in CASES}
    assert [name for name, case in tried.items() if name not in findings.get(case, ())] == []
    assert [name for name in fired if name not in tried] == []


def test_postgresql_loses_nothing_in_the_third_kind_of_power_cut(
    cuts: Mapping[str, Any],
) -> None:
    """What device-mapper's log of writes has before an instant is what was flushed until then."""
    _assert_nothing_lost(cuts, FEW_CUTS)


def test_it_lost_nothing_in_those_that_are_stored() -> None:
    _assert_nothing_lost(json.loads(CUTS_FILE.read_text(encoding="utf-8")), 20)


def _assert_nothing_lost(cuts: Mapping[str, Any], count: int) -> None:
    accidents = cuts["power cut"]
    assert accidents["lost"] == [0] * count
    assert all(acknowledged > 0 for acknowledged in accidents["acknowledged"])
    assert accidents["faults"] == []
    assert cuts["played"] > 0
