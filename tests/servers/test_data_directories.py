"""The hint that a running server keeps its data elsewhere than where was measured."""

from pathlib import Path

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
