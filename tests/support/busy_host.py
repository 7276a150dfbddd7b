"""Tests of how a drive's speed changes, on hosts where something else may change it as well."""

import functools
from collections.abc import Callable
from typing import Final, ParamSpec

import pytest

from tests.support.processors import cores_used

P = ParamSpec("P")

ATTEMPTS: Final = 3
BUSY_CORES: Final = 0.5
"""That other processes keep busy; the kernel's part of an emulated drive stays below it."""


def again_while_busy(test: Callable[P, None]) -> Callable[P, None]:
    """A test that fails while others keep the host busy is tried again, and skipped after
    ATTEMPTS. One that fails on a quiet host fails, but not before it has done so twice: what a
    hypervisor's other guests do is not seen from here."""

    @functools.wraps(test)
    def tried(*arguments: P.args, **keywords: P.kwargs) -> None:
        quiet_failures = 0
        for _ in range(ATTEMPTS):
            with cores_used() as cores:
                failure = _failure_of(lambda: test(*arguments, **keywords))
            if failure is None:
                return
            quiet_failures += cores.others < BUSY_CORES
            if quiet_failures == 2:
                raise failure
        pytest.skip(f"others kept {cores.others:.1f} cores busy: {failure}")

    return tried


def _failure_of(test: Callable[[], None]) -> Exception | None:
    try:
        test()
    except Exception as failure:
        return failure
    return None
