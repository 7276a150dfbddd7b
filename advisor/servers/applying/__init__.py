"""A fragment put where the server reads it, and taken back."""

from advisor.servers.applying.change import Change, plan_change, plan_undo
from advisor.servers.applying.check import Checked, check
from advisor.servers.applying.target import Target, alone_in, find_target

__all__ = [
    "Change",
    "Checked",
    "Target",
    "alone_in",
    "check",
    "find_target",
    "plan_change",
    "plan_undo",
]
