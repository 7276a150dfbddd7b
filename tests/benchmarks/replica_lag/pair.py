"""A source and a replica on a slower drive: how fast it applies, and how far behind it falls.

What is committed is counted by the load's client at the source, and what is visible by a query at
the replica: our load adds 1 to a row of a table with each commit. Of PostgreSQL both are positions
in the log, of which each commit takes the mean: a query of the table would hold replay up.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression
from typing import Final, NamedTuple

from advisor.measurement import Measurement
from advisor.measurement_file import from_json
from advisor.servers.connection.wire import Connection
from advisor.servers.load.client import TABLE, LoadTable, run_load
from advisor.vendors.names import VendorName
from tests.servers.replication import POSITION_SQL, members, start_replication
from tests.support.loop_mount import tmpfs_mount
from tests.support.slow_drive import probe_slowed, slower_by

ROWS: Final = 10_000
CLIENTS: Final = 16
SERIES: Final = ("overwrite-fdatasync-8k", "append-fdatasync-8k")
SAMPLE_S: Final = 0.1
SLICE_S: Final = 0.05
SETTLED_S: Final = 2.0
"""How long the lag is let come to its level before it is said to grow."""
PATIENCE_S: Final = 60.0

MEMORY_MIB: Final = 1_500
INNODB: Final = "[mysqld]\ninnodb_buffer_pool_size = 128M\n"
FRAGMENTS: Final[Mapping[VendorName, str]] = {
    "mysql": f"{INNODB}innodb_redo_log_capacity = 128M\n",
    "mariadb": f"{INNODB}innodb_log_file_size = 128M\n",
    "postgresql": "max_wal_size = 8GB\ncheckpoint_timeout = 1h\nshared_buffers = 128MB\n",
}
SOURCE: Final[Mapping[VendorName, str]] = {
    "mysql": "innodb_flush_log_at_trx_commit = 2\nsync_binlog = 0\n",
    "mariadb": "innodb_flush_log_at_trx_commit = 2\nsync_binlog = 0\n",
    "postgresql": "synchronous_commit = off\nfull_page_writes = off\n",
}
"""The source's own commits are not what is measured, and wait for nothing."""
DURABLE: Final[Mapping[VendorName, str]] = {
    "mysql": "innodb_flush_log_at_trx_commit = 1\nsync_binlog = 1\n",
    "mariadb": "innodb_flush_log_at_trx_commit = 1\nsync_binlog = 1\n",
    "postgresql": "max_standby_streaming_delay = -1\n",
}
"""The replica's; a look at it is soon over, and need not be cut short."""


BULK_COMMITS: Final = 10_000
SLICE_COMMITS: Final = 200


def bulk_sql(change: str) -> str:
    """Commits of a change, one after another within the server; {count}: how many."""
    return f"DO $$ BEGIN FOR i IN 1..{{count}} LOOP {change}; COMMIT; END LOOP; END $$"


BULK_SQL: Final = bulk_sql(
    f"UPDATE {TABLE} SET v = v + 1 WHERE id = (SELECT floor(random() * {ROWS})::integer)"
)


class Words(NamedTuple):
    """The statements of a server that holds back what it has received, and applies it."""

    hold: tuple[str, ...]
    appliers: str
    apply: str
    received: str
    visible: str = f"SELECT sum(v) FROM {TABLE}"
    committed: str = ""
    """At the source; "": the client knows."""


WORDS: Final[Mapping[VendorName, Words]] = {
    "mysql": Words(
        ("STOP REPLICA", "{appliers}", "START REPLICA IO_THREAD"),
        "SET GLOBAL replica_parallel_workers = {}",
        "START REPLICA SQL_THREAD",
        "SELECT GTID_SUBSET('{position}', CONCAT(received_transaction_set, ',',"
        " @@global.gtid_executed)) FROM performance_schema.replication_connection_status",
    ),
    "mariadb": Words(
        ("STOP SLAVE", "{appliers}", "START SLAVE IO_THREAD"),
        "SET GLOBAL slave_parallel_threads = {}",
        "START SLAVE SQL_THREAD",
        "SELECT gtid_io_pos = '{position}' FROM information_schema.slave_status",
    ),
    "postgresql": Words(
        ("SELECT pg_wal_replay_pause()",),
        "",
        "SELECT pg_wal_replay_resume()",
        "SELECT (pg_last_wal_receive_lsn() >= '{position}')::integer",
        "SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint",
        "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint",
    ),
}


