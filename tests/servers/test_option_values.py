"""profiles/option_values/ held against the servers, and what we make of it against hand-typed
facts: tests/unit/test_other_options.py."""

from random import Random

import pytest

from advisor.knowledge import load_option_names, load_other_options
from advisor.rules.other_options import parse_definition
from tests.servers.engines import Vendor
from tests.servers.harness import server_named
from tests.servers.option_values import SERVERS, ask_server
from tests.servers.questioned import questioned
from tests.unit.test_other_options import REFUSED, TAKEN

IN_CAPITALS = frozenset({"wsrep_osu_method"})
"""MariaDB's server takes it as wsrep_OSU_method alone, and shows it in small letters."""

SAMPLE = 40
"""Options that are asked each time; python -m tests.servers.option_values asks all."""


@pytest.mark.parametrize(
    ("vendor", "series"), [(vendor, each) for vendor in SERVERS for each in SERVERS[vendor]]
)
def test_the_server_says_what_the_file_has(vendor: Vendor, series: str) -> None:
    stored = load_other_options(vendor).asked[series]
    names = None
    if vendor != "postgresql":
        known = load_option_names(vendor).get(series, stored.keys()) - IN_CAPITALS
        names = Random(f"{vendor} {series}").sample(sorted(known), SAMPLE)
        names = sorted({*names, "max_connections", "sql_mode", "long_query_time", "binlog_format"})
    found = ask_server(vendor, series, names)
    expected = {name: spec for name, spec in stored.items() if names is None or name in names}
    assert {name: parse_definition(text) for name, text in found.items()} == expected


JUDGED = [
    (vendor, version, line, taken)
    for rows, taken in (([row[:3] for row in REFUSED], False), (TAKEN, True))
    for vendor, version, line in rows
    if version in SERVERS[vendor]
]


@pytest.mark.parametrize("name", sorted({f"{vendor}-{version}" for vendor, version, *_ in JUDGED}))
def test_the_server_judges_as_we_do(name: str) -> None:
    vendor, _, series = name.partition("-")
    rows = [row for row in JUDGED if row[:2] == (vendor, series)]
    with questioned(server_named(name)) as program:
        for number, (_, _, line, taken) in enumerate(rows):
            setting = line.split("=")[0].strip()
            answer = program.ask(number, f"{line}\n", setting, validate=vendor == "mysql")
            assert answer.accepted is taken, (line, answer.log)
