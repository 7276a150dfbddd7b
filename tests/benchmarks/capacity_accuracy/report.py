"""The model's predictions held against what measure.py measured: a table and a plot.

    python -m tests.benchmarks.capacity_accuracy.report

Reads results.json; writes cells.md (every cell), accuracy.svg and the marked table in README.md.
The error of a cell is that of the prediction, in percent of the mean of the repeats; its noise is
how far the repeats lie apart, in percent of their mean.
"""

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any, Final, cast

from advisor.capacity.calibration import calibrate
from advisor.capacity.group_commit import CommitModel, Cpu, SyncLatencies, closed_loop
from advisor.capacity.latency import Latency
from advisor.output.charts.axes import draw_x_axis
from advisor.output.charts.canvas import HAIRLINE, KEY_WIDTH, LINE_HEIGHT, Canvas
from advisor.output.charts.scales import Scale, log_scale
from advisor.output.charts.text_metrics import FONT_SIZE
from advisor.units import format_count
from advisor.vendors.registry import COMMIT_SEQUENCES

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE / "results.json"
CELLS: Final = HERE / "cells.md"
PLOT: Final = HERE / "accuracy.svg"
README: Final = HERE / "README.md"
BLOCK: Final = re.compile(r"(<!-- made by capacity_accuracy -->\n).*?(<!-- end -->)", re.DOTALL)

KINDS: Final[dict[str, str]] = {
    "PostgreSQL 18": "postgresql",
    "PostgreSQL 15": "postgresql",
    "MySQL 9.7": "mysql",
    "MySQL 9.7, binary log": "mysql-binary-log",
    "MariaDB 10.11": "mariadb",
    "MariaDB 10.11, binary log": "mariadb-binary-log",
}
"""Case -> its way to commit, in the order of the tables."""

P99_NEAR_PERCENT: Final = 30.0

COLUMNS: Final = 3
PANEL_WIDTH: Final = 270.0
PANEL_HEIGHT: Final = 180.0
PANEL_GAP: Final = 18.0
FIGURES_WIDTH: Final = 50.0
"""Of the rates at the left of the panels."""

INK: Final = "#1c2430"
GRID: Final = "#dedbd3"
DELAY_COLOURS: Final = ("#440154", "#414487", "#2a788e", "#22a884", "#7ad151")
"""Dark to light for fast to slow drives: viridis, which those see who see no red or green."""


@dataclass(frozen=True)
class Cell:
    """One number of clients of one case on one drive: measured, and predicted."""

    case: str
    delay_us: int
    clients: int
    measured_tps: float
    predicted_tps: float
    noise_percent: float
    measured_p99_ms: float | None
    predicted_p99_ms: float

    @property
    def error_percent(self) -> float:
        return 100 * (self.predicted_tps / self.measured_tps - 1)

    @property
    def p99_error_percent(self) -> float | None:
        if self.measured_p99_ms is None:
            return None
        return 100 * (self.predicted_p99_ms / self.measured_p99_ms - 1)


def judged(results: dict[str, Any]) -> list[Cell]:
    """Every cell, predicted from the probe's latencies and the runs without flushes alone."""
    runs: dict[tuple[str, int, int], list[dict[str, Any]]] = {}
    for run in results["cells"]:
        runs.setdefault((run["case"], run["delay_us"], run["clients"]), []).append(run)
    order = list(KINDS)
    keys = sorted(runs, key=lambda key: (order.index(key[0]), key[1:]))
    cpus = {case: cpu_of(case, results) for case in order}
    drives = {delay_us: drive_of(delay_us, results) for delay_us in {key[1] for key in keys}}
    cells = []
    for case, delay_us, clients in keys:
        tps = [run["tps"] for run in runs[case, delay_us, clients]]
        p99_ms = [run["p99_ms"] for run in runs[case, delay_us, clients] if run["p99_ms"]]
        model = CommitModel(COMMIT_SEQUENCES[KINDS[case]])
        outcome = closed_loop(model, drives[delay_us], cpus[case], clients=clients)
        cells.append(
            Cell(
                case=case,
                delay_us=delay_us,
                clients=clients,
                measured_tps=fmean(tps),
                predicted_tps=outcome.tps,
                noise_percent=100 * (max(tps) - min(tps)) / fmean(tps),
                measured_p99_ms=fmean(p99_ms) if p99_ms else None,
                predicted_p99_ms=outcome.p99_ms,
            )
        )
    return cells


