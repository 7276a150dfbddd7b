"""How much memory MySQL and MariaDB take beside their buffer pool, which its share must leave.

    python -m tests.lab.server_memory

sysbench's oltp_read_write with more and more clients; after each the memory that the server has for
itself, without what its buffer pool holds. Then shares of 1 GiB as the buffer pool, with data that
fill it, and no more than 1 GiB for the server: does the kernel end it? Needs root, control groups,
sysbench, and the servers that tests/run fetches.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Final, NamedTuple

import psutil

from advisor.errors import AdvisorError
from tests.lab.experiment import Load
from tests.lab.loads import CannotLoad, Sysbench
from tests.lab.results import FOLDER
from tests.powercut.server import Machine, Running
from tests.servers.account import private_folder, reachable
from tests.servers.harness import server_named
from tests.support.memory_limit import MemoryLimit, memory_limit

SERVERS: Final = ("mariadb-10.11", "mariadb-11.8", "mysql-9.7")
CLIENTS: Final = (16, 100, 250)
POOL_MIB: Final = 640
MEMORY_MIB: Final = 1024
SHARES: Final = (("mysql-9.7", 25), ("mysql-9.7", 50), ("mariadb-11.8", 50), ("mariadb-11.8", 70))
"""Of 1 GiB, in percent."""
SHARES_CLIENTS: Final = (16, 150)
FEW_ROWS, MANY_ROWS = 5, 30
"""In units of 100,000."""
SECONDS: Final = 20
STORED: Final = FOLDER / "server_memory.json"
POOL_SQL: Final = "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_bytes_data'"


class Beside(NamedTuple):
    """What a server took beside its buffer pool, with so many clients."""

    server: str
    clients: int
    beside_pool_mib: int


class Share(NamedTuple):
    """A share of memory as the buffer pool, and with how many clients the kernel ended a server."""

    server: str
    percent: int
    ended_with_clients: int | None


def besides(name: str, clients: Sequence[int] = CLIENTS) -> Iterator[Beside]:
    """With nobody connected, and with each number of clients in turn."""
    with ExitStack() as stack:
        running = started(stack, name, POOL_MIB)
        yield Beside(name, 0, _beside_pool_mib(running))
        for number, count in enumerate(clients):
            work(running, count, FEW_ROWS, prepares=number == 0)
            yield Beside(name, count, _beside_pool_mib(running))
        running.stop()


def share(name: str, percent: int) -> Share:
    """With each number of clients in turn."""
    pool_mib = MEMORY_MIB * percent // 100
    with memory_limit(MEMORY_MIB << 20) as limit, ExitStack() as stack:
        running = started(stack, name, pool_mib, limit)
        for number, count in enumerate(SHARES_CLIENTS):
            try:
                work(running, count, MANY_ROWS, prepares=number == 0)
            except (CannotLoad, AdvisorError):
                if not limit.has_killed():
                    raise
            if limit.has_killed():
                return Share(name, percent, count)
        running.stop()
    return Share(name, percent, None)


def started(
    stack: ExitStack, name: str, pool_mib: int, limit: MemoryLimit | None = None
) -> Running:
    """The server, until the stack is left."""
    server = server_named(name)
    settings = {"innodb_buffer_pool_size": f"{pool_mib}M", "max_connections": max(CLIENTS) + 20}
    lines = "".join(f"{each} = {value}\n" for each, value in settings.items())
    private = stack.enter_context(private_folder(of_account=False))
    folder = Path(stack.enter_context(private_folder()), "server")
    folder.mkdir()
    os.chmod(folder, 0o777)
    programs = reachable(server.installed.tree, private)
    machine = Machine(server, programs, f"[mysqld]\n{lines}", {})
    machine.install(folder)
    group = limit.processes if limit else None
    return stack.enter_context(machine.running(folder, control_group=group))


def work(running: Running, clients: int, scale: int, *, prepares: bool) -> None:
    """One run of the load, on data that it makes if told so."""
    load = Sysbench(Load(name="read-write", clients=clients, scale=scale), running.address.vendor)
    if prepares:
        load.prepare(running.address)
    load.run(running.address, 1, SECONDS, clients)


def _beside_pool_mib(running: Running) -> int:
    with closing(running.address.connect()) as connection:
        ((_, held),) = connection.query(POOL_SQL)
    found = psutil.Process(running.pid).memory_info()
    return (int(found.rss - found.shared) - int(held)) >> 20


def table() -> Iterator[str]:
    """For README.md."""
    stored = json.loads(STORED.read_text())
    found = {
        (each["server"], each["clients"]): each["beside_pool_mib"] for each in stored["beside"]
    }
    clients = sorted({clients for _, clients in found})
    yield "## Memory beside the buffer pool"
    yield ""
    yield "What a server took beside the pages in its buffer pool, in MiB, after so many clients:"
    yield ""
    yield f"| server | {' | '.join(map(str, clients))} |"
    yield f"|---|{'---|' * len(clients)}"
    for server in dict.fromkeys(server for server, _ in found):
        yield f"| {server} | {' | '.join(str(found[server, n]) for n in clients)} |"
    yield ""
    yield "With 1 GiB of memory, and a share of it as the buffer pool, which the load fills:"
    yield ""
    yield "| server | share | |"
    yield "|---|---|---|"
    for each in stored["shares"]:
        yield f"| {each['server']} | {each['percent']} % | {_ended(Share(**each))} |"
    yield ""


def _ended(found: Share) -> str:
    if found.ended_with_clients is None:
        return f"runs with {' and '.join(map(str, SHARES_CLIENTS))} clients"
    return f"ended by the kernel with {found.ended_with_clients} clients"


def main() -> None:
    """Measures the servers, and keeps what is found."""
    found: dict[str, list[dict[str, Any]]] = {"beside": [], "shares": []}
    for name in SERVERS:
        for beside in besides(name):
            print(beside, flush=True)
            found["beside"].append(beside._asdict())
    for name, percent in SHARES:
        ended = share(name, percent)
        print(ended, flush=True)
        found["shares"].append(ended._asdict())
    STORED.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
