"""What `compare` and `drift` are given: files, reference drives, a drive to measure, a server."""

import os
from collections.abc import Sequence
from dataclasses import field
from pathlib import Path
from typing import Annotated

from advisor.analysis.verdict import StorageKnowledge
from advisor.commands import options as shared
from advisor.commands.observing import PassiveOptions, observe_drives
from advisor.commands.options import DriveOptions, OutputOptions
from advisor.commands.parameters import options_class
from advisor.commands.requests import build_request
from advisor.commands.source import knowledge_for, measured, stored_measurement
from advisor.comparison.advice import AdviceChanges, advice_changes
from advisor.comparison.drives import REFERENCE, ComparedDrive, measured_drive, reference_drive
from advisor.errors import UsageError
from advisor.instance import Drives
from advisor.measurement import MEASURED, OBSERVED, Measurement
from advisor.model import Unknown
from advisor.probe import PLANS
from advisor.request import Request
from advisor.vendors.names import VendorName


@options_class
class AdviceOptions:
    """Advice for a server, where one is named."""

    db: Annotated[
        VendorName | None,
        shared.database_option("Show what the advice for that server would change, too."),
    ] = None
    db_version: shared.DatabaseVersion = None
    request: shared.RequestOptions = field(default_factory=shared.RequestOptions)

    def __post_init__(self) -> None:
        if self.db is not None:
            return
        need_db = {
            "--db-version": self.db_version,
            "--memory": self.request.memory,
            "--recovery-time": self.request.recovery_time,
            "--expected-tps": self.request.expected_tps,
            "--log-bytes-per-commit": self.request.log_bytes_per_commit,
            "--binary-log": self.request.binary_log,
            "--build": self.request.build,
        }
        if given := [name for name, value in need_db.items() if value is not None]:
            raise UsageError(f"{given[0]} needs --db")


def side_by_side(names: Sequence[str], knowledge: StorageKnowledge) -> list[ComparedDrive]:
    """Each FILE and ref:ID as a drive. Raises UsageError for fewer than two, or one named twice."""
    if len(names) < 2:
        raise UsageError(
            "compare needs two drives or more", "name measurement FILEs, or ref:ID for a reference"
        )
    require_distinct(names)
    return [
        reference_drive(name, knowledge.references)
        if name.startswith(REFERENCE)
        else measured_drive(name, stored_measurement(Path(name)), knowledge)
        for name in names
    ]


def before_and_now(
    baseline: Path,
    drive: DriveOptions,
    knowledge: StorageKnowledge,
    product: OutputOptions,
    observing: PassiveOptions,
) -> tuple[ComparedDrive, ComparedDrive]:
    """The baseline, and the stored measurement or else the directory that is held against it.

    A directory is measured, with the baseline's own plan unless another is asked for; or it is
    observed, as a baseline of that kind was. Raises UsageError where the baseline does not say
    which directory to take, or is of the other kind.
    """
    if str(baseline).startswith(REFERENCE) or str(drive.from_file).startswith(REFERENCE):
        raise UsageError("drift needs measurements; references have only means")
    if drive.directory is not None and drive.directory.is_file():
        raise UsageError(
            f"{drive.directory} is a file, not a DIR to measure", f"--from {drive.directory}"
        )
    old = stored_measurement(baseline)
    before = measured_drive(str(baseline), old, knowledge)
    if drive.from_file is not None:
        require_distinct([str(baseline), str(drive.from_file)])
        stored = stored_measurement(drive.from_file, quiet=product.quiet)
        return before, measured_drive(str(drive.from_file), stored, knowledge)
    _require_alike(old, baseline, observing)
    now = (
        _observed(old, baseline, drive, product, observing)
        if observing.passive
        else measured(
            Drives(drive.directory or _directory(old, baseline)),
            drive.plan.name if drive.plan.is_named else _plan_of(old),
            product,
            label=drive.plan.label,
            save=drive.save,
        )
    )
    return before, measured_drive(str(drive.save) if drive.save else "now", now, knowledge)


def _require_alike(old: Measurement, name: Path, observing: PassiveOptions) -> None:
    """Raises UsageError before anything is measured or observed for nothing."""
    if observing.passive and old.source != OBSERVED:
        raise UsageError(
            f"{name} was {old.source}, and is not comparable with what is observed",
            "make a baseline with: fsync-advisor measure --passive --output FILE",
        )
    if old.source == OBSERVED and not observing.passive:
        raise UsageError(
            f"{name} was observed, and is not comparable with what is measured",
            "add --passive, and --dsn as it was then",
        )


def _observed(
    old: Measurement,
    name: Path,
    drive: DriveOptions,
    product: OutputOptions,
    observing: PassiveOptions,
) -> Measurement:
    drives = None
    if drive.directory is not None:
        drives = Drives(drive.directory)
    elif observing.dsn is None:
        drives = Drives(_directory(old, name))
    return observe_drives(
        observing,
        drives,
        label=drive.plan.label,
        save=drive.save,
        force=product.force,
        quiet=product.quiet,
    )


def request_of(asked: AdviceOptions) -> Request | None:
    """What advice is asked for. Raises UsageError and AdvisorError."""
    return asked.db and build_request(asked.db, asked.db_version, asked.request)


def advised_changes(
    drives: Sequence[ComparedDrive], request: Request | None
) -> AdviceChanges | None:
    """Where the advice for the drives differs; None where no advice is asked for."""
    return advice_changes(drives, request, knowledge_for(request.vendor)) if request else None


def require_distinct(names: Sequence[str]) -> None:
    """Raises UsageError where two names are those of one file, or of one reference storage."""
    seen = set()
    for name in names:
        place = name if name.startswith(REFERENCE) else _place(name)
        if place in seen:
            raise UsageError(f"{name} is given twice", "name two that may differ")
        seen.add(place)


def _place(name: str) -> str:
    """Where a file is; its name, where there is no current directory any more."""
    try:
        return os.path.realpath(name)
    except OSError:
        return name


def _directory(old: Measurement, name: Path) -> Path:
    if old.source not in (MEASURED, OBSERVED) or isinstance(old.target.directory, Unknown):
        raise UsageError(
            f"{name} was {old.source}, which does not say where", "name the DIR to measure"
        )
    return Path(str(old.target.directory))


def _plan_of(old: Measurement) -> str:
    """Its name, where the plan is one of ours."""
    return old.plan.name if old.plan and old.plan.name in PLANS else "default"
