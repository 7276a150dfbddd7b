"""--update-golden rewrites what is stored of the program's output; read the difference."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite tests/golden and the README's transcripts; then read the difference",
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether stored output is to be rewritten from what the program prints now."""
    return bool(request.config.getoption("--update-golden"))
