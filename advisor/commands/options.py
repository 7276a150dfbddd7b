"""Options that several commands share, and what they mean."""

from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

import typer

from advisor.analysis.trust import AskedTrust
from advisor.commands.parameters import options_class
from advisor.durability import AdvisedDurability
from advisor.errors import UsageError
from advisor.measurement import MAX_LABEL_CHARACTERS
from advisor.roles import Role
from advisor.variables import variable
from advisor.vendors.names import VENDOR_NAMES, ClusterName, ServiceName, VendorName, vendor_named

FORMERLY_DURABLE: Final = "strict"
"""What `durable` was called; still understood, and in no help."""


def parse_durability(text: str) -> str:
    """The class that is named. Raises typer.BadParameter."""
    choices = get_args(AdvisedDurability)
    if text == FORMERLY_DURABLE:
        return "durable"
    if text not in choices:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(map(repr, choices))}.")
    return text


def parse_vendor(text: str) -> VendorName:
    """The server that is named. Raises typer.BadParameter."""
    if vendor := vendor_named(text):
        return vendor
    raise typer.BadParameter(f"{text!r} is not one of {', '.join(map(repr, VENDOR_NAMES))}.")


def database_option(help_: str) -> Any:
    """--db, with what it is for."""
    metavar = f"[{'|'.join(VENDOR_NAMES)}]"
    return typer.Option(
        "--db", parser=parse_vendor, metavar=metavar, envvar=variable("db"), help=help_
    )


Directory = Annotated[
    Path | None,
    typer.Argument(
        metavar="DIR",
        help="Where the database lives."
        "  [default: the data of the server on this host, else the current directory]",
    ),
]
LogDirectory = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="The server's log, if it has a drive of its own: measured, too."
        "  [default: as the server found here has it]",
    ),
]
BinaryLogDirectory = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Its binary log, if on yet another drive: measured, too."),
]
FromFile = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="FILE",
        help="Start from a saved measurement or a tool's report; - reads stdin.",
    ),
]
Quick = Annotated[bool, typer.Option("--quick", help="About 3 s, three series.")]
Thorough = Annotated[bool, typer.Option("--thorough", help="About 60 s, p99.9 supported.")]
UnderLoadFlag = Annotated[
    bool,
    typer.Option(
        "--under-load",
        help="Then syncs beside page flushes and a backup's reads, too: about 7 s more, 25 s on a"
        " disk that rotates, longer with --thorough.",
    ),
]
Label = Annotated[
    str | None, typer.Option(metavar="TEXT", help="A name to keep with the measurement.")
]
Seed = Annotated[
    int | None,
    typer.Option(min=0, max=2**64, help="Seed of the order in which series are taken."),
]
Save = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Save the measurement before it is used."),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write there instead of stdout."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace files that exist.")]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", envvar=variable("quiet"), help="Only errors on stderr."),
]
Database = Annotated[VendorName, database_option("The server the settings are for.")]
DatabaseFound = Annotated[
    VendorName | None,
    database_option("The server the settings are for.  [default: the one found on this host]"),
]
DatabaseVersion = Annotated[
    str | None,
    typer.Option(
        envvar=variable("db-version"),
        metavar="VERSION",
        help="Its version.  [default: the installed server's, else the newest known]",
    ),
]
DurabilityOption = Annotated[
    AdvisedDurability,
    typer.Option(
        envvar=variable("durability"),
        parser=parse_durability,
        metavar=f"[{'|'.join(get_args(AdvisedDurability))}]",
        help="What may be lost; durable: no acknowledged commit.",
    ),
]
BinaryLog = Annotated[
    bool | None,
    typer.Option(
        "--binary-log/--no-binary-log",
        help="Whether MySQL or MariaDB writes a binary log.  [default: as the version does]",
    ),
]
Memory = Annotated[
    str | None,
    typer.Option(
        envvar=variable("memory"),
        metavar="SIZE",
        help="Memory for the server.  [default: the host's]",
    ),
]
RecoveryTime = Annotated[
    str | None,
    typer.Option(
        envvar=variable("recovery-time"),
        metavar="TIME",
        help="How long crash recovery may take.  [default: 10min]",
    ),
]
ExpectedTps = Annotated[
    float | None,
    typer.Option(
        envvar=variable("expected-tps"),
        min=1,
        max=1e9,
        help="Commits per second to plan the log for.",
    ),
]
LogBytesPerCommit = Annotated[
    str | None,
    typer.Option(
        envvar=variable("log-bytes-per-commit"),
        metavar="SIZE",
        help="Redo or WAL of one commit.  [default: a small transaction's]",
    ),
]
Build = Annotated[
    str | None,
    typer.Option(
        envvar=variable("build"),
        metavar="OPTION,...",
        help="What the server was built with: lz4, zstd, liburing, numa."
        "  [default: as the installed server shows]",
    ),
]
ServiceOption = Annotated[
    ServiceName | None,
    typer.Option(
        "--service",
        help="The managed service that runs it: only what one can change there, in a form that it"
        " takes.",
    ),
]
RoleOption = Annotated[
    Role,
    typer.Option(
        "--role",
        help="What the server is to others with the same data: what a crash then costs is told, and"
        " a replica gets settings of its own.",
    ),
]
ClusterOption = Annotated[
    ClusterName | None,
    typer.Option(
        "--cluster",
        help="The cluster that keeps copies: what durability by copies survives, and what it"
        " needs.",
    ),
]
Syncs = Annotated[
    str | None,
    typer.Option(metavar="N,N,...", help="Syncs per transaction to show.  [default: 1 to 75]"),
]
RequireTrust = Annotated[
    AskedTrust | None, typer.Option(help="Exit with 3 when the drive deserves less trust.")
]
AcceptNotDurable = Annotated[
    bool,
    typer.Option("--accept-not-durable", help="Advise even if this drive is not durable."),
]
FragmentFile = Annotated[
    Path | None,
    typer.Argument(metavar="FRAGMENT", help="A configuration file; - reads stdin."),
]
ServerProgram = Annotated[
    Path | None,
    typer.Option(metavar="PROGRAM", help="The server.  [default: the newest installed]"),
]
TableForm = Literal["table", "markdown", "json"]
TableFormat = Annotated[
    TableForm | None,
    typer.Option(
        "--format", help="What to print.  [default: by the ending of --output, else table]"
    ),
]
TableOrJson = Annotated[Literal["table", "json"], typer.Option("--format", help="What to print.")]
TextOrJson = Annotated[Literal["text", "json"], typer.Option("--format", help="What to print.")]


