"""The signals that ask us to end, and how what must happen wholly is kept from them."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

ENDING_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""From the keyboard, from a service manager, from a terminal that is gone."""


@contextmanager
def signals_held_back() -> Iterator[None]:
    """They wait until the block is done, so that it happens wholly or not at all."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
