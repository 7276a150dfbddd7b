"""Units of systemd that observe a server again and again, as its own account."""

import re
from collections.abc import Sequence
from typing import Final, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from advisor import __version__
from advisor.errors import UsageError
from advisor.resources import resource_dir

UnitKind = Literal["service", "timer"]

UNIT_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,199}", re.ASCII)
"""Names of units that are names of files, too, without the signs that systemd.unit(5) reads
otherwise."""
SLACK_S: Final = 300
"""Beyond the interval, for a host that is busy."""
SCHEDULES: Final = (
    (900, "*:0/15", "every quarter of an hour"),
    (3_600, "hourly", "every hour"),
    (2 * 3_600, "0/2:00", "every two hours"),
    (6 * 3_600, "0/6:00", "every six hours"),
    (86_400, "daily", "every day"),
    (7 * 86_400, "weekly", "every week"),
)
"""Seconds from one run to the next, as OnCalendar= has it, and in words."""
PLAIN: Final = re.compile(r"[\w@./:=,+-]+", re.ASCII)

IF_THERE_IS: Final = (
    *("/bin/sh", "-c"),
    'test -e "$0" || exit 0; "$@"; status=$?; test "$status" -eq 1 || exit "$status"',
)
"""Runs the command behind the file that is named first, if there is that file. Status 1, by which
`drift` says that noise hides a change, is none to fail for every night."""


def unit_text(
    kind: UnitKind,
    *,
    name: str,
    user: str,
    program: Sequence[str],
    observing: Sequence[str],
    interval_s: float,
) -> str:
    """A service, or the timer that starts it. `name`: of the unit, its folder and its metrics, of
    which each server on a host needs its own; `program`: how we are called; `observing`: what
    follows `measure --passive`.

    Raises UsageError for a name that no unit has, and an option that no line of a unit can have.
    """
    if not UNIT_NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is not the name of a unit", "letters, digits, and - . _ between them"
        )
    environment = Environment(
        loader=FileSystemLoader(resource_dir("templates")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    longest_s = round(interval_s) + SLACK_S
    calendar, how_often = next(
        (calendar, words) for period_s, calendar, words in SCHEDULES if period_s >= longest_s
    )
    state = f"%S/{name}"  # of the unit alone: systemd makes it for the account
    saved, baseline, metrics = f"{state}/observed.json", f"{state}/baseline.json", f"{name}.prom"
    quiet = ("--force", "--quiet")
    commands = [
        _line([*program, "measure", "--passive", *observing], ["--output", saved, *quiet]),
        _line(
            [*program, "report", "--format", "prometheus"],
            ["--from", saved, "--output", f"{state}/{metrics}", *quiet],
        ),
        _line(IF_THERE_IS, [baseline, *map(_argument, program), "drift", baseline])
        + f" --from {saved} --quiet",
    ]
    return environment.get_template(f"systemd/{kind}.j2").render(
        name=name,
        version=__version__,
        user=user,
        commands=commands,
        metrics=metrics,
        timeout_s=longest_s,
        calendar=calendar,
        how_often=how_often,
    )


def _line(arguments: Sequence[str], as_written: Sequence[str]) -> str:
    """A command line; the second part may name the unit's own places."""
    return " ".join([*map(_argument, arguments), *as_written])


def _argument(text: str) -> str:
    """An argument as systemd reads it (systemd.service(5), Command lines): it would replace %X by
    something of the unit, and $X by a variable."""
    if not text.isprintable():
        raise UsageError(f"{text!r} cannot stand in a unit of systemd", "leave out line breaks")
    escaped = text.replace("%", "%%").replace("$", "$$")
    if PLAIN.fullmatch(text):
        return escaped
    quoted = escaped.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'
