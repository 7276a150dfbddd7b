"""The shortcuts to a steady state, on a real PostgreSQL."""

import time

import pytest

from tests.lab.steady_state import checkpoint_under_way, enlarge_log
from tests.servers.harness import address_of, server_named

MIB = 1 << 20

every_postgresql = pytest.mark.parametrize("name", ["postgresql-15", "postgresql-19"])


@every_postgresql
def test_the_wal_is_as_large_as_it_may_become(name: str) -> None:
    """200 MB are 12.5 files of 16 MB, of which a checkpoint keeps at least half for later."""
    server = server_named(name)
    with server.running("max_wal_size = 200MB\n") as instance:
        ((before,),) = instance.query("SELECT sum(size) FROM pg_ls_waldir()")
        enlarge_log(address_of(server, instance))
        ((after,),) = instance.query("SELECT sum(size) FROM pg_ls_waldir()")
    assert before <= 48 * MIB
    assert 100 * MIB <= after <= 224 * MIB


@every_postgresql
def test_a_checkpoint_goes_on_and_nobody_keeps_a_snapshot(name: str) -> None:
    server = server_named(name)
    with server.running("log_checkpoints = on\n") as instance:
        instance.query("CREATE TABLE filled AS SELECT generate_series(1, 200000) AS number")
        with checkpoint_under_way(address_of(server, instance)):
            time.sleep(1)
            others = instance.query(
                "SELECT backend_xmin FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            )
            started = instance.log().count("checkpoint starting")
            complete = instance.log().count("checkpoint complete")
    assert {xmin for (xmin,) in others} == {None}
    assert started == complete + 1
