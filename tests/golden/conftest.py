"""--update-golden rewrites the golden files from what the code says now; read the difference."""

import pytest


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))
