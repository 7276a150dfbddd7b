"""The servers installed on this host: which there are, what they can do, running their programs."""

from advisor.interruption import signals_held_back
from advisor.servers.installed.accounts import (
    ServerAccount,
    account_of_our_own,
    end_all_of,
    named_account,
    owner_account,
)
from advisor.servers.installed.confinement import Confinement, can_rename_accounts
from advisor.servers.installed.detect import (
    Installed,
    find_installed,
    find_relative,
    none_installed,
    require_server,
    which_it_is,
)
from advisor.servers.installed.features import detect_features
from advisor.servers.installed.host_programs import ask_host
from advisor.servers.installed.instances import find_instances, instance_of
from advisor.servers.installed.processes import complaints_of, run, start, stop
from advisor.servers.installed.way_in import barred_at

__all__ = [
    "Confinement",
    "Installed",
    "ServerAccount",
    "account_of_our_own",
    "ask_host",
    "barred_at",
    "can_rename_accounts",
    "complaints_of",
    "detect_features",
    "end_all_of",
    "find_installed",
    "find_instances",
    "find_relative",
    "instance_of",
    "named_account",
    "none_installed",
    "owner_account",
    "require_server",
    "run",
    "signals_held_back",
    "start",
    "stop",
    "which_it_is",
]
