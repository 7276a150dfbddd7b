"""What a user may ask for, crossed with drives; and which of it is worth a start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Final

from advisor.advice import Advice, Recommendation
from advisor.advise import advise
from advisor.commands.source import knowledge_for
from advisor.durability import CLASSES, Durability
from advisor.measurement import Measurement, Series
from advisor.request import Request
from advisor.roles import Role
from advisor.rules.knowledge import Knowledge
from advisor.series_kind import PRIMARY, PRIMARY_64K, SeriesKind
from advisor.vendors.names import ClusterName, VendorName
from advisor.vendors.replication import Following
from advisor.versions import Feature, NumericVersion
from tests.support.golden import stored

GB: Final = 1024**3


def with_larger_writes(measured: Measurement) -> Measurement:
    """The same drive, if 64 KiB had been measured, too, and taken as long as 8 KiB."""
    larger = tuple(
        Series.of(replace(PRIMARY_64K, method=each.kind.method), each.summary, each.ended_by)
        for each in measured.series
        if each.kind in (PRIMARY, replace(PRIMARY, method="open_datasync"))
    )
    return measured.model_copy(update={"series": (*measured.series, *larger)})


def without_random_writes(measured: Measurement) -> Measurement:
    """The same drive, if random writes had not been measured."""
    series = tuple(one for one in measured.series if one.pattern != "random")
    return measured.model_copy(update={"series": series})


def with_slow_reads(measured: Measurement) -> Measurement:
    """The same drive, if page reads had been measured, and were a disk's."""
    first, kind = measured.series[0], SeriesKind("random-read", "none", 16384, direct=True)
    summary = first.summary.model_copy(update={"ops_per_s": 120.0})
    reads = Series.of(kind, summary, first.ended_by)
    return measured.model_copy(update={"series": (*measured.series, reads)})


CHANGES: Final[Mapping[str, Callable[[Measurement], Measurement]]] = {
    "large": with_larger_writes,
    "quick": without_random_writes,
    "slow-reads": with_slow_reads,
}
"""What no stored measurement has, and a rule asks for."""

DRIVES: Final = (
    "hdd",
    "hdd-journal",
    "sata-ssd-consumer",
    "sata-ssd-plp",
    "nvme-consumer",
    "nvme-plp",
    "cloud-quick",
    "raid-cache",
    "sata-ssd-plp+large",
    "sata-ssd-plp+quick",
    "nvme-plp+quick",
)
"""Stored measurements from 24 us to 24 ms a sync; after the + what is changed about one."""

