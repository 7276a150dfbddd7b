"""axe-core, which checks a page for those who cannot see it, or see it badly.

    python -m tests.browser.axe

puts it into the cache folder of the tests. It is injected into a page under test, never shipped.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.servers.fetching import UnavailableError, call
from tests.servers.npm import pack_npm
from tests.servers.provision import cache_folder

VERSION: Final = "4.14.1"


def axe_script() -> Path:
    """Where it is kept."""
    return cache_folder() / f"axe-core-{VERSION}.min.js"


def provision() -> None:
    """Fetch it, unless it is there."""
    if axe_script().exists():
        return
    cache_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_folder()) as work:
        archive = pack_npm("axe-core", VERSION, Path(work))
        call(["tar", "-xzf", str(archive), "-C", work, "package/axe.min.js"])
        (Path(work) / "package" / "axe.min.js").replace(axe_script())


def main() -> int:
    """1 when it is missing and must not be."""
    try:
        provision()
    except UnavailableError as reason:
        print(f"axe-core: skipped: {reason}")
        return int(os.environ.get("CI") == "true")
    print(f"axe-core: ready (npm, axe-core@{VERSION})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
