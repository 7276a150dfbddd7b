"""Whether a command line above a report is that run's: one difference at a time, by hand."""

from dataclasses import replace
from typing import Final

import pytest

from advisor.importers.fio_command import Run, contradiction, options_of

COMMAND: Final = (
    "--name=wal --filename=/dev/sdb --rw=write --bs=8k --size=4m --ioengine=psync --fdatasync=1"
)
RUN: Final = Run(
    name="wal",
    announced={"rw": "write", "ioengine": "psync", "iodepth": "1"},
    block_bytes=8192,
    jobs=1,
    writes=512,
    time_ms=173,
    counts_syncs=True,
    synced_by="fdatasync",
    disks=frozenset({"sdb"}),
)


def difference(command: str, run: Run) -> str:
    return contradiction(options_of(command), run)


def test_the_run_of_the_command_is_not_contradicted() -> None:
    assert difference(COMMAND, RUN) == ""


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (COMMAND.replace("wal", "log"), "its name= is log, not wal"),
        (COMMAND.replace("rw=write", "readwrite=randwrite"), "rw=randwrite there, write here"),
        (COMMAND.replace("psync", "libaio"), "ioengine=libaio there, psync here"),
        (COMMAND + " --iodepth=4", "iodepth=4 there, 1 here"),
        (COMMAND.replace("bs=8k", "bs=16k"), "bs=16k there, 8192 bytes here"),
        (COMMAND.replace("--bs=8k", ""), "bs=4k there, 8192 bytes here"),
        (COMMAND + " --numjobs=4 --group_reporting", "4 jobs there, 1 here"),
        (COMMAND.replace("sdb", "sdc"), "filename=/dev/sdc there, sdb here"),
        (COMMAND.replace("size=4m", "size=8m"), "size=8m there, 512 writes here"),
        (COMMAND.replace("size=4m", "size=2m"), "size=2m there, 512 writes here"),
        (COMMAND + " --runtime=60 --time_based", "runtime=60 there, 0.173 s here"),
        (COMMAND.replace("fdatasync", "fsync"), "fsync there, fdatasync here"),
        (COMMAND.replace("--fdatasync=1", "--sync=dsync"), "no sync there, fdatasync here"),
    ],
)
def test_a_command_of_another_run_is_found_out(command: str, said: str) -> None:
    assert difference(command, RUN) == said


def test_a_run_without_syncs_is_not_one_with_them() -> None:
    unsynced = replace(RUN, synced_by=None)
    assert difference(COMMAND, unsynced) == "fdatasync=1 there, no sync here"
    # Before 3.4 no sync is counted, so none that is shown says nothing.
    assert difference(COMMAND, replace(unsynced, counts_syncs=False)) == ""


def test_a_run_that_went_on_for_long_was_another() -> None:
    command = COMMAND.replace("--size=4m", "--size=1g --runtime=10")
    assert difference(command, replace(RUN, time_ms=10_400)) == ""
    assert difference(command, replace(RUN, time_ms=60_000)) == "runtime=10 there, 60 s here"


@pytest.mark.parametrize(
    "command",
    [
        COMMAND.replace("--", "-"),
        COMMAND.replace("--name=wal", '--name="wal"'),
        COMMAND.replace("bs=8k", "bs=8KiB").replace("size=4m", "size=4M"),
        COMMAND.replace("/dev/sdb", "/dev/sdb1"),
        COMMAND.replace("/dev/sdb", "/dev/disk/by-id/x"),
        COMMAND.replace("bs=8k", "bs=4k,8k,4k"),
        COMMAND + " --numjobs=1 --direct=1",
    ],
)
def test_the_same_run_spelt_otherwise(command: str) -> None:
    assert difference(command, RUN) == ""


def test_several_jobs_or_none_tell_nothing() -> None:
    assert options_of(COMMAND + " --name=second --rw=read") == {}
    assert options_of("--rw=write --fdatasync=1") == {}
