"""A server's settings from its configuration files alone, the server not asked."""

from advisor.servers.config.read import FilesRead, read_settings
from advisor.servers.config.tree import IncludedFolder

__all__ = ["FilesRead", "IncludedFolder", "read_settings"]
