"""What the user asks for: the server, the durability, and what no drive can tell."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from advisor.durability import Durability
from advisor.model import Known
from advisor.roles import Role
from advisor.vendors.names import ClusterName, VendorName
from advisor.versions import Feature, NumericVersion


@dataclass(frozen=True, slots=True)
class Request:
    """One question to the advisor. None means: take the default, or what the host shows."""

    vendor: VendorName
    version: NumericVersion
    version_source: str
    """Where the version came from, for the fragment's head."""
    durability: Durability = "durable"
    log_bin: bool | None = None
    memory_bytes: int | None = None
    cpu_count: int | None = None
    recovery_time_s: float | None = None
    expected_commits_per_s: float | None = None
    log_bytes_per_commit: int | None = None
    max_ops_per_s: float | None = None
    """What a provider allows of the volume."""
    syncs: tuple[int, ...] | None = None
    accept_not_durable: bool = False
    cluster: ClusterName | None = None
    """Of which kind of cluster the server is a part."""
    build: Mapping[Feature, bool] = field(default_factory=dict)
    """What the server was built with or without, as told or detected; unknown where absent."""
    role: Role = "standalone"
    logs_what_it_applies: Known[bool] | None = None
    """Whether it has a binary log of what it gets from its source, where a server was asked."""
    uses_gtid: Known[bool] | None = None
    """Whether it asks its source by GTID, where a server was asked."""