def cpu_of(case: str, results: dict[str, Any]) -> Cpu:
    """The CPU time per transaction, from the runs without flushes."""
    runs: dict[int, list[float]] = {}
    for run in results["no_flush"]:
        if run["case"] == case:
            runs.setdefault(run["clients"], []).append(run["tps"])
    tps = {clients: fmean(several) for clients, several in runs.items()}
    return calibrate(cores=results["cores"], no_flush_tps=tps)


def drive_of(delay_us: int, results: dict[str, Any]) -> SyncLatencies:
    """What the probe measured, all rounds together."""
    probes = [probe for probe in results["probes"] if probe["delay_us"] == delay_us]

    def pooled(which: str) -> Latency:
        return Latency(tuple(sorted(us for probe in probes for us in probe[which])))

    return SyncLatencies(pooled("log_us"), pooled("append_us"))


def table(cells: Sequence[Cell]) -> str:
    """What README.md here shows: a line for each case, one for each drive, and one for all."""
    lines = [
        "| | cells | median error | 9 of 10 within | p99 within 30 % | noise |",
        "|---|---|---|---|---|---|",
    ]
    for case in KINDS:
        lines.append(_row(case, (cell for cell in cells if cell.case == case)))
    for delay_us in sorted({cell.delay_us for cell in cells}):
        name = f"all, syncs {delay_us / 1000:g} ms slower" if delay_us else "all, the drive as is"
        lines.append(_row(name, (cell for cell in cells if cell.delay_us == delay_us)))
    lines.append(_row("**all**", cells))
    return "".join(f"{line}\n" for line in lines)


def _row(name: str, some: Iterable[Cell]) -> str:
    cells = list(some)
    errors = [abs(cell.error_percent) for cell in cells]
    p99s = [abs(error) for cell in cells if (error := cell.p99_error_percent) is not None]
    near = sum(error <= P99_NEAR_PERCENT for error in p99s)
    noise = median(cell.noise_percent for cell in cells)
    figures = (
        f"{len(cells)} | {median(errors):.1f} % | {nine_of_ten(errors):.0f} %"
        f" | {near} of {len(p99s)} | {noise:.1f} %"
    )
    return f"| {name} | {figures} |"


def nine_of_ten(values: Sequence[float]) -> float:
    """The 90th percentile, by nearest rank."""
    return sorted(values)[math.ceil(0.9 * len(values)) - 1]


