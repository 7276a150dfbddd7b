"""fsync-advisor apply: put a fragment where the server reads it, and take it back."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.commands import options

if TYPE_CHECKING:
    from advisor.servers.apply import ConfigTarget, FileChange
    from advisor.servers.installed import Installed


def apply(
    db: options.Database,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FRAGMENT]", help="A configuration file; - reads stdin."),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR|FILE",
            help="Where to put it.  [default: the only folder that the configuration includes]",
        ),
    ] = None,
    config: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="The server's main configuration file. May be repeated."
            "  [default: /etc/my.cnf, /etc/mysql/my.cnf; postgresql.conf above DIR]",
        ),
    ] = None,
    server: Annotated[
        Path | None,
        typer.Option(
            metavar="PROGRAM", help="The server that checks it.  [default: the newest installed]"
        ),
    ] = None,
    durability: options.Durability = "strict",
    undo: Annotated[
        bool, typer.Option("--undo", help="Put back what was there before the last apply.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show and check everything, write nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    quiet: options.Quiet = False,
) -> None:
    """Put FRAGMENT into a file of its own in a folder that the server's configuration includes.

    Shows the difference, has the server check its whole configuration, asks, and keeps what was
    there before beside it. No other file is changed, and a running server is not touched.
    """
    from advisor.commands.steps import say
    from advisor.errors import UsageError
    from advisor.files import STANDARD_STREAM
    from advisor.servers.apply import alone_in, find_target
    from advisor.servers.installed import find_installed, require_server, signals_held_back

    if (file is None) is not undo:
        raise UsageError("--undo takes no FRAGMENT" if undo else "there is no FRAGMENT to apply")
    if not (yes or dry_run) and (file == STANDARD_STREAM or not sys.stdin.isatty()):
        raise UsageError(
            "nobody can be asked: standard input is no terminal", "add --yes, or --dry-run"
        )
    installed = require_server(db, server) if server else find_installed(db)
    target = find_target(db, to, config or (), installed.version if installed else None)
    from advisor.vendors.registry import VENDORS

    if VENDORS[db].data_directory_marker and server is None and target.version:
        installed = find_installed(db, series=target.version[:1])  # whose data directory it is
    with alone_in(target.path.parent):
        change = _plan(target, file, durability)
        if change.is_none:
            say(f"{target.path} is so already; nothing to do", quiet=quiet)
            return
        _show(change, quiet=quiet)
        _check(change, installed, quiet=quiet)
        if dry_run:
            say("nothing was written (--dry-run)", quiet=quiet)
            return
        if not yes:
            _ask(change)
        with signals_held_back():  # an interruption comes before all of it, or after
            change.make()
            _tell(change, quiet=quiet)


def _plan(
    target: "ConfigTarget", file: Path | None, durability: options.DurabilityChoice
) -> "FileChange":
    from advisor.commands.steps import named_fragment
    from advisor.durability import CHOICES
    from advisor.servers.apply import plan_change, plan_undo

    if file is None:
        return plan_undo(target)
    return plan_change(target, named_fragment(target.vendor, file), CHOICES[durability])


def _show(change: "FileChange", *, quiet: bool) -> None:
    """The difference, and what keeps it from having its effect."""
    from advisor.commands.steps import hand_over, say
    from advisor.output.text import one_line
    from advisor.vendors.registry import VENDORS
    from advisor.versions import format_version

    hand_over("".join(f"{one_line(line)}\n" for line in change.diff()))
    if change.made_for:
        name = VENDORS[change.target.vendor].title
        here = format_version(change.target.version or ())
        say(f"warning: this was made for {name} {change.made_for}, not for {here}", quiet=quiet)
    for ours, winner in change.overridden:
        say(f"warning: {ours} has no effect: {winner.place} sets {winner.value}", quiet=quiet)
    for note in change.new_notes():
        say(f"warning: {note}", quiet=quiet)


def _check(change: "FileChange", installed: "Installed | None", *, quiet: bool) -> None:
    """Has the server check it. Raises AdvisorError for what the server refuses.

    An undo is not held up by that.
    """
    from advisor.commands.steps import say
    from advisor.errors import AdvisorError
    from advisor.servers.apply import check
    from advisor.vendors.registry import VENDORS

    if installed is None:
        name = VENDORS[change.target.vendor].title
        say(f"warning: no {name} is installed here, so no server has checked this", quiet=quiet)
        return
    checked, program = check(change, installed), installed.program
    for warning in checked.warnings:
        say(f"warning: the server says: {warning}", quiet=quiet)
    if checked.not_checked:
        say(f"warning: {program} has not checked this: {checked.not_checked}", quiet=quiet)
    if checked.refusals:
        refusal = f"{program} refuses this: {'; '.join(checked.refusals)}"
        if not change.is_undo:
            raise AdvisorError(refusal, "nothing was written")
        say(f"warning: {refusal}", quiet=quiet)


def _ask(change: "FileChange") -> None:
    from advisor.errors import AdvisorError
    from advisor.output.text import one_line

    verb = "Write" if change.new is not None else "Remove"
    print(f"{verb} {one_line(change.target.path)}? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise AdvisorError("not confirmed; nothing was written")


def _tell(change: "FileChange", *, quiet: bool) -> None:
    """What was done, and what is left to do."""
    from advisor.commands.steps import say
    from advisor.knowledge import load_settings
    from advisor.servers.apply import needs
    from advisor.vendors.registry import VENDORS

    target = change.target
    done = f"wrote {target.path}" if change.new is not None else f"removed {target.path}"
    kept = f"; what was there before is {change.keep}" if change.old is not None else ""
    say(f"{done}{kept}", quiet=quiet)
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
            say(f"{text}: {', '.join(names)}", quiet=quiet)
