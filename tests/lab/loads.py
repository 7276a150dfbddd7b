"""The loads: pgbench, sysbench, and our own client; each prepares its data and gives rates."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final, Protocol, TypeVar

from advisor.servers.connection import Address
from advisor.servers.connection.limits import Patience
from advisor.servers.load.client import LoadTable, run_load
from advisor.vendors.names import VendorName
from tests.lab.experiment import Load, LoadName
from tests.lab.rates import RunRates
from tests.servers.harness import server_named

T = TypeVar("T")

SYSBENCH_ROWS: Final = 100_000
TABLES: Final = 4
EXTRA_TIME_S: Final = 600
UNREPORTED_S: Final = 1
"""A load runs for so much longer than is counted, for it may end before its last report."""

PGBENCH: Final[dict[LoadName, tuple[str, ...]]] = {
    "tpcb": ("-b", "tpcb-like"),
    "simple-update": ("-b", "simple-update"),
    "bitmap-scan": ("-f", str(Path(__file__).parent / "bitmap_scan.sql")),
}
PGBENCH_MAKES: Final[dict[LoadName, tuple[str, ...]]] = {
    "bitmap-scan": (
        "CREATE INDEX ON pgbench_accounts ((hashint4(aid) & 65535))",
        "VACUUM ANALYZE pgbench_accounts",
    ),
}
"""Beside what pgbench makes itself."""
SYSBENCH: Final[dict[LoadName, str]] = {
    "write-only": "oltp_write_only",
    "update": "oltp_update_non_index",
    "read-write": "oltp_read_write",
}
PGBENCH_LINE: Final = re.compile(r"progress: [\d.]+ s, ([\d.]+) tps")
SYSBENCH_LINE: Final = re.compile(r"\[ \d+s \] thds: \d+ tps: ([\d.]+) .*lat \(ms,\d+%\): ([\d.]+)")


class CannotLoad(Exception):  # noqa: N818 -- says what happened
    """The load's program is missing, or failed; the text says why."""


class LoadDriver(Protocol):
    """One load on one server."""

    def prepare(self, address: Address) -> None:
        """Makes the data."""

    def run(self, address: Address, warmup_s: float, measured_s: float, seed: int) -> RunRates:
        """Runs it; the warm-up is not counted. Raises CannotLoad."""


def driver(load: Load, vendor: VendorName) -> LoadDriver:
    """Who drives the load. Raises CannotLoad for a load that the server has not."""
    if load.name == "single-row":
        return SingleRow(load)
    if load.name in PGBENCH:
        if vendor != "postgresql":
            raise CannotLoad(f"{load.name} is pgbench's, and {vendor} is not its server")
        return Pgbench(load)
    return Sysbench(load, vendor)


class SingleRow:
    """Our own client: commits of one row each, on a small table."""

    def __init__(self, load: Load) -> None:
        self._load = load

    def prepare(self, address: Address) -> None:
        """Nothing: each run makes its table anew."""

    def run(self, address: Address, warmup_s: float, measured_s: float, seed: int) -> RunRates:
        with ExitStack() as stack:
            connections = [
                stack.enter_context(closing(address.connect()))
                for _ in range(self._load.clients + 1)
            ]
            stack.enter_context(LoadTable(connections[0]))
            per_s = []
            for second in range(max(1, round(measured_s))):
                result = run_load(
                    connections[1:],
                    duration_s=1.0,
                    warmup_s=warmup_s if second == 0 else 0.0,
                    seed=seed + second,
                )
                per_s.append(result.tps)
        return RunRates(per_s=tuple(per_s))


