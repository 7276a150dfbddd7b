"""Galera: its library from Debian, in the cache folder of the tests, and three nodes of MariaDB.

    python -m tests.servers.galera

A node that joins has a copy of the first one's data, so that IST alone is needed; a script in the
place of those that copy a server (wsrep_sst_...) hands over the position, and refuses all else.
"""

import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from advisor.errors import AdvisorError
from tests.powercut.server import Machine, Running
from tests.servers.account import reachable
from tests.servers.copies import Case, advised
from tests.servers.debian import private_apt
from tests.servers.fetching import UnavailableError, call
from tests.servers.harness import ServerDidNotStart, server_named
from tests.servers.provision import cache_folder, exclusive
from tests.servers.replication import free_port

SERVER: Final = "mariadb-11.8"
DURABLE: Final = Case(SERVER, "galera")
SUITE: Final = "trixie"
"""Debian's, which the server is from."""
NODES: Final = 3
JOINED_S: Final = 60
RECOVERED: Final = re.compile(r"Recovered position: ([0-9a-f-]{36}):(-?\d+)")
NEW_CLUSTER: Final = "--wsrep-new-cluster"
NO_STATE_TRANSFER: Final = "needs a copy of another node's data (SST)"
STATE_SQL: Final = "SHOW GLOBAL STATUS WHERE variable_name = 'wsrep_local_state_comment'"

# What MariaDB's own scripts say and are told, where nothing is copied.
STATE_TRANSFER: Final = """\
#!/bin/sh
while [ $# -gt 0 ]; do
    case "$1" in
        --role) role=$2; shift;;
        --address) address=$2; shift;;
        --gtid) gtid=$2; shift;;
        --parent) server=$2; shift;;
        --bypass) bypass=1;;
    esac
    shift
done
note="{notes}/${{address##*:}}"
if [ "$role" = joiner ]; then
    echo "ready $address"
    until [ -s "$note" ] || ! kill -0 "$server"; do sleep 0.1; done
    cat "$note"
else
    timeout 1 cat >/dev/null
    [ "$bypass" ] || exit 22
    echo continue
    echo "$gtid" >"$note.new"
    mv "$note.new" "$note"
    echo "done $gtid"
fi
"""


def library() -> Path:
    """Where the cache has it."""
    return cache_folder() / "galera-4" / "libgalera_smm.so"


def why_missing() -> str:
    """Why three nodes cannot be had here; "" where they can."""
    if os.sched_getscheduler(0) == os.SCHED_IDLE:
        return "Galera leaves the idle class, which an account without rights may not"
    return "" if library().exists() else f"{library()} is not provisioned: tests/run does that"


def provision() -> None:
    """Makes sure that the cache has it. Raises UnavailableError."""
    if library().exists():
        return
    with exclusive(cache_folder()), tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        call([*private_apt([SUITE], work), "download", "galera-4"], cwd=work)
        (package,) = work.glob("galera-4_*.deb")
        call(["dpkg-deb", "-x", str(package), str(work / "tree")])
        (found,) = (work / "tree").rglob("galera/libgalera_smm.so")
        unfinished = library().parent.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        shutil.copy(found, unfinished)
        (unfinished / "package.txt").write_text(f"{package.name}\n")
        unfinished.rename(library().parent)


class Position(NamedTuple):
    """Up to where a node has the cluster's write sets, by its own tables."""

    cluster: str
    number: int


