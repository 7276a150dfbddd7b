"""Every fragment starts: real servers, every durability class, drives from 24 us to 24 ms a sync.

Whatever the advice says is read back from the running server: lines of the fragment with their
value and their origin, settings left alone with the default we claim. Which scenarios are started
is computed (`scenarios.selection`): together they have every rule and every value that any has.

A host of 256 GB is only declared. Where the cache of pages that it gets is larger than this host's
memory, the start leaves that one line out, and the line is proven by the server's own parser alone:
it reads the value as it is meant. That a server of that size starts, nothing here shows.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import psutil
import pytest

from advisor.advice import Advice, Recommendation
from advisor.output.fragment import render_fragment
from advisor.units import UNIT_BYTES
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.versions import parse_version
from tests.servers.checks import OPTIONS_ALONE, Expected, faults, same
from tests.servers.harness import Server, server_named, version_of
from tests.servers.provision import SERVERS, Row
from tests.servers.scenarios import Scenario, advice_for, knowledge_of, selection

README: Final = Path(__file__).with_name("README.md")

STARTS: Final[Mapping[VendorName, int]] = {"postgresql": 24, "mariadb": 24, "mysql": 20}
"""How many starts each server gets at least; MySQL's take seconds."""

NEWEST_PATCH: Final = 99
"""Stands for the release of a series while tests are collected, when no server has been asked."""

ALLOCATED: Final = ("shared_buffers", "innodb_buffer_pool_size")
"""Memory that a server asks the kernel for when it starts."""


@cache
def scenarios_of(row: Row) -> list[Scenario]:
    version = (*parse_version(row.series), NEWEST_PATCH)
    return selection(row.vendor, version, STARTS[row.vendor], row.features)


def advice_on(server: Server, scenario: Scenario) -> Advice:
    return advice_for(server.vendor, version_of(server), scenario, row_named(server.name).features)


def row_named(name: str) -> Row:
    (row,) = (row for row in SERVERS if row.name == name)
    return row


def too_large(entry: Recommendation) -> bool:
    """Whether this host could not start a server with that line."""
    if entry.setting not in ALLOCATED or not isinstance(entry.value, int):
        return False
    return entry.value * UNIT_BYTES[entry.unit] > psutil.virtual_memory().total


def without(fragment: str, settings: list[str]) -> str:
    for setting in settings:
        fragment, count = re.subn(rf"^{setting} = .*\n", "", fragment, flags=re.MULTILINE)
        assert count == 1
    return fragment


def made_by_the_server(advice: Advice) -> set[str]:
    """Settings whose default a running server shows as what it made of it."""
    made = {"wal_buffers"}  # -1 asks for 1/32 of shared_buffers
    if advice.durability != "durable":
        made.add("innodb_log_file_buffering")  # ON by itself at innodb_flush_log_at_trx_commit = 2
    return made


def expected_of(advice: Advice) -> list[Expected]:
    made = made_by_the_server(advice)
    return [
        Expected(
            entry.setting,
            None if entry.setting in made and not entry.emitted else entry.value,
            entry.unit,
            entry.emitted,
        )
        for entry in advice.settings
    ]


@pytest.fixture(scope="module")
def read_back() -> dict[str, list[int]]:
    """How many settings each start of this run proved, by server."""
    return {row.name: [] for row in SERVERS}


@pytest.mark.parametrize(
    ("server", "scenario"),
    [
        pytest.param(row.name, scenario, id=f"{row.name},{scenario}")
        for row in SERVERS
        for scenario in scenarios_of(row)
    ],
    indirect=["server"],
)
def test_the_server_takes_every_line_as_it_is_meant(
    server: Server, scenario: Scenario, read_back: dict[str, list[int]]
) -> None:
    advice = advice_on(server, scenario)
    fragment = render_fragment(advice, explain=True)
    emitted = [entry for entry in advice.settings if entry.emitted]
    assert len(emitted) >= 5
    large = [entry.setting for entry in emitted if too_large(entry)]
    if large:
        parsed = server.parsed(fragment, large)
        meant = {entry.setting: entry.value for entry in emitted if entry.setting in large}
        assert [name for name in large if not same(meant[name] or 0, parsed[name])] == []
    untold = {*large, *OPTIONS_ALONE}
    expected = [entry for entry in expected_of(advice) if entry.setting not in untold]
    assert faults(server, without(fragment, large), expected) == []
    told = [entry for entry in advice.settings if entry.setting not in OPTIONS_ALONE]
    read_back[server.name].append(len(told))


