"""The servers of this host: those that run, and those that are set up as packages do it."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from advisor.effective_user import account_of, acting_as, user_name
from advisor.errors import AdvisorError
from advisor.instance import RunningServer, ServerInstance
from advisor.servers.config import FilesRead, is_file, read_settings, server_version
from advisor.servers.installed.detect import find_installed
from advisor.trusted_path import UntrustedError, close_quietly, open_trusted
from advisor.vendors.base import Vendor
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS

FIRST_PERSON_ID: Final = 1000
"""From here on accounts are people's: Debian's and Red Hat's adduser give them such ids."""


def find_instances(
    running: Iterable[RunningServer],
    vendor: VendorName | None = None,
    root: Path = Path("/"),
) -> list[ServerInstance]:
    """The servers here, one for each data directory, in the order of these; of one vendor if given.

    What cannot be looked at is left out. Where we are root, one that an ordinary account could have
    made up has a `doubt`, and nothing that its process names is read.
    """
    found: dict[Path, ServerInstance] = {}
    for process in running:
        if instance := _of_process(process):
            found[_real(instance.directory)] = instance
    for each in VENDORS.values():
        for main in _set_up(each, root):
            if instance := _of_files(each, main, root):
                real = _real(instance.directory)
                runs = real in found
                if not runs or not found[real].main:
                    found[real] = instance._replace(is_running=runs)
    instances = [found[path] for path in sorted(found)]
    return [_with_program(each, root) for each in instances if vendor in (None, each.vendor)]


def instance_of(
    directory: Path, running: Iterable[RunningServer], root: Path = Path("/")
) -> ServerInstance | None:
    """The server whose data directory that is; None where it is none's."""
    for instance in find_instances(running, root=root):
        if _real(instance.directory) == _real(directory) and not instance.doubt:
            return instance
    vendor = _vendor_of(directory)
    if vendor is None:
        return None
    version = server_version(vendor, directory) or ()
    return _with_program(ServerInstance(vendor.name, version, directory), root)


def _set_up(vendor: Vendor, root: Path) -> Iterator[tuple[Path, ...]]:
    """The main files of each server that is set up as a package does it."""
    usual = [root / str(path).lstrip("/") for path in vendor.main_files(None)]
    if present := tuple(path for path in usual if _is_there(path)):
        yield present
    for pattern in vendor.main_patterns:
        for path in sorted(root.glob(pattern)):
            if _is_there(path):
                yield (path,)


def _of_files(vendor: Vendor, main: tuple[Path, ...], root: Path) -> ServerInstance | None:
    try:
        read = read_settings(vendor.name, main)
    except AdvisorError as error:  # for us; who may read it has to look, then
        if find_installed(vendor.name, root) is None:
            return None
        return ServerInstance(vendor.name, (), main[0].parent, main, doubt=error.message)
    usual = vendor.usual_data_directory
    data = read.data_directory or (root / usual.lstrip("/") if usual else None)
    if data is None or _device(data) is None:
        return None
    if os.access(data, os.R_OK | os.X_OK):
        owner = _vendor_of(data)
        if owner is not vendor:  # another server's, or nobody's yet
            return None
    elif find_installed(vendor.name, root) is None:
        return None
    instance = ServerInstance(vendor.name, read.version or (), data, main)
    return _with_logs(instance._replace(doubt=_doubt(data)), read)


def _of_process(process: RunningServer) -> ServerInstance | None:
    vendor = _vendor_of(process.directory)
    if vendor is None:
        return None
    data = process.directory
    instance = ServerInstance(
        vendor.name,
        (),
        data,
        is_running=True,
        in_container=process.in_container,
        doubt=_doubt(data),
    )
    if instance.doubt:
        return instance
    main = tuple(
        path
        for path in vendor.main_files_of(process.arguments, data)
        if _is_ours_to_read(process, path, data) and _is_there(path)
    )
    read = _read(vendor, main) if main else None
    if read is None:
        return instance._replace(version=server_version(vendor, data) or ())
    version = read.version or server_version(vendor, data) or ()
    return _with_logs(instance._replace(main=main, version=version), read)


def _is_ours_to_read(process: RunningServer, path: Path, data: Path) -> bool:
    """Whether what a process's command line names is surely its own: of a container what lies with
    the data; and nothing that its account could not read, which we must not show."""
    if process.in_container:
        return path.is_relative_to(data)
    if os.geteuid() != 0 or process.user_id in (None, 0):
        return True
    with acting_as(account_of(process.user_id)):
        return os.access(path, os.R_OK, effective_ids=True)


def _with_logs(instance: ServerInstance, read: FilesRead) -> ServerInstance:
    """With the directories of its logs that lie on other devices."""
    values = {name: entry.value for name, entry in read.settings.items()}
    vendor, data = VENDORS[instance.vendor], instance.directory
    places = vendor.log_places(values, data)
    log, binary_log = (None if place is None else _elsewhere(place, data) for place in places)
    doubts = [_doubt(place) for place in (log, binary_log) if place is not None]
    if any(doubts):
        left_out = f"what the log's own drive does is not measured: {next(filter(None, doubts))}"
        return instance._replace(notes=(left_out,))
    if log and vendor.has_binary_log and binary_log is None:
        binary_log = data
    if log and binary_log and _device(log) == _device(binary_log):
        binary_log = None
    return instance._replace(log=log, binary_log=binary_log)


def _elsewhere(place: Path, data: Path) -> Path | None:
    """A directory, without links, if it lies on another device than the data."""
    device = _device(place)
    if device is None or device == _device(data):
        return None
    return _real(place)


def _with_program(instance: ServerInstance, root: Path) -> ServerInstance:
    """With the newest installed program of its series, which says the whole version."""
    if instance.in_container:
        return instance
    vendor = VENDORS[instance.vendor]
    series = instance.version[:1] if vendor.data_directory_marker else ()
    if vendor.data_directory_marker and not series:
        return instance
    installed = find_installed(instance.vendor, root, series)
    if installed is None:
        return instance
    return instance._replace(version=installed.version, program=installed.program)


def _vendor_of(directory: Path) -> Vendor | None:
    try:
        names = {path.name for path in directory.iterdir()}
    except OSError:
        return None
    return next((vendor for vendor in VENDORS.values() if vendor.made(names)), None)


def _doubt(directory: Path) -> str:
    """Why root does not take a directory unasked: people may run servers of their own, and name a
    process as they like."""
    if os.geteuid() != 0:
        return ""
    try:
        descriptor, _ = open_trusted(directory)
    except UntrustedError as error:
        return error.message
    except OSError as error:
        return f"{directory} cannot be opened: {error.strerror}"
    owner = os.fstat(descriptor).st_uid
    close_quietly(descriptor)
    return f"it belongs to the account {user_name(owner)}" if owner >= FIRST_PERSON_ID else ""


def _read(vendor: Vendor, main: tuple[Path, ...]) -> FilesRead | None:
    try:
        return read_settings(vendor.name, main)
    except AdvisorError:
        return None


def _is_there(path: Path) -> bool:
    try:
        return is_file(path)
    except AdvisorError:
        return False


def _device(path: Path) -> int | None:
    try:
        return path.stat().st_dev
    except OSError:
        return None


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
