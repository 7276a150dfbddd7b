"""Every fragment starts: real servers, every durability class, drives from 24 us to 24 ms a sync.

Whatever the advice says is read back from the running server: lines of the fragment with their
value and their origin, settings left alone with the default we claim.
"""

from pathlib import Path
from typing import Final, get_args

import pytest
from harness import Instance, Server, complaints
from provision import SERVERS

from advisor.advice import Advice, Recommendation
from advisor.advise import advise
from advisor.commands.options import DurabilityChoice
from advisor.commands.steps import knowledge_for
from advisor.durability import CHOICES, Durability
from advisor.measurement import from_json
from advisor.output.fragment import render_fragment
from advisor.request import Request
from advisor.servers.detect import parse_banner
from advisor.units import Value
from advisor.versions import STARTED_VERSIONS, Vendor

MEASUREMENTS: Final = Path(__file__).parents[1] / "golden" / "measurements"
DRIVES: Final = (
    "hdd",
    "hdd-journal",
    "sata-ssd-consumer",
    "sata-ssd-plp",
    "nvme-consumer",
    "nvme-plp",
)

REPLACED_AT_START: Final = {"wal_buffers": "-1 asks the server for 1/32 of shared_buffers"}
"""Defaults that a running server shows as what it made of them."""


def advice_for(server: Server, drive: str, durability: Durability) -> Advice:
    text = (MEASUREMENTS / f"{drive}.json").read_text()
    banner = parse_banner(server.version)
    assert banner is not None
    assert banner[0] == server.vendor
    request = Request(
        vendor=server.vendor,
        version=banner[1],
        version_source="provisioned",
        durability=durability,
    )
    return advise(from_json(text, drive), request, knowledge_for(server.vendor))


@pytest.mark.parametrize("drive", DRIVES)
@pytest.mark.parametrize("choice", get_args(DurabilityChoice))
def test_the_server_takes_every_line_as_it_is_meant(
    server: Server, choice: DurabilityChoice, drive: str
) -> None:
    advice = advice_for(server, drive, CHOICES[choice])
    emitted = [entry for entry in advice.settings if entry.emitted]
    assert len(emitted) >= 5
    with server.running(render_fragment(advice, explain=True)) as instance:
        assert differences(instance, emitted, from_file=True) == []
        assert instance.file_errors() == []
        assert complaints(instance.log(), [entry.setting for entry in emitted]) == []


def test_what_is_left_alone_has_the_default_we_claim(server: Server) -> None:
    advice = advice_for(server, "hdd", "durable")
    left = [
        entry
        for entry in advice.settings
        if not entry.emitted and not entry.default_note and entry.setting not in REPLACED_AT_START
    ]
    assert len(left) >= 5
    with server.running(render_fragment(advice)) as instance:
        assert differences(instance, left, from_file=False) == []


def test_the_fragment_names_only_versions_that_are_started_here() -> None:
    """The head's "Proof" line rests on this table."""
    provisioned = {(row.vendor, row.name.rpartition("-")[2]) for row in SERVERS}
    claimed: set[tuple[Vendor, str]] = {
        (vendor, version) for vendor, versions in STARTED_VERSIONS.items() for version in versions
    }
    assert claimed == provisioned


def differences(
    instance: Instance, entries: list[Recommendation], *, from_file: bool
) -> list[tuple[str, str, str]]:
    """Setting, what the advice says, what the server has; empty when all is as advised."""
    found = instance.read_all([entry.setting for entry in entries])
    different = []
    for entry in entries:
        actual = found[entry.setting]
        same_unit = actual.unit is None or actual.unit == entry.unit
        if not same(entry.value, actual.value) or not same_unit or actual.from_file != from_file:
            different.append((entry.setting, f"{entry.value} {entry.unit}", str(actual)))
    return different


def same(advised: Value | None, read_back: str) -> bool:
    """Whether the server's text means the advised value."""
    if isinstance(advised, bool):
        return read_back.lower() in (("on", "1") if advised else ("off", "0"))
    if isinstance(advised, float):
        return float(read_back) == advised
    return read_back == str(advised)
