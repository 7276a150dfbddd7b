"""Commits under load: how many a server gets through, and how many were predicted."""

from advisor.servers.load.prediction import (
    CLIENTS_MAX,
    DEFAULT_CLIENTS,
    DEFAULT_SECONDS,
    LoadPlan,
    announcement,
    predict,
)
from advisor.servers.load.turns import TurnsPlan, take_turns

__all__ = [
    "CLIENTS_MAX",
    "DEFAULT_CLIENTS",
    "DEFAULT_SECONDS",
    "LoadPlan",
    "TurnsPlan",
    "announcement",
    "predict",
    "take_turns",
]
