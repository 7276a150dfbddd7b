"""Predicts what a server will sustain, then loads it and holds the two side by side."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Final

from advisor.capacity.calibration import calibrate, saturating_clients
from advisor.capacity.commit_settings import commit_model, sync_latencies
from advisor.capacity.group_commit import ModelResult, closed_loop, sync_wait_us
from advisor.errors import AdvisorError, UsageError
from advisor.measurement import Measurement
from advisor.model import Unknown
from advisor.prediction import CpuPoint, Prediction, PredictionPoint
from advisor.servers.connection import Address, Connection, Patience
from advisor.servers.load.client import ROWS, SCHEMA, LoadResult, LoadTable, run_load
from advisor.servers.load.no_flush import no_flush
from advisor.statistics import percentile
from advisor.units import counted, format_latency
from advisor.vendors.answers import Shown
from advisor.vendors.registry import VENDORS

DEFAULT_CLIENTS: Final = (1, 2, 4, 8, 16, 32, 64)
DEFAULT_SECONDS: Final = 4.0
CLIENTS_MAX: Final = 512

WARMUP_S: Final = 0.3
CALIBRATION_S: Final = 1.0
"""Length of each run that calibrates."""

PREPARING_S: Final = 10
SLOWER_AT_MOST: Final = 1.5
"""Times what the runs should take; one that is behind its time waits for what is under way."""

FASTER_THAN_SYNCS: Final = 0.8
"""A commit cannot be faster than its syncs; below this share of them, chance is no excuse."""

NO_COMMITS: Final = (
    "nothing global is changed on a server that is not ours, so the CPU time of committing is"
    " missing: where the CPU binds, too much is predicted"
)


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """At how many clients the load runs, and how long at each."""

    clients: tuple[int, ...] = DEFAULT_CLIENTS
    seconds: float = DEFAULT_SECONDS

    @property
    def elapsed_s(self) -> float:
        """About how long all runs take, those that calibrate included."""
        calibrating_s = (len(self.clients) + 2) * (CALIBRATION_S + WARMUP_S)
        return calibrating_s + len(self.clients) * (self.seconds + 2 * WARMUP_S)

    @property
    def patience_s(self) -> float:
        """How long a server may take for all of it, schema and connections included."""
        return PREPARING_S + SLOWER_AT_MOST * self.elapsed_s


Say = Callable[[str], None]


def announcement(plan: LoadPlan) -> str:
    """What a prediction does to a server, in one line."""
    rows = f"{ROWS:,}".replace(",", " ")
    return (
        f"create the schema {SCHEMA} with a table of {rows} rows, commit to it from up to"
        f" {max(plan.clients)} connections for about {plan.elapsed_s:.0f} s, and drop the schema"
    )


def predict(
    address: Address, measurement: Measurement, plan: LoadPlan, *, own_server: bool, say: Say
) -> Prediction:
    """Calibrates, predicts, and only then measures at each of the plan's numbers of clients.

    Raises AdvisorError with the server's words, over an encrypted connection, for a server that has
    no model, for a measurement without what the model needs, where the server's table saw other
    commits than we counted, and where the server takes much longer than planned.
    """
    cores = measurement.environment.cpu_count
    if isinstance(cores, Unknown):
        raise AdvisorError(f"the number of processors is {cores}, and the model needs it")
    with ExitStack() as stack:
        patience = Patience.of(plan.patience_s)
        admin = stack.enter_context(closing(address.connect(patience)))
        if known := admin.read_on_the_way:
            say(f"note: {known}")
        admin.require_plain()
        values = _values(admin)
        vendor = VENDORS[admin.vendor]
        commit = commit_model(vendor, values)
        drive = sync_latencies(vendor, values, measurement)
        table = stack.enter_context(LoadTable(admin))
        bench = _Bench(
            [stack.enter_context(closing(admin.another())) for _ in range(max(plan.clients))]
        )
        say("calibrating without flushes")
        no_flush_tps = {
            count: bench.run_without_flush(count, own_server=own_server).tps
            for count in calibrating_clients(plan, cores)
        }
        cpu = calibrate(cores=cores, no_flush_tps=no_flush_tps)
        predicted = [closed_loop(commit, drive, cpu, clients=count) for count in plan.clients]
        say(f"measuring with {', '.join(map(str, plan.clients))} clients")
        # There and back again, so that what changes with time meets them all alike.
        runs: dict[int, list[LoadResult]] = {count: [] for count in plan.clients}
        for count in (*plan.clients, *reversed(plan.clients)):
            runs[count].append(bench.run(count, plan.seconds / 2))
        if (seen := table.commits()) != bench.commits:
            raise AdvisorError(f"we count {bench.commits} commits, the server's table {seen}")
    return Prediction(
        engine=admin.vendor,
        engine_version=vendor.server_version(values),
        commit=commit.sequence.kind,
        log_sync_us=drive.log.mean_us,
        append_sync_us=drive.append.mean_us if drive.append else None,
        cores=cores,
        cpu=tuple(
            CpuPoint(clients=count, us_per_txn=us_per_txn) for count, us_per_txn in cpu.us_per_txn
        ),
        wake_us=cpu.wake_us,
        notes=(
            *(() if bench.calibrated_by_commits else (NO_COMMITS,)),
            *_doubts(_mean_us(runs[plan.clients[0]]), sync_wait_us(commit, drive)),
        ),
        points=tuple(_point(outcome, runs[outcome.clients]) for outcome in predicted),
    )


def calibrating_clients(plan: LoadPlan, cores: int) -> tuple[int, ...]:
    """One, so many that no core is idle, and the plan's own; never more than the plan's most."""
    no_core_idle = min(saturating_clients(cores), max(plan.clients))
    return tuple(sorted({1, no_core_idle, *plan.clients}))


class _Bench:
    """Connections that load one table, and how many commits the table must have seen."""

    def __init__(self, connections: Sequence[Connection]) -> None:
        self._connections = connections
        self._runs = 0
        self.commits = 0
        self.calibrated_by_commits = True

    def run(self, clients: int, duration_s: float, *, stays: bool = True) -> LoadResult:
        """One run with as many of the connections."""
        self._runs += 1
        result = run_load(
            self._connections[:clients],
            duration_s=duration_s,
            warmup_s=WARMUP_S,
            seed=self._runs,
        )
        self.commits += result.commits_in_all if stays else 0
        if not result.commits:
            raise AdvisorError(
                f"the server answers no commit of {counted(clients, 'client')} in time"
            )
        return result

    def run_without_flush(self, clients: int, *, own_server: bool) -> LoadResult:
        """One run that calibrates."""
        with no_flush(self._connections[:clients], own_server=own_server) as stays:
            self.calibrated_by_commits = stays
            return self.run(clients, CALIBRATION_S, stays=stays)


def _mean_us(runs: Sequence[LoadResult]) -> float:
    """What a commit took on average, in us."""
    return sum(sum(run.latencies_us) for run in runs) / sum(run.commits for run in runs)


def _doubts(commit_us: float, syncs_us: float) -> Iterator[str]:
    """Whether a commit is done in less time than its syncs alone should take."""
    if commit_us < FASTER_THAN_SYNCS * syncs_us:
        yield (
            f"a commit takes {format_latency(commit_us)}, and its syncs were measured to take"
            f" {format_latency(syncs_us)}: the drive was busy then, or it is another drive"
        )


def _values(admin: Connection) -> dict[str, str]:
    """Every setting of the server. Raises UsageError for a server of another vendor."""
    vendor = VENDORS[admin.vendor]
    settings = vendor.effective_settings(admin.query)
    values = Shown((name, setting.value) for name, setting in settings.items())
    if (actual := vendor.actual_vendor(vendor.server_version(values))) != vendor.name:
        raise UsageError(f"this is a {VENDORS[actual].title} server", f"--db {actual}")
    return values


def _point(predicted: ModelResult, runs: Sequence[LoadResult]) -> PredictionPoint:
    """Several runs of one number of clients, taken as one."""
    measured_per_s = sum(run.commits for run in runs) / sum(run.elapsed_s for run in runs)
    ordered_us = sorted(round(latency_us) for run in runs for latency_us in run.latencies_us)
    p50_us, p99_us = percentile(ordered_us, 50.0), percentile(ordered_us, 99.0)
    return PredictionPoint(
        clients=predicted.clients,
        predicted_per_s=predicted.tps,
        measured_per_s=measured_per_s,
        error_percent=100 * (predicted.tps - measured_per_s) / measured_per_s,
        predicted_p50_ms=predicted.p50_ms,
        measured_p50_ms=None if p50_us is None else p50_us / 1000,
        predicted_p99_ms=predicted.p99_ms,
        measured_p99_ms=None if p99_us is None else p99_us / 1000,
        group_size=predicted.group_size,
        bottleneck=predicted.bottleneck,
    )
