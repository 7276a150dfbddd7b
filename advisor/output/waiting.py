"""One line on a terminal that says what is being computed, and goes away."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def working_on(what: str, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Yields a function that is told the next step. Silent with `quiet`, and off a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda step: None
        return
    from rich.console import Console

    with Console(stderr=True).status(what) as status:
        yield lambda step: status.update(f"{what}: {step}")
