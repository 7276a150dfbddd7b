"""Soaks a drive: the sync that a commit waits for, over and over, stretch after stretch."""

import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from time import perf_counter_ns
from typing import Final, NamedTuple, TypeAlias

from advisor.errors import AdvisorError, Interrupted
from advisor.interruption import signals_held_back
from advisor.latency_buckets import percentile_us
from advisor.measurement import Device, Environment, Int64Array, Target
from advisor.model import Known, Unknown
from advisor.probe.background import LoadProcess
from advisor.probe.block_stat import read_counters
from advisor.probe.drive_health import read_health
from advisor.probe.failures import failed, wrote_short
from advisor.probe.host import describe_host
from advisor.probe.measure import require_linux, target_of
from advisor.probe.plan import GIB, MIB, MeasuringPlan, SeriesSpec
from advisor.probe.programs import AskProgram, ask_nobody
from advisor.probe.sampling import NEVER_NS, OperationError, SampleLoop, ShortWriteError
from advisor.probe.scratch import Scratch
from advisor.probe.soak_recorder import SoakRecorder, Stretch
from advisor.probe.testfiles import OpenSeries, TestFiles, planned_bytes
from advisor.series_kind import PAGE_FLUSH, PRIMARY
from advisor.soak import HealthReading, Soak, SoakEndedBy
from advisor.units import format_size

S: Final = 10**9
"""A second in ns."""

SHORTEST_STRETCH_NS: Final = S // 2
"""What is left in the end and shorter is part of the stretch before it: a lone sync would be told
as a second."""
PAGE_WRITERS: Final = 4
"""As innodb_page_cleaners has it; PostgreSQL's checkpointer is one."""
PAGE_FILE_BYTES: Final = GIB
"""Larger than the cache of most RAID controllers, which keeps the last of what is overwritten."""
FILE_SHARE: Final = 8
"""The test files take at most this part of the free space, and of what may be written."""
LEAST_PAGE_FILE_BYTES: Final = 64 * MIB
HEALTH_EVERY_NS: Final = 60 * S
HEALTH_READINGS: Final = 500
WEAR_POINTS: Final = 1
"""A soak may add so many points to a drive's percentage used, which counts whole ones: it may have
been about to rise. With more it ends."""
MOST_LATE_NS: Final = S
"""Who paces catches up on what is late, but never on more than this."""
BUFFER_SYNCS: Final = 65_536

DirectoryDevices: TypeAlias = Known[tuple[Device, ...]]


