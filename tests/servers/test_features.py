"""What we say a server was built with is what it offers when it runs."""

import pytest

from advisor.servers.installed.detect import Installed
from advisor.servers.installed.features import detect_features
from advisor.vendors.postgresql import OFFERED_VALUES
from tests.servers.harness import server_named, version_of
from tests.servers.provision import SERVERS
from tests.servers.test_verify import program_of


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("postgresql-15", {"lz4", "zstd"}),
        ("postgresql-16", {"lz4", "zstd"}),
        ("postgresql-19", {"lz4", "zstd", "liburing"}),
    ],
)
def test_the_features_of_postgresql_are_those_it_runs_with(name: str, asked: set[str]) -> None:
    server = server_named(name)
    version = version_of(server)
    with program_of(server) as (program, _):
        found = detect_features(Installed("postgresql", version, program))
    with server.running("") as instance:
        rows = instance.query("SELECT name, enumvals FROM pg_settings WHERE enumvals IS NOT NULL")
    offered: dict[str, list[str]] = dict(rows)
    expected = {
        feature: value in offered[setting]
        for setting, since, features in OFFERED_VALUES
        if version >= since
        for value, feature in features.items()
    }
    assert found == expected
    assert found.keys() == asked
    (row,) = (row for row in SERVERS if row.name == name)
    assert {feature for feature, built in found.items() if built} == set(row.features)