def test_every_rule_and_setting_of_the_version_is_started(server: Server) -> None:
    row = row_named(server.name)
    version = version_of(server)
    applied = {
        entry.rule: entry.setting
        for scenario in scenarios_of(row)
        for entry in advice_on(server, scenario).settings
        if not (entry.emitted and too_large(entry))
    }
    existing = {
        setting.rule_id(rule): setting.name
        for setting in knowledge_of(server.vendor).settings
        if setting.spec_for(server.vendor, version)
        for rule in setting.rule
        if rule.covers(server.vendor, version)
        and (rule.needs_build is None or rule.needs_build in row.features)
    }
    assert existing.keys() - applied.keys() == set()
    assert set(existing.values()) == set(applied.values())


def test_there_are_at_least_100_starts_of_10_servers() -> None:
    assert len(SERVERS) >= 10
    assert sum(len(scenarios_of(row)) for row in SERVERS) >= 100


@pytest.mark.parametrize("row", SERVERS, ids=lambda row: row.name)
def test_each_server_meets_every_class_and_six_drives(row: Row) -> None:
    scenarios = scenarios_of(row)
    assert len({one.durability for one in scenarios}) == 3
    assert len({one.stored for one in scenarios}) >= 6
    assert {one.memory_bytes // 1024**3 for one in scenarios} >= {1, 24, 256}


def test_the_fragment_names_only_versions_that_are_started_here() -> None:
    """The head's "Proof" line rests on this table."""
    provisioned = {(row.vendor, row.series) for row in SERVERS}
    claimed: set[tuple[VendorName, str]] = {
        (name, series) for name, vendor in VENDORS.items() for series in vendor.started_versions
    }
    assert claimed == provisioned


def release_of(server: Server) -> str:
    """As its banner has it, so that a release candidate is told as one."""
    found = re.search(r"(?:\(PostgreSQL\)|Ver) (\d[\w.]*)", server.version)
    assert found is not None
    return found[1]


TABLE: Final = re.compile(r"(?<=<!-- made by tests/servers -->\n).*?(?=<!-- end -->)", re.DOTALL)
HEADER: Final = (
    "| server | release tried | starts | settings | values read back |\n|---|---|---|---|---|"
)


def test_the_table_in_the_readme_is_what_was_run(
    read_back: dict[str, list[int]], update_golden: bool
) -> None:
    """Last in this file: it tells of the starts before it. `--update-golden` writes the table."""
    text = README.read_text()
    (stored,) = TABLE.findall(text)
    rows = stored.removeprefix(HEADER + "\n").splitlines()
    assert len(rows) == len(SERVERS) or update_golden
    fresh = []
    for row in SERVERS:
        counts = read_back[row.name]
        name = f"| {VENDORS[row.vendor].title} {row.series} | "
        (old,) = [line for line in rows if line.startswith(name)] or [""]
        if len(counts) < len(scenarios_of(row)):
            assert old, f"{row.name} is not in {README}, and was not run wholly"
            fresh.append(old)
            continue
        figures = f" | {len(counts)} | {max(counts)} | {sum(counts)} |"
        if update_golden or not old.endswith(figures):
            old = name + release_of(server_named(row.name)) + figures
        fresh.append(old)
    if update_golden:
        README.write_text(TABLE.sub("\n".join([HEADER, *fresh, ""]), text))
    else:
        assert rows == fresh
