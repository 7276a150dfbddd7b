"""The load client against real servers: what it counts is what the server's table says."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from advisor.errors import AdvisorError
from advisor.servers.connection.wire import Address, Connection
from advisor.servers.load.client import SCHEMA, LoadResult, LoadTable, run_load
from advisor.servers.load.no_flush import no_flush
from tests.servers.harness import Instance, Server, address_of, server_named


@contextmanager
def connected(address: Address, count: int) -> Iterator[list[Connection]]:
    with ExitStack() as stack:
        connections = [address.connect() for _ in range(count)]
        for connection in connections:
            stack.callback(connection.close)
        yield connections


def schemas(instance: Instance) -> list[str]:
    rows = instance.query("SELECT schema_name FROM information_schema.schemata")
    return [name for (name,) in rows if name.startswith("fsync_advisor")]


def load(connections: list[Connection], **changed: float) -> LoadResult:
    asked = {"duration_s": 0.4, "warmup_s": 0.4, **changed}
    return run_load(connections, **asked)  # type: ignore[arg-type]


@pytest.mark.quiet
def test_the_commits_counted_are_those_the_table_has_seen(one_of_each: Server) -> None:
    with one_of_each.running("") as instance:
        address = address_of(one_of_each, instance)
        with connected(address, 9) as (admin, *clients), LoadTable(admin) as table:
            started_s = time.monotonic()
            result = load(clients)
            ran_s = time.monotonic() - started_s
            assert table.commits() == result.commits_in_all
            assert 0 < result.commits < result.commits_in_all
            assert len(result.latencies_us) == result.commits
            assert 0.4 <= result.elapsed_s < ran_s - 0.4  # the warm-up is left out
            # Eight clients without think time, so Little's law holds, but for what each had under
            # way at the beginning and at the end; and for the time between answer and question.
            waited_us = 8 * result.elapsed_s * 1e6
            under_way_us = 8 * max(result.latencies_us)
            allowed_us = under_way_us + 0.05 * waited_us
            assert sum(result.latencies_us) == pytest.approx(waited_us, abs=allowed_us)
            again = load(clients)
            assert table.commits() == result.commits_in_all + again.commits_in_all
            assert schemas(instance) == [SCHEMA]
        assert schemas(instance) == []


def test_it_ends_when_enough_was_measured(one_of_each: Server) -> None:
    with one_of_each.running("") as instance:
        address = address_of(one_of_each, instance)
        with connected(address, 3) as (admin, *clients), LoadTable(admin) as table:
            result = run_load(clients, duration_s=30, warmup_s=0, commits_max=50)
            assert result.commits == 50
            assert result.commits_in_all in (51, 52)  # what the other client has under way
            assert table.commits() == result.commits_in_all


def test_without_flushes_nothing_global_is_needed(one_of_each: Server) -> None:
    with one_of_each.running("") as instance:
        address = address_of(one_of_each, instance)
        with connected(address, 3) as (admin, *clients), LoadTable(admin) as table:
            with no_flush(clients, own_server=False) as stay:
                result = run_load(clients, duration_s=30, warmup_s=0, commits_max=50)
            assert stay == (one_of_each.vendor == "postgresql")
            assert result.commits == 50
            assert table.commits() == (result.commits_in_all if stay else 0)
            again = load(clients)
            assert table.commits() - again.commits_in_all == (result.commits_in_all if stay else 0)


def test_the_seed_decides_the_rows(one_of_each: Server) -> None:
    with one_of_each.running("") as instance:
        address = address_of(one_of_each, instance)
        touched = []
        for seed in (1, 1, 2):
            with connected(address, 2) as (admin, client), LoadTable(admin):
                run_load([client], duration_s=30, warmup_s=0, commits_max=20, seed=seed)
                rows = admin.query(f"SELECT id FROM {SCHEMA}.counters WHERE v > 0 ORDER BY id")
                touched.append(rows)
        assert touched[0] == touched[1] != touched[2]


def test_a_schema_that_is_there_is_refused_and_kept(one_of_each: Server) -> None:
    with one_of_each.running("") as instance:
        instance.query(f"CREATE SCHEMA {SCHEMA}")
        instance.query(f"CREATE TABLE {SCHEMA}.counters (mine integer)")
        instance.query(f"INSERT INTO {SCHEMA}.counters VALUES (7)")
        with connected(address_of(one_of_each, instance), 1) as (admin,):
            with pytest.raises(AdvisorError, match="exists") as refusal, LoadTable(admin):
                pass
            assert refusal.value.hint.startswith(f"DROP SCHEMA {SCHEMA}")
        assert instance.query(f"SELECT mine FROM {SCHEMA}.counters") == [(7,)]


def test_an_error_of_the_server_is_told_and_ends_everything(one_of_each: Server) -> None:
    with one_of_each.running("") as instance:
        address = address_of(one_of_each, instance)
        with connected(address, 5) as (admin, other, *clients):
            with LoadTable(admin):
                timer = threading.Timer(0.2, other.query, [f"DROP TABLE {SCHEMA}.counters"])
                timer.start()
                with pytest.raises(AdvisorError, match=r"counters.* does ?n.t exist") as failure:
                    run_load(clients, duration_s=20, warmup_s=0)
                timer.join()
                assert "\n" not in failure.value.message
                # The connections are in order: nothing is under way on any of them.
                assert [client.query("SELECT 1") for client in clients] == [[(1,)]] * 3
            assert schemas(instance) == []


HAS_LEFT = r"server (refuses|has gone|has closed|cannot be asked)"
"""By the server's last words, by the end of what is read, or by what cannot be sent any more."""


