"""A throw-away server in a private place: to prove a fragment on it, or to put it under load."""

from advisor.servers.sandbox.sandbox import parent_folder
from advisor.servers.sandbox.temporary import temporary_server
from advisor.servers.sandbox.verify import verify_fragment

__all__ = ["parent_folder", "temporary_server", "verify_fragment"]
