"""A server's settings from its configuration files alone, the server not asked."""

from advisor.servers.config.fragment import Fragment, parse_fragment
from advisor.servers.config.read import FilesRead, read_settings
from advisor.servers.config.tree import ConfigFile, IncludedFolder, is_file

__all__ = [
    "ConfigFile",
    "FilesRead",
    "Fragment",
    "IncludedFolder",
    "is_file",
    "parse_fragment",
    "read_settings",
]