@dataclass(frozen=True)
class LoadedPair:
    """A pair with our table, and connections to both."""

    clients: Sequence[Connection]
    replica: Connection
    in_bulk: str = BULK_SQL

    @property
    def words(self) -> Words:
        return WORDS[self.replica.vendor]

    def visible(self) -> int:
        """Commits that the replica shows, or bytes of log."""
        return _number(self.replica, self.words.visible)

    def committed(self, counted: int) -> int:
        """Those of the source: as the client has `counted`, or bytes of log."""
        statement = self.words.committed
        return _number(self.clients[0], statement) if statement else counted

    def position(self) -> str:
        ((position,),) = self.clients[0].query(POSITION_SQL[self.replica.vendor])
        return str(position).replace("\n", "")

    def commit(self, commits: int, seed: int) -> int:
        """So many commits at the source, as fast as it goes, and a few more; how many."""
        found = run_load(
            self.clients, duration_s=60, warmup_s=0, commits_max=commits, seed=seed, rows=ROWS
        )
        return found.commits_in_all

    def commit_in_bulk(self, commits: int) -> int:
        """The same commits by one session of PostgreSQL, which waits for no client."""
        for first in range(0, commits, BULK_COMMITS):
            count = min(BULK_COMMITS, commits - first)
            self.clients[0].query(self.in_bulk.format(count=count))
        return commits

    def hold(self, appliers: int) -> None:
        """The replica goes on receiving, and applies nothing; then with so many appliers."""
        for statement in self.words.hold:
            self.replica.query(statement.format(appliers=self.words.appliers.format(appliers)))

    def wait_until_received(self) -> None:
        """All that is committed is there to be applied."""
        position = self.position()
        statement = self.words.received.format(position=position)
        until_s = time.monotonic() + PATIENCE_S
        while [str(value) for row in self.replica.query(statement) for value in row] != ["1"]:
            if time.monotonic() > until_s:
                raise TimeoutError(f"{position} is not received")
            time.sleep(SAMPLE_S)

    def apply(self) -> None:
        self.replica.query(self.words.apply)

    def wait_until_visible(self, committed: int) -> None:
        """The replica shows so many commits, or bytes of log."""
        until_s = time.monotonic() + PATIENCE_S
        while self.visible() < committed:
            if time.monotonic() > until_s:
                raise TimeoutError(f"{committed} is not applied")
            time.sleep(SAMPLE_S)


def _number(connection: Connection, statement: str) -> int:
    ((value,),) = connection.query(statement)
    return int(str(value))


class Sample(NamedTuple):
    """A look at both, in transactions."""

    after_s: float
    committed: float
    visible: float

    @property
    def lag(self) -> float:
        return self.committed - self.visible


@contextmanager
def memory_mount(room: Path) -> Iterator[Path]:
    """Memory in place of a drive, so that a sync takes the delay and nothing that others do."""
    with tmpfs_mount(room, MEMORY_MIB) as mounted:
        point = room / "memory"
        point.symlink_to(mounted)  # the mount's own name has a space in it
        try:
            yield point
        finally:
            point.unlink()
    mounted.rmdir()


@contextmanager
def loaded_pair(
    name: str, vendor: VendorName, room: Path, library: Path, delay_us: float
) -> Iterator[LoadedPair]:
    """A pair whose replica has syncs that take so much longer; `library` lies in `room`."""
    common = FRAGMENTS[vendor]
    with ExitStack() as stack:
        memory = stack.enter_context(memory_mount(room))
        source, replica = members(
            name,
            room,
            [memory / "source", memory / "replica"],
            [common + SOURCE[vendor], common + DURABLE[vendor]],
            [{}, {"LD_PRELOAD": str(library), **slower_by(delay_us)}],
        )
        source_runs = stack.enter_context(source.machine.running(source.folder))
        replica_runs = stack.enter_context(replica.machine.running(replica.folder))
        if str(library) not in Path(f"/proc/{replica_runs.pid}/maps").read_text():
            raise RuntimeError(f"{library} was not loaded into the replica")
        start_replication(source, source_runs, [replica_runs])
        admin, *clients = stack.enter_context(source_runs.connected(1 + CLIENTS))
        (looking,) = stack.enter_context(replica_runs.connected(1))
        stack.enter_context(LoadTable(admin, ROWS, kept=True))
        pair = LoadedPair(clients, looking)
        _wait_for_table(pair)
        yield pair


