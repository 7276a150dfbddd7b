"""Which server of this host is meant, where nobody says: the only one, or the one chosen."""

import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from advisor.commands.asking import answer_to, can_ask
from advisor.commands.console import notify
from advisor.commands.options import DriveOptions
from advisor.commands.source import drives_of
from advisor.errors import UsageError
from advisor.instance import Drives, Here, ServerInstance
from advisor.output.text import one_line
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.versions import format_version

Typed = Callable[[ServerInstance], Sequence[str | Path]]
"""The arguments that name a server to one command."""


def find_here(
    command: str,
    typed: Typed,
    vendor: VendorName | None = None,
    *,
    running_first: bool = False,
    quiet: bool = False,
) -> Here:
    """The only server here, of one vendor if given, and its drives; of several the one that is
    chosen on a terminal. The current directory, where there is none. With `running_first` no server
    that is set up is taken for one that runs.

    Raises UsageError, after a list of them, where nobody can be asked.
    """
    found, doubtful = _servers(vendor)
    if running_first:
        found = _running_first(found, doubtful, quiet=quiet)
    if not found:
        for each in doubtful:
            told = f"{server_text(each)} is left out: {each.doubt}"
            notify(f"note: {told}; name a directory to measure it", quiet=quiet)
        what = VENDORS[vendor].title if vendor else "database"
        why = f"the current directory: no {what} server was found on this host"
        return Here(Drives(Path()), why=why)
    chosen = found[0] if len(found) == 1 else _choose(found, command, typed)
    for note in chosen.notes:
        notify(f"note: {note}", quiet=quiet)
    drives = Drives(chosen.directory, chosen.log, chosen.binary_log)
    return Here(drives, chosen, f"the data of {name_of(chosen)}")


def find_at(directory: Path) -> ServerInstance | None:
    """The server whose data directory that is, if any."""
    from advisor.probe.data_directories import running
    from advisor.servers.installed import instance_of

    return instance_of(directory, running())


def here_for(
    drive: DriveOptions, vendor: VendorName | None, command: str, typed: Typed, *, quiet: bool
) -> Here | None:
    """What a command is about that needs a server and a drive, as far as nobody says.

    None where that is a stored measurement, or where both are named. A directory alone may be a
    server's data.
    """
    if drive.from_file is not None or (drive.directory is not None and vendor is not None):
        return None
    if drive.directory is not None:
        return Here(drives_of(drive), find_at(drive.directory))
    return find_here(command, typed, vendor, quiet=quiet)


def drive_arguments(instance: ServerInstance) -> list[str | Path]:
    """What names a server's drives."""
    words: list[str | Path] = [instance.directory]
    words += ["--log-dir", instance.log] if instance.log else []
    words += ["--binary-log-dir", instance.binary_log] if instance.binary_log else []
    return words


def server_arguments(instance: ServerInstance) -> list[str | Path]:
    """What names a server and its drives."""
    return ["--db", instance.vendor, *drive_arguments(instance)]


def audit_arguments(instance: ServerInstance) -> list[str | Path]:
    """What names a server's configuration files to `audit`, and its drive."""
    config = [word for file in instance.main for word in ("--config", file)]
    return ["--db", instance.vendor, *config, instance.directory]


def _servers(vendor: VendorName | None) -> tuple[list[ServerInstance], list[ServerInstance]]:
    """Those that are taken without being named, and the others."""
    # These look at all processes, and start programs.
    from advisor.probe.data_directories import running
    from advisor.servers.installed import find_instances

    instances = find_instances(running(), vendor)
    return [each for each in instances if not each.doubt], [
        each for each in instances if each.doubt
    ]


def _running_first(
    found: list[ServerInstance], doubtful: list[ServerInstance], *, quiet: bool
) -> list[ServerInstance]:
    """Those that run, where any is seen to; else all, which is said. A server of another account is
    not seen to run, unless we are root."""
    running = [each for each in found if each.is_running]
    stopped = [each for each in found if not each.is_running]
    for each in stopped:
        rest = "is left out: it is not seen to run" if running else "is not seen to run"
        notify(f"note: {server_text(each)} {rest}", quiet=quiet)
    for each in doubtful if stopped and not running else ():
        if each.is_running:
            doubt = f"is left out: {each.doubt}; name its directory to observe it"
            notify(f"note: {server_text(each)} {doubt}", quiet=quiet)
    return running or stopped


def name_of(instance: ServerInstance) -> str:
    """Like "PostgreSQL 15.8"."""
    return f"{VENDORS[instance.vendor].title} {format_version(instance.version)}".rstrip()


def server_text(instance: ServerInstance) -> str:
    """Like "PostgreSQL 15.8 in /var/lib/postgresql/15/main, running"."""
    state = ", running" if instance.is_running else ""
    state += " in a container" if instance.in_container else ""
    return f"{name_of(instance)} in {instance.directory}{state}"


def command_naming(command: str, typed: Typed, instance: ServerInstance) -> str:
    """The command line that means one server."""
    return shlex.join(["fsync-advisor", *command.split(), *map(str, typed(instance))])


def _choose(found: list[ServerInstance], command: str, typed: Typed) -> ServerInstance:
    print("There are several database servers on this host:", file=sys.stderr)
    for number, instance in enumerate(found, 1):
        print(f"  {number}. {one_line(server_text(instance))}", file=sys.stderr)
        print(f"     {one_line(command_naming(command, typed, instance))}", file=sys.stderr)
    if not can_ask():
        raise UsageError("which of these servers?", "type one of the commands above")
    answer = answer_to(f"Which one? [1-{len(found)}]")
    if not (answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(found)):
        raise UsageError(f"{answer!r} is not one of these numbers", "nothing was done")
    return found[int(answer) - 1]
