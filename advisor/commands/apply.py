"""fsync-advisor apply: put a fragment where the server reads it, and take it back."""

import sys
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import typer

from advisor.applied import AppliedChange
from advisor.commands import options as shared
from advisor.commands.asking import agreed_to
from advisor.commands.console import notify, write_output
from advisor.commands.parameters import options_class, takes_options
from advisor.commands.source import named_fragment
from advisor.durability import AdvisedDurability
from advisor.errors import AdvisorError, UsageError
from advisor.files import STANDARD_STREAM
from advisor.output.applied import change_document, needs_lines
from advisor.output.json_text import json_text
from advisor.output.renderers import render
from advisor.output.text import one_line
from advisor.servers.apply import (
    ConfigTarget,
    FileChange,
    alone_in,
    check,
    find_target,
    plan_change,
    plan_undo,
    summarise,
)
from advisor.servers.config import Fragment
from advisor.servers.installed import (
    Installed,
    find_installed,
    none_installed,
    require_server,
    signals_held_back,
)
from advisor.vendors.registry import VENDORS
from advisor.versions import format_version

BULK_LOAD_IS_ON: Final = (
    "this is for the time of a bulk load; its first lines say what a crash means. When the load is"
    " over: apply --undo, or apply BULK LOAD OFF in its place; an audit reports what stays on"
)


@options_class
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
            "  [default: where packages put it, or postgresql.conf above DIR]",
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
    unchecked: Annotated[
        bool,
        typer.Option("--unchecked", help="Write it although no server here can check it."),
    ] = False
    force: Annotated[
        bool,
        typer.Option("--force", help="Write lines that have no effect, too."),
    ] = False
    diff: Annotated[bool, typer.Option("--diff", help="Show the difference of the files.")] = False
    format_: shared.TableOrJson = "table"
    quiet: shared.Quiet = False

    def __post_init__(self) -> None:
        if self.undo and self.file is not None:
            raise UsageError("--undo takes no FRAGMENT")
        if not self.undo and self.file is None:
            raise UsageError("there is no FRAGMENT to apply")


@dataclass(slots=True)
class _Warnings:
    """What was warned of, told at once."""

    quiet: bool
    told: list[str] = field(default_factory=list)

    def add(self, text: str, *, always: bool = False) -> None:
        """`always`: said even with --quiet."""
        self.told.append(text)
        notify(f"warning: {text}", quiet=self.quiet and not always)


@takes_options
def apply(options: ApplyOptions) -> None:
    """Put FRAGMENT where the server's configuration includes it.

    It becomes a file of its own in a folder that is included. Shows what changes, has the server
    check its whole configuration, asks, and keeps what was there before beside it. No other file is
    changed, and a running server is not touched.
    """
    file, fragment = options.file, None
    if file is not None and file != STANDARD_STREAM:
        fragment = named_fragment(options.db, file)  # what it is not is said before all else
    asks = not (options.yes or options.dry_run)
    if asks and (file == STANDARD_STREAM or not sys.stdin.isatty()):
        raise UsageError(
            "cannot ask for confirmation: standard input is not a terminal",
            "add --yes, or --dry-run",
        )
    if file == STANDARD_STREAM:
        fragment = named_fragment(options.db, file)
    change_files(options, fragment)


def change_files(
    options: ApplyOptions, fragment: Fragment | None, *, last_folder: bool = False
) -> bool:
    """Does what `apply` does with a fragment; None: an undo. Whether a file was written.

    `last_folder`: of several included folders the last is meant. Raises AdvisorError.
    """
    db, server, quiet = options.db, options.server, options.quiet
    installed = require_server(db, server) if server else find_installed(db)
    version = installed.version if installed else None
    target = find_target(db, options.to, options.config or (), version, last_folder=last_folder)
    if VENDORS[db].data_directory_marker and server is None and target.version:
        installed = find_installed(db, series=target.version[:1])  # whose data directory it is
    alone = nullcontext() if options.dry_run else alone_in(target.directory, target.name)
    with target.directory, alone:
        change = _plan(target, fragment, options.durability)
        warnings = _Warnings(quiet)
        if change.is_none:
            _warn(change, warnings, force=options.force)  # it may have lost its effect since
            same = "only comments differ" if change.is_about_comments else "already up to date"
            notify(f"{target.path}: {same}; nothing to do", quiet=quiet)
            _print_json(options, summarise(change, warnings=warnings.told))
            return False
        if options.format_ == "table":
            _print_table(change, diff=options.diff)
        _warn(change, warnings, force=options.force)
        checked_by = _check(change, installed, warnings, unchecked=options.unchecked)
        summary = summarise(
            change,
            written=not options.dry_run,
            checked_by=checked_by,
            warnings=warnings.told,
            diff=options.diff,
        )
        if options.dry_run:
            notify("nothing was written (--dry-run)", quiet=quiet)
            _print_json(options, summary)
            return False
        if not options.yes:
            _ask(change)
        with signals_held_back():  # an interruption comes before all of it, or after
            change.make()
            _report(change, summary, quiet=quiet)
            _print_json(options, summary)
    return True


