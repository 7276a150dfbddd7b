"""What people see on a terminal: measurements and rules. 80 columns suffice."""

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from advisor.analysis.storage import Ranking
from advisor.analysis.verdict import Verdict
from advisor.measurement import Measurement, Unknown
from advisor.output.text import NOTHING_FOUND, SUMMARY_HEADINGS, one_line, summary_cells
from advisor.rules.catalogue import Setting, Spec
from advisor.units import format_named, format_size
from advisor.vendors.registry import VENDORS
from advisor.versions import format_version

TRUST_STYLES = {
    "plausible": "green",
    "unverifiable": "yellow",
    "suspicious": "bold yellow",
    "not-durable": "bold red",
}


def measurement_text(measurement: Measurement, verdict: Verdict) -> str:
    """The series, the verdict with its evidence, and where the drive stands."""
    return _rendered(_measurement_parts(measurement, verdict))


def rules_text(settings: Iterable[Setting]) -> str:
    """Every rule's id, under its setting's summary."""
    lines = []
    for setting in settings:
        lines.append(f"{setting.engine}.{setting.name}: {setting.summary}")
        lines += [f"  {setting.rule_id(rule)}" for rule in setting.rule]
    return "".join(f"{line}\n" for line in lines)


def setting_text(setting: Setting, rule_name: str | None) -> str:
    """One setting: what versions take, and its rules, or only the one named."""
    lines = [f"{setting.engine}.{setting.name}: {setting.summary}"]
    lines += [f"  {_spec_line(spec)}" for spec in setting.spec]
    for rule in setting.rule:
        if rule_name in (None, rule.name):
            shown = rule.model_dump(
                mode="json", by_alias=True, exclude_unset=True, exclude={"name"}
            )
            lines += ["", str(setting.rule_id(rule)), *_indented(shown)]
    return "".join(f"{line}\n" for line in lines)


def _measurement_parts(measurement: Measurement, verdict: Verdict) -> Iterator[RenderableType]:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("series", no_wrap=True)
    for heading in SUMMARY_HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for series in measurement.series:
        table.add_row(Text(series.name), *summary_cells(series.summary))
    yield table
    yield ""
    for absent in measurement.absent:
        yield _line(f"not measured: {absent.name}: {absent.why}")
    if not isinstance(measurement.written_bytes, Unknown):
        yield _line(f"written: {format_size(measurement.written_bytes)}")
    yield _line(f"class:   {verdict.storage_class} - {verdict.name}. {verdict.description}")
    yield Text.assemble("trust:   ", (verdict.trust, TRUST_STYLES[verdict.trust]))
    for evidence in verdict.evidence:
        yield _line(f"  {evidence.trust}: {evidence.text}")
    if not verdict.evidence:
        yield _line(f"  {NOTHING_FOUND}")
    for standing in verdict.standings:
        yield _line(_standing_line(standing))
    for warning in measurement.warnings:
        yield _line(f"note: {warning.text}")


def _line(text: str) -> Text:
    """What a drive, a path or a label says cannot reach the terminal's controls."""
    return Text(one_line(text))


def _rendered(parts: Iterable[RenderableType]) -> str:
    """As text: with colours on a terminal, without anywhere else or where NO_COLOR is set."""
    console = Console()
    with console.capture() as capture:
        for part in parts:
            console.print(part, highlight=False)
    return capture.get()


def _standing_line(standing: Ranking) -> str:
    if standing.next_faster is None:
        where = f"faster than all {standing.of} reference storages"
    elif standing.next_slower is None:
        where = f"slower than all {standing.of} reference storages"
    else:
        where = f"between reference storages {standing.next_faster} and {standing.next_slower}"
    rate = format_named("ops_per_s", standing.ops_per_s)
    return f"classic {standing.block_bytes // 1024} KiB: {rate}, {where}"


def _indented(shown: dict[str, Any], depth: int = 1) -> Iterator[str]:
    """Nested data as indented lines."""
    margin = "  " * depth
    for name, value in shown.items():
        if isinstance(value, dict):
            yield f"{margin}{name}:"
            yield from _indented(value, depth + 1)
        elif isinstance(value, list):
            yield f"{margin}{name}:"
            yield from (f"{margin}  {item}" for item in value)
        else:
            yield f"{margin}{name}: {value}"


def _spec_line(spec: Spec) -> str:
    """Like "mysql 8.0.30 to 8.4: integer, 8M to 512G, default 100M, restart"."""
    until = "" if spec.until is None else f" until {format_version(spec.until)}"
    versions = f"{spec.vendor} {format_version(spec.since or ())}{until}"
    built = [f"{choice} (built with {needed})" for choice, needed in spec.build_choices.items()]
    takes = ", ".join([*spec.choices, *built]) or spec.type
    if spec.min is not None and spec.max is not None:
        low, high = (
            VENDORS[spec.vendor].render_value(limit, spec.unit) for limit in (spec.min, spec.max)
        )
        takes = f"{takes}, {low} to {high}"
    default = spec.default_note
    if spec.default is not None:
        default = VENDORS[spec.vendor].render_value(spec.default, spec.unit)
    change = "restart" if spec.restart else "no restart"
    return f"{versions}: {takes}; default {default}; {change}"
