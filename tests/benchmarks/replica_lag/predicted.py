"""What the product's model says of a replica, and what simpler rules would.

The drive is memory with slowed syncs, on which `capacity` refuses to answer: a sync there keeps
nothing. So its model is asked directly.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, get_args

from advisor.analysis.replica_accuracy import Accuracy, AccuracyByCase, AccuracyCase
from advisor.capacity.host import CapacityRequest, ServerUse, modelled_host
from advisor.capacity.page_load import DataSet
from advisor.capacity.replica_model import (
    AdvisedCommits,
    ReplicaLog,
    ReplicaModel,
    ReplicaQuestion,
    replica_model,
)
from advisor.capacity.results import Assumed
from advisor.commands.source import knowledge_for
from advisor.measurement import Measurement
from advisor.vendors.names import VendorName
from advisor.vendors.pages import PageUse
from advisor.vendors.registry import VENDORS
from advisor.versions import NumericVersion

CpuCurve = tuple[tuple[int, float], ...]

SYNCS: Final[Mapping[VendorName, int]] = {"mysql": 2, "mariadb": 1, "postgresql": 1}
"""Of a commit on a replica as it comes: MySQL's has a binary log, MariaDB's writes none."""


UNKNOWN_YET: Final[AccuracyByCase] = {
    case: Accuracy(pairs="none", runs=1, at_least=1, at_most=1) for case in get_args(AccuracyCase)
}
"""What the runs here are to show."""


class Asked(NamedTuple):
    """The server, and what a run without flushes has said of it."""

    vendor: VendorName
    version: NumericVersion
    cores: int
    cpu: CpuCurve
    log_bytes_per_commit: float = 0.0
    pages: PageUse | None = None
    data: DataSet | None = None


def model_of(measured: Measurement, asked: Asked, source_tps: float = 1.0) -> ReplicaModel:
    """As `capacity --source-tps TPS --cpu-us-per-txn CPU` makes it."""
    vendor, knowledge = VENDORS[asked.vendor], knowledge_for(asked.vendor)
    log_bytes = Assumed(value=asked.log_bytes_per_commit, source="as given")
    use = ServerUse(vendor.sequence_of(SYNCS[asked.vendor]), asked.pages, log_bytes)
    wanted = CapacityRequest(
        cores=asked.cores,
        cpu_us_per_txn=asked.cpu[0][1],
        cpu_curve=asked.cpu if len(asked.cpu) > 1 else (),
        data=asked.data,
    )
    host = modelled_host(measured, use, knowledge, wanted, lambda _: None)
    replay, question = knowledge.replay[asked.vendor], ReplicaQuestion(source_tps)
    commits = AdvisedCommits(use.sequence)
    log = ReplicaLog(is_written=False, is_said=True, written=commits, not_written=commits)
    return replica_model(host, vendor, asked.version, replay, UNKNOWN_YET, question, None, log)


def applied_by_model(measured: Measurement, asked: Asked, counts: Sequence[int]) -> list[float]:
    """Applied per second with so many appliers."""
    model = model_of(measured, asked)
    return [model.applied(count).applied_per_s for count in counts]


def cpu_of(cores: int, unflushed_tps: dict[int, float]) -> CpuCurve:
    """CPU time by appliers, of runs without flushes: so many keep as many cores busy, up to all."""
    return tuple(
        (appliers, min(appliers, cores) * 1e6 / tps) for appliers, tps in unflushed_tps.items()
    )


RIVALS: Final[Mapping[str, Callable[[float, int], float]]] = {
    "a commit at a time": lambda wait_us, appliers: 1e6 / wait_us,
    "appliers side by side": lambda wait_us, appliers: appliers * 1e6 / wait_us,
}
"""Rules of thumb: a commit waits for its syncs, and the appliers for each other, or do not."""