def _plan(
    target: ConfigTarget, fragment: Fragment | None, durability: AdvisedDurability
) -> FileChange:
    return plan_undo(target) if fragment is None else plan_change(target, fragment, durability)


def _print_table(change: FileChange, *, diff: bool) -> None:
    write_output(render(change_document(summarise(change)), "table"))
    if diff:
        write_output("".join(f"{one_line(line)}\n" for line in ("", *change.diff())))


def _print_json(options: ApplyOptions, summary: AppliedChange) -> None:
    if options.format_ == "json":
        write_output(json_text(summary))


def _warn(change: FileChange, warnings: _Warnings, *, force: bool) -> None:
    """What keeps the change from having its effect. Raises AdvisorError without `force`."""
    if change.made_for:
        name = VENDORS[change.target.vendor].title
        here = format_version(change.target.version or ())
        warnings.add(f"this was made for {name} {change.made_for}, not for {here}")
    if change.is_for_bulk_load:
        warnings.add(BULK_LOAD_IS_ON)
    for note in change.new_notes():
        warnings.add(note)
    conflicts = list(change.conflicts())
    if conflicts and not force:
        remedies = "; ".join(dict.fromkeys(remedy for _, remedy in conflicts))
        raise AdvisorError(
            "; ".join(conflict for conflict, _ in conflicts),
            f"{remedies}; or --force to write it all the same",
        )
    for conflict, _ in conflicts:
        warnings.add(conflict)


def _check(
    change: FileChange, installed: Installed | None, warnings: _Warnings, *, unchecked: bool
) -> str | None:
    """Has the server check it; which program has. Raises AdvisorError for what the server refuses,
    and where none can check it and `unchecked` does not allow that.

    An undo is not held up.
    """
    target = change.target
    if installed is None:
        has_series = VENDORS[target.vendor].data_directory_marker and target.version
        missing = none_installed(target.vendor, (target.version or ())[: 1 if has_series else 0])
        why, remedy = f"{missing.message}, so no server has checked this", missing.hint
    else:
        try:
            checked, program = check(change, installed), installed.program
        except AdvisorError as error:  # the program could not be started, or its files not read
            if not unchecked:
                raise
            warnings.add(error.message)
            return None
        for warning in checked.warnings:
            warnings.add(f"the server says: {warning}")
        if checked.refusals:
            refusal = f"{program} refuses this: {'; '.join(checked.refusals)}"
            if not change.is_undo:
                raise AdvisorError(refusal, "nothing was written")
            warnings.add(refusal, always=True)
        if not checked.not_checked:
            return str(program)
        why, remedy = f"{program} has not checked this: {checked.not_checked}", ""
    if not (change.is_undo or unchecked):
        raise AdvisorError(why, f"{remedy}; --unchecked writes it all the same".removeprefix("; "))
    warnings.add(why)
    return None


def _ask(change: FileChange) -> None:
    verb = "Write" if change.new is not None else "Remove"
    if not agreed_to(f"{verb} {change.target.path}?"):
        raise AdvisorError("not confirmed; nothing was written")


def _report(change: FileChange, summary: AppliedChange, *, quiet: bool) -> None:
    """What was done, and what is left to do."""
    target = change.target
    done, before = f"wrote {target.path}", "what was there before"
    if change.new is None:
        done, before = f"removed {target.path}", "it"
    kept = f"; {before} is kept as {change.keep}" if change.old is not None else ""
    notify(f"{done}{kept}", quiet=quiet)
    for line in needs_lines(summary):
        notify(line, quiet=quiet)
