"""The program: `fsync-advisor`, or `python -m advisor`."""

import gc
from typing import NoReturn


def main() -> NoReturn:
    """Runs the command line."""
    # A short life makes little garbage, and no collection may fall into a measurement.
    gc.disable()
    from advisor.cli import main as run

    run()


if __name__ == "__main__":
    main()
