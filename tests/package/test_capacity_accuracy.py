"""What README.md beside report.py says of the model's accuracy is what the model makes of the
stored results."""

import json
from typing import Any

import pytest

from tests.benchmarks.capacity_accuracy.measure import CASES, CLIENTS, DELAYS_US, REPEATS
from tests.benchmarks.capacity_accuracy.report import (
    BLOCK,
    CELLS,
    KINDS,
    PLOT,
    README,
    RESULTS,
    Cell,
    cells_text,
    judged,
    nine_of_ten,
    plot,
    table,
)


@pytest.fixture(scope="module")
def results() -> Any:
    return json.loads(RESULTS.read_text())


@pytest.fixture(scope="module")
def cells(results: Any) -> list[Cell]:
    return judged(results)


def test_every_cell_was_measured_twice(results: Any) -> None:
    measured = sorted(
        (run["case"], run["delay_us"], run["clients"], run["repeat"]) for run in results["cells"]
    )
    assert measured == sorted(
        (case.name, delay_us, clients, repeat)
        for case in CASES
        for delay_us in DELAYS_US
        for clients in CLIENTS
        for repeat in range(REPEATS)
    )
    assert {case.name: case.kind for case in CASES} == KINDS


def test_the_readme_shows_what_the_model_makes_of_them(cells: list[Cell]) -> None:
    found = BLOCK.search(README.read_text())
    assert found is not None
    assert found[0] == f"{found[1]}{table(cells)}{found[2]}", "run report.py"


def test_every_cell_is_told(cells: list[Cell], results: Any) -> None:
    assert CELLS.read_text() == cells_text(cells, results), "run report.py"


def test_the_plot_is_of_these_results(cells: list[Cell]) -> None:
    assert PLOT.read_text() == plot(cells), "run report.py"


def test_errors_are_percent_of_what_was_measured() -> None:
    cell = Cell("a", 0, 1, 200.0, 150.0, 0.0, 4.0, 5.0)
    assert cell.error_percent == pytest.approx(-25)
    assert cell.p99_error_percent == pytest.approx(25)
    assert nine_of_ten([float(number) for number in range(1, 21)]) == 18


def test_a_row_of_the_table() -> None:
    case = "PostgreSQL 18"
    some = [
        Cell(case, 0, 1, 100.0, 110.0, 2.0, 1.0, 1.2),  # 10 % off, p99 20 % off
        Cell(case, 0, 2, 100.0, 70.0, 4.0, 1.0, 2.0),  # 30 % off, p99 100 % off
        Cell(case, 0, 4, 100.0, 95.0, 9.0, None, 2.0),  # 5 % off, no p99
    ]
    others = [Cell(name, 0, 1, 1.0, 1.0, 0.0, None, 1.0) for name in KINDS if name != case]
    lines = table(some + others).splitlines()
    assert lines[2] == "| PostgreSQL 18 | 3 | 10.0 % | 30 % | 1 of 2 | 4.0 % |"
    assert lines[-1].startswith("| **all** | 8 | 0.0 % | 30 % | 1 of 2 |")
