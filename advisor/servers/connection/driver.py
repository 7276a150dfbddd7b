"""The drivers of the `live` extra."""

from importlib.util import find_spec

from advisor.errors import AdvisorError
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS


def require_driver(vendor: VendorName) -> None:
    """Raises AdvisorError where the driver is not installed."""
    driver = VENDORS[vendor].driver
    if find_spec(driver) is None:
        raise AdvisorError(
            f"{driver} is needed to read a server's settings back, and is not installed",
            "pip install 'fsync-advisor[live]'",
        )
