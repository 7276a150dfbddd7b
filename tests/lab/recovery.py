"""What the program would have predicted of a recovery that the lab has timed."""

import re
from typing import Final

from advisor.knowledge import load_replay
from tests.lab.results import RunResult
from tests.servers.provision import SERVERS

START_S: Final = 1.5
"""What a start takes without anything to replay, about."""
REPLAYED_BYTES: Final = 10_000_000
"""A recovery of less log tells of the start, not of the replay."""
VENDOR_OF: Final = {row.name: row.vendor for row in SERVERS}
REPLAY: Final = load_replay()


def predicted_recovery_s(run: RunResult) -> float | None:
    """From the pages that the drive was measured to read and write; None where it was not, or there
    was too little to replay."""
    replayed_bytes, pages_per_s = run.replayed_bytes or 0, run.pages_per_s
    if replayed_bytes < REPLAYED_BYTES or pages_per_s is None:
        return None
    replay = REPLAY[VENDOR_OF[run.block.split()[0]]]
    settings = re.findall(r"^wal_compression = (\w+)", run.fragment, re.MULTILINE)
    per_s = replay.at(
        pages_per_s["read"],
        pages_per_s["written"],
        is_compressed=bool(settings) and settings[-1] != "off",
    )
    return START_S + replayed_bytes / per_s
