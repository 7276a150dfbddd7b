"""What is being done, on stderr: a build takes minutes, most of them in other programs."""

import sys
import time

BEGAN_S = time.monotonic()


def tell(text: str) -> None:
    """A line, with how long it has taken until now."""
    print(f"{elapsed_s():4.0f} s  {text}", file=sys.stderr, flush=True)


def elapsed_s() -> float:
    """Since the builder was started."""
    return time.monotonic() - BEGAN_S
