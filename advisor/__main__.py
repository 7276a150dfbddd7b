"""The program: `fsync-advisor`, or `python -m advisor`."""

import gc
import os
from typing import NoReturn


def main() -> NoReturn:
    """Runs the command line."""
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
