"""What an audit reads of a running server: its settings in force, and what it does meanwhile."""

from advisor.servers.state.activity import look_anew
from advisor.servers.state.read import read_server, server_to_observe

__all__ = ["look_anew", "read_server", "server_to_observe"]