@dataclass(frozen=True)
class SoakPlan:
    """How long, how fast, and how much at most."""

    duration_s: float
    bytes_max: int
    """Everything the soak may write, its test files included."""
    rate_per_s: float | None = None
    """None: as fast as the drive is."""
    page_writers: int = 0
    page_file_bytes: int = PAGE_FILE_BYTES

    @property
    def files(self) -> tuple[MeasuringPlan, ...]:
        """The test files, as plans of one series each."""
        plan = MeasuringPlan(
            name="soak",
            series=(SeriesSpec(PRIMARY),),
            ssd_budget_s=self.duration_s,
            hdd_budget_s=self.duration_s,
            samples_max=2,
            samples_enough=1,
            bytes_max=self.bytes_max,
        )
        if not self.page_writers:
            return (plan,)
        pages = SeriesSpec(replace(PAGE_FLUSH, writers=self.page_writers))
        return plan, replace(plan, series=(pages,), file_bytes=self.page_file_bytes)

    def fitted(self, free_bytes: int | None) -> "SoakPlan":
        """With files that the directory has room for. Raises AdvisorError."""
        room_bytes = self.bytes_max if free_bytes is None else min(self.bytes_max, free_bytes)
        fitting_bytes = min(self.page_file_bytes, room_bytes // FILE_SHARE // MIB * MIB)
        if self.page_writers and fitting_bytes < LEAST_PAGE_FILE_BYTES:
            raise AdvisorError(
                f"page writes want a test file of {format_size(LEAST_PAGE_FILE_BYTES)}; it may"
                " take an eighth of the free space and of --max-bytes:"
                f" {format_size(fitting_bytes)}",
                "allow more, or soak without --with-page-writes",
            )
        fitted = replace(self, page_file_bytes=fitting_bytes) if self.page_writers else self
        if fitted.files_bytes >= self.bytes_max:
            raise AdvisorError(
                f"the test files alone take {format_size(fitted.files_bytes)} of the"
                f" {format_size(self.bytes_max)} that --max-bytes allows",
                "allow more",
            )
        return fitted

    @property
    def sides(self) -> int:
        """How many write, each its part of what may be written."""
        return 2 if self.page_writers else 1

    @property
    def files_bytes(self) -> int:
        """What the test files occupy."""
        return sum(map(planned_bytes, self.files))


class SoakSite(NamedTuple):
    """Where and when a drive is soaked."""

    taken_at: datetime
    target: Target
    environment: Environment

    @property
    def free_bytes(self) -> int | None:
        """None where the file system does not say."""
        free_bytes = self.target.free_bytes
        return None if isinstance(free_bytes, Unknown) else free_bytes


def look_at(directory: Path, ask: AskProgram = ask_nobody) -> SoakSite:
    """The drive under a directory, and its host, now. Raises AdvisorError."""
    require_linux()
    with Scratch(directory) as scratch:
        target = target_of(directory, scratch, ask)
    return SoakSite(datetime.now(timezone.utc), target, describe_host())


@dataclass(frozen=True)
class SoakProgress:
    """How far a soak is; told after each stretch."""

    elapsed_s: float
    duration_s: float
    written_bytes: int
    ops_per_s: float
    """In the last second."""
    p99_us: float | None


SoakReport: TypeAlias = Callable[[SoakProgress], None]


def tell_nobody(progress: SoakProgress) -> None:
    """Where nobody looks."""


@dataclass
class Soaker:
    """The loop: a stretch of syncs, then what came of it into the recorder.

    What it meets of the outer world is handed in, so that a day can be run in seconds.
    """

    plan: SoakPlan
    loop: SampleLoop
    files_bytes: int = 0
    pages_written: Callable[[], int] = lambda: 0
    """What page flushes have written so far. Raises what stopped them."""
    limit_pages: Callable[[int], None] = lambda limit_bytes: None
    """How much they may have written in all until further notice."""
    device_written: Callable[[], int | None] = lambda: None
    health: Callable[[float], Known[HealthReading]] = lambda at_s: Unknown(unknown="not asked")
    report: SoakReport = tell_nobody
    clock: Callable[[], int] = perf_counter_ns
    sleep: Callable[[float], None] = time.sleep
    recorder: SoakRecorder = field(default_factory=SoakRecorder)
    readings: list[HealthReading] = field(default_factory=list)
    health_unknown: str | None = None

    def run(self) -> Soak | None:
        """Until something ends it; None where an interruption came before the first stretch."""
        ended_by = self._run()
        stretches = self.recorder.finished()
        if stretches is None:
            return None
        return Soak(
            series=PRIMARY.name,
            block_bytes=PRIMARY.block_bytes,
            asked_s=self.plan.duration_s,
            rate_per_s=self.plan.rate_per_s,
            page_writers=self.plan.page_writers,
            bytes_max=self.plan.bytes_max,
            files_bytes=self.files_bytes,
            ended_by=ended_by,
            stretches=stretches,
            health=tuple(self.readings),
            health_unknown=self.health_unknown,
        )

    def _run(self) -> SoakEndedBy:
        """Why it ended."""
        buffer = array("q", bytes(8 * BUFFER_SYNCS))
        started_ns = begun_ns = self.clock()
        self._due_ns = started_ns
        end_ns = started_ns + round(self.plan.duration_s * S)
        health_every_ns = max(HEALTH_EVERY_NS, (end_ns - started_ns) // HEALTH_READINGS)
        health_ns = started_ns
        pages_bytes, device_bytes = self.pages_written(), self.device_written()
        written_bytes = self.files_bytes + pages_bytes
        try:
            while end_ns - begun_ns >= SHORTEST_STRETCH_NS:
                if begun_ns >= health_ns and self.health_unknown is None:
                    health_ns = begun_ns + health_every_ns
                    if self._worn((begun_ns - started_ns) / S):
                        return "wear"
                    asked_ns, begun_ns = begun_ns, self.clock()
                    end_ns += begun_ns - asked_ns  # nothing was written meanwhile
                left_bytes = (self.plan.bytes_max - written_bytes) // self.plan.sides
                self.limit_pages(pages_bytes + left_bytes)
                most = left_bytes // PRIMARY.block_bytes
                latencies_ns = self._stretch(buffer, _stretch_end_ns(begun_ns, end_ns), most)
                ended_ns = self.clock()
                pages_after, device_after = self.pages_written(), self.device_written()
                stretch = Stretch.of(
                    latencies_ns,
                    ended_ns - begun_ns,
                    pages_after - pages_bytes,
                    _added(device_bytes, device_after),
                )
                pages_bytes, device_bytes = pages_after, device_after
                written_bytes += len(latencies_ns) * PRIMARY.block_bytes + stretch.page_bytes
                with signals_held_back():
                    self.recorder.add(stretch)
                self._tell(stretch, (ended_ns - started_ns) / S, written_bytes)
                if written_bytes + self._next_bytes(stretch) > self.plan.bytes_max:
                    return "bytes"
                begun_ns = self.clock()
        except Interrupted:
            return "interrupted"
        return "time"

    def _stretch(self, buffer: Int64Array, end_ns: int, most: int) -> Int64Array:
        """The latencies until `end_ns`: at least one, and at most `most`."""
        if self.plan.rate_per_s is not None:
            step_ns = round(S / self.plan.rate_per_s)
            return buffer[: self._paced(buffer, end_ns, step_ns, min(most, len(buffer)))]
        latencies_ns = array("q")
        while not latencies_ns or (self.clock() < end_ns and len(latencies_ns) < most):
            last = max(1, min(len(buffer), most - len(latencies_ns)))
            taken = self.loop(buffer, 0, last, 1, end_ns, end_ns)
            latencies_ns += buffer[:taken]
        return latencies_ns

    def _paced(self, buffer: Int64Array, end_ns: int, step_ns: int, most: int) -> int:
        """Syncs begun when they are due. One in each stretch at least, or none could be told."""
        taken = 0
        while taken < max(1, most):
            now_ns = self.clock()
            if taken and max(now_ns, self._due_ns) >= end_ns:
                break
            if self._due_ns > now_ns:
                self.sleep((self._due_ns - now_ns) / S)
            taken = self.loop(buffer, taken, taken + 1, 0, NEVER_NS, NEVER_NS)
            self._due_ns = max(self._due_ns + step_ns, self.clock() - MOST_LATE_NS)
        return taken

    def _next_bytes(self, stretch: Stretch) -> int:
        """What the next second will write, if it is like this one."""
        bytes_ = sum(stretch.counts.values()) * PRIMARY.block_bytes + stretch.page_bytes
        return bytes_ * S // stretch.elapsed_ns

    def _tell(self, stretch: Stretch, elapsed_s: float, written_bytes: int) -> None:
        count = sum(stretch.counts.values())
        self.report(
            SoakProgress(
                elapsed_s=elapsed_s,
                duration_s=self.plan.duration_s,
                written_bytes=written_bytes,
                ops_per_s=count * S / stretch.elapsed_ns,
                p99_us=percentile_us(stretch.counts, 99.0),
            )
        )

    def _worn(self, at_s: float) -> bool:
        """Whether the drives' wear has risen by more than it may."""
        reading = self.health(at_s)
        if isinstance(reading, Unknown):
            self.health_unknown = reading.unknown
            return False
        self.readings.append(reading)
        first, now = self.readings[0].percent_used, reading.percent_used
        return first is not None and now is not None and now - first > WEAR_POINTS


@contextmanager
def soaked(
    directory: Path,
    plan: SoakPlan,
    devices: DirectoryDevices,
    *,
    then_bytes: int = 0,
    seed: int = 0,
    report: SoakReport = tell_nobody,
    ask: AskProgram = ask_nobody,
) -> Iterator[Soak | None]:
    """Soaks the drive under `directory`. Its test files are there until the block ends: what
    is measured in it meets the drive as the soak left it, and has room for `then_bytes` of files.

    None where an interruption came before the first second was over; else Soak.ended_by says it.
    Raises AdvisorError as `measure` does.
    """
    with Scratch(directory) as scratch:
        plan = plan.fitted(scratch.free_bytes())
        scratch.require_free(plan.files_bytes + then_bytes, plan.files[0].reserve_bytes)
        opened = [TestFiles(scratch, part, seed) for part in plan.files]
        try:
            syncs, *pages = [_opened(files) for files in opened]
        except Interrupted:
            yield None
            return
        soaker = Soaker(
            plan,
            syncs.sample_loops()[0],
            files_bytes=sum(files.written_bytes for files in opened),
            device_written=lambda: _device_written(devices),
            health=lambda at_s: read_health(devices, at_s, ask),
            report=report,
        )
        soak: Soak | None = None
        try:
            with _beside(soaker, pages, directory):
                soak = soaker.run()
        except Interrupted:  # while the process of the page writers began or ended
            soak = soak and soak.model_copy(update={"ended_by": "interrupted"})
        except OperationError as error:
            raise failed(error.call, error.cause, directory, "while soaking") from error
        except ShortWriteError as error:
            size_bytes = PRIMARY.block_bytes
            raise wrote_short(
                error.written_bytes, size_bytes, directory, "while soaking"
            ) from error
        yield soak


@contextmanager
def _beside(soaker: Soaker, pages: Sequence[OpenSeries], directory: Path) -> Iterator[None]:
    """Writers of pages, if there are such files. Raises AdvisorError."""
    with ExitStack() as stack:
        for series in pages:
            load = LoadProcess(series, directory)
            soaker.pages_written, soaker.limit_pages = load.written_bytes, load.limit
            left_bytes = (soaker.plan.bytes_max - soaker.files_bytes) // soaker.plan.sides
            stack.enter_context(load.running(left_bytes, [], "the soak"))
        yield


def _stretch_end_ns(begun_ns: int, end_ns: int) -> int:
    """After a second, or at the end of all where too little would be left."""
    return begun_ns + S if end_ns - begun_ns >= S + SHORTEST_STRETCH_NS else end_ns


def _opened(files: TestFiles) -> OpenSeries:
    """The one series of these files. Raises AdvisorError."""
    found = files.open_series()
    if not found:
        raise AdvisorError(
            f"pages cannot be written as a database does: {files.absent[0].why}",
            "soak without --with-page-writes",
        )
    return found[0]


def _device_written(devices: DirectoryDevices) -> int | None:
    written = read_counters(devices).written_bytes
    return None if isinstance(written, Unknown) else written


def _added(before: int | None, after: int | None) -> int | None:
    if before is None or after is None or after < before:
        return None
    return after - before
