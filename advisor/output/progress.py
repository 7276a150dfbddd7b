"""A progress bar on stderr that never works while the drive is measured."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from advisor.probe.progress import Progress as Measuring
from advisor.probe.progress import ProgressReport, ignore
from advisor.units import format_count, format_latency


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[ProgressReport]:
    """Yields the probe's report function. On a terminal a bar; elsewhere nothing moves."""
    if quiet or not sys.stderr.isatty():
        yield ignore
        return
    # Only here: a pipe does not wait for it.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description:<32}"),
        BarColumn(20),
        TextColumn("{task.fields[now]}"),
    )
    # No refresh thread: it would compete with the measurement for the interpreter.
    with Progress(
        *columns, console=Console(stderr=True), auto_refresh=False, transient=True
    ) as bar:
        task = bar.add_task("starting", total=1.0, now="")

        def report(measuring: Measuring) -> None:
            bar.update(
                task,
                completed=measuring.budget_fraction,
                description=measuring.activity,
                now=_estimate(measuring),
                refresh=True,
            )

        yield report


def _estimate(measuring: Measuring) -> str:
    if measuring.ops_per_s is None or measuring.mean_us is None:
        return ""
    return f"{format_count(measuring.ops_per_s)}/s, mean {format_latency(measuring.mean_us)}"
