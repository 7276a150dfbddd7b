"""What ioping's figures mean, in whichever form it printed them.

A write request is pwrite and fdatasync: it overwrites a nameless file of 1 MiB at random offsets.
Source: ioping.c, ioping(1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from advisor.errors import AdvisorError
from advisor.importers.clean_text import printable
from advisor.importers.ioping_command import COMMAND, contradiction, options_of
from advisor.importers.reported import (
    NOT_SAID,
    Latencies,
    reported_measurement,
    reported_series,
)
from advisor.measurement import Measurement
from advisor.model import Known
from advisor.series_kind import Method

TOOL: Final = "ioping"
HINT: Final = "run it like: ioping -W -c 1000 -i 0 DIR"
PAUSED: Final = 2.0
"""How much longer than its requests a run must take to have paused between them."""

_BY_FLAG: Final[dict[str, Method]] = {"y": "open_datasync", "Y": "open_sync"}
_ASSUMED: Final = "its flags are not in the report: fdatasync without O_DIRECT is its default"
_OTHER_RUN: Final = "the command line above is another run's"
_IDLE: Final = "it paused between requests, so a drive that saves power woke up for each"


@dataclass(frozen=True, slots=True)
class CommandAbove:
    """What the command line above a report tells of it."""

    options: Mapping[str, str] | None
    """None where there is no command, or another run's."""
    why_not: str
    """Why it is another run's."""

    @property
    def wrote(self) -> bool | None:
        return None if self.options is None else "W" in self.options


@dataclass(frozen=True, slots=True)
class RequestFigures:
    """What a report shows of its requests."""

    count: float
    mean_us: float
    limits_us: tuple[float, float]
    block_bytes: float
    paused: bool
    path: str = ""
    filesystem: Known[str] = NOT_SAID
    device: Known[str] = NOT_SAID
    taken_at: Known[datetime] = NOT_SAID


def command_above(
    above: str,
    *,
    count: float | None,
    block_bytes: float,
    path: str = "",
    wrote: bool | None = None,
) -> CommandAbove:
    """The last command in the text above a result, held against what the result shows."""
    commands = COMMAND.findall(above)
    if not commands:
        return CommandAbove(None, "")
    options = options_of(commands[-1])
    why_not = contradiction(options, count=count, block_bytes=block_bytes, path=path, wrote=wrote)
    return CommandAbove(None if why_not else options, why_not)


def require_written(command: CommandAbove, *, wrote: bool | None) -> None:
    """Raises AdvisorError where the requests did not write, or may not have. `wrote` is what the
    report says itself, None where it does not.
    """
    if wrote is False or command.wrote is False:
        raise not_written()
    if wrote is None and command.wrote is None:
        aside = f" ({_OTHER_RUN}: {command.why_not})" if command.why_not else ""
        raise AdvisorError(
            f"these statistics of ioping do not say whether it wrote{aside}",
            "keep the command line above them, like: $ ioping -W -B -c 1000 -i 0 DIR",
        )


def not_written() -> AdvisorError:
    return AdvisorError("ioping has read, not only written: nothing was synced", HINT)


def measurement(figures: RequestFigures, command: CommandAbove) -> Measurement:
    """Written requests as a Measurement. Raises AdvisorError for such as synced nothing."""
    flags = command.options or {}
    if "C" in flags:
        raise AdvisorError("ioping ran with -C: nothing was synced", HINT)
    if not figures.count or figures.mean_us <= 0:
        raise AdvisorError("ioping completed no request", HINT)
    method: Method = next((name for flag, name in _BY_FLAG.items() if flag in flags), "fdatasync")
    series = reported_series(
        "overwrite",
        method,
        # Its own pauses are not the drive's: the rate is that of requests without them.
        1e6 / figures.mean_us,
        block_bytes=figures.block_bytes,
        direct="D" in flags,
        count=figures.count,
        latencies=Latencies(figures.mean_us, *figures.limits_us),
    )
    other = f"{_OTHER_RUN}: {command.why_not}; " if command.why_not else ""
    notes = {
        "used": "ioping: the mean of its requests is used; there are no percentiles",
        "flags": "" if command.options is not None else other + _ASSUMED,
        "idle": _IDLE if figures.paused else "",
    }
    path = figures.path
    return reported_measurement(
        TOOL,
        [series],
        notes,
        taken_at=figures.taken_at,
        directory=printable(path) if path.startswith("/") else NOT_SAID,
        filesystem=figures.filesystem,
        mount_source=figures.device,
    )
