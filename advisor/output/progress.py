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
        TextColumn("{task.description}"),
        BarColumn(20),
        TextColumn("{task.fields[figures]}"),
    )
    # No refresh thread: it would compete with the measurement for the interpreter.
    with Progress(
        *columns, console=Console(stderr=True), auto_refresh=False, transient=True
    ) as bar:
        task = bar.add_task("starting", total=1.0, figures="")

        def report(measuring: Measuring) -> None:
            bar.update(
                task,
                completed=measuring.budget_fraction,
                description=activity_text(measuring),
                figures=figures_text(measuring),
                refresh=True,
            )

        yield report


def activity_text(measuring: Measuring) -> str:
    """Like "8 KiB overwrite + fdatasync, 4 of 12"."""
    if measuring.series_number is None:
        return measuring.activity
    return f"{measuring.activity}, {measuring.series_number} of {measuring.series_total}"


def figures_text(measuring: Measuring) -> str:
    """Like "at most 12 s left; 609/s, mean 1.64 ms"."""
    left = f"at most {measuring.left_s:.0f} s left"
    if measuring.ops_per_s is None or measuring.mean_us is None:
        return left
    rate, mean = format_count(measuring.ops_per_s), format_latency(measuring.mean_us)
    return f"{left}; {rate}/s, mean {mean}"