MEMORY_BYTES: Final = (GB, 24 * GB, 256 * GB)
RARE_MEMORY_BYTES: Final = (GB // 4, 3 * GB // 4, 3 * GB)
RECOVERY_TIMES_S: Final = (40.0, 600.0, 3600.0)


@dataclass(frozen=True)
class Scenario:
    """One question to the advisor, whoever the server is."""

    drive: str
    durability: Durability = "durable"
    memory_bytes: int = 24 * GB
    recovery_time_s: float = 600.0
    is_build_known: bool = True
    """Whether the advisor is told what the server was built with."""
    role: Role = "standalone"
    cluster: ClusterName | None = None
    following: Following | None = None
    """How a replica follows, where the advisor is told."""

    @property
    def stored(self) -> str:
        """The stored measurement it starts from."""
        return self.drive.partition("+")[0]

    def __str__(self) -> str:
        memory = f"{self.memory_bytes / GB:g}GB"
        unknown = "" if self.is_build_known else ",build-unknown"
        role = "" if self.role == "standalone" else f",{self.role}"
        asked = f"{self.drive},{self.durability},{memory},{self.recovery_time_s:g}s"
        told = "" if self.following is None else ",by-position"
        if self.following is not None and self.following.uses_gtid is True:
            told = ",unlogged"
        return asked + unknown + role + (f",{self.cluster}" if self.cluster else "") + told


USUAL: Final = tuple(
    Scenario(drive, durability, memory)
    for durability, memory, drive in product(CLASSES[:-1], MEMORY_BYTES, DRIVES)
)
RELAXED: Final[Durability] = "loses-recent-on-power-loss"
RARE: Final = (
    *(Scenario("hdd", memory_bytes=memory) for memory in RARE_MEMORY_BYTES),
    # What the rule for more than 4 GB gives on the smallest host of that kind: it starts anywhere.
    Scenario("hdd", memory_bytes=5 * GB),
    *(Scenario("nvme-plp", recovery_time_s=seconds) for seconds in RECOVERY_TIMES_S),
    Scenario("hdd", memory_bytes=GB, is_build_known=False),
    Scenario("hdd+slow-reads", memory_bytes=GB),
    Scenario("nvme-consumer", RELAXED, memory_bytes=GB, role="replica"),
    *(
        Scenario("nvme-consumer", RELAXED, memory_bytes=GB, role="replica", following=following)
        for following in (
            Following(logs_what_it_applies=False, uses_gtid=True),
            Following(logs_what_it_applies=True, uses_gtid=False),
        )
    ),
    Scenario("nvme-consumer", RELAXED, memory_bytes=GB, cluster="semi-sync"),
    Scenario("nvme-consumer", memory_bytes=GB, cluster="sync-standby"),
    Scenario("nvme-consumer", memory_bytes=GB, role="replica", cluster="semi-sync"),
)
"""What it takes to reach the rest of the rules."""

CLUSTERS: Final[Mapping[VendorName, tuple[ClusterName, ...]]] = {
    "postgresql": ("sync-standby",),
    "mysql": ("semi-sync",),
    "mariadb": ("semi-sync",),
}
"""Those of which a rule asks."""

PROMISED: Final = tuple(
    Scenario(drive, durability, memory_bytes=GB)
    for durability, drive in product(
        CLASSES[:-1], ("hdd", "sata-ssd-plp", "nvme-consumer", "nvme-plp")
    )
)
"""Started on every server, whatever else is chosen: each durability class with four kinds of drive;
little memory, for a quick start."""

knowledge_of: Callable[..., Knowledge] = cache(knowledge_for)


@cache
def measurement(drive: str) -> Measurement:
    name, _, change = drive.partition("+")
    found = stored(name)
    return CHANGES[change](found) if change else found


@cache
def advice_for(
    vendor: VendorName,
    version: NumericVersion,
    scenario: Scenario,
    features: tuple[Feature, ...] = (),
) -> Advice:
    """What a server is advised that was built with these features."""
    request = Request(
        vendor=vendor,
        version=version,
        version_source="provisioned",
        durability=scenario.durability,
        memory_bytes=scenario.memory_bytes,
        recovery_time_s=scenario.recovery_time_s,
        build=dict.fromkeys(features, True) if scenario.is_build_known else {},
        role=scenario.role,
        logs_what_it_applies=scenario.following and scenario.following.logs_what_it_applies,
        uses_gtid=scenario.following and scenario.following.uses_gtid,
        cluster=scenario.cluster if scenario.cluster in CLUSTERS[vendor] else None,
    )
    knowledge = knowledge_of(vendor, scenario.role)
    return advise(measurement(scenario.drive), request, knowledge)


def selection(
    vendor: VendorName,
    version: NumericVersion,
    at_least: int,
    features: tuple[Feature, ...] = (),
) -> list[Scenario]:
    """The promised scenarios, and more, until they have every rule and value that any has.

    Each further one adds as much as any could, in a fixed order; then come those least like the
    ones already chosen, until there are `at_least`.
    """
    offers = {one: novelties(advice_for(vendor, version, one, features)) for one in (*USUAL, *RARE)}
    chosen = list(PROMISED)
    missing = frozenset[tuple[str, str, str]]().union(*offers.values())
    for one in chosen:
        missing -= offers.pop(one)
    while missing:
        best = max(offers, key=lambda one: len(offers[one] & missing))
        chosen.append(best)
        missing -= offers.pop(best)
    while len(chosen) < at_least:
        least_alike = min(offers, key=lambda one: likeness(one, chosen))
        chosen.append(least_alike)
        del offers[least_alike]
    return chosen


def likeness(one: Scenario, chosen: list[Scenario]) -> tuple[int, int, int]:
    """How many have the same drive, durability and memory."""
    return (
        sum(other.stored == one.stored for other in chosen),
        sum(other.durability == one.durability for other in chosen),
        sum(other.memory_bytes == one.memory_bytes for other in chosen),
    )


def novelties(advice: Advice) -> frozenset[tuple[str, str, str]]:
    """What a start of this advice would prove: each setting's rule and value."""
    return frozenset(map(novelty, advice.settings))


def novelty(entry: Recommendation) -> tuple[str, str, str]:
    return str(entry.rule), entry.rendered, str(entry.emitted)
