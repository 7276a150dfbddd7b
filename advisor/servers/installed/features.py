"""What an installed server was built with: by the values it offers, without a data directory."""

from advisor.servers.installed.detect import Installed, ask
from advisor.vendors.registry import VENDORS
from advisor.versions import Feature


def detect_features(installed: Installed) -> dict[Feature, bool]:
    """Feature -> whether the server was built with it; absent where it cannot be told."""
    vendor = VENDORS[installed.vendor]
    found: dict[Feature, bool] = {}
    for arguments, features in vendor.feature_probes(installed.version).values():
        complaint = ask(installed.program, *map(str, arguments), complaint=True)
        if values := vendor.offered_values(complaint):
            found |= {feature: value in values for value, feature in features.items()}
    return found
