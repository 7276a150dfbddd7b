"""The declared minimums are those that were installed and tried: the stored result of
python -m tests.package.minimum_versions.
"""

import json

from tests.package.minimum_versions import minimums
from tests.support.paths import CHECKOUT


def test_the_declared_minimums_were_installed_and_tried() -> None:
    stored = json.loads((CHECKOUT / "tests/package/minimum_versions.json").read_text())
    assert minimums() == stored["installed"]
    assert stored["failures"] == {}
    assert len(stored["tried"]) == 10
    assert minimums()["psycopg[binary]"] == "3.2.1"  # 3.2.0 was never published as a binary
