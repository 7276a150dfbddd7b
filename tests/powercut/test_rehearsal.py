"""A handful of rehearsed cuts of real servers and of the advisor; run.py --full has many more."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.powercut import advisor_files, lying_drive
from tests.powercut.configurations import TRX, Configuration
from tests.powercut.disk import CannotRehearse, Disk, Filesystem, mounted, shelf
from tests.powercut.rehearsal import Plan, Run, rehearse
from tests.powercut.server import machine_for
from tests.servers.harness import ServerDidNotStart
from tests.support.faults import missing

FEW = 3
STRICT = ("postgresql-15", "mariadb-10.11", "mysql-9.7")


@pytest.fixture(scope="module")
def room() -> Iterator[Path]:
    with ExitStack() as stack:
        try:
            room = stack.enter_context(shelf())
        except CannotRehearse as why:
            missing(f"power cuts cannot be rehearsed: {why}")
        yield room


def run_of(
    room: Path, configuration: Configuration, plan: Plan, library: Path | None = None
) -> Run:
    run = rehearse(room, machine_for(room, configuration, library), plan)
    kinds = [one.accident for one in run.outcomes]
    assert kinds == ["power cut"] * plan.cuts + ["kill -9"]
    assert min(one.tables.acknowledged for one in run.outcomes) > 0
    return run


def faults_of(run: Run) -> list[str]:
    return [text for one in run.outcomes for text in (*one.tables.faults, *one.corruption)]


def lost(run: Run) -> list[int]:
    return [one.tables.lost.commits for one in run.outcomes]


@pytest.mark.parametrize("filesystem", ["ext4", "xfs"])
def test_a_cut_keeps_what_was_synced_and_loses_what_was_not(
    room: Path, filesystem: Filesystem
) -> None:
    disk = Disk(room, "drive", filesystem)
    with disk.plugged_in() as place:
        with (place / "synced").open("wb") as file:
            file.write(b"kept")
            file.flush()
            os.fsync(file.fileno())
        disk.settle()
        (place / "written").write_bytes(b"lost")
        cut = disk.cut(room / "cut")
        (place / "synced").write_bytes(b"later")
        disk.settle()
    with mounted(cut.image, room.parent / "after", filesystem) as place:
        assert (place / "synced").read_bytes() == b"kept"
        written = place / "written"
        assert not written.exists() or written.read_bytes() != b"lost"
    assert cut.began_s <= cut.ended_s
    assert not (room.parent / "after").exists()
    cut.image.unlink()


@pytest.mark.parametrize("server", STRICT)
def test_strict_loses_nothing(room: Path, server: str) -> None:
    run = run_of(room, Configuration(server), Plan(clients=16, cuts=FEW, seconds=2, seed=1))
    assert lost(run) == [0] * (FEW + 1)
    assert faults_of(run) == []
    for one in run.outcomes:
        assert one.log is None or one.log.commits == one.tables_only == one.log_only == 0


@pytest.mark.parametrize("server", STRICT)
def test_strict_loses_nothing_where_a_drives_cache_is_lost_too(room: Path, server: str) -> None:
    """Four cuts: nothing of the cache is kept, its oldest, any of it, parts of it."""
    plan = Plan(clients=16, cuts=4, seconds=2, seed=6, volatile=True)
    run = run_of(room, Configuration(server), plan)
    assert min(run.held) > 0
    assert lost(run) == [0] * 5
    assert faults_of(run) == []


def test_what_lies_in_a_drives_cache_goes_with_it(room: Path) -> None:
    """The same rehearsal loses commits, or the whole server, where nobody asks for a flush."""
    unsynced = Configuration("postgresql-15", changed={"fsync": "off"})
    plan = Plan(clients=1, cuts=1, seconds=2, seed=7, volatile=True)
    try:
        run = run_of(room, unsynced, plan)
    except ServerDidNotStart:
        return
    assert lost(run)[0] > 0 or faults_of(run)


def test_a_commit_that_did_not_wait_is_lost_and_nothing_else(room: Path) -> None:
    off = Configuration("postgresql-15", changed={"synchronous_commit": "off"})
    run = run_of(room, off, Plan(clients=1, cuts=FEW, seconds=2, seed=2, checkpoints=True))
    assert sum(lost(run)) > 0
    assert faults_of(run) == []


def test_a_kill_takes_what_was_not_even_written(room: Path) -> None:
    lazy = Configuration("mariadb-10.11", changed={TRX: "0"})
    run = run_of(room, lazy, Plan(clients=1, cuts=1, seconds=2, seed=3, filesystem="xfs"))
    assert run.outcomes[-1].accident == "kill -9"
    assert lost(run)[-1] > 0
    assert run.outcomes[-1].log_only > 0
    assert faults_of(run) == []


def test_a_drive_that_lies_loses_what_strict_promised_and_is_found_out(room: Path) -> None:
    library = lying_drive.compile_lying_drive(room.parent)
    plan = Plan(clients=1, cuts=FEW, seconds=2, seed=4)
    run = run_of(room, Configuration("postgresql-15", lying=True), plan, library)
    cuts = lost(run)[:FEW]
    assert min(cuts) > 0
    measured = lying_drive.measured(library, Disk(room, "measured", "ext4"))
    found = lying_drive.judged(measured)
    assert found["trust"] == "suspicious"
    assert {"flush-accounting", "ratio"} <= set(found["checks"])
    # Beside busy neighbours it may take longer than the 5 us of profiles/storage/trust.toml.
    primary = measured.primary
    assert primary is not None
    assert primary.summary.p50_us is not None
    assert ("not-reaching-a-device" in found["checks"]) == (primary.summary.p50_us < 5)


@pytest.mark.parametrize(
    ("command", "filesystem", "cuts"),
    [("import", "xfs", 6), ("apply", "ext4", 6), ("recommend", "ext4", 4), ("measure", "xfs", 4)],
)
def test_after_a_cut_the_advisors_file_is_the_old_one_or_the_new_one(
    room: Path, command: str, filesystem: Filesystem, cuts: int
) -> None:
    rehearsal = advisor_files.rehearse(room, filesystem, command, cuts, seed=5)
    assert len(rehearsal.left) == cuts
    assert rehearsal.wrong() == []
