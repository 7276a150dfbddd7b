"""A test that takes `server` runs with each of the table, with `one_of_each` once per vendor."""

import pytest

from tests.servers.harness import Server, server_named
from tests.servers.provision import SERVERS

ONE_OF_EACH = ("postgresql-15", "mariadb-10.11", "mysql-9.7")


@pytest.fixture(params=ONE_OF_EACH)
def one_of_each(request: pytest.FixtureRequest) -> Server:
    """One server of each vendor, where another version would show nothing new."""
    return server_named(request.param)


@pytest.fixture(params=[row.name for row in SERVERS])
def server(request: pytest.FixtureRequest) -> Server:
    return server_named(request.param)