def _wait_for_table(pair: LoadedPair) -> None:
    """Until the replica has the table, filled."""
    until_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < until_s:
        try:
            ((count,),) = pair.replica.query(f"SELECT count(*) FROM {TABLE}")
        except Exception:  # not there yet
            count = 0
        if int(str(count)) == ROWS:
            return
        time.sleep(SAMPLE_S)
    raise TimeoutError("the table does not come")


def applied(pair: LoadedPair, appliers: int, commits: int, seed: int) -> list[Sample]:
    """The replica applies what has piled up, with nothing committed meanwhile."""
    pair.hold(appliers)
    before = pair.visible()
    in_bulk = bool(pair.words.committed)
    done = pair.commit_in_bulk(commits) if in_bulk else pair.commit(commits, seed)
    committed = pair.committed(before + done)
    pair.wait_until_received()
    started_s = time.perf_counter()
    pair.apply()
    samples: list[Sample] = []
    visible = before
    while visible < committed:
        visible = pair.visible()
        samples.append(Sample(time.perf_counter() - started_s, committed, visible))
        time.sleep(SAMPLE_S / 20 if in_bulk else SAMPLE_S)  # a query of a table takes its time
    return _in_transactions(samples, done / (committed - before))


def _in_transactions(samples: Sequence[Sample], each: float) -> list[Sample]:
    return [Sample(at_s, committed * each, visible * each) for at_s, committed, visible in samples]


def rate_of(samples: Sequence[Sample]) -> float:
    """Transactions applied per second, between the first tenth and the last twentieth of them: a
    start and the last stragglers are no rate."""
    first, last = samples[0], samples[-1]
    total = last.visible - first.visible
    low, high = first.visible + 0.1 * total, first.visible + 0.95 * total
    begin = next(sample for sample in samples if sample.visible >= low)
    end = next(sample for sample in samples if sample.visible >= high)
    return (end.visible - begin.visible) / (end.after_s - begin.after_s)


def watched(
    pair: LoadedPair, tps: float, seconds: float, seed: int, *, in_bulk: bool = False
) -> list[Sample]:
    """Both while the source commits so many transactions per second; then it is waited for."""
    before = pair.committed(pair.visible())
    started_s = time.perf_counter()
    done, slices, looked_s = 0, 0, 0.0
    samples: list[Sample] = []
    while (elapsed_s := time.perf_counter() - started_s) < seconds:
        due = int(tps * elapsed_s) - done
        if due >= CLIENTS or due >= tps * SLICE_S:
            slices += 1
            done += _slice(pair, due, seed * 100_000 + slices, in_bulk=in_bulk)
        else:
            time.sleep(SLICE_S / 5)
        if elapsed_s - looked_s > SAMPLE_S:
            looked_s = elapsed_s
            committed = pair.committed(before + done)
            at_s = time.perf_counter() - started_s
            samples.append(Sample(at_s, committed, pair.visible()))
    committed = pair.committed(before + done)
    pair.wait_until_visible(committed)
    return _in_transactions(samples, done / (committed - before))


def _slice(pair: LoadedPair, due: int, seed: int, *, in_bulk: bool) -> int:
    """What is due, by no more clients than make about so many commits."""
    if in_bulk:
        return pair.commit_in_bulk(min(due, SLICE_COMMITS))
    clients = pair.clients[: min(CLIENTS, max(1, due // 2))]
    return LoadedPair(clients, pair.replica).commit(due, seed)


def growth_per_s(samples: Sequence[Sample]) -> float:
    """By how many transactions per second the lag grows, once it had time to come to its level."""
    settled = [sample for sample in samples if sample.after_s >= SETTLED_S]
    slope, _ = linear_regression(
        [sample.after_s for sample in settled], [sample.lag for sample in settled]
    )
    return slope


def committed_per_s(samples: Sequence[Sample]) -> float:
    """What the source made of the rate that was asked for."""
    first, last = samples[0], samples[-1]
    return (last.committed - first.committed) / (last.after_s - first.after_s)


def probed(library: Path, delay_us: float, room: Path) -> Measurement:
    """The replica's drive, as our probe has it."""
    with memory_mount(room) as memory:
        run = probe_slowed(library, slower_by(delay_us), memory, *SERIES)
    return from_json(run.stdout, run.stderr or "the probe")
