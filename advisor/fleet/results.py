"""What a report on a fleet says. JSON shows it as it is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from advisor.analysis.trust import ORDER, Evidence, Trust
from advisor.model import Known, Model
from advisor.roles import Role
from advisor.vendors.names import ClusterName

SCHEMA_VERSION: Final = 1

LOW_TRUST: Final[tuple[Trust, ...]] = ("not-durable", "suspicious")
"""Whose rate is added to nobody's: syncs that are not kept are fast."""


# There are 100,000 of these: dataclasses with slots take a tenth of a model's memory.


@dataclass(frozen=True, slots=True)
class HostLatency:
    """One writer's sync, the most like an 8 KiB overwrite with fdatasync that was measured."""

    series: str
    mean_us: float
    p50_us: float | None
    p99_us: float | None
    serial_syncs_per_s: float
    """One sync after another, and nothing else."""

    @property
    def ranked_us(self) -> float:
        """p99; of a drive too slow for samples enough the mean, which is hardly ever more."""
        return self.mean_us if self.p99_us is None else self.p99_us


@dataclass(frozen=True, slots=True)
class Outlier:
    """How far a host is from the others of its group or model. Only who is far has one."""

    times_the_median: float
    """Its mean latency by the median of the others; below 1 it is faster."""
    median_us: float


@dataclass(frozen=True, slots=True)
class HostChange:
    """A host against its own earlier result."""

    before_us: float
    """The mean latency then."""
    times: float
    """The mean latency now by that."""
    slower: bool | None
    """Beyond noise and the tolerance; None where the results do not tell noise."""
    before_taken_at: Known[datetime]


@dataclass(frozen=True, slots=True)
class FleetHost:
    """One measurement of the fleet."""

    name: str
    """In a group as the inventory has it, else the name of its file; of two alike, the path."""
    file: str
    label: str | None
    """What `measure --label` was given."""
    source: str
    taken_at: Known[datetime]
    directory: Known[str]
    filesystem: Known[str]
    devices: Known[str]
    model: str | None
    """Of all drives under the directory; None where one is not known."""
    storage_class: Annotated[str, Field(alias="class")]
    trust: Trust
    evidence: tuple[Evidence, ...]
    latency: HostLatency | None
    """None where no single writer's sync was measured."""
    under_load: HostLatency | None = None
    """The same sync while pages were flushed; None where that was not measured."""
    outlier: Outlier | None = None
    group: str | None = None
    """None without a groups file, and for a host that is in none."""
    change: HostChange | None = None
    """None without an earlier result, where both have no sync in common, and where one of the two
    is not durable."""
    trust_before: Trust | None = None
    """Of its earlier result; None without one."""

    @property
    def is_less_trusted(self) -> bool:
        """Whether its trust is low now, and was better before."""
        return (
            self.trust in LOW_TRUST
            and self.trust_before is not None
            and ORDER.index(self.trust) > ORDER.index(self.trust_before)
        )


class DriveModel(Model):
    """Hosts with the same drive, measured in the same way: what outliers are held against."""

    model: str
    series: str
    hosts: int
    median_us: float
    """Of the mean latencies."""
    outlier_factor: float
    """How many times the median, or that part of it, makes an outlier."""
    outliers: int


class FleetGroup(Model):
    """The hosts that the inventory puts together."""

    name: str
    hosts: int
    """All that the inventory has in it."""
    without_result: tuple[str, ...]
    median_us: float | None
    """Of the mean latencies of those that are durable; None where there is none."""
    worst_p99_us: float | None
    outliers: int
    low_trust: int
    slower: int
    """Than their own earlier result."""
    serial_syncs_per_s: float
    """Of all that are to be believed."""
    role: Role | None = None
    """Of each, where the inventory says it."""
    cluster: ClusterName | None = None
    """As `role`."""


class Unread(Model):
    """A file that was named and is not in the report."""

    file: str
    why: str


class Baseline(Model):
    """What the hosts were held against."""

    directory: str
    tolerance_percent: float
    oldest_taken_at: Known[datetime]
    newest_taken_at: Known[datetime]
    """Of the earlier results that hosts were held against."""
    compared: int
    slower: int
    less_trusted: int
    """Hosts whose trust is low now, and was better before."""
    without: int
    """Hosts without an earlier result that can be compared: durable, as the host is now, with
    the same series, and an interval for its mean."""
    unread: tuple[Unread, ...] = ()
    """Earlier results that could not be read."""


class ClassCount(Model):
    """The hosts whose drives behave alike."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    storage_class: str = Field(alias="class")
    hosts: int
    median_p99_us: float | None
    worst_p99_us: float | None
    serial_syncs_per_s: float


class Total(Model):
    """What the hosts sync together, each with one writer that does nothing else.

    No one database gets that: a transaction commits on one drive.
    """

    hosts: int
    """Those that are added up."""
    serial_syncs_per_s: float
    evenly_shared_syncs_per_s: float
    """If each host got the same share of the load: the slowest one's rate, times the hosts."""
    left_out: int
    """Those without a sync of a single writer, and those in LOW_TRUST."""


class Fleet(Model):
    """All of it."""

    schema_version: Literal[1] = SCHEMA_VERSION
    tool_version: str
    hosts: tuple[FleetHost, ...]
    """By p99, the worst first; where there is none, by the mean; last, those without a sync."""
    models: tuple[DriveModel, ...]
    classes: tuple[ClassCount, ...]
    trust: dict[Trust, int]
    total: Total
    unread: tuple[Unread, ...]
    groups: tuple[FleetGroup, ...] = ()
    """As the groups file has them."""
    baseline: Baseline | None = None
    dated_ahead: tuple[str, ...] = ()
    """Hosts whose result says that it was measured more than a day from now."""
    asked: tuple[str, ...] = ()
    """What was asked for besides the files, as it is typed: options and their values."""

    @property
    def not_durable(self) -> tuple[FleetHost, ...]:
        """In the order of all hosts."""
        return tuple(host for host in self.hosts if host.trust == "not-durable")

    @property
    def less_trusted(self) -> tuple[FleetHost, ...]:
        """Than by their own earlier result, in the order of all hosts."""
        return tuple(host for host in self.hosts if host.is_less_trusted)

    @property
    def newly_suspicious(self) -> tuple[FleetHost, ...]:
        """In the order of all hosts."""
        return tuple(host for host in self.less_trusted if host.trust == "suspicious")

    @property
    def slower(self) -> tuple[FleetHost, ...]:
        """Than their own earlier result, what has changed the most first."""
        slower = [host for host in self.hosts if host.change and host.change.slower]
        return tuple(sorted(slower, key=_times, reverse=True))


def _times(host: FleetHost) -> float:
    return host.change.times if host.change else 1
