"""What the rules rest on: everything under profiles/ that one server's advice needs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from advisor.analysis.facts import Assumption
from advisor.analysis.host_findings import HostCheck
from advisor.analysis.recovery import Replay
from advisor.analysis.verdict import StorageKnowledge
from advisor.rules.catalogue import Setting
from advisor.rules.roles import RoleKnowledge
from advisor.vendors.names import VendorName

if TYPE_CHECKING:
    from advisor.analysis.replica_accuracy import AccuracyByVendor
    from advisor.rules.clusters import Cluster


class Knowledge(NamedTuple):
    """Everything under profiles/ that one engine's advice needs."""

    storage: StorageKnowledge
    assumptions: Mapping[str, Assumption]
    settings: tuple[Setting, ...]
    replay: Mapping[VendorName, Replay]
    host: tuple[HostCheck, ...] = ()
    roles: RoleKnowledge | None = None
    """None: no server but a standalone one is meant."""
    accuracy: "AccuracyByVendor | None" = None
    """Of the model of a replica; None where no replica is meant."""
    cluster: "Cluster | None" = None
    """Whose copies the server has; None: it stands alone, as far as was said."""