def cells_text(cells: Sequence[Cell], results: dict[str, Any]) -> str:
    """Every cell, for who wants to know where the model misses."""
    versions = ", ".join(sorted(set(results["versions"].values())))
    lines = [
        "# Predicted against measured commits per second",
        "",
        f"Made by report.py from results.json ({results['taken_at']}, {results['cores']} cores,",
        f"kernel {results['kernel']}, seed {results['seed']}).",
        f"Servers: {versions}.",
        "",
        "| case | syncs slower by | clients | measured/s | predicted/s | error | noise"
        " | p99 measured | p99 predicted |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for cell in cells:
        p99 = "-" if cell.measured_p99_ms is None else f"{cell.measured_p99_ms:.2f} ms"
        lines.append(
            f"| {cell.case} | {cell.delay_us / 1000:g} ms | {cell.clients}"
            f" | {cell.measured_tps:.0f} | {cell.predicted_tps:.0f} | {cell.error_percent:+.1f} %"
            f" | {cell.noise_percent:.1f} % | {p99} | {cell.predicted_p99_ms:.2f} ms |"
        )
    return "".join(f"{line}\n" for line in lines)


def plot(cells: Sequence[Cell]) -> str:
    """A panel for each case: measured as dots, predicted as lines, a colour for each drive."""
    clients = sorted({cell.clients for cell in cells})
    x = Scale(clients[0] / 1.2, clients[-1] * 1.2, tuple(clients), is_log=True)
    y = log_scale([tps for cell in cells for tps in (cell.predicted_tps, cell.measured_tps)])
    delays_us = sorted({cell.delay_us for cell in cells})
    colours = dict(zip(delays_us, DELAY_COLOURS, strict=True))
    top = 4 * LINE_HEIGHT
    pitch = PANEL_HEIGHT + 4 * LINE_HEIGHT
    canvas = Canvas(
        top + -(-len(KINDS) // COLUMNS) * pitch,
        FIGURES_WIDTH + COLUMNS * (PANEL_WIDTH + PANEL_GAP),
        font_family="sans-serif",
    )
    canvas.bar(0, 0, canvas.width, canvas.height, "#ffffff")
    _draw_key(canvas, colours)
    for index, case in enumerate(KINDS):
        row, column = divmod(index, COLUMNS)
        left = FIGURES_WIDTH + column * (PANEL_WIDTH + PANEL_GAP)
        bottom = top + row * pitch + PANEL_HEIGHT
        across, up = x.between(left, left + PANEL_WIDTH), y.between(bottom, bottom - PANEL_HEIGHT)
        canvas.text(left, up.end - 6, case, colour=INK, bold=True)
        _draw_grid(canvas, across, up, with_figures=column == 0)
        for delay_us, colour in colours.items():
            some = [cell for cell in cells if (cell.case, cell.delay_us) == (case, delay_us)]
            at = [across.position(cell.clients) for cell in some]
            predicted = [up.position(cell.predicted_tps) for cell in some]
            canvas.line(zip(at, predicted, strict=True), colour, width=1.5)
            for place, cell in zip(at, some, strict=True):
                canvas.dot(place, up.position(cell.measured_tps), 3, colour)
    return canvas.svg(
        "Predicted and measured commits per second",
        "A panel for each server: commits per second over clients, for drives of different speed. "
        "Every figure is in cells.md.",
        "accuracy",
    )


def _draw_key(canvas: Canvas, colours: dict[int, str]) -> None:
    text = "commits per second, log scale; lines: predicted, dots: measured; syncs slower by"
    canvas.text(FIGURES_WIDTH, FONT_SIZE, text, colour=INK)
    for index, (delay_us, colour) in enumerate(colours.items()):
        left, y = FIGURES_WIDTH + 90.0 * index, 1.6 * LINE_HEIGHT
        canvas.line([(left, y), (left + KEY_WIDTH, y)], colour, width=1.5)
        canvas.dot(left + KEY_WIDTH / 2, y, 3, colour)
        label = f"{delay_us / 1000:g} ms"
        canvas.text(left + KEY_WIDTH + 6, y + 0.35 * FONT_SIZE, label, colour=INK)


def _draw_grid(canvas: Canvas, x: Scale, y: Scale, *, with_figures: bool) -> None:
    for tick in x.ticks:
        canvas.line(((x.position(tick), end) for end in (y.start, y.end)), GRID, width=HAIRLINE)
    for tick in y.ticks:
        level = y.position(tick)
        canvas.line([(x.start, level), (x.end, level)], GRID, width=HAIRLINE)
        if with_figures:
            baseline = level + 0.35 * FONT_SIZE
            canvas.text(x.start - 5, baseline, format_count(tick), colour=INK, anchor="end")
    draw_x_axis(canvas, x, y.start, x.ticks, format_count, "clients at once")


def main() -> None:
    results = cast("dict[str, Any]", json.loads(RESULTS.read_text()))
    cells = judged(results)
    CELLS.write_text(cells_text(cells, results))
    shown = BLOCK.sub(lambda found: found[1] + table(cells) + found[2], README.read_text())
    README.write_text(shown)
    PLOT.write_text(plot(cells))
    print(table(cells), end="")


if __name__ == "__main__":
    main()
