"""A database server of this host: one that runs, and one that is set up. Pure."""

from pathlib import Path
from typing import Final, NamedTuple

from advisor.vendors.names import VendorName
from advisor.versions import NumericVersion

TEMPORARY_FOLDERS: Final = ("verify-fsync-", "apply-fsync-")
"""How the folders of our own temporary servers begin."""


class RunningServer(NamedTuple):
    """A server's process, and the directory it works in."""

    server: str
    """Its program's name."""
    directory: Path
    """Its data directory, as this process sees it."""
    arguments: tuple[str, ...] = ()
    """Of its command line, without the program."""
    user_id: int | None = None
    """Whose process it is; None where that is not shown."""
    in_container: bool = False
    """Whether it sees other mounts than we do: its other paths are not ours."""


class Reached(NamedTuple):
    """By which way a server answers."""

    is_here: bool
    """Whether that way does not leave this host: by a Unix socket, or a loopback address, behind
    which there may be a tunnel."""
    process_id: int | None = None
    """Of the process that listens at the Unix socket, where the kernel tells."""
    loopback_port: int | None = None
    """None where it is no loopback address."""


class ServerInstance(NamedTuple):
    """A server with its data directory: installed here, running here, or both."""

    vendor: VendorName
    version: NumericVersion
    """() where nothing on this host tells."""
    directory: Path
    """Its data."""
    main: tuple[Path, ...] = ()
    """The configuration files that it reads by itself; () where none is visible here."""
    program: Path | None = None
    """The installed program that runs it; None where none here does."""
    is_running: bool = False
    in_container: bool = False
    log: Path | None = None
    """Where its log lies, if that is on another device than its data."""
    binary_log: Path | None = None
    """Where its binary log lies, if that is on another device than its log; the data directory,
    where it lies there and the log elsewhere."""
    notes: tuple[str, ...] = ()
    """What is not as it seems: a log that is left out."""
    doubt: str = ""
    """Why it is not taken without being named; "" where nothing speaks against it."""


class Drives(NamedTuple):
    """The directories of one server that are measured."""

    data: Path
    log: Path | None = None
    binary_log: Path | None = None


class Here(NamedTuple):
    """What a command is about, where not all of it is named."""

    drives: Drives
    instance: ServerInstance | None = None
    """The server that was found; None where none is here."""
    why: str = ""
    """What to say of the directory, where nobody named it."""
