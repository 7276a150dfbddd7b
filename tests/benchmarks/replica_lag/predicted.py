"""What the product says of a replica, and what simpler rules would."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from advisor.capacity.calibration import calibrate
from advisor.capacity.host import CapacityRequest
from advisor.capacity.replica import ReplicaQuestion
from advisor.capacity.replica_results import ReplicaAnswer, ReplicaPlan
from advisor.commands.source import knowledge_for
from advisor.measurement import Measurement
from advisor.planning import plan_capacity
from advisor.request import Request
from advisor.vendors.names import VendorName
from advisor.versions import NumericVersion

CpuCurve = tuple[tuple[int, float], ...]


class Asked(NamedTuple):
    """The server, and what a run without flushes has said of it."""

    vendor: VendorName
    version: NumericVersion
    cores: int
    cpu: CpuCurve
    log_bytes_per_commit: int | None = None


def answer(measured: Measurement, asked: Asked, tps: float, appliers: int | None) -> ReplicaAnswer:
    """As `capacity --source-tps TPS --appliers N --cpu-us-per-txn CPU` has it."""
    request = Request(
        asked.vendor,
        asked.version,
        "as measured",
        log_bin=asked.vendor == "mysql",  # a replica of MariaDB writes no binary log by default
        log_bytes_per_commit=asked.log_bytes_per_commit,
    )
    wanted = CapacityRequest(
        client_counts=(1,),
        cores=asked.cores,
        cpu_us_per_txn=asked.cpu[0][1],
        cpu_curve=asked.cpu if len(asked.cpu) > 1 else (),
    )
    question = ReplicaQuestion(tps, appliers)
    knowledge = knowledge_for(asked.vendor)
    _, plan, _ = plan_capacity(measured, request, None, knowledge, wanted, lambda _: None, question)
    assert isinstance(plan, ReplicaPlan)
    return plan.replica


def applied_by_product(measured: Measurement, asked: Asked, counts: Sequence[int]) -> list[float]:
    """Applied per second with so many appliers."""
    found = answer(measured, asked, 1.0, None)
    rates = {rate.appliers: rate.applied_per_s for rate in found.by_appliers}
    return [rates[count] for count in counts]


def cpu_of(cores: int, unflushed_tps: dict[int, float]) -> CpuCurve:
    """CPU time by appliers, of runs without flushes, as `predict` has it of clients."""
    return calibrate(cores=cores, no_flush_tps=unflushed_tps).us_per_txn


RIVALS: Final[Mapping[str, Callable[[float, int], float]]] = {
    "a commit at a time": lambda wait_us, appliers: 1e6 / wait_us,
    "appliers side by side": lambda wait_us, appliers: appliers * 1e6 / wait_us,
}
"""Rules of thumb: a commit waits for its syncs, and the appliers for each other, or do not."""
