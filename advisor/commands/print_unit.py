"""measure --print-unit: a unit of systemd that observes a server again and again."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

import advisor
from advisor.commands.console import notify
from advisor.commands.observing import PassiveOptions
from advisor.errors import AdvisorError, UsageError
from advisor.vendors.registry import VENDORS, vendor_of_scheme

PrintUnit = Annotated[
    Literal["service", "timer"] | None,
    typer.Option(
        "--print-unit",
        help="Print a unit of systemd that does this every quarter of an hour, or less often where"
        " --interval is long, as the account that packages run such a server by; do nothing else.",
    ),
]
UNIT: Final = "fsync-advisor-observe"
UnitName = Annotated[
    str | None,
    typer.Option(
        "--unit-name",
        metavar="NAME",
        help=f"What the unit is called; two servers of one kind need two names."
        f"  [default: {UNIT}- and the server's kind]",
    ),
]


def unit_of(
    kind: Literal["service", "timer"],
    options: PassiveOptions,
    directories: Sequence[str],
    label: str | None,
    *,
    name: str | None = None,
    quiet: bool = False,
) -> str:
    """The unit for these options, with a warning on stderr for each thing that keeps it from
    working. Raises UsageError."""
    from advisor.output.systemd import unit_text
    from advisor.servers.connection import shows_password

    scheme = (options.dsn or "").partition("://")[0].lower()
    vendor = vendor_of_scheme(scheme)
    if options.dsn is None or vendor is None:
        raise UsageError(
            "--print-unit needs --passive and --dsn, which say whose account it is for",
            "--passive --dsn postgresql:///postgres, or mysql://mysql@localhost/",
        )
    if shows_password(options.dsn):
        raise UsageError(
            "the DSN has a password, and everybody may read a unit",
            "leave it to ~/.pgpass or ~/.my.cnf of the database's own account",
        )
    unreachable = _why_not_reached(options.dsn)
    user, program = VENDORS[vendor].account, _program()
    for warning in (*unreachable, *_warnings(options.dsn, user, program[0])):
        notify(f"warning: {warning}", quiet=quiet)
    named = ["--label", label] if label else []
    return unit_text(
        kind,
        name=f"{UNIT}-{vendor}" if name is None else name,
        user=user,
        program=program,
        observing=[
            *("--interval", f"{options.seconds:g}", "--dsn", options.dsn),
            *named,
            *directories,
        ],
        interval_s=options.seconds,
    )


def _why_not_reached(dsn: str) -> list[str]:
    """What is missing here to reach the server. Raises UsageError for a DSN that is none."""
    from advisor.servers.connection import find_address

    try:
        find_address(dsn, None)
    except UsageError:
        raise
    except AdvisorError as error:  # another host may have it
        return [error.message]
    return []


def _program() -> list[str]:
    """How this program is called."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py" or not called.is_file():
        return [sys.executable, "-m", "advisor"]
    return [str(called.resolve())]


def _warnings(dsn: str, user: str, program: str) -> Iterator[str]:
    from advisor.servers.connection import other_host
    from advisor.servers.installed import barred_at, named_account

    if host := other_host(dsn):
        yield (
            f"{host} seems to be another host: the unit would watch the devices of the host that it"
            " is put on beside that server; print it there, with a DSN by its socket"
        )
    if named_account(user) is None:
        yield (
            f"this host has no account {user}: name in User= the one that the server runs as, or"
            " the unit does not start"
        )
        return
    parts = (program, sys.executable, str(Path(advisor.__file__).parent))
    for part in filter(Path.exists, map(Path, dict.fromkeys(filter(None, parts)))):
        if (barred := barred_at(user, part)) is not None:
            way = "" if barred == part else f", on the way to {part}"
            yield (
                f"the account {user} may not pass {barred}{way}, so the unit would not start;"
                " install fsync-advisor and its Python where every account may go, below /opt or"
                " /usr/local, and print the unit with that one"
            )
            return
