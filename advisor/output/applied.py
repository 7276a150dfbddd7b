"""A change of a server's configuration as a document: the values, and what each needs."""

from collections.abc import Iterator
from typing import Final

from advisor.applied import AppliedChange, Needs
from advisor.output.document import Document, Lines, Section, Table

HEADINGS: Final = ("setting", "now", "new", "needs", "now set in")
NOT_SET: Final = "-"
NOTHING_CHANGES: Final = "No setting changes its value."

NEEDED: Final[dict[Needs, str]] = {
    "restart": "restart the server for",
    "reload": "a reload suffices for",
    "unknown": "whether a reload suffices is not known for",
}


def change_document(change: AppliedChange) -> Document:
    """The settings that change, as a table."""
    rows = [
        (
            entry.setting,
            NOT_SET if entry.now is None else entry.now,
            NOT_SET if entry.new is None else entry.new,
            "?" if entry.needs == "unknown" else entry.needs,
            _short(entry.now_set_in, change.file) if entry.now_set_in else NOT_SET,
        )
        for entry in change.settings
    ]
    block = Table("", HEADINGS, rows) if rows else Lines([NOTHING_CHANGES])
    return Document(sections=[Section(blocks=[block])])


def _short(place: str, written: str) -> str:
    """A file and its folder: "conf.d/a.conf:3". The one that is written is "this file:3": its
    name does not fit beside the longest setting in 80 columns. The JSON has the whole path."""
    file, _, line = place.rpartition(":")
    return f"this file:{line}" if file == written else "/".join(place.rsplit("/", 2)[-2:])


def needs_lines(change: AppliedChange) -> Iterator[str]:
    """A line for each thing that is left to do."""
    for need, text in NEEDED.items():
        names = [entry.setting for entry in change.settings if entry.needs == need]
        if names:
            yield f"{text}: {', '.join(names)}"