def test_a_connection_that_is_cut_is_told(one_of_each: Server) -> None:
    postgresql = one_of_each.vendor == "postgresql"
    cut = "SELECT pg_terminate_backend({})" if postgresql else "KILL {}"
    ask = "SELECT pg_backend_pid()" if postgresql else "SELECT connection_id()"
    with one_of_each.running("") as instance:
        address = address_of(one_of_each, instance)
        with connected(address, 5) as (admin, other, *clients):
            victim = clients[1].query(ask)[0][0]
            with LoadTable(admin):
                timer = threading.Timer(0.2, other.query, [cut.format(victim)])
                timer.start()
                with pytest.raises(
                    AdvisorError, match=r"server (refuses|has gone|has closed|cannot be asked)"
                ):
                    run_load(clients, duration_s=20, warmup_s=0)
                timer.join()
            assert schemas(instance) == []


def load_in_a_table(admin: Connection, clients: list[Connection], timer: threading.Timer) -> None:
    with LoadTable(admin):
        timer.start()
        run_load(clients, duration_s=20, warmup_s=0)


@pytest.fixture
def own_interrupts() -> Iterator[None]:
    """SIGINT as Python handles it, whatever a command line of ours has made of it before."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.quiet
@pytest.mark.usefixtures("own_interrupts")
def test_an_interrupt_leaves_nothing_under_way_and_no_schema(one_of_each: Server) -> None:
    with one_of_each.running("") as instance:
        address = address_of(one_of_each, instance)
        with connected(address, 9) as (admin, *clients):
            timer = threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT])
            with pytest.raises(KeyboardInterrupt):
                load_in_a_table(admin, clients, timer)
            assert [client.query("SELECT 1") for client in clients] == [[(1,)]] * 8
            assert schemas(instance) == []


@pytest.mark.quiet
def test_a_server_that_has_hung_is_given_up(
    one_of_each: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    locks: dict[str, tuple[str, str]] = {
        "postgresql": ("BEGIN; LOCK TABLE fsync_advisor_verify.counters", "COMMIT"),
        "mysql": ("LOCK TABLES fsync_advisor_verify.counters READ", "UNLOCK TABLES"),
    }
    lock, unlock = locks["postgresql" if one_of_each.vendor == "postgresql" else "mysql"]
    with one_of_each.running("") as instance:
        address = address_of(one_of_each, instance)
        with connected(address, 10) as (admin, other, *clients), LoadTable(admin):
            for statement in lock.split("; "):
                other.query(statement)
            waited_s = []
            for silence_s in (0.5, 2.0, 0.5, 2.0):
                monkeypatch.setattr("advisor.servers.load.client.SILENCE_S", silence_s)
                started_s = time.monotonic()
                with pytest.raises(AdvisorError, match=f"does not answer for {silence_s:.0f} s"):
                    run_load([clients.pop(), clients.pop()], duration_s=0.2, warmup_s=0)
                waited_s.append(time.monotonic() - started_s)
                assert waited_s[-1] >= silence_s
            # As long as it was told, of which it had 0.2 s in any case.
            assert min(waited_s[0::2]) < min(waited_s[1::2]) / 2
            other.query(unlock)


@pytest.mark.parametrize("value", ["on", "off"])
def test_fsync_is_put_back_as_the_fragment_has_it(value: str) -> None:
    server = server_named("postgresql-15")
    with (
        server.running(f"fsync = {value}\n") as instance,
        connected(address_of(server, instance), 3) as connections,
    ):
        with no_flush(connections, own_server=True):
            assert [connection.query("SHOW fsync") for connection in connections] == [
                [("off",)]
            ] * 3
        assert [connection.query("SHOW fsync") for connection in connections] == [[(value,)]] * 3
