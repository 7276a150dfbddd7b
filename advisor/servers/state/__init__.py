"""What an audit reads of a running server: its settings in force, and what it does meanwhile."""

from advisor.servers.state.read import read_server

__all__ = ["read_server"]
