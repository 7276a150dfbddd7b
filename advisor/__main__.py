"""The program: `fsync-advisor`, or `python -m advisor`."""

import gc
import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Runs the command line."""
    if sys.version_info < (3, 10):  # noqa: UP036 - in a checkout nothing else says it
        this = sys.version.split()[0]
        sys.exit(f"fsync-advisor needs Python 3.10 or later; {sys.executable} is {this}")
    # A short life makes little garbage, and no collection may fall into a measurement.
    gc.disable()
    # Nor is it pydantic's plugins' business, should the host have any, what a file of ours means.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    from advisor.cli import main as run
    from advisor.standard_streams import prepare_standard_streams

    prepare_standard_streams()
    try:
        run()
    finally:
        # The interpreter collects once more as it ends; what is left need not be looked through.
        gc.freeze()


if __name__ == "__main__":
    main()
