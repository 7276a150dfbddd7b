"""What the program would have predicted of a recovery that the lab has timed."""

import re
from typing import Final

from advisor.analysis.recovery import Replay
from advisor.knowledge import load_replay
from tests.lab.drives import measured_drive
from tests.lab.prediction import BYTES_PER_SCALE
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
    is_compressed = _last(run, "wal_compression") not in {None, "off"}
    reads_none = _last(run, "recovery_prefetch") == "off"
    per_s = replay.at(
        pages_per_s["read"],
        pages_per_s["written"],
        _filled_bytes_per_s(run) if reads_none else 0.0,
        is_compressed=is_compressed,
        written_share=_written_share(run, replay, is_compressed) if reads_none else 0.0,
    )
    return START_S + replayed_bytes / per_s


def _written_share(run: RunResult, replay: Replay, is_compressed: bool) -> float:
    """Of the pages of a pgbench load, which its block ends with: "postgresql-15 hdd-7200
    tpcb-16-50"."""
    data_bytes = int(run.block.rpartition("-")[2]) * BYTES_PER_SCALE["tpcb"]
    whole = (run.replayed_bytes or 0) / (replay.compressed_share if is_compressed else 1)
    return min(1.0, whole / data_bytes)


def _filled_bytes_per_s(run: RunResult) -> float:
    """What its drive writes in sequence."""
    drive = measured_drive(run.block.split()[1])
    return drive.fill.bytes_per_s if drive and drive.fill else 0.0


def _last(run: RunResult, setting: str) -> str | None:
    """The value that its fragment gives last."""
    values = re.findall(rf"^{setting} = (\w+)", run.fragment, re.MULTILINE)
    return values[-1] if values else None
