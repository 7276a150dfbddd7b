"""Where in the checkout stands what tests read."""

from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).parents[2]

MEASUREMENTS: Final = CHECKOUT / "tests" / "golden" / "measurements"
"""Golden measurements, made for the tests from published figures."""

FIXTURES: Final = CHECKOUT / "tests" / "importers" / "fixtures"
"""Reports of other programs."""
