"""Every test here that takes `server` runs once with each server of the table."""

import pytest
from harness import Server, server_named
from provision import SERVERS


@pytest.fixture(params=[row.name for row in SERVERS])
def server(request: pytest.FixtureRequest) -> Server:
    return server_named(request.param)
