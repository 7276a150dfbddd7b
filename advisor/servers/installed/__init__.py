"""The servers installed on this host: which there are, what they can do, running their programs."""

from advisor.servers.installed.detect import Installed, find_installed, require_server
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
    "require_server",
    "run",
    "signals_held_back",
    "start",
    "stop",
]
