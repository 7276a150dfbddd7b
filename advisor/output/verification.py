"""A verified fragment as a document: what was asked for against what the server has."""

from collections.abc import Iterator
from typing import Final

from advisor.output.document import Document, Lines, Section, Table, Tone
from advisor.output.verdict_line import verification_verdict
from advisor.vendors.registry import VENDORS
from advisor.verification import GOOD, Verification

HEADINGS: Final = ("line", "setting", "fragment", "server has", "verdict")


def verification_document(found: Verification) -> Document:
    """The verdict, the table, and one line that sums it up."""
    rows = [
        (
            str(entry.line),
            entry.setting,
            "" if entry.fragment is None else entry.fragment,
            "-" if entry.server is None else entry.server,
            entry.verdict,
        )
        for entry in found.lines
    ]
    server = f"{VENDORS[found.engine].title} {found.engine_version}"
    count = {
        verdict: sum(row[4] == verdict for row in rows)
        for verdict in dict.fromkeys(row[4] for row in rows)
    }
    parts = ", ".join(f"{number} {verdict}" for verdict, number in count.items())
    tones: dict[int, Tone] = {
        row: "bad" for row, entry in enumerate(found.lines) if entry.verdict not in GOOD
    }
    blocks = (Table("", HEADINGS, rows, tones=tones), Lines([f"{server}: {parts}"]))
    return Document(
        sections=[Section(blocks=[block]) for block in blocks], verdict=verification_verdict(found)
    )


def problem_lines(found: Verification) -> Iterator[str]:
    """One line for each bad line of the fragment: where, what, and what the server said."""
    for entry in found.lines:
        if entry.verdict not in GOOD:
            yield f"{found.fragment}:{entry.line}: {entry.setting} {entry.verdict}: {entry.message}"
