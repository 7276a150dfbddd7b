"""What `fleet recommend` writes for a group, and for a host of it, starts on real servers."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from tests.servers.harness import Server
from tests.servers.test_verify import verified
from tests.support.command_line import run
from tests.support.paths import MEASUREMENTS
from tests.support.simulated_fleet import varied

SETTINGS: Final[Mapping[VendorName, set[str]]] = {
    "postgresql": {"max_wal_size", "shared_buffers"},
    "mysql": {"innodb_io_capacity", "innodb_redo_log_capacity", "innodb_buffer_pool_size"},
    "mariadb": {
        *("innodb_io_capacity", "innodb_log_file_size", "innodb_buffer_pool_size"),
        "rpl_semi_sync_master_wait_point",
    },
}
"""What must be among the lines: the group's values between those of two hosts, a host's own, and
what the cluster needs."""
CLUSTERS: Final[Mapping[VendorName, str]] = {
    "postgresql": "sync-standby",
    "mysql": "group-replication",
    "mariadb": "semi-sync",
}


@pytest.fixture
def fragments(
    one_of_each: Server,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """Of a group of twelve, where values lie between those of two hosts, and of its first host."""
    monkeypatch.chdir(tmp_path)
    text = (MEASUREMENTS / "nvme-plp.json").read_text()
    Path("results").mkdir()
    for n in range(12):
        Path(f"results/db-{n}.json").write_text(varied(text, 1 + n / 37))
    hosts = json.dumps([f"db-{n}" for n in range(12)])
    version = one_of_each.name.rpartition("-")[2]
    cluster = CLUSTERS[one_of_each.vendor]
    Path("g.toml").write_text(
        f'[oltp]\nhosts = {hosts}\ndb_version = "{version}"\ncluster = "{cluster}"\n'
    )
    arguments = ("--db", one_of_each.vendor, "--groups", "g.toml", "--memory", "1GB")
    status, _, err = run(
        capsys, "fleet", "recommend", *arguments, "--output", "out", "--quiet", "results"
    )
    assert (status, err) == (0, "")
    return tmp_path / "out"


def test_a_group_s_fragment_and_a_host_s_are_accepted_as_written(
    one_of_each: Server, fragments: Path
) -> None:
    suffix = VENDORS[one_of_each.vendor].config_suffix
    group = (fragments / f"oltp{suffix}").read_text()
    own = (fragments / f"hosts/db-0{suffix}").read_text()
    # As Ansible's role puts them on a host: one file.
    done = verified(one_of_each, f"{group}\n{own}", "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert {line["verdict"] for line in found["lines"]} == {"ok"}
    assert {line["setting"] for line in found["lines"]} >= SETTINGS[one_of_each.vendor]
