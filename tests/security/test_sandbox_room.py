"""verify on a small drive: what a fragment has the server take is reserved, or the server ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.security.fake_servers import FakeServer, fake_server
from tests.support.command_line import advisor
from tests.support.loop_mount import tmpfs_mount

MIB: Final = 1024**2
SIZE_MIB: Final = 600
"""Of the drive; half of it may be taken."""

TAKES: Final = {
    "innodb_data_file_path = ibdata1:2900M": "innodb_data_file_path = ibdata1:2900M would take"
    " 2.83 GB of disk at the start",
    "innodb_data_file_path = ibdata1:200M;ibdata2:150M:autoextend:max:1G": "would take 350 MB",
    "innodb_temp_data_file_path = ibtmp1:1G:autoextend": "would take 1 GB",
    "innodb_redo_log_capacity = 400M": "would take 400 MB",
    "innodb-doublewrite-files = 200": "would take 1.56 GB",
    "innodb_redo_log_capacity = 200M\ninnodb_temp_data_file_path = ibtmp1:150M": "would take"
    " 200 MB of disk at the start, the 2 such lines 350 MB; ",
}


@dataclass(frozen=True)
class SmallDrive:
    """A server's program, and a drive for its temporary places."""

    server: FakeServer
    point: Path

    def verified(self, text: str) -> str:
        """Why verify tells nothing of a fragment; nothing may be left of it."""
        asked = ("verify", "--db", self.server.vendor, "-", "--server", str(self.server.program))
        done = advisor(*asked, text=text, places=self.point)
        assert (done.returncode, done.stdout) == (1, "")
        assert "Traceback" not in done.stderr
        assert list(self.point.iterdir()) == []
        return done.stderr


@contextmanager
def small_drive(vendor: str) -> Iterator[SmallDrive]:
    with fake_server(vendor) as server, tmpfs_mount(server.folder, SIZE_MIB, "mode=755") as point:
        yield SmallDrive(server, point)


@pytest.mark.parametrize("lines", TAKES)
def test_lines_that_would_take_more_than_half_of_the_free_space_are_refused(lines: str) -> None:
    with small_drive("mysql") as drive:
        drive.server.write("touch $MARKS/started; exit 1")
        said = drive.verified(f"[mysqld]\n{lines}\n")
        assert TAKES[lines] in said
        assert f"{drive.point} has 600 MB" in said
        assert "name a larger place in TMPDIR" in said
        assert drive.server.marked() == {}


@pytest.mark.parametrize(
    "lines",
    ["innodb_data_file_path = ibdata1:12M:autoextend:max:50G", "innodb_redo_log_capacity = 200M"],
)
def test_lines_that_take_less_are_tried(lines: str) -> None:
    with small_drive("mysql") as drive:
        drive.server.write("touch $MARKS/started; exit 1")
        drive.verified(f"[mysqld]\n{lines}\n")
        assert list(drive.server.marked()) == ["started"]


def test_no_file_grows_beyond_what_may_be_taken() -> None:
    with small_drive("postgresql") as drive:
        grows = 'head -c 400M /dev/zero > "$2/big"; stat -c %s "$2/big" > $MARKS/size; exit 3'
        drive.server.write("exit 1", initdb=grows)
        drive.verified("fsync = on\n")
        size_bytes = int(drive.server.marked()["size"])
    assert size_bytes == pytest.approx(SIZE_MIB * MIB / 2, rel=0.02)


FILLS: Final = """
for number in 1 2 3; do head -c 150M /dev/zero > "$2/$number"; done
sleep 300
"""


def test_a_server_that_fills_the_drive_with_several_files_is_ended() -> None:
    with small_drive("postgresql") as drive:
        drive.server.write(FILLS)
        said = drive.verified("fsync = on\n")
        assert f"while the server started, the free space of {drive.point} fell below" in said
