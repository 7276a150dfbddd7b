"""Commits under load: how many a server gets through, and how many were predicted."""

from advisor.servers.load.prediction import (
    CLIENTS_MAX,
    DEFAULT_CLIENTS,
    DEFAULT_SECONDS,
    LoadPlan,
    announcement,
    predict,
)

__all__ = [
    "CLIENTS_MAX",
    "DEFAULT_CLIENTS",
    "DEFAULT_SECONDS",
    "LoadPlan",
    "announcement",
    "predict",
]
