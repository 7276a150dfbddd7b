"""The hint that a running server keeps its data elsewhere than where was measured."""

import shutil
import subprocess
from pathlib import Path

import pytest

from advisor.probe.data_directories import on_other_devices, running
from tests.servers.harness import Server

IN_MEMORY = Path("/dev/shm")


def test_a_running_server_is_found_by_its_data_directory(server: Server) -> None:
    fragment = {"mysql": "[mysqld]\n", "mariadb": "[mariadb]\n"}.get(server.vendor, "")
    with server.running(fragment) as instance:
        data = instance.place.data
        assert data in [found.directory for found in running()]
        assert data in [found.directory for found in on_other_devices(IN_MEMORY)]
        assert data not in [found.directory for found in on_other_devices(data)]
    assert data not in [found.directory for found in running()]


def test_a_directory_that_is_gone_is_compared_with_none(tmp_path: Path) -> None:
    assert on_other_devices(tmp_path / "gone") == []


@pytest.mark.parametrize(("folder", "is_found"), [("data", True), ("verify-fsync-0a1b", False)])
def test_our_own_temporary_servers_are_left_out(
    tmp_path: Path, folder: str, is_found: bool
) -> None:
    """A process of a server's name in a directory like a server's."""
    data = tmp_path / folder / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("15\n")
    program = tmp_path / "postgres"
    shutil.copy(shutil.which("sleep") or "", program)
    process = subprocess.Popen([program, "60"], cwd=data)
    try:
        assert (data in [found.directory for found in running()]) == is_found
    finally:
        process.kill()
        process.wait()
