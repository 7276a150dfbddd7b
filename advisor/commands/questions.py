"""Options -> the questions of a report."""

from itertools import zip_longest
from pathlib import Path
from typing import Final

from advisor.capacity.host import CapacityRequest
from advisor.capacity.workloads import Transaction, fill_in
from advisor.commands.options import DurabilityChoice
from advisor.commands.requests import build_request, parse_syncs
from advisor.commands.wishes import build_wishes
from advisor.errors import UsageError
from advisor.knowledge import load_workloads
from advisor.report.build import ReportRequest
from advisor.vendors.names import VENDOR_NAMES, VendorName
from advisor.vendors.registry import VENDORS

CLIENTS: Final = "1,4,16,64,128"
"""Fewer than `capacity` shows: each is a run of the model."""

WORKLOAD: Final = "order"
"""Shown where none is named: several statements and one commit, as many shops have."""

ASSUMED: Final = f"no workload was named; {WORKLOAD} is one of those that --workload knows"


def one_directory(paths: list[Path]) -> Path | None:
    """The directory to measure. Raises UsageError for several."""
    if len(paths) > 1:
        raise UsageError("a report is on one directory", "--fleet FILE FILE... reports on many")
    return paths[0] if paths else None


def parse_vendors(named: list[str]) -> list[VendorName]:
    """The servers, each named once. Raises UsageError."""
    known: dict[str, VendorName] = {vendor: vendor for vendor in VENDOR_NAMES}
    for name in named:
        if name not in known:
            raise UsageError(f"--db {name!r}: name some of {', '.join(known)}")
        if named.count(name) > 1:
            raise UsageError(f"--db {name} is given twice", "name each server once")
    return [known[name] for name in named]


def build_questions(
    servers: list[str],
    versions: list[str],
    *,
    durability: DurabilityChoice,
    binary_log: bool | None,
    memory: str | None,
    recovery_time: str | None,
    syncs: str | None,
    clients: str | None,
    workloads: list[str] | None,
    parameters: list[str] | None,
    references: bool,
    target_tps: float | None,
    p99_ms: float | None,
    cores: int | None,
    cpu_us_per_txn: str | None,
    rate_per_s: float | None,
    command: str,
) -> ReportRequest:
    """The questions that the options ask. Raises UsageError for some that make no sense."""
    vendors = parse_vendors(servers)
    if not vendors and (
        versions or memory or recovery_time or binary_log is not None or durability != "strict"
    ):
        raise UsageError(
            "--db-version, --binary-log, --durability, --memory and --recovery-time need --db"
        )
    if versions and len(versions) != len(vendors):
        raise UsageError(
            f"{len(versions)} --db-version for {len(vendors)} --db",
            "give one for each, in the same order",
        )
    by_default = not workloads and target_tps is None
    wishes = build_wishes(
        clients=clients or CLIENTS,
        workloads=[WORKLOAD] if by_default else workloads,
        parameters=parameters,
        references=references,
        cores=cores,
        cpu_us_per_txn=cpu_us_per_txn,
        target_tps=target_tps,
        p99_ms=p99_ms,
    )
    return ReportRequest(
        requests=tuple(
            build_request(
                vendor,
                version,
                durability=durability,
                binary_log=binary_log
                if VENDORS[vendor].has_binary_log or len(vendors) == 1
                else None,
                memory=memory,
                recovery_time=recovery_time,
                expected_tps=target_tps,
                syncs=syncs,
            )
            for vendor, version in zip_longest(vendors, versions)
        ),
        syncs=parse_syncs(syncs),
        wishes=wishes,
        events=_events(wishes) if rate_per_s else (),
        events_per_s=rate_per_s,
        assumed=(ASSUMED,) if by_default else (),
        command=command,
    )


def _events(wishes: CapacityRequest) -> tuple[Transaction, ...]:
    """The workloads of files that are named; where there are none, all that we know."""
    named = tuple(one for one in wishes.transactions if one.kind == "files")
    return named or fill_in([one for one in load_workloads().values() if one.kind == "files"], {})
