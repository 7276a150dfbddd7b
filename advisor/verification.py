"""What `verify` found: a fragment held against a server, line by line."""

from typing import Final, Literal

from advisor.model import Model
from advisor.vendors.names import VendorName

LineVerdict = Literal[
    "ok", "taken", "differs", "refused", "warned", "doubled", "not read", "not tried"
]
GOOD: Final[frozenset[LineVerdict]] = frozenset({"ok", "taken", "not read", "not tried"})
"""Verdicts that do not fail a fragment: read back as written; taken, but no variable shows it; in
an option group that this server does not read; naming a place, a program or the network."""


class CheckedLine(Model):
    """One line, and what became of it."""

    line: int
    setting: str
    fragment: str | None
    """The value as written."""
    server: str | None
    """The value as the server shows it; None where it has none."""
    verdict: LineVerdict
    message: str = ""
    """What is wrong, where something is; with what the server said."""


class Verification(Model):
    """A fragment held against one server."""

    schema_version: Literal[1] = 1
    engine: VendorName
    engine_version: str
    program: str
    fragment: str
    ok: bool
    lines: tuple[CheckedLine, ...]
