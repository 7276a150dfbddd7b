"""Which transactions a binary log has whole: logs made by hand, cut and torn."""

import zlib
from pathlib import Path

import pytest

from tests.powercut.binary_log import logged

FORMAT, QUERY, XID, ROWS_QUERY, ANNOTATE = 15, 2, 16, 29, 160


def event(kind: int, body: bytes = b"", *, checksum: int | None = None) -> bytes:
    """An event as the servers write it; only its type, its length and its checksum matter here."""
    size_bytes = 19 + len(body) + 4
    head = bytes(4) + bytes([kind]) + bytes(4) + size_bytes.to_bytes(4, "little") + bytes(6)
    right = zlib.crc32(head + body)
    return head + body + (right if checksum is None else checksum).to_bytes(4, "little")


def commit(client: int, number: int, kind: int = ROWS_QUERY) -> bytes:
    statement = f"INSERT INTO powercut.commits VALUES ({client},{number},'ppp')".encode()
    update = b"UPDATE powercut.counters SET commits = 1 WHERE client = 0"
    return event(QUERY, b"BEGIN") + event(kind, statement) + event(kind, update) + event(XID)


def log(*events: bytes) -> bytes:
    # What a server writes at the beginning of a file that is in use has a flag after the checksum.
    return b"\xfebin" + event(FORMAT, b"10.11", checksum=0) + b"".join(events)


def test_all_files_of_a_folder_are_read(tmp_path: Path) -> None:
    (tmp_path / "binlog.000001").write_bytes(log(commit(0, 0), commit(1, 0, ANNOTATE)))
    (tmp_path / "binlog.000002").write_bytes(log(commit(0, 1)))
    (tmp_path / "binlog.index").write_bytes(log(commit(7, 7)))
    assert logged(tmp_path) == {(0, 0), (1, 0), (0, 1)}


WHOLE = log(commit(0, 0), commit(0, 1))


@pytest.mark.parametrize(
    "content",
    [
        WHOLE,
        WHOLE + commit(0, 2)[:-1],  # its end is missing
        WHOLE + commit(0, 2)[: -len(event(XID))],  # never ended
        WHOLE + bytes(4096),  # room that the file system gave and nobody filled
        WHOLE + event(XID, checksum=1) + commit(0, 2),
        WHOLE + b"\xff" * 100,
    ],
    ids=["whole", "torn", "open", "zeros", "checksum", "length"],
)
def test_it_is_read_up_to_the_first_event_that_is_not_whole(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "binlog.000001").write_bytes(content)
    assert logged(tmp_path) == {(0, 0), (0, 1)}


@pytest.mark.parametrize("content", [b"", b"\xfe", b"\xfebin", bytes(100)])
def test_a_file_that_was_never_written_has_nothing(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "binlog.000001").write_bytes(content)
    assert logged(tmp_path) == set()
