"""A soak's progress bar: told between two seconds of it, as the one of `measure` between series."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from advisor.analysis.soak_text import duration_text
from advisor.probe.soak import SoakProgress, SoakReport, tell_nobody
from advisor.units import format_count, format_latency, format_size


@contextmanager
def soak_progress_bar(*, quiet: bool) -> Iterator[SoakReport]:
    """Yields the report function of a soak. On a terminal a bar; elsewhere nothing moves."""
    if quiet or not sys.stderr.isatty():
        yield tell_nobody
        return
    # Only here: a pipe does not wait for it.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("soaking"),
        BarColumn(20),
        TextColumn("{task.fields[figures]}"),
    )
    # No refresh thread: it would compete with the measurement for the interpreter.
    with Progress(
        *columns, console=Console(stderr=True), auto_refresh=False, transient=True
    ) as bar:
        task = bar.add_task("", total=1.0, figures="filling the test files")
        bar.refresh()

        def report(soaking: SoakProgress) -> None:
            done = min(1.0, soaking.elapsed_s / soaking.duration_s)
            bar.update(task, completed=done, figures=soak_figures_text(soaking), refresh=True)

        yield report


def soak_figures_text(soaking: SoakProgress) -> str:
    """Like "at most 25 min left; 3,010/s, p99 1.2 ms, 1.4 GB written"."""
    left = duration_text(max(0.0, soaking.duration_s - soaking.elapsed_s))
    tail = "" if soaking.p99_us is None else f", p99 {format_latency(soaking.p99_us)}"
    rate, written = format_count(soaking.ops_per_s), format_size(soaking.written_bytes)
    return f"at most {left} left; {rate}/s{tail}, {written} written"
