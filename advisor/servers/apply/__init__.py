"""A fragment put where the server reads it, and taken back."""

from advisor.servers.apply.change import FileChange, plan_change, plan_undo
from advisor.servers.apply.guards import risks_of
from advisor.servers.apply.lock import alone_in
from advisor.servers.apply.server_check import ServerCheck, check
from advisor.servers.apply.summary import summarise
from advisor.servers.apply.target import ConfigTarget, find_target

__all__ = [
    "ConfigTarget",
    "FileChange",
    "ServerCheck",
    "alone_in",
    "check",
    "find_target",
    "plan_change",
    "plan_undo",
    "risks_of",
    "summarise",
]
