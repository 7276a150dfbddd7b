"""A server's settings from its configuration files alone, the server not asked."""

from advisor.servers.config.appearance import BYTE_ORDER_MARK, Look, look_of
from advisor.servers.config.fragment import SIGN, Fragment, is_for_bulk_load, parse_fragment
from advisor.servers.config.persisted import server_version
from advisor.servers.config.read import FilesRead, read_settings
from advisor.servers.config.tree import ConfigFile, IncludedFolder, is_file, note_of

__all__ = [
    "BYTE_ORDER_MARK",
    "SIGN",
    "ConfigFile",
    "FilesRead",
    "Fragment",
    "IncludedFolder",
    "Look",
    "is_file",
    "is_for_bulk_load",
    "look_of",
    "note_of",
    "parse_fragment",
    "read_settings",
    "server_version",
]
