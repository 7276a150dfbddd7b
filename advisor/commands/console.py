"""What a command tells on stderr, and where it writes its product."""

import sys
from collections.abc import Iterable

from advisor.analysis.verdict import Verdict
from advisor.commands.options import OutputOptions
from advisor.files import STANDARD_STREAM, write_text
from advisor.output.text import one_line


def notify(text: str, *, quiet: bool = False) -> None:
    """One line on stderr."""
    if not quiet:
        print(f"fsync-advisor: {one_line(text)}", file=sys.stderr)


def notify_all(notes: Iterable[str], *, quiet: bool) -> None:
    """A line for each note."""
    for note in notes:
        notify(f"note: {note}", quiet=quiet)


def notify_trust(verdict: Verdict, *, quiet: bool) -> None:
    """What a drive deserves, where it is not the best."""
    if verdict.trust != "plausible":
        notify(f"trust is {verdict.trust}: {verdict.evidence[0].text}", quiet=quiet)


def notify_about(verdict: Verdict, notes: Iterable[str], *, quiet: bool) -> None:
    """What the reader of the product must know beside it."""
    notify_trust(verdict, quiet=quiet)
    notify_all(notes, quiet=quiet)


def write_output(text: str, to: OutputOptions | None = None) -> None:
    """The product, to stdout or safely into a file. Raises UsageError and AdvisorError."""
    to = to or OutputOptions()
    write_text(to.output or STANDARD_STREAM, text, force=to.force)
