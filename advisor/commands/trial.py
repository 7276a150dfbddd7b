"""fsync-advisor trial: which of some configurations is faster on this drive, by experiment."""

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from advisor.advise import advise
from advisor.analysis.host_findings import evaluate
from advisor.analysis.verdict import judge, require_durable
from advisor.commands import options as shared
from advisor.commands.asking import agreed_to, can_ask
from advisor.commands.console import notify, notify_trust, write_output
from advisor.commands.parameters import Only, options_class, takes_options
from advisor.commands.requests import build_request
from advisor.commands.source import (
    knowledge_for,
    measured,
    named_fragment,
    notify_version,
    stored_measurement,
    vendor_found,
)
from advisor.errors import AdvisorError, UsageError
from advisor.files import is_directory
from advisor.instance import Drives
from advisor.knowledge import known_settings, load_host_checks, load_storage_knowledge
from advisor.output.fragment import render_fragment
from advisor.output.json_text import json_text
from advisor.output.renderers import render
from advisor.output.trial import trial_document
from advisor.servers.apply import risks_of
from advisor.servers.config import Fragment, parse_fragment
from advisor.servers.connection import require_driver
from advisor.servers.installed import Installed, detect_features, require_server
from advisor.servers.load import TurnsPlan, take_turns
from advisor.servers.sandbox import Sandbox, parent_folder, sandboxed_server
from advisor.trial import Trial
from advisor.vendors.names import VendorName
from advisor.versions import format_version

OURS: Final = "ours"
DEFAULT: Final = "default"
CONTENDERS_MAX: Final = 8


@options_class
class TrialOptions:
    """The options of `trial`."""

    db: shared.DatabaseFound = None
    given: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ours|default|FRAGMENT|DIR",
            help="What takes part, the first against each other, and a directory on the drive."
            "  [default: ours default, in TMPDIR]",
        ),
    ] = None
    server: shared.ServerProgram = None
    clients: Annotated[int, typer.Option(min=1, max=256, help="Connections that commit.")] = 16
    rows: Annotated[
        int,
        typer.Option(min=1000, max=100_000_000, help="Of the table, each commit updates one."),
    ] = 100_000
    seconds: Annotated[float, typer.Option(min=1, max=86_400, help="For all of it.")] = 600.0
    turn: Annotated[
        float, typer.Option(min=1, max=3600, metavar="SECONDS", help="Measured of each turn.")
    ] = 20.0
    warmup: Annotated[
        float, typer.Option(min=0, max=3600, metavar="SECONDS", help="Before that, not counted.")
    ] = 5.0
    from_file: shared.FromFile = None
    request: Annotated[
        shared.RequestOptions,
        Only(
            *("durability", "memory", "recovery_time", "expected_tps", "log_bytes_per_commit"),
            "max_iops",
        ),
    ]
    accept_not_durable: shared.AcceptNotDurable = False
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
    format_: shared.TableOrJson = "table"
    quiet: shared.Quiet = False

    @property
    def names(self) -> list[str]:
        """What takes part. Raises UsageError."""
        names = [text for text in self.given or () if not is_directory(Path(text))]
        names = names or [OURS, DEFAULT]
        if len(names) == 1:
            raise UsageError(
                f"{names[0]} alone is not a trial", f"name another: {OURS}, {DEFAULT} or a fragment"
            )
        if len(set(names)) < len(names):
            raise UsageError(f"{' '.join(names)}: one of them is given twice")
        if len(names) > CONTENDERS_MAX:
            raise UsageError(f"at most {CONTENDERS_MAX} configurations take part")
        return names

    @property
    def directory(self) -> Path:
        """Where the servers keep their data. Raises UsageError."""
        found = [Path(text) for text in self.given or () if is_directory(Path(text))]
        if len(found) > 1:
            raise UsageError(f"{' and '.join(map(str, found))} are both directories", "name one")
        return found[0] if found else parent_folder()


