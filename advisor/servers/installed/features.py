"""What an installed PostgreSQL was built with: by the values it offers, without a data directory.

MySQL and MariaDB do not tell short of a start; for them only --build does.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from advisor.servers.installed.detect import Installed, ask
from advisor.versions import Feature, NumericVersion

OFFERED_BY: Final[tuple[tuple[str, NumericVersion, Mapping[str, Feature]], ...]] = (
    ("wal_compression", (15,), {"lz4": "lz4", "zstd": "zstd"}),
    ("io_method", (18,), {"io_uring": "liburing"}),
)
"""Setting, since when it is an enum, and which of its values needs which feature."""


def detect_features(installed: Installed) -> dict[Feature, bool]:
    """Feature -> whether the server was built with it; absent where it cannot be told."""
    found: dict[Feature, bool] = {}
    if installed.vendor != "postgresql":
        return found
    for setting, since, features in OFFERED_BY:
        if installed.version >= since and (values := _offered(installed.program, setting)):
            found |= {feature: value in values for value, feature in features.items()}
    return found


def _offered(program: Path, setting: str) -> frozenset[str]:
    """The values of an enum: asked for one that none has, the server lists them.

    -C comes first, for then even root may ask; the configuration is empty, so nobody's is read.
    """
    asked = ["-C", setting, "-c", f"{setting}=?", "-c", "config_file=/dev/null", "-D", "/"]
    complaint = ask(program, *asked, complaint=True)
    listed = re.search(r"Available values: (.*?)\.?$", complaint, re.MULTILINE)
    return frozenset(listed[1].split(", ")) if listed else frozenset()
