"""--update-golden rewrites what is stored of the program's output; read the difference."""

from pathlib import Path

import pytest

from tests.support.faults import compile_faults
from tests.support.kills import compile_file_calls
from tests.support.slow_drive import compile_slow_drive


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite tests/golden and the transcripts of README files; then read the difference",
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether stored output is to be rewritten from what the program prints now."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(scope="session")
def faults_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled faults.c, to be preloaded."""
    return compile_faults(tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="session")
def file_calls_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled file_calls.c, to be preloaded."""
    return compile_file_calls(tmp_path_factory.mktemp("file-calls"))


@pytest.fixture(scope="session")
def slow_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled slow_drive.c, to be preloaded."""
    return compile_slow_drive(tmp_path_factory.mktemp("slow"))
