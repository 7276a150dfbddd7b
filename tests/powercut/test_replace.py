"""A durable replace under power cuts, on a drive whose cache goes with the power: what is lost
without each step, and nothing with all of them.

What advisor/capacity/durable_replace.py says of each step is shown here.
"""

import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import get_args

import pytest

from advisor.probe.replacing import FILE_NAME, replace_file
from tests.powercut.disk import Filesystem
from tests.powercut.replaced_file import (
    BLOCK_BYTES,
    NEW,
    OLD,
    ZEROS,
    CuttableDirectory,
    block,
    cuttable_directory,
    syncs_left_out,
)
from tests.powercut.volatile_disk import DRIVE
from tests.support.emulated_drive import (
    CannotEmulate,
    CutMode,
    compile_drive,
    emulated_drive,
)
from tests.support.faults import missing

MODES: Sequence[CutMode] = get_args(CutMode)
CUTS = 8


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drive")
    try:
        program = compile_drive(folder)
        with emulated_drive(program, DRIVE, folder, size_bytes=64 << 20):
            return program
    except CannotEmulate as error:
        missing(str(error))


PlugIn = Callable[..., CuttableDirectory]


@pytest.fixture
def plugged_in(program: Path, tmp_path: Path) -> Iterator[PlugIn]:
    with ExitStack() as stack:

        def plug_in(filesystem: Filesystem, options: Sequence[str] = ()) -> CuttableDirectory:
            return stack.enter_context(cuttable_directory(program, tmp_path, filesystem, options))

        yield plug_in


@pytest.mark.parametrize("filesystem", ["ext4", "xfs"])
def test_with_all_steps_nothing_is_lost(plugged_in: PlugIn, filesystem: Filesystem) -> None:
    """Whether a cut keeps nothing of the cache, its oldest, any of it, or parts of it."""
    directory = plugged_in(filesystem)
    for mode in MODES:
        content = mode.encode().ljust(BLOCK_BYTES, b"n")
        replace_file(directory.fd, block(content))
        assert directory.cut(mode) == content


@pytest.mark.parametrize(
    ("filesystem", "options", "may_be_left"),
    [
        ("xfs", (), {b""}),
        ("ext4", ("noauto_da_alloc",), {b""}),
        # ext4 begins to write what is renamed over another (docs.kernel.org/admin-guide/ext4.html);
        # README.md has how often that was too late.
        ("ext4", (), {b"", ZEROS, NEW}),
    ],
)
def test_without_the_files_sync_the_name_leads_to_nothing(
    plugged_in: PlugIn, filesystem: Filesystem, options: Sequence[str], may_be_left: set[bytes]
) -> None:
    directory = plugged_in(filesystem, options)
    with syncs_left_out(stat.S_ISREG):
        replace_file(directory.fd, block(NEW))
    assert directory.cut() in may_be_left


@pytest.mark.parametrize("filesystem", ["ext4", "xfs"])
def test_without_the_directorys_sync_the_old_file_is_back(
    plugged_in: PlugIn, filesystem: Filesystem
) -> None:
    directory = plugged_in(filesystem)
    with syncs_left_out(stat.S_ISDIR):
        replace_file(directory.fd, block(NEW))
    assert (directory.place / FILE_NAME).read_bytes() == NEW
    assert directory.cut() == OLD


@pytest.mark.parametrize("filesystem", ["ext4", "xfs"])
def test_without_another_name_a_crash_finds_neither_file(
    plugged_in: PlugIn, filesystem: Filesystem
) -> None:
    """Written over in place; half of it is written when somebody else syncs, and the power goes."""
    directory = plugged_in(filesystem)
    with (directory.place / FILE_NAME).open("wb", buffering=0) as file:
        file.write(NEW[: BLOCK_BYTES // 2])
        with (directory.place / "other").open("wb") as other:
            os.fsync(other.fileno())
        left = directory.cut()
    assert left not in (OLD, NEW)
    assert len(left) <= BLOCK_BYTES // 2


@pytest.mark.parametrize("filesystem", ["ext4", "xfs"])
def test_at_any_instant_it_is_the_old_file_or_the_new_one(
    plugged_in: PlugIn, filesystem: Filesystem
) -> None:
    """One file after another, each with its number in all of it: after a cut it is the last that
    was confirmed before, or one of those that were under way, whole."""
    directory = plugged_in(filesystem)
    confirmed, ending = [0], threading.Event()

    def keep_replacing() -> None:
        while not ending.is_set():
            number = confirmed[0] + 1
            replace_file(directory.fd, block(number.to_bytes(4, "big") * (BLOCK_BYTES // 4)))
            confirmed[0] = number

    writer = threading.Thread(target=keep_replacing)
    writer.start()
    try:
        for turn in range(CUTS):
            while confirmed[0] <= turn and writer.is_alive():
                time.sleep(0.001)
            before = confirmed[0]
            left = directory.cut(MODES[turn % len(MODES)])
            after = confirmed[0] + 1
            number = int.from_bytes(left[:4], "big")
            assert left == left[:4] * (BLOCK_BYTES // 4)
            assert before <= number <= after
    finally:
        ending.set()
        writer.join()
    assert confirmed[0] > CUTS
