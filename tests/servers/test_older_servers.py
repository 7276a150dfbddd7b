"""The oldest syntax that we write, on servers that are older still.

No archive has the oldest releases of our rules, MySQL 5.7 and MariaDB 10.6. MySQL 5.6 and MariaDB
10.5 stand in for them: what is written for the former is shown to the latter by `verify`. What they
refuse is in REFUSED, typed by hand, with the reason; nothing else may be anything but ok. For users
of these servers we write nothing: `recommend` refuses them.
"""

from collections.abc import Mapping
from typing import Final

import pytest

from advisor.output.fragment import render_fragment
from advisor.servers.config.fragment import parse_fragment
from advisor.servers.installed.detect import Installed
from advisor.servers.sandbox.verify import verify_fragment
from advisor.vendors.names import VendorName
from advisor.versions import parse_version
from tests.servers.harness import server_named, version_of
from tests.servers.scenarios import GB, Scenario, advice_for
from tests.servers.test_verify import program_of

REFUSED: Final[Mapping[tuple[str, str], Mapping[str, str]]] = {
    # The oldest rules: nothing that these servers do not have.
    ("mysql-5.6", "5.7.44"): {},
    ("mariadb-10.5", "10.6.22"): {},
    # And what came later does stop them.
    ("mysql-5.6", "8.0.29"): {"innodb_use_fdatasync": "since MySQL 8.0.26"},
    ("mysql-5.6", "9.7.4"): {"innodb_redo_log_capacity": "since MySQL 8.0.30"},
}
"""Server, and version whose fragments it is given -> the lines it refuses, and why."""

SETTINGS: Final[Mapping[tuple[str, str], int]] = {
    ("mysql-5.6", "5.7.44"): 9,
    ("mariadb-10.5", "10.6.22"): 8,
}
"""How many settings the oldest fragments have, all drives together."""

SCENARIOS: Final = (
    Scenario("hdd", memory_bytes=GB),
    Scenario("nvme-plp", "loses-recent-on-power-loss", memory_bytes=GB),
    Scenario("sata-ssd-consumer", "loses-recent-on-crash", memory_bytes=GB),
)
"""Each durability class, on drives with rules of their own."""


def vendor_of(name: str) -> VendorName:
    return "mysql" if name.startswith("mysql") else "mariadb"


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
@pytest.mark.parametrize(("name", "version"), REFUSED)
def test_an_older_server_takes_all_but_the_lines_that_are_listed(
    name: str, version: str, scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = server_named(name)
    advice = advice_for(server.vendor, parse_version(version), scenario)
    text = render_fragment(advice, explain=True)
    with program_of(server) as (program, places):
        monkeypatch.setenv("TMPDIR", str(places))
        installed = Installed(server.vendor, version_of(server), program)
        found = verify_fragment(parse_fragment(text, "zz-fsync.cnf", server.vendor), installed)
    emitted = [entry.setting for entry in advice.settings if entry.emitted]
    assert [entry.setting for entry in found.lines] == emitted
    verdicts = {entry.setting: entry.verdict for entry in found.lines if entry.verdict != "ok"}
    assert verdicts == dict.fromkeys(REFUSED[name, version], "refused"), found


@pytest.mark.parametrize(("name", "version"), SETTINGS)
def test_every_setting_of_the_oldest_fragments_is_among_them(name: str, version: str) -> None:
    emitted = {
        entry.setting
        for scenario in SCENARIOS
        for entry in advice_for(vendor_of(name), parse_version(version), scenario).settings
        if entry.emitted
    }
    assert len(emitted) == SETTINGS[name, version], emitted
