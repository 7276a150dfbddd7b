"""What `capacity` says of a run: the rate of our fragment on the measured drive, within what its
provider allows, with the load's pages and the processors as they did on a drive that takes no time.
"""

from typing import Final, NamedTuple

from advisor.capacity.bounds import ProviderLimits
from advisor.capacity.host import CapacityRequest, modelled_host
from advisor.capacity.page_load import DataSet
from advisor.capacity.workloads import fill_in
from advisor.commands.source import knowledge_for
from advisor.knowledge import load_workloads
from advisor.model import Unknown
from advisor.planning import plan_inputs
from advisor.request import Request
from advisor.vendors.names import VendorName
from advisor.vendors.registry import version_of
from tests.lab.configurations import BUILT_WITH, OURS
from tests.lab.drives import measured_drive
from tests.lab.experiment import Block, LoadName
from tests.lab.results import RunResult
from tests.servers.provision import SERVERS
from tests.support.emulated_drive import load_profile

WORKLOADS: Final[dict[LoadName, str]] = {
    "tpcb": "pgbench-tpcb",
    "update": "sysbench-update",
    "write-only": "sysbench-write-only",
}
"""The lab's load -> the program's workload."""

BYTES_PER_SCALE: Final[dict[LoadName, float]] = {
    "tpcb": 16e6,  # https://www.postgresql.org/docs/current/pgbench.html: 100,000 rows, 15 MB
    "update": 24.9e6,  # MySQL 9.7: 1185 MiB at 50
    "write-only": 24.9e6,
}
VENDOR_OF: Final[dict[str, VendorName]] = {row.name: row.vendor for row in SERVERS}


class Prediction(NamedTuple):
    """Commits per second, and what limits them."""

    tps: float
    bottleneck: str


def predicted(run: RunResult, block: Block) -> Prediction | None:
    """None where the run is not of our fragment, nothing was measured of its drive, or its load
    prefers some rows."""
    load, measurement = block.load, measured_drive(block.drive)
    uniform = load.uniform or load.name == "tpcb"
    if run.configuration != OURS or run.hurried_per_s is None or measurement is None:
        return None
    if load.name not in WORKLOADS or not uniform:
        return None
    cores = measurement.environment.cpu_count
    assert not isinstance(cores, Unknown)
    vendor, limits = VENDOR_OF[block.server], load_profile(block.drive).limits
    request = Request(
        vendor=vendor,
        version=version_of(vendor, run.server_version),
        version_source="",
        memory_bytes=block.experiment.memory_bytes,
        max_ops_per_s=limits.ops_per_s,
        build=BUILT_WITH if vendor == "postgresql" else {},
    )
    wanted = CapacityRequest(
        cores=cores,
        cpu_us_per_txn=cores * 1e6 / run.hurried_per_s,
        data=DataSet(load.scale * BYTES_PER_SCALE[load.name]),
        limits=ProviderLimits(limits.ops_per_s, limits.bytes_per_s),
    )
    knowledge = knowledge_for(vendor)
    inputs = plan_inputs(measurement, request, None, knowledge)
    host = modelled_host(measurement, inputs.server, knowledge, wanted, lambda _: None)
    (transaction,) = fill_in([load_workloads()[WORKLOADS[load.name]]], {})
    result = host.clients(
        host.commit_model(transaction),
        host.busy_drive(transaction),
        host.cpu(transaction.statements),
        load.clients,
    )
    result = host.bounded(result, transaction)
    return Prediction(result.tps, result.bottleneck)
