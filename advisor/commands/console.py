"""What a command tells on stderr, and where it writes its product."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from advisor.analysis.verdict import Verdict
from advisor.commands.options import OutputOptions
from advisor.errors import UsageError
from advisor.files import STANDARD_STREAM
from advisor.output.text import message_line
from advisor.output_files import write_text
from advisor.vendors.forms import OPERATORS

YAML: Final = ("patroni", *OPERATORS, "compose")
ENDINGS: Final = {
    ".cnf": ("conf",),
    ".conf": ("conf",),
    ".htm": ("html",),
    ".html": ("html",),
    ".json": ("json",),
    ".md": ("markdown",),
    ".prom": ("prometheus",),
    ".sql": ("sql",),
    ".tf": ("terraform",),
    ".yaml": YAML,
    ".yml": YAML,
}
"""How a file's name ends -> the formats that are written so."""
OTHER_ENDINGS: Final = frozenset(
    {".csv", ".doc", ".docx", ".gz", ".odt", ".pdf", ".png", ".sh", ".svg", ".xls", ".xlsx", ".zip"}
)
"""Who types one of these would open the file with another program."""

NOTES_SHOWN: Final = 2
"""On stderr; whoever has to read more before an answer reads none."""


def notify(text: str, *, quiet: bool = False) -> None:
    """One line on stderr."""
    if not quiet:
        print(f"fsync-advisor: {message_line(text)}", file=sys.stderr)


def notify_all(notes: Iterable[str], *, quiet: bool) -> None:
    """A line for each note."""
    for note in notes:
        notify(f"note: {note}", quiet=quiet)


def notify_trust(verdict: Verdict, *, quiet: bool) -> None:
    """What a drive deserves, where it is not the best."""
    if verdict.trust != "plausible":
        notify(f"trust is {verdict.trust}: {verdict.evidence[0].text}", quiet=quiet)


def notify_about(verdict: Verdict, notes: Sequence[str], *, quiet: bool) -> None:
    """What the reader must know before the product, which has all of the notes: two lines."""
    notify_trust(verdict, quiet=quiet)
    shown = notes[: NOTES_SHOWN if verdict.trust == "plausible" else NOTES_SHOWN - 1]
    notify_all(shown, quiet=quiet)


def chosen_format(given: str | None, to: OutputOptions, formats: Sequence[str]) -> str:
    """The format that is asked for, or that the ending of --output names; else the first.

    Raises UsageError for an ending of another format: nobody looks for a table in an .html.
    """
    if given is not None or to.output is None:
        return given or formats[0]
    if to.output.suffix.lower() in OTHER_ENDINGS:
        raise UsageError(
            f"{to.output} names a format that is not written here",
            f"--format {', '.join(formats)}, or another ending",
        )
    named = ENDINGS.get(to.output.suffix.lower(), ())
    fitting = [each for each in named if each in formats]
    if len(fitting) == 1 or not named:
        return fitting[0] if fitting else formats[0]
    raise UsageError(
        f"{to.output} has no ending that names a format",
        f"--format {', '.join(fitting or formats)}",
    )


def write_output(text: str, to: OutputOptions | None = None) -> None:
    """The product, to stdout or safely into a file. Raises UsageError and AdvisorError."""
    to = to or OutputOptions()
    path = to.output or STANDARD_STREAM
    write_text(path, text, force=to.force)
    notify_written(path, quiet=to.quiet)


def notify_written(path: Path, *, quiet: bool) -> None:
    """Which file there is now."""
    if path != STANDARD_STREAM:
        notify(f"wrote {path}", quiet=quiet)
