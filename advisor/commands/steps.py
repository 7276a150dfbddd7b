"""Steps that several commands take: get a measurement, judge it, hand over the product."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from advisor.analysis.trust import ORDER
from advisor.analysis.verdict import Verdict
from advisor.errors import NotTrustedError, UsageError
from advisor.files import (
    HEAD_BYTES,
    MAX_INPUT_BYTES,
    STANDARD_STREAM,
    check_writable,
    decode,
    read_bytes,
    read_text,
    shown_name,
    write_text,
)
from advisor.knowledge import load_assumptions, load_settings, load_storage_knowledge
from advisor.measurement import Measurement, from_json, to_json, without_latencies
from advisor.output.text import one_line
from advisor.rules.knowledge import Knowledge
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS

if TYPE_CHECKING:
    from advisor.servers.config import Fragment

MAX_REPORT_BYTES: Final = 4 * 1024**2
"""Of another tool's report: twenty of fio's largest. So many bytes of whatever shape take less than
a second and 200 MiB (tests/benchmarks/importer_fuzz.py --large)."""


def say(text: str, *, quiet: bool = False) -> None:
    """One line on stderr."""
    if not quiet:
        print(f"fsync-advisor: {one_line(text)}", file=sys.stderr)


def say_notes(verdict: Verdict, notes: Iterable[str], *, quiet: bool) -> None:
    """What the reader of the product must know beside it, on stderr."""
    say_trust(verdict, quiet=quiet)
    say_all(notes, quiet=quiet)


def say_trust(verdict: Verdict, *, quiet: bool) -> None:
    """What a drive deserves, where it is not the best."""
    if verdict.trust != "plausible":
        say(f"trust is {verdict.trust}: {verdict.evidence[0].text}", quiet=quiet)


def say_all(notes: Iterable[str], *, quiet: bool) -> None:
    """A line for each note."""
    for note in notes:
        say(f"note: {note}", quiet=quiet)


def hand_over(text: str, output: Path | None = None, *, force: bool = False) -> None:
    """The product, to stdout or safely into a file."""
    write_text(output or STANDARD_STREAM, text, force=force)


def plan_name(*, quick: bool, thorough: bool) -> str:
    """The measuring plan that the flags name."""
    if quick and thorough:
        raise UsageError("--quick and --thorough contradict each other")
    return "quick" if quick else "thorough" if thorough else "default"


def stored_or_measured(
    directory: Path | None,
    from_file: Path | None,
    *,
    quick: bool,
    thorough: bool,
    label: str | None,
    save: Path | None,
    force: bool,
    quiet: bool,
) -> Measurement:
    """The measurement a command starts from. Raises UsageError for options that contradict."""
    plan = plan_name(quick=quick, thorough=thorough)
    if from_file is None:
        return measured(directory, plan, label=label, save=save, force=force, quiet=quiet)
    if directory is not None:
        raise UsageError(f"both {directory} and --from {from_file} are given", "choose one")
    if quick or thorough or save or label:
        raise UsageError("--quick, --thorough, --save and --label need a drive, not --from")
    return stored(from_file, quiet=quiet)


def stored(
    path: Path, *, pick: int | None = None, latencies: bool = True, quiet: bool = False
) -> Measurement:
    """The measurement in a file: one of ours, or the report of a tool that we know.

    Of several reports number `pick`, else the first that can be used; which it was, is said.
    Without `latencies` only the summaries of the series are read. Raises AdvisorError.
    """
    name = shown_name(path)
    raw = read_bytes(path, lambda head: MAX_INPUT_BYTES if _is_ours(head) else MAX_REPORT_BYTES)
    if _is_ours(raw[:HEAD_BYTES]):
        return from_json(decode(raw if latencies else without_latencies(raw), name), name)
    # Only here, so that a measurement of ours costs no more than before.
    from advisor.importers import import_report

    imported = import_report(raw, name, pick)
    say(f"note: {imported.taken}", quiet=quiet)
    return imported.measurement


def _is_ours(head: bytes) -> bool:
    return head.lstrip()[:1] == b"{" and b'"schema_version"' in head


def named_fragment(vendor: VendorName, path: Path) -> "Fragment":
    """A configuration file, and what to call it. Raises AdvisorError."""
    from advisor.servers.config import parse_fragment

    return parse_fragment(read_text(path), shown_name(path), vendor)


def measured(
    directory: Path | None,
    plan: str,
    *,
    seed: int | None = None,
    label: str | None = None,
    save: Path | None = None,
    force: bool = False,
    quiet: bool = False,
) -> Measurement:
    """Measures, shows progress, and saves the result before anything is made of it."""
    from advisor.output.progress import progress_bar
    from advisor.probe import PLANS, measure
    from advisor.probe.data_directories import on_other_devices

    check_writable(save, force=force)
    target = directory or Path()
    with progress_bar(quiet=quiet) as report:
        measurement = measure(target, PLANS[plan], seed=seed, label=label, report=report)
    if save:
        write_text(save, to_json(measurement), force=force)
    for other in on_other_devices(target):
        elsewhere = f"a running {other.server} keeps its data in {other.directory}"
        say(f"note: {elsewhere}, on another device than {target}", quiet=quiet)
    return measurement


def knowledge_for(vendor: VendorName | None) -> Knowledge:
    """What profiles/ says about drives, and about one server where there is one in mind."""
    settings = load_settings(VENDORS[vendor].engine) if vendor else ()
    return Knowledge(load_storage_knowledge(), load_assumptions(), settings)


def require_trust(verdict: Verdict, wanted: str | None) -> None:
    """Raises NotTrustedError when the drive deserves less trust than `wanted`."""
    levels: list[str] = list(ORDER)
    if wanted is not None and levels.index(verdict.trust) > levels.index(wanted):
        why = verdict.evidence[0].text
        raise NotTrustedError(f"trust is {verdict.trust}, {wanted} is required: {why}")
