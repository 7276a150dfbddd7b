"""A throw-away server in a private place: to prove a fragment on it, or to put it under load."""

from advisor.servers.sandbox.folders import PrivateFolder, parent_folder, private_folder
from advisor.servers.sandbox.sandbox import Sandbox
from advisor.servers.sandbox.sandbox import sandbox as sandboxed_server
from advisor.servers.sandbox.temporary import temporary_server
from advisor.servers.sandbox.tried import TriedSettings, is_group, is_short, tried_settings
from advisor.servers.sandbox.verify import verify_fragment

__all__ = [
    "PrivateFolder",
    "Sandbox",
    "TriedSettings",
    "is_group",
    "is_short",
    "parent_folder",
    "private_folder",
    "sandboxed_server",
    "temporary_server",
    "tried_settings",
    "verify_fragment",
]
