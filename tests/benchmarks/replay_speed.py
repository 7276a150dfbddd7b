"""Whether replay after a crash keeps the pace at which the log was written, on real servers.

    python -m tests.benchmarks.replay_speed

The sizes of redo and WAL rest on that assumption. A server takes the transactions of
log_bytes_per_commit.py for LOAD_S seconds on several connections after a checkpoint, is killed
(SIGKILL), and started again; what the second start takes longer than one on the untouched
directory is the replay. A ratio below 1 means that replay was faster than writing; the pages are
in the kernel's cache then, so a cold start on a slow drive may be slower than this shows.
"""

import os
import random
import signal
import threading
import time

from tests.benchmarks.log_bytes_per_commit import FRAGMENTS, ROW_COUNT, log_position, prepare
from tests.servers.account import start_as_account
from tests.servers.engines import ENGINES
from tests.servers.harness import Instance, Server, available, connect, stop
from tests.servers.reading import CLIENTS, Client

LOAD_S = 20.0
CONNECTIONS = 4


def load(client: Client, seed: int, until_s: float) -> None:
    """Transactions on one connection until the clock says `until_s`."""
    chosen = random.Random(seed)
    while time.monotonic() < until_s:
        row, delta = chosen.randint(1, ROW_COUNT), chosen.randint(-5000, 5000)
        client.query("BEGIN")
        client.query("UPDATE accounts SET abalance = abalance + %s WHERE aid = %s", [delta, row])
        client.query(
            "INSERT INTO history (aid, delta, mtime) VALUES (%s, %s, CURRENT_TIMESTAMP)",
            [row, delta],
        )
        client.query("COMMIT")


def load_all(server: Server, instance: Instance) -> None:
    clients = [CLIENTS[server.vendor](instance.place) for _ in range(CONNECTIONS)]
    if server.vendor != "postgresql":
        for client in clients:
            client.query("USE bench")
    until_s = time.monotonic() + LOAD_S
    threads = [
        threading.Thread(target=load, args=(client, seed, until_s))
        for seed, client in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def start_s(server: Server, instance: Instance) -> float:
    """Starts the server once more on its directory, as it is, and stops it; until it answered."""
    engine = ENGINES[server.vendor]
    tree = instance.place.folder / "tree"
    if not tree.exists():
        tree = server.installed.tree
    programs = {name: tree / path for name, path in server.installed.programs.items()}
    began_s = time.monotonic()
    with (instance.place.folder / "second.log").open("wb") as log:
        command = engine.command(programs, instance.place)
        process = start_as_account(command, log, {}, engine.stop_signal)
    try:
        connect(server.vendor, instance.place, process).close()
        return time.monotonic() - began_s
    finally:
        stop(process, engine.stop_signal)


def replay(server: Server) -> tuple[float, float]:
    """Seconds of replay, and bytes of log written in LOAD_S seconds."""
    with server.running(FRAGMENTS[server.vendor]) as instance:
        prepare(instance, server.vendor)
        before = log_position(instance, server.vendor)
        load_all(server, instance)
        written_bytes = log_position(instance, server.vendor) - before
        os.kill(instance.process.pid, signal.SIGKILL)
        instance.process.wait()
        time.sleep(1)  # PostgreSQL's other processes end by themselves
        after_crash_s = start_s(server, instance)
        clean_s = start_s(server, instance)
        return after_crash_s - clean_s, written_bytes


def main() -> None:
    for server in available():
        replay_s, written_bytes = replay(server)
        print(
            f"{server.name}: {written_bytes / 1e6:.0f} MB of log written in {LOAD_S:.0f} s,"
            f" replayed in {replay_s:.1f} s, ratio {replay_s / LOAD_S:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
