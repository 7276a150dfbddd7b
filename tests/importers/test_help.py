"""`import --help` names every tool whose reports are read."""

import pytest

from advisor.importers.formats import FORMATS
from tests.support.command_line import run

TOOLS = (
    "classic fsync script",
    "pg_test_fsync",
    "fio 2.x, 3.x           the write rate of a job with fdatasync=1",
    "JSON, JSON+, text",  # fio's two formats
    "sysbench fileio",
    "ioping",
    "iotune",
    "dd, its command line",
    "etcd /metrics",
    "ext4dist, xfsdist",
)


def test_the_help_names_every_tool(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "import", "--help")
    assert status == 0
    assert [tool for tool in TOOLS if tool not in out] == []
    assert len(TOOLS) == len(FORMATS)
    assert max(map(len, out.splitlines())) <= 80
