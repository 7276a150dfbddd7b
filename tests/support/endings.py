"""How a benchmark ends that somebody ends: with all that it has started and mounted."""

import signal
import sys
from types import FrameType
from typing import Final

ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_by_exceptions() -> None:
    """From now on what asks it to end raises SystemExit, so that every `with` is left."""
    for number in ENDING:
        signal.signal(number, _end)


def _end(number: int, _: FrameType | None) -> None:
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)  # a second one would cut the clearing up short
    sys.exit(f"ended by {signal.Signals(number).name}")
