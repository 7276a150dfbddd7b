"""`measure` on drives, arrays and file systems of an emulated machine, against what that was told."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest

from tests.machine.boot import Found, run_cases
from tests.machine.cases import CASES, Case
from tests.machine.compared import differences
from tests.machine.report import README, with_table
from tests.machine.system import system, why_not
from tests.servers.fetching import UnavailableError

pytestmark = pytest.mark.quiet


def _missing(why: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"the emulated machine: {why}")
    pytest.skip(why)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Found]:
    """One boot; case -> what was found."""
    if why := why_not():
        _missing(why)
    try:
        booted = system()
    except UnavailableError as error:
        _missing(str(error))
    return run_cases(booted, tmp_path_factory.mktemp("machine"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_found_is_what_the_machine_was_told(
    case: Case, machine: Mapping[str, Found]
) -> None:
    assert differences(case, machine[case.name]) == []


def test_no_two_cases_share_a_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def test_the_table_in_the_readme_is_what_was_found(
    machine: Mapping[str, Found], update_golden: bool
) -> None:
    text = README.read_text(encoding="utf-8")
    fresh = with_table(text, machine)
    if update_golden:
        Path(README).write_text(fresh, encoding="utf-8")
    assert README.read_text(encoding="utf-8") == fresh