def check_label(label: str | None) -> None:
    """Raises UsageError for one that no measurement may have, before anything is measured."""
    if label and not label.isprintable():
        raise UsageError(f"--label {label!r} is not printable text in UTF-8")
    if label and len(label) > MAX_LABEL_CHARACTERS:
        raise UsageError(
            f"--label has {len(label)} characters, and {MAX_LABEL_CHARACTERS} is the most"
        )


def check_log_directories(directory: Path | None, *logs: Path | None) -> None:
    """Raises UsageError for the directory of a log whose data nobody names."""
    if directory is None and any(logs):
        raise UsageError(
            "--log-dir and --binary-log-dir need DIR, too", "name the data directory as well"
        )


@options_class
class PlanOptions:
    """How long a drive is measured, and what the measurement is called."""

    quick: Quick = False
    thorough: Thorough = False
    label: Label = None

    def __post_init__(self) -> None:
        if self.quick and self.thorough:
            raise UsageError("--quick and --thorough contradict each other")
        check_label(self.label)

    @property
    def is_named(self) -> bool:
        """Whether a plan was asked for."""
        return self.quick or self.thorough

    @property
    def name(self) -> str:
        """The measuring plan."""
        return "quick" if self.quick else "thorough" if self.thorough else "default"


@options_class
class DriveOptions:
    """A drive to measure, or a stored measurement of one."""

    directory: Directory = None
    log_dir: LogDirectory = None
    binary_log_dir: BinaryLogDirectory = None
    from_file: FromFile = None
    save: Save = None
    plan: PlanOptions = field(default_factory=PlanOptions)

    def __post_init__(self) -> None:
        if self.from_file is None:
            check_log_directories(self.directory, self.log_dir, self.binary_log_dir)
            return
        if self.log_dir or self.binary_log_dir:
            raise UsageError("--log-dir and --binary-log-dir need a drive, not --from")
        if self.directory is not None:
            raise UsageError(
                f"both {self.directory} and --from {self.from_file} are given", "choose one"
            )
        if self.plan.is_named or self.plan.label or self.save:
            raise UsageError("--quick, --thorough, --save and --label need a drive, not --from")


@options_class
class OutputOptions:
    """Where the product goes, and whether stderr is told."""

    output: Output = None
    force: Force = False
    quiet: Quiet = False


MaxIops = Annotated[
    float | None,
    typer.Option(
        min=1, max=1e9, metavar="N", help="Operations/s that the provider allows the volume."
    ),
]


@options_class
class RequestOptions:
    """What the settings are asked to be for, beside the server."""

    durability: DurabilityOption = "durable"
    memory: Memory = None
    recovery_time: RecoveryTime = None
    expected_tps: ExpectedTps = None
    log_bytes_per_commit: LogBytesPerCommit = None
    binary_log: BinaryLog = None
    max_iops: MaxIops = None
    build: Build = None
    syncs: Syncs = None
