"""The drivers of the `live` extra, and how to install them where we are installed."""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from advisor.errors import AdvisorError
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS

_INSTALLERS: Final = (
    ("pipx_metadata.json", "pipx install --force"),
    ("uv-receipt.toml", "uv tool install"),
)
"""What each leaves in the environment that it makes, and its command."""


def require_driver(vendor: VendorName) -> None:
    """Raises AdvisorError where the driver is not installed, or lacks a library of its own."""
    driver = VENDORS[vendor].driver
    if find_spec(driver) is None:
        raise AdvisorError(
            f"{driver} is needed to talk to a server, and is not installed",
            f"in a checkout: {_install_command(Path(sys.prefix))} '.[live]'",
        )
    try:
        import_module(driver)
    except ImportError as error:
        why = str(error).splitlines()[-1].lstrip("- ")
        raise AdvisorError(
            f"{driver} is needed to talk to a server, and cannot be loaded: {why}",
            "install the library that it names (libpq: libpq5 on Debian, libpq on Red Hat)",
        ) from error


def _install_command(environment: Path) -> str:
    """What installs into this environment; the words of whoever made it."""
    for left, command in _INSTALLERS:
        if (environment / left).exists():
            return command
    pip = environment / "bin" / "pip"
    return f"{pip} install" if pip.exists() else f"{sys.executable} -m pip install"
