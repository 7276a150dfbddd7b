"""The servers installed on this host: which there are, what they can do, running their programs."""

from advisor.servers.installed.detect import (
    Installed,
    find_installed,
    find_relative,
    none_installed,
    require_server,
    which_it_is,
)
from advisor.servers.installed.features import detect_features
from advisor.servers.installed.processes import (
    account,
    complaints_of,
    run,
    signals_held_back,
    start,
    stop,
)

__all__ = [
    "Installed",
    "account",
    "complaints_of",
    "detect_features",
    "find_installed",
    "find_relative",
    "none_installed",
    "require_server",
    "run",
    "signals_held_back",
    "start",
    "stop",
    "which_it_is",
]
