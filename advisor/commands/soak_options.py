"""What a soak is asked for."""

from typing import Annotated, Final, NamedTuple

import typer

from advisor.commands.parameters import options_class
from advisor.commands.requests import named
from advisor.errors import UsageError
from advisor.soak import SHORTEST_S
from advisor.units import parse_duration_us, parse_size

DEFAULT_MAX_BYTES: Final = 256 * 1024**3
"""Of what an SSD of 1 TB is warranted for (600 TB, as makers of desktop SSDs state it) 0.05 %."""
LONGEST_S: Final = 30 * 86_400
LEAST_MAX_BYTES: Final = 128 * 1024**2
LEAST_WITH_PAGES_BYTES: Final = 512 * 1024**2
"""The pages' test file has an eighth of it: 64 MB at least (advisor.probe.soak)."""
MOST_RATE_PER_S: Final = 50_000


class AskedSoak(NamedTuple):
    """How long, how fast, and how much at most."""

    duration_s: float
    rate_per_s: float | None
    with_page_writes: bool
    bytes_max: int


@options_class
class SoakOptions:
    """The options of a soak, which mean nothing without it."""

    soak: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="First write for so long (30min, 24h), to see the rate change, and measure then."
            " With --log-dir only the log's drive is soaked.",
        ),
    ] = None
    rate: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=MOST_RATE_PER_S,
            metavar="N",
            help="Of a soak: begin N syncs/s; page writes do not follow it."
            "  [default: as many as the drive takes]",
        ),
    ] = None
    with_page_writes: Annotated[
        bool,
        typer.Option(
            "--with-page-writes",
            help="Of a soak: write pages beside the syncs, as a checkpoint does.",
        ),
    ] = False
    max_bytes: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Of a soak: end it before it writes more; what is measured afterwards is not"
            f" counted. At least {LEAST_MAX_BYTES >> 20}MB, {LEAST_WITH_PAGES_BYTES >> 20}MB"
            " with --with-page-writes.  [default: 256GB]",
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.soak is None and (self.rate or self.with_page_writes or self.max_bytes):
            raise UsageError("--rate, --with-page-writes and --max-bytes need --soak TIME")
        _ = self.plan

    @property
    def plan(self) -> AskedSoak | None:
        """None where no soak is asked for. Raises UsageError."""
        if self.soak is None:
            return None
        duration_s = named("--soak", self.soak, parse_duration_us) / 1e6
        if not SHORTEST_S <= duration_s <= LONGEST_S:
            raise UsageError(
                f"--soak {self.soak} is not within {SHORTEST_S} s and {LONGEST_S // 86_400} days",
                "--soak 30min shows most bursts; leave it out to measure without a soak",
            )
        bytes_max = DEFAULT_MAX_BYTES
        if self.max_bytes is not None:
            bytes_max = named("--max-bytes", self.max_bytes, parse_size)
        least, files = LEAST_MAX_BYTES, "a soak's test file alone has"
        if self.with_page_writes:
            least, files = LEAST_WITH_PAGES_BYTES, "page writes take an eighth of it, and at least"
        if bytes_max < least:
            raise UsageError(
                f"--max-bytes {self.max_bytes} is too little: {files} 64 MB",
                f"{least >> 20}MB or more",
            )
        return AskedSoak(duration_s, self.rate, self.with_page_writes, bytes_max)
