"""A file in the place of another: what a durable replace needs, and what is lost without it. Pure.

tests/powercut/test_replace.py cuts the power on each step left out.
"""

from typing import Final

from advisor.capacity.results import Assumed
from advisor.model import Model
from advisor.vendors.commits import REPLACE_SYNCS


class ReplaceStep(Model):
    """One step, and what a crash may leave where it is left out."""

    do: str
    without: str


STEPS: Final = (
    ReplaceStep(
        do="write the new file under another name in the same directory",
        without="a file that is written over in place is empty, short or half old after a crash",
    ),
    ReplaceStep(
        do="sync it (fsync)",
        without="the name may lead to an empty or short file after a crash, or to zeros: ext4's"
        " auto_da_alloc makes that rarer and did not prevent it when the power was cut, and XFS"
        " left an empty file each time (tests/powercut)",
    ),
    ReplaceStep(
        do="rename it over the old one",
        without="readers, and a crash, find the old file",
    ),
    ReplaceStep(
        do="sync the directory (fsync of a descriptor of it)",
        without="the old file may be back after a crash, although the new one was confirmed",
    ),
)
SOURCES: Final = (
    "https://pubs.opengroup.org/onlinepubs/9799919799/functions/rename.html",
    "https://pubs.opengroup.org/onlinepubs/9799919799/functions/fsync.html",
    "https://man7.org/linux/man-pages/man2/fsync.2.html",
    "https://docs.kernel.org/admin-guide/ext4.html",
    "https://github.com/postgres/postgres/blob/REL_17_STABLE/src/backend/storage/file/fd.c",
    "https://www.usenix.org/conference/osdi14/technical-sessions/presentation/pillai",
)


class DurableReplace(Model):
    """What one takes on a drive, and how it is done."""

    replace_us: Assumed
    """Its mean; assumed: two syncs of a file that grows, or of one that does not where `is_low`."""
    is_low: bool = False
    """Whether syncs of a file that grows were not measured, either."""
    steps: tuple[ReplaceStep, ...] = STEPS
    sources: tuple[str, ...] = SOURCES


def assumed_text(*, is_low: bool) -> str:
    """What is assumed where a durable replace was not measured."""
    if is_low:
        return (
            "assumed: two syncs of a file that does not grow, for nothing else was measured;"
            " a replace takes longer"
        )
    return "assumed: two syncs of a file that grows"


def replace_us(measured_us: float | None, sync_us: float) -> Assumed:
    """What one takes: its mean where it was measured, else two syncs of `sync_us`."""
    if measured_us is None:
        return Assumed(value=REPLACE_SYNCS * sync_us, source="assumed")
    return Assumed(value=measured_us, source="as measured")
