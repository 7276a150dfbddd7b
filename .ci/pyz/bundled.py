"""The start.py of a bundle, whose Python runs isolated and without `site`."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE / "packages"))
sys.argv[0] = str(HERE / "fsync-advisor")

from advisor.__main__ import main  # noqa: E402

main()
