"""Text that fragments and documents share: lines that stay lines, and what a commit waits for."""

import shlex
import unicodedata
from collections.abc import Sequence
from typing import Any, Final

from advisor.advice import Capacity, SerialPoint
from advisor.units import counted, format_count, format_latency

NOT_SHOWN: Final = frozenset({"Cc", "Cf", "Cn", "Cs", "Zl", "Zp"})
"""Unicode's categories of controls, formats, surrogates, line ends and what is no character."""

NOTHING_FOUND: Final = "All checks passed. Only a power cut can prove more."
"""The evidence line of a plausible drive."""


LONGER: Final = 1.05
"""From here on a difference is worth a word."""

COMMAND_WIDTH: Final = 76
"""Of a line of a command, which stands two columns in."""

MESSAGE_CHARACTERS: Final = 600
"""Of a message; ours are shorter, names in measurements and of files need not be."""


def one_line(value: Any) -> str:
    """Text that stays in its line, or in its comment: no newline, no control character, nothing
    that YAML refuses."""
    text = str(value)
    if text.isprintable():
        return text
    return "".join(
        " " if unicodedata.category(character) in NOT_SHOWN else character for character in text
    )


def message_line(text: str) -> str:
    """One line of a message, without the middle where a name in it is longer than anybody reads."""
    line = one_line(text)
    if len(line) <= MESSAGE_CHARACTERS:
        return line
    kept = MESSAGE_CHARACTERS // 2
    return f"{line[:kept]}...{line[-kept:]}"


def sentence(text: str) -> str:
    """A note that begins small and may end bare, as a sentence."""
    end = "" if text.endswith((".", "?")) else "."
    return f"{text[:1].upper()}{text[1:]}{end}"


def command_lines(command: str) -> str:
    """A long command in lines that a shell takes for one; an option and its value stay together."""
    program, *words = map(shlex.quote, shlex.split(command))
    parts: list[str] = []
    for word in words:
        takes_value = parts and parts[-1].startswith("--") and " " not in parts[-1]
        if takes_value and not word.startswith("--"):
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    lines = [program]
    for part in parts:
        if len(lines[-1]) + len(part) > COMMAND_WIDTH - 2:
            lines.append(f"  {part}")
        else:
            lines[-1] += f" {part}"
    return " \\\n".join(lines)


def serial_rows(points: Sequence[SerialPoint]) -> list[str]:
    """A heading and a row for each number of syncs."""
    heading = f"{'syncs per transaction':>22}{'transactions/s':>18}{'per day':>18}"
    return [
        heading,
        *(
            f"{point.syncs:>22,}{format_count(point.tps):>18}{format_count(point.per_day):>18}"
            for point in points
        ),
    ]


def commit_line(capacity: Capacity) -> str:
    """What one commit with the advised settings waits for; empty without a server in mind."""
    if capacity.commit_syncs is None:
        return ""
    what = f"One commit with these settings waits for {syncs_text(capacity.commit_syncs)}"
    if capacity.commit_syncs == 0:
        return f"{what}."
    if capacity.commit_us is None or capacity.commit_tps is None:
        return f"{what}; the cost of a growing binary log was not measured."
    wait, rate = format_latency(capacity.commit_us), format_count(capacity.commit_tps)
    if capacity.commit_us > LONGER * capacity.commit_syncs * capacity.sync_us:
        wait += " (the binary log grows, so its sync takes longer)"
    if capacity.rtt_us:
        wait += f", and for a replica, {format_latency(capacity.rtt_us)}"
    commits = "commit" if rate == "1" else "commits"
    return f"{what}, {wait}: at most {rate} {commits}/s on one connection."


def limit_text(capacity: Capacity) -> str:
    """The provider's limit, to follow a figure; empty where none was given."""
    if capacity.ops_per_s_max is None:
        return ""
    return f", within {counted(capacity.ops_per_s_max, 'operation')}/s"


def syncs_text(count: int) -> str:
    """A number of syncs in words."""
    return "no sync" if count == 0 else "1 sync" if count == 1 else f"{count} syncs"
