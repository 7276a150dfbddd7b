"""What capacity planning is asked for: its options -> the CapacityRequest."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import typer

from advisor.capacity.bounds import ProviderLimits
from advisor.capacity.host import CapacityRequest
from advisor.capacity.page_load import UNIFORM, DataSet
from advisor.capacity.target_search import CLIENT_COUNTS
from advisor.capacity.workloads import Workload, fill_in
from advisor.commands.options import MaxIops
from advisor.commands.parameters import options_class
from advisor.commands.requests import parse_counts, size_of
from advisor.errors import UsageError
from advisor.knowledge import load_workload, load_workloads

MAX_CLIENTS: Final = 1024
"""More connections than that want a pooler, and the model more time than anybody has."""

BYTES_PER_MB: Final = 10**6
"""As providers count."""


Clients = Annotated[
    str | None,
    typer.Option(metavar="C,C,...", help="Numbers of clients to show.  [default: 1 to 256]"),
]
Workloads = Annotated[
    list[str] | None,
    typer.Option(
        "--workload",
        metavar="NAME|FILE",
        help="Show what rate of that workload the drive sustains; all: of every one we know."
        " May be repeated.",
    ),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter",
        metavar="NAME=N",
        help="What makes a workload larger, like items=5. May be repeated.",
    ),
]
References = Annotated[
    bool, typer.Option("--references", help="Show workloads on the reference drives, too.")
]
Cores = Annotated[
    int | None,
    typer.Option(min=1, max=4096, help="Cores of the server.  [default: the measured host's]"),
]
CpuPerTransaction = Annotated[
    str | None,
    typer.Option(
        "--cpu-us-per-txn",
        metavar="US",
        help="CPU time of a transaction, in us, over all cores; by clients: 4:57,64:61."
        "  [default: assumed for each single-row write, and shown]",
    ),
]
TargetTps = Annotated[
    float | None,
    typer.Option(
        min=0.01,
        max=1e9,
        metavar="TPS",
        help="Show which drives sustain so many transactions/s, and what would.",
    ),
]
P99Limit = Annotated[
    float | None,
    typer.Option(
        "--p99-ms", min=0.001, max=1e9, metavar="MS", help="Within that p99, for --target-tps."
    ),
]


DataSize = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Size of the data, like 200GB; what does not fit into memory is read and written as"
        " pages.",
    ),
]
HotShare = Annotated[
    float | None,
    typer.Option(
        min=0.001,
        max=UNIFORM,
        metavar="SHARE",
        help="0.2: 80 % of the accesses go to 20 % of the data.  [default: 0.5, all alike]",
    ),
]
MaxMbps = Annotated[
    float | None,
    typer.Option(
        min=0.1, max=1e7, metavar="MB", help="MB/s (10^6 bytes) that the provider allows it."
    ),
]
RttUs = Annotated[
    float | None,
    typer.Option(
        min=1,
        max=1e8,
        metavar="US",
        help="Round trip to the replica that each commit waits for, in us.",
    ),
]


@options_class
class CapacityOptions:
    """What capacity planning is asked for."""

    clients: Clients = None
    workload: Workloads = None
    parameter: Parameters = None
    references: References = False
    target_tps: TargetTps = None
    p99_ms: P99Limit = None
    cores: Cores = None
    cpu_us_per_txn: CpuPerTransaction = None
    data_size: DataSize = None
    hot_share: HotShare = None
    max_iops: MaxIops = None
    max_mbps: MaxMbps = None
    rtt_us: RttUs = None


def build_capacity_request(options: CapacityOptions) -> CapacityRequest:
    """What the options ask for. Raises UsageError for what makes no sense."""
    if options.p99_ms is not None and options.target_tps is None:
        raise UsageError("--p99-ms needs --target-tps", "a workload's p99 is set in its file")
    if not options.workload and (options.parameter or options.references):
        raise UsageError("--parameter and --references need --workload")
    if options.hot_share is not None and options.data_size is None:
        raise UsageError("--hot-share needs --data-size")
    counts = parse_counts("--clients", options.clients, at_most=MAX_CLIENTS) or CLIENT_COUNTS
    chosen = choose_workloads(options.workload or ())
    cpu = parse_cpu(options.cpu_us_per_txn)
    return CapacityRequest(
        client_counts=tuple(sorted(set(counts))),
        transactions=fill_in(chosen, parse_parameters(options.parameter or ())),
        on_references=options.references,
        cores=options.cores,
        cpu_us_per_txn=cpu[0][1] if cpu else None,
        cpu_curve=cpu if len(cpu) > 1 else (),
        target_tps=options.target_tps,
        p99_limit_ms=options.p99_ms,
        data=_data(options),
        limits=ProviderLimits(
            options.max_iops, options.max_mbps and options.max_mbps * BYTES_PER_MB
        ),
        rtt_us=options.rtt_us or 0.0,
    )


def _data(options: CapacityOptions) -> DataSet | None:
    data_bytes = size_of("--data-size", options.data_size)
    if data_bytes is None:
        return None
    return DataSet(data_bytes, UNIFORM if options.hot_share is None else options.hot_share)


def choose_workloads(named: Iterable[str]) -> tuple[Workload, ...]:
    """The workloads by their names, "all" of them, or from files. Raises UsageError.

    What has a slash in it or ends with .toml is a file.
    """
    chosen: dict[str, Workload] = {}
    for name in named:
        if "/" in name or name.endswith(".toml"):
            found = [load_workload(Path(name))]
        else:
            found = _known(name)
        chosen |= {workload.name: workload for workload in found}
    return tuple(chosen.values())


def _known(name: str) -> list[Workload]:
    known = load_workloads()
    if name == "all":
        return list(known.values())
    if name not in known:
        raise UsageError(
            f"there is no workload {name!r}", f"known: {', '.join(known)}; or a file: ./mine.toml"
        )
    return [known[name]]


def parse_cpu(text: str | None) -> tuple[tuple[int, float], ...]:
    """Of "60" ((1, 60.0),), of "4:57,64:61" ((4, 57.0), (64, 61.0)). Raises UsageError."""
    if text is None:
        return ()
    points: dict[int, float] = {}
    for part in text.split(","):
        found = re.fullmatch(r"\s*(?:([1-9][0-9]{0,3}):)?([0-9]{1,9}(?:\.[0-9]{1,3})?)\s*", part)
        if not found or float(found[2]) < 1 or ("," in text and found[1] is None):
            raise UsageError(
                f"--cpu-us-per-txn {text!r}: microseconds from 1 to 999999999, like 60,"
                " or by clients, like 4:57,64:61"
            )
        points[int(found[1] or 1)] = float(found[2])
    return tuple(sorted(points.items()))


def parse_parameters(given: Iterable[str]) -> dict[str, int]:
    """Of "items=5" {"items": 5}. Raises UsageError."""
    parameters: dict[str, int] = {}
    for text in given:
        found = re.fullmatch(r"\s*([a-z][a-z0-9_]*)\s*=\s*([0-9]{1,9})\s*", text)
        if not found:
            raise UsageError(
                f"--parameter {text!r}: a name and a number up to 999999999, like items=5"
            )
        if found[1] in parameters:
            raise UsageError(f"--parameter {found[1]} is given twice", "give it once")
        parameters[found[1]] = int(found[2])
    return parameters