class Nodes:
    """Three places for nodes of one cluster: folders of a room that everybody may enter, or
    others."""

    def __init__(self, room: Path, folders: Sequence[Path] = (), case: Case = DURABLE) -> None:
        server = server_named(SERVER)
        self._tree = reachable(server.installed.tree, room)
        self._server = server
        self._fragment = f"{advised(case)}\n{case.last_lines}"
        self.folders = list(folders) or [room / f"node{index}" for index in range(NODES)]
        self._ports = [free_port() for _ in range(4 * NODES)]
        self._library = room / "libgalera_smm.so"
        shutil.copy(library(), self._library)
        for name, mode in (("bin", 0o755), ("notes", 0o777)):
            (room / name).mkdir()
            os.chmod(room / name, mode)
        script = room / "bin" / "wsrep_sst_bypass"
        script.write_text(STATE_TRANSFER.format(notes=room / "notes"))
        os.chmod(script, 0o755)
        os.chmod(self._library, 0o755)
        self.environment = {"PATH": f"{room / 'bin'}:/usr/bin:/bin"}

    def machine(self, index: int, *more: str) -> Machine:
        """What a node runs; `more`: options of this start."""
        client, group, ist, sst = self._ports[4 * index : 4 * index + 4]
        addresses = ",".join(f"127.0.0.1:{port}" for port in self._ports[1::4])
        options = [
            *("--skip-networking=OFF", "--bind-address=127.0.0.1", f"--port={client}"),
            *("--wsrep-on=ON", f"--wsrep-provider={self._library}"),
            *(f"--wsrep-cluster-address=gcomm://{addresses}", f"--wsrep-node-name=node{index}"),
            *(f"--wsrep-node-address=127.0.0.1:{group}", "--wsrep-sst-method=bypass"),
            f"--wsrep-sst-receive-address=127.0.0.1:{sst}",
            f"--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:{group};"
            f"ist.recv_addr=127.0.0.1:{ist};gcache.size=16M",
        ]
        return Machine(
            self._server, self._tree, self._fragment, self.environment, [*options, *more]
        )

    @contextmanager
    def running(self) -> Iterator[list[Running]]:
        """All three, synced."""
        first = self.machine(0, NEW_CLUSTER)
        self.folders[0].mkdir(exist_ok=True)
        first.install(self.folders[0])
        with first.running(self.folders[0]) as running:
            wait_until_synced(running)
            running.stop()  # it is safe to bootstrap from, and the others have all it has
        machines = [first, *(self.machine(index) for index in range(1, NODES))]
        for machine, folder in zip(machines[1:], self.folders[1:], strict=True):
            folder.mkdir(exist_ok=True)
            machine.install(folder, self.folders[0] / "data")
            (folder / "data" / "galera.cache").unlink()
        with ExitStack() as stack:
            nodes = []
            for machine, folder in zip(machines, self.folders, strict=True):
                nodes.append(stack.enter_context(machine.running(folder)))
                wait_until_synced(nodes[-1])
            yield nodes

    def primary(self, _: Sequence[Running]) -> int:
        """Which one is written to: any would do."""
        return 0

    def recovered(self, index: int, folder: Path) -> Position:
        """Where a node is that was cut off, which does not run."""
        said = self.machine(index, "--wsrep-recover").run(folder)
        found = RECOVERED.search(said)
        if found is None:
            raise ServerDidNotStart(said)
        return Position(found[1], int(found[2]))

    @contextmanager
    def rejoining(self, index: int, folder: Path | None = None) -> Iterator[Running]:
        """A node that was killed, started as its service starts it. Raises ServerDidNotStart where
        the others no longer have what it lacks."""
        place = folder or self.folders[index]
        with self.machine(index, *self._from(index, place)).running(place) as running:
            wait_until_synced(running)
            yield running

    def _from(self, index: int, folder: Path) -> list[str]:
        cluster, number = self.recovered(index, folder)
        return [f"--wsrep-start-position={cluster}:{number}"]

    @contextmanager
    def reunited(self, folders: Sequence[Path]) -> Iterator[tuple[int, list[Running | str]]]:
        """All of them after all have stopped, begun on the one that has the most, as its profile
        says: which one that is, and the nodes, or why one could not join."""
        numbers = [self.recovered(index, folder).number for index, folder in enumerate(folders)]
        first = numbers.index(max(numbers))
        state = folders[first] / "data" / "grastate.dat"
        state.write_text(state.read_text().replace("bootstrap: 0", "bootstrap: 1"))
        with ExitStack() as stack:
            begun = self.machine(first, NEW_CLUSTER, *self._from(first, folders[first]))
            found: list[Running | str] = [""] * NODES
            running = stack.enter_context(begun.running(folders[first]))
            wait_until_synced(running)
            found[first] = running
            for index, folder in enumerate(folders):
                if index != first:
                    try:
                        found[index] = stack.enter_context(self.rejoining(index, folder))
                    except (ServerDidNotStart, AdvisorError):  # it ends soon after
                        found[index] = NO_STATE_TRANSFER
            yield first, found


def wait_until_synced(node: Running) -> None:
    """Returns when it takes part. Raises TimeoutError with what it has said."""
    until_s = time.monotonic() + JOINED_S
    with node.connected(1) as (connection,):
        while connection.query(STATE_SQL)[0][1] != "Synced":
            if time.monotonic() > until_s:
                raise TimeoutError(node.log())
            time.sleep(0.1)


def main() -> int:
    try:
        provision()
    except UnavailableError as reason:
        print(f"galera-4: skipped: {reason}", flush=True)
        return int(os.environ.get("CI") == "true")
    return 0


if __name__ == "__main__":
    sys.exit(main())
