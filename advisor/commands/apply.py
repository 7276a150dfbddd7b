"""fsync-advisor apply: put a fragment where the server reads it, and take it back."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from advisor.commands import options as shared
from advisor.commands.console import notify, write_output
from advisor.commands.parameters import takes_options
from advisor.commands.source import named_fragment
from advisor.durability import AdvisedDurability
from advisor.errors import AdvisorError, UsageError
from advisor.files import STANDARD_STREAM
from advisor.knowledge import load_settings
from advisor.output.text import one_line
from advisor.servers.apply import (
    ConfigTarget,
    FileChange,
    alone_in,
    check,
    find_target,
    needs,
    plan_change,
    plan_undo,
)
from advisor.servers.installed import Installed, find_installed, require_server, signals_held_back
from advisor.vendors.registry import VENDORS
from advisor.versions import format_version


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOptions:
    """The options of `apply`."""

    db: shared.Database
    file: shared.FragmentFile = None
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR|FILE",
            help="Where to put it.  [default: the only folder that the configuration includes]",
        ),
    ] = None
    config: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="The server's main configuration file. May be repeated."
            "  [default: /etc/my.cnf, /etc/mysql/my.cnf; postgresql.conf above DIR]",
        ),
    ] = None
    server: Annotated[
        Path | None,
        typer.Option(
            metavar="PROGRAM", help="The server that checks it.  [default: the newest installed]"
        ),
    ] = None
    durability: shared.DurabilityOption = "durable"
    undo: Annotated[
        bool, typer.Option("--undo", help="Put back what was there before the last apply.")
    ] = False
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show and check everything, write nothing.")
    ] = False
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
    quiet: shared.Quiet = False

    def __post_init__(self) -> None:
        if self.undo and self.file is not None:
            raise UsageError("--undo takes no FRAGMENT")
        if not self.undo and self.file is None:
            raise UsageError("there is no FRAGMENT to apply")


@takes_options
def apply(options: ApplyOptions) -> None:
    """Put FRAGMENT where the server's configuration includes it.

    It becomes a file of its own in a folder that is included. Shows the difference, has the server
    check its whole configuration, asks, and keeps what was there before beside it. No other file is
    changed, and a running server is not touched.
    """
    db, server, quiet = options.db, options.server, options.quiet
    asks = not (options.yes or options.dry_run)
    if asks and (options.file == STANDARD_STREAM or not sys.stdin.isatty()):
        raise UsageError(
            "nobody can be asked: standard input is no terminal", "add --yes, or --dry-run"
        )
    installed = require_server(db, server) if server else find_installed(db)
    version = installed.version if installed else None
    target = find_target(db, options.to, options.config or (), version)
    if VENDORS[db].data_directory_marker and server is None and target.version:
        installed = find_installed(db, series=target.version[:1])  # whose data directory it is
    with alone_in(target.path.parent):
        change = _plan(target, options.file, options.durability)
        if change.is_none:
            notify(f"{target.path} is already up to date; nothing to do", quiet=quiet)
            return
        _show(change, quiet=quiet)
        _check(change, installed, quiet=quiet)
        if options.dry_run:
            notify("nothing was written (--dry-run)", quiet=quiet)
            return
        if not options.yes:
            _ask(change)
        with signals_held_back():  # an interruption comes before all of it, or after
            change.make()
            _report(change, quiet=quiet)


def _plan(target: ConfigTarget, file: Path | None, durability: AdvisedDurability) -> FileChange:

    if file is None:
        return plan_undo(target)
    return plan_change(target, named_fragment(target.vendor, file), durability)


def _show(change: FileChange, *, quiet: bool) -> None:
    """The difference, and what keeps it from having its effect."""

    write_output("".join(f"{one_line(line)}\n" for line in change.diff()))
    if change.made_for:
        name = VENDORS[change.target.vendor].title
        here = format_version(change.target.version or ())
        notify(f"warning: this was made for {name} {change.made_for}, not for {here}", quiet=quiet)
    for ours, winner in change.overridden:
        notify(f"warning: {ours} has no effect: {winner.place} sets {winner.value}", quiet=quiet)
    for note in change.new_notes():
        notify(f"warning: {note}", quiet=quiet)


def _check(change: FileChange, installed: Installed | None, *, quiet: bool) -> None:
    """Has the server check it. Raises AdvisorError for what the server refuses.

    An undo is not held up by that.
    """
    if installed is None:
        name = VENDORS[change.target.vendor].title
        notify(f"warning: no {name} is installed here, so no server has checked this", quiet=quiet)
        return
    checked, program = check(change, installed), installed.program
    for warning in checked.warnings:
        notify(f"warning: the server says: {warning}", quiet=quiet)
    if checked.not_checked:
        notify(f"warning: {program} has not checked this: {checked.not_checked}", quiet=quiet)
    if checked.refusals:
        refusal = f"{program} refuses this: {'; '.join(checked.refusals)}"
        if not change.is_undo:
            raise AdvisorError(refusal, "nothing was written")
        notify(f"warning: {refusal}", quiet=quiet)


def _ask(change: FileChange) -> None:
    verb = "Write" if change.new is not None else "Remove"
    print(f"{verb} {one_line(change.target.path)}? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise AdvisorError("not confirmed; nothing was written")


def _report(change: FileChange, *, quiet: bool) -> None:
    """What was done, and what is left to do."""
    target = change.target
    done = f"wrote {target.path}" if change.new is not None else f"removed {target.path}"
    kept = f"; what was there before is {change.keep}" if change.old is not None else ""
    notify(f"{done}{kept}", quiet=quiet)
    found = needs(
        change.changed(),
        VENDORS[target.vendor],
        target.version,
        load_settings(VENDORS[target.vendor].engine),
    )
    for need, text in (
        ("restart", "restart the server for"),
        ("reload", "a reload suffices for"),
        ("unknown", "whether a reload suffices is not known for"),
    ):
        if names := found.get(need):  # type: ignore[call-overload]
            notify(f"{text}: {', '.join(names)}", quiet=quiet)
