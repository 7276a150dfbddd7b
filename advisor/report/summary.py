"""The answer in three sentences: what the drive is, what it sustains, what to do."""

from collections.abc import Iterable
from typing import Final

from advisor.advice import Advice
from advisor.analysis.host_findings import HostFinding
from advisor.analysis.observed_load import may_wait_for_processor
from advisor.analysis.trust import Trust
from advisor.analysis.verdict import Verdict, promise, remedy
from advisor.capacity.group_commit import Bottleneck
from advisor.durability import CLASSES
from advisor.measurement import MEASURED, OBSERVED, Measurement
from advisor.model import Unknown
from advisor.report.alternatives import typical_clients
from advisor.report.results import ServerReport
from advisor.units import counted, format_count, format_latency
from advisor.vendors.registry import VENDORS

SAID_OF: Final[dict[Trust, str]] = {
    "plausible": "all checks of the drive passed",
    "unverifiable": "whether it survives a power loss cannot be checked from here",
    "suspicious": "the drive is suspicious",
    "not-durable": "it is not durable",
}

HOW_KNOWN: Final = {MEASURED: "takes", OBSERVED: "was observed to take"}
"""Source of a measurement -> how sure its figures are."""

BINDS: Final[dict[Bottleneck, str]] = {
    "flush": "limited by the drive",
    "cpu": "limited by the processors",
    "clients": "each waiting for its own syncs; more connections reach more",
    "sequential writes": "limited by the drive's sequential writes",
    "page writes": "limited by the drive's page writes",
    "page reads": "limited by the drive's page reads",
    "page writes and reads": "limited by the drive's page writes and reads",
    "operation limit": "limited by the operations that the provider allows",
    "bandwidth limit": "limited by the bandwidth that the provider allows",
}

WAITED: Final = ", perhaps in part as a wait for a processor"
WORTH_A_WORD: Final = 1.1
"""What sustains less than so many times as much is no reason to change anything."""


def summary(
    measurement: Measurement,
    verdict: Verdict,
    servers: tuple[ServerReport, ...],
    host: Iterable[HostFinding] = (),
) -> tuple[str, str, str]:
    """Whoever reads no further has the answer."""
    drive = _drive(measurement, verdict)
    if not servers:
        return (
            drive,
            "There are no settings and no capacity: a sync that stores nothing does not show "
            "how fast a drive is.",
            _sentence(
                remedy(verdict, host) or "measure the directory where the database will live"
            ),
        )
    sustained = " ".join(_sentence(_sustained(server)) for server in servers)
    return drive, sustained, _to_do(servers, may_wait_for_processor(measurement))


def _drive(measurement: Measurement, verdict: Verdict) -> str:
    place = measurement.target.directory
    what = "A sync" if isinstance(place, Unknown) else f"A sync in {place}"
    takes = "takes an unknown time"
    if sync := measurement.effective_sync:
        how = HOW_KNOWN.get(measurement.source, "is reported to take")
        p99 = sync.summary.p99_us
        tail = "" if p99 is None else f", p99 {format_latency(p99)}"
        waited = WAITED if may_wait_for_processor(measurement) else ""
        takes = (
            f"{how} {format_latency(sync.summary.mean_us)} on average{tail}{waited}"
            f"{_soaked(measurement)}"
        )
    said = SAID_OF[verdict.trust]
    if verdict.evidence:
        said = f"{said}: {verdict.evidence[0].text}"
    end = "" if said.endswith("?") else "."
    return f"{what} ({verdict.name}) {takes}; {said}{end}"


def _soaked(measurement: Measurement) -> str:
    if measurement.soak is None:
        return ""
    from advisor.analysis.soak_text import duration_text  # else nobody needs it

    return f", after a soak of {duration_text(measurement.soak.elapsed_s)}"


def _sustained(server: ServerReport) -> str:
    plan = server.capacity
    serial_tps = server.alternatives[0].serial_tps
    alone = "a commit waits for no sync"
    if serial_tps is not None:
        alone = f"one connection commits at most {format_count(serial_tps)} times a second"
    clients = typical_clients(point.clients for point in plan.group_commit)
    point = next(point for point in plan.group_commit if point.clients == clients)
    tps = format_count(point.tps)
    together = f"{counted(clients, 'connection')} reach {tps} transactions a second"
    return f"{_name(server)}: {alone}; {together} in the model, {BINDS[point.bottleneck]}"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _name(server: ServerReport) -> str:
    advice = server.advice
    return f"{VENDORS[advice.engine].title} {advice.engine_version}" if advice else "a database"


def _to_do(servers: tuple[ServerReport, ...], may_wait: bool) -> str:
    set_lines = [_lines(server.advice) for server in servers if server.advice]
    parts = [f"apply {'; '.join(set_lines)}"] if set_lines else []
    parts += [_answer(server) for server in servers if server.capacity.target]
    if not any(server.capacity.target for server in servers):
        parts.append(_largest_gain(servers, may_wait))
    if not set_lines:
        parts.append("--db adds the settings for a server")
    return " ".join(map(_sentence, parts))


def _lines(advice: Advice) -> str:
    """How many lines, and what they risk."""
    emitted = [entry for entry in advice.settings if entry.emitted]
    risked = max((entry.durability for entry in advice.settings), key=CLASSES.index)
    name = f"{VENDORS[advice.engine].title} {advice.engine_version}"
    return f"the {len(emitted)} settings for {name}: {promise(risked, advice.storage.trust)}"


def _answer(server: ServerReport) -> str:
    """Whether the target is sustained, and the first thing that would change a no."""
    target = server.capacity.target
    assert target is not None
    rate = f"{format_count(target.tps)} transactions a second"
    if target.here.clients:
        clients = counted(target.here.clients, "connection")
        return f"{rate} are sustained by {_name(server)} with {clients}"
    no = f"{rate} are not sustained by {_name(server)} on this drive"
    if not target.remedies:
        return no
    return f"{no}, but would be with {' and '.join(target.remedies[0].changes)}"


def _largest_gain(servers: tuple[ServerReport, ...], may_wait: bool) -> str:
    """The change that gains most without risking a commit; of a drive that what was observed
    `may_wait` for something else."""
    changes = [change for server in servers for change in server.alternatives]
    safe = [change for change in changes if change.kind != "durability"]
    best = max(safe, key=lambda change: change.times)
    if best.times < WORTH_A_WORD:
        return "a faster drive or more connections would gain little"
    gain = f"{best.change} would allow {format_count(best.times)} times as many transactions"
    is_drive = best.kind in ("drive", "log-device")
    return f"{gain}, if all of the wait was for the drive" if may_wait and is_drive else gain
