"""How a report was made, so that anyone can make it again."""

from collections.abc import Iterator

from advisor.output.document import Code, Folded, Paragraph, Table
from advisor.output.text import command_lines
from advisor.report.results import Report
from advisor.units import format_latency
from advisor.vendors.registry import VENDORS


def provenance_block(report: Report) -> Folded:
    """The command, the versions and the seeds."""
    return Folded(
        "How this report was made",
        [
            Paragraph(
                "The same command makes the same report from the same measurement: the model draws "
                "its chances from a fixed seed. No server was changed."
            ),
            Code(command_lines(report.command)),
            Table("", ("what", "which"), list(_rows(report))),
        ],
    )


def _rows(report: Report) -> Iterator[tuple[str, str]]:
    yield "report", f"fsync-advisor {report.tool_version}"
    measured = report.measured
    yield "measurement", f"{measured.source}, by fsync-advisor {measured.tool_version}"
    if plan := report.measurement.plan:
        yield "plan", f"{plan.name}, {plan.rounds} rounds, seed {plan.seed}"
    for server in report.servers:
        if advice := server.advice:
            name = f"{VENDORS[advice.engine].title} {advice.engine_version}"
            yield "server", f"{name} ({advice.version_source})"
        cores, cpu = server.capacity.cores, server.capacity.cpu_us_per_txn
        work = f"{format_latency(cpu.value)} of CPU time per transaction ({cpu.source})"
        yield "model", f"{cores.value:g} cores ({cores.source}), {work}, seed 0"
