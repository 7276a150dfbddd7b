"""Every known trap is caught by the checks that let our own fragments pass.

What a later release takes on is found out here.
"""

import pytest

from tests.servers.checks import Expected, faults
from tests.servers.harness import Server
from tests.servers.provision import SERVERS
from tests.servers.traps import SECTIONS, Broken, traps_of


@pytest.mark.parametrize(
    ("server", "trap"),
    [
        pytest.param(row.name, trap, id=f"{row.name}: {trap.name}")
        for row in SERVERS
        for trap in traps_of(row.vendor, row.series)
    ],
    indirect=["server"],
)
def test_a_broken_line_is_caught_and_named(server: Server, trap: Broken) -> None:
    written = trap.line.partition(" = ")[2]
    lines = "".join(f"{line}\n" for line in (*trap.besides, trap.line))
    found = faults(server, SECTIONS[server.vendor] + lines, [Expected(trap.setting, written)])
    assert {fault.caught for fault in found} == trap.caught, found
    for fault in found:
        assert trap.setting in fault.text.replace("-", "_")
        # A refusal is told by the lines that name the setting, not by the whole log.
        assert "\n" not in fault.text


def test_every_server_has_traps() -> None:
    assert [row.name for row in SERVERS if len(traps_of(row.vendor, row.series)) < 8] == []