class Pgbench:
    """PostgreSQL's own, with a script that it has built in, or one of ours."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._program = _pgbench()

    def prepare(self, address: Address) -> None:
        scale = str(self._load.scale)
        _run([*self._program, "-i", "-q", "-s", scale, *_libpq(address)], EXTRA_TIME_S)
        with closing(address.connect(Patience(answer_s=EXTRA_TIME_S))) as connection:
            for statement in PGBENCH_MAKES.get(self._load.name, ()):
                connection.query(statement)

    def run(self, address: Address, warmup_s: float, measured_s: float, seed: int) -> RunRates:
        seconds, clients = warmup_s + measured_s, self._load.clients
        lasts_s = round(seconds) + UNREPORTED_S
        command = [*self._program, "-n", "-P", "1", "-T", str(lasts_s), "-c", str(clients)]
        command += ["-j", str(min(clients, 2)), f"--random-seed={seed}", *PGBENCH[self._load.name]]
        said = _run([*command, *_libpq(address)], seconds + EXTRA_TIME_S)
        counted = _measured(PGBENCH_LINE.findall(said), warmup_s, measured_s, said)
        return RunRates(per_s=tuple(map(float, counted)))


class Sysbench:
    """sysbench's OLTP scripts, on four tables."""

    def __init__(self, load: Load, vendor: VendorName) -> None:
        self._load = load
        self._vendor = vendor
        self._program = _program("sysbench")

    def prepare(self, address: Address) -> None:
        if self._vendor != "postgresql":
            with closing(address.connect()) as connection:
                connection.query("CREATE DATABASE sbtest")
        _run([*self._command(address), "prepare"], EXTRA_TIME_S)

    def run(self, address: Address, warmup_s: float, measured_s: float, seed: int) -> RunRates:
        seconds = warmup_s + measured_s
        lasts_s = round(seconds) + UNREPORTED_S
        options = [f"--time={lasts_s}", "--report-interval=1", f"--rand-seed={seed}"]
        said = _run([*self._command(address), *options, "run"], seconds + EXTRA_TIME_S)
        counted = _measured(SYSBENCH_LINE.findall(said), warmup_s, measured_s, said)
        return RunRates(
            per_s=tuple(float(tps) for tps, _ in counted),
            p99_ms=max(float(p99_ms) for _, p99_ms in counted),
        )

    def _command(self, address: Address) -> list[str]:
        rows = self._load.scale * SYSBENCH_ROWS // TABLES
        options = [f"--tables={TABLES}", f"--table-size={rows}", f"--threads={self._load.clients}"]
        return [
            self._program,
            SYSBENCH[self._load.name],
            *options,
            "--percentile=99",
            f"--rand-type={'uniform' if self._load.uniform else 'special'}",
            "--mysql-ignore-errors=all",
            *_sysbench_login(address, self._vendor),
        ]


def _measured(seconds: Sequence[T], warmup_s: float, measured_s: float, said: str) -> Sequence[T]:
    counted = seconds[round(warmup_s) :][: round(measured_s)]
    if not counted:
        raise CannotLoad(f"no second was reported after the warm-up: {said[-500:]}")
    return counted


def _libpq(address: Address) -> list[str]:
    login = address.options
    return ["-h", str(login["host"]), "-U", str(login["user"]), str(login["dbname"])]


def _sysbench_login(address: Address, vendor: VendorName) -> list[str]:
    login = address.options
    if vendor == "postgresql":
        where = [f"--pgsql-host={login['host']}", f"--pgsql-user={login['user']}"]
        return ["--db-driver=pgsql", *where, f"--pgsql-db={login['dbname']}"]
    return [
        "--db-driver=mysql",
        f"--mysql-socket={login['unix_socket']}",
        f"--mysql-user={login['user']}",
        "--mysql-db=sbtest",
    ]


def _pgbench() -> list[str]:
    """The one of Debian's PostgreSQL 15, started with the C library it came with."""
    tree = server_named("postgresql-15").installed.tree
    libraries = [tree / "lib/x86_64-linux-gnu", tree / "usr/lib/x86_64-linux-gnu"]
    program = tree / "usr/lib/postgresql/15/bin/pgbench"
    if not program.exists():
        raise CannotLoad("there is no pgbench: it comes with Debian's postgresql-15")
    loader = str(libraries[0] / "ld-linux-x86-64.so.2")
    return [loader, "--library-path", ":".join(map(str, libraries)), str(program)]


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise CannotLoad(f"{name} is not installed")
    return found


def _run(command: Sequence[str], limit_s: float) -> str:
    """Both outputs of a program."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=True)
    except subprocess.CalledProcessError as error:
        raise CannotLoad(f"{command[0]}: {error.stderr.strip() or error.stdout[-500:]}") from error
    except subprocess.TimeoutExpired as error:
        raise CannotLoad(f"{command[0]} did not end within {limit_s:.0f} s") from error
    return done.stdout + done.stderr