@takes_options
def trial(options: TrialOptions) -> None:
    """Find out which configuration is faster on DIR's drive.

    Throw-away servers with a fresh data directory each take turns under the same load, until one is
    faster, or none is by 3 %, or the time is over. No other server is touched. On a terminal it
    asks before it starts.
    """
    names, directory = options.names, options.directory
    plan = _plan(options, len(names))
    tell = partial(notify, quiet=options.quiet)
    db, program = (options.db, options.server) if options.db else _found(options, directory)
    files = {name: named_fragment(db, Path(name)) for name in names if _is_file(name)}
    require_driver(db)
    installed = require_server(db, options.server or program)
    for file in files.values():
        notify_version(file, installed, quiet=options.quiet)
    tell(
        f"up to {options.seconds:.0f} s of load: {len(names)} throw-away servers take turns in"
        f" {directory}, and are removed at the end"
    )
    if not options.yes and can_ask() and not agreed_to(f"Load the drive of {directory}?"):
        raise AdvisorError("not confirmed; nothing was started")
    fragments = dict(_fragments(names, files, options, installed, directory))
    with ExitStack() as stack:
        servers = [
            (name, stack.enter_context(sandboxed_server(installed, fragment, tell, directory)))
            for name, fragment in fragments.items()
        ]
        notes = tuple(_notes(fragments, dict(servers), installed, options))
        for note in notes:
            tell(f"note: {note}")
        turns = take_turns(servers, plan, tell)
    contenders = tuple(
        each.model_copy(update={"fragment": server.given(server.tried)})
        for each, (_, server) in zip(turns.contenders, servers, strict=True)
    )
    found = Trial(
        engine=db,
        engine_version=format_version(installed.version),
        directory=str(directory),
        clients=options.clients,
        turn_s=options.turn,
        elapsed_s=turns.elapsed_s,
        ending=turns.ending,
        contenders=contenders,
        comparisons=turns.comparisons,
        notes=(*notes, "Recovery is timed with the server's pages still in the kernel's cache."),
    )
    if options.format_ == "json":
        write_output(json_text(found))
    else:
        write_output(render(trial_document(found), "table"))


def _plan(options: TrialOptions, contenders: int) -> TurnsPlan:
    plan = TurnsPlan(
        clients=options.clients,
        rows=options.rows,
        warmup_s=options.warmup,
        turn_s=options.turn,
        seconds=options.seconds,
    )
    if plan.seconds < plan.seconds_min(contenders):
        raise UsageError(
            f"--seconds {options.seconds:g} is too short: four rounds of {contenders}"
            f" configurations take about {plan.seconds_min(contenders):.0f} s",
            f"--seconds {math.ceil(plan.seconds_min(contenders))}, or a shorter --turn or --warmup",
        )
    return plan


def _notes(
    fragments: Mapping[str, Fragment | None],
    servers: Mapping[str, Sandbox],
    installed: Installed,
    options: TrialOptions,
) -> Iterator[str]:
    """What one must know of the configurations before one is called better."""
    known = known_settings(installed.vendor, installed.version)
    for name, fragment in fragments.items():
        lines = fragment.lines if fragment else ()
        for line in lines:
            for written, _, why in risks_of(known, line, options.request.durability):
                yield f"{name}: {written}: {why}"
        tried = {line.number for line in servers[name].tried}
        left_out = [line for line in lines if line.number not in tried]
        if left_out:
            told = ", ".join(f"{line.name} (line {line.number})" for line in left_out)
            yield f"{name}: not tried: {told}"


def _found(options: TrialOptions, directory: Path) -> tuple[VendorName, Path | None]:
    """The server here, and its program. Its data directory is no place for others: the throw-away
    servers stay where they are told to be. Raises UsageError."""
    here = None
    if options.from_file is None:
        from advisor.commands.here import find_here, server_text  # looks at the host's servers

        here = find_here("trial", lambda each: ["--db", each.vendor], quiet=options.quiet)
        if here.instance is not None:
            data = here.instance.directory
            notify(f"trying {server_text(here.instance)}", quiet=options.quiet)
            if data.stat().st_dev != directory.stat().st_dev:
                other = f"{directory} is on another device than {data}"
                notify(f"note: {other}; name a DIR on the drive of the data", quiet=options.quiet)
    vendor = vendor_found(here)
    return vendor, here.instance.program if here and here.instance else None


def _is_file(name: str) -> bool:
    return name not in (OURS, DEFAULT)


def _fragments(
    names: list[str],
    files: dict[str, Fragment],
    options: TrialOptions,
    installed: Installed,
    directory: Path,
) -> Iterator[tuple[str, Fragment | None]]:
    """What each server is started with, in the order in which they were named."""
    for name in names:
        if name == DEFAULT:
            yield name, None
        elif name == OURS:
            yield name, _ours(options, installed, directory)
        else:
            yield name, files[name]


def _ours(options: TrialOptions, installed: Installed, directory: Path) -> Fragment:
    """As recommend writes it, from a measurement of the drive."""
    output = shared.OutputOptions(quiet=options.quiet)
    if options.from_file is not None:
        measurement = stored_measurement(options.from_file, quiet=options.quiet)
        where = measurement.target.directory
        notify(f"note: {OURS} rests on a measurement of {where}", quiet=options.quiet)
    else:
        measurement = measured(Drives(directory), "quick", output)
    verdict = judge(measurement, load_storage_knowledge())
    if not options.accept_not_durable:
        require_durable(measurement, verdict, evaluate(measurement, load_host_checks()))
    notify_trust(verdict, quiet=options.quiet)
    version = format_version(installed.version)
    request = build_request(
        installed.vendor, version, options.request, accept_not_durable=options.accept_not_durable
    )
    request = replace(request, build=detect_features(installed))
    advice = advise(measurement, request, knowledge_for(installed.vendor))
    return parse_fragment(render_fragment(advice), OURS, installed.vendor)
