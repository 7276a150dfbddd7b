"""Options that several commands share, and what they mean."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from advisor.vendors.names import VendorName

DurabilityChoice = Literal["strict", "loses-recent-on-power-loss", "loses-recent-on-crash"]
TrustChoice = Literal["plausible", "unverifiable", "suspicious"]

Directory = Annotated[
    Path | None,
    typer.Argument(
        metavar="[DIR]", help="Where the database lives.  [default: the current directory]"
    ),
]
FromFile = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="FILE",
        help="Start from a saved measurement or a tool's report; - reads stdin.",
    ),
]
Quick = Annotated[bool, typer.Option("--quick", help="About 3 s, two series.")]
Thorough = Annotated[bool, typer.Option("--thorough", help="About 60 s, p99.9 supported.")]
Label = Annotated[
    str | None, typer.Option(metavar="TEXT", help="A name to keep with the measurement.")
]
Seed = Annotated[
    int | None, typer.Option(min=0, help="Seed of the order in which series are taken.")
]
Save = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Save the measurement, before anything is made of it."),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write there instead of stdout."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace files that exist.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on stderr but errors.")]
Database = Annotated[VendorName, typer.Option("--db", help="The server the settings are for.")]
DatabaseVersion = Annotated[
    str | None,
    typer.Option(
        metavar="VERSION",
        help="Its version.  [default: the installed server's, else the newest known]",
    ),
]
Durability = Annotated[
    DurabilityChoice, typer.Option(help="What may be lost; strict: no acknowledged commit.")
]
BinaryLog = Annotated[
    bool | None,
    typer.Option(
        "--binary-log/--no-binary-log",
        help="Whether MySQL or MariaDB writes one.  [default: as the version does]",
    ),
]
Memory = Annotated[
    str | None,
    typer.Option(metavar="SIZE", help="Memory for the server.  [default: the host's]"),
]
RecoveryTime = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="How long crash recovery may take.  [default: 10min]"),
]
ExpectedTps = Annotated[
    float | None,
    typer.Option(min=1, help="Commits per second to plan the log for.  [default: 1000]"),
]
LogBytesPerCommit = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE", help="Redo or WAL of one commit.  [default: a small transaction's]"
    ),
]
Build = Annotated[
    str | None,
    typer.Option(
        metavar="OPTION,...",
        help="What the server was built with: lz4, zstd, liburing, numa."
        "  [default: as the installed server shows]",
    ),
]
Syncs = Annotated[
    str | None,
    typer.Option(metavar="N,N,...", help="Syncs per transaction to show.  [default: 1 to 75]"),
]
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
    bool, typer.Option("--references", help="Show workloads on the reference storages, too.")
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
TargetRate = Annotated[
    float | None,
    typer.Option(
        min=0.01,
        max=1e9,
        metavar="TPS",
        help="Say who carries so many transactions/s, and what would.",
    ),
]
P99Limit = Annotated[
    float | None,
    typer.Option(
        "--p99-ms", min=0.001, max=1e9, metavar="MS", help="Within that p99, for --target-tps."
    ),
]
RequireTrust = Annotated[
    TrustChoice | None, typer.Option(help="Exit with 3 when the drive deserves less trust.")
]
AcceptNotDurable = Annotated[
    bool,
    typer.Option("--accept-not-durable", help="Advise although this drive keeps nothing."),
]
