"""Each call of apply, undo, import and measure that concerns a file fails once.

With one errno, here; python -m tests.security.file_faults tries them all, and kills at each call.
"""

import json
from pathlib import Path

import pytest

from tests.security.file_faults import RESULTS, SCENARIOS, tried
from tests.support.kills import killable

HERE = ("apply, replacing", "undo, restoring", "import", "measure, replacing")
CALLS = {"openat", "fstat", "fstatat", "fsync", "unlinkat", "close"}
"""What each of them must have met."""


@pytest.mark.parametrize("name", HERE)
def test_a_call_that_fails(file_calls_library: Path, tmp_path: Path, name: str) -> None:
    tmp_path.chmod(0o755)
    with killable(file_calls_library, tmp_path / "here") as program:
        found = list(tried(name, tmp_path / "here", program, all_of_them=False))
    assert {line.split()[0] for line, _, _, _ in found} >= CALLS
    assert len(found) > 40
    assert [(line, fate, wrong) for line, fate, _, wrong in found if wrong] == []


def test_the_stored_result_is_of_all_commands() -> None:
    stored = json.loads(RESULTS.read_text())
    assert stored.keys() == SCENARIOS.keys()
    for found in stored.values():
        assert set(found["calls"]) >= CALLS
        assert {"EIO", "EINTR", "ENOSPC", "EDQUOT", "killed before"} <= found["faults"].keys()
        assert found["complaints"] == []
