"""What the words of the `compare` command name: files, reference storages, a drive to measure."""

import os
from collections.abc import Sequence
from pathlib import Path

from advisor.analysis.verdict import StorageKnowledge
from advisor.commands import steps
from advisor.comparison.drives import REFERENCE, ComparedDrive, measured_drive, reference_drive
from advisor.errors import UsageError
from advisor.files import is_directory
from advisor.measurement import Measurement


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
        else measured_drive(name, steps.stored(Path(name)), knowledge)
        for name in names
    ]


def before_and_now(
    baseline: Path,
    names: Sequence[str],
    knowledge: StorageKnowledge,
    *,
    quick: bool,
    thorough: bool,
    label: str | None,
    save: Path | None,
    force: bool,
    quiet: bool,
) -> tuple[ComparedDrive, ComparedDrive]:
    """The baseline, and the FILE or else the directory that is held against it.

    A directory is measured, with the baseline's own plan unless another is asked for. Raises
    UsageError for more than one name, and where the baseline does not say which directory to take.
    """
    plan = steps.plan_name(quick=quick, thorough=thorough)
    if len(names) > 1:
        raise UsageError(f"--baseline takes one FILE or DIR, not {len(names)}")
    if any(name.startswith(REFERENCE) for name in (str(baseline), *names)):
        raise UsageError("--baseline needs measurements: of a reference only the means are known")
    require_distinct([str(baseline), *names])
    old = steps.stored(baseline)
    before = measured_drive(str(baseline), old, knowledge)
    if names and not is_directory(Path(names[0])):
        if quick or thorough or save or label:
            raise UsageError("--quick, --thorough, --save and --label need a drive, not a FILE")
        return before, measured_drive(names[0], steps.stored(Path(names[0])), knowledge)
    now = steps.measured(
        Path(names[0]) if names else _directory(old, baseline),
        plan if quick or thorough else _plan_of(old),
        label=label,
        save=save,
        force=force,
        quiet=quiet,
    )
    return before, measured_drive(str(save) if save else "now", now, knowledge)


def require_distinct(names: Sequence[str]) -> None:
    """Raises UsageError where two names are those of one file, or of one reference storage."""
    seen = set()
    for name in names:
        place = name if name.startswith(REFERENCE) else os.path.realpath(name)
        if place in seen:
            raise UsageError(f"{name} is given twice", "name two that may differ")
        seen.add(place)


def _directory(old: Measurement, name: Path) -> Path:
    if old.source != "measured":
        raise UsageError(
            f"{name} was {old.source}, which does not say where", "name the DIR to measure"
        )
    return Path(str(old.target.directory))


def _plan_of(old: Measurement) -> str:
    """Its name, where the plan is one of ours."""
    from advisor.probe import PLANS

    return old.plan.name if old.plan and old.plan.name in PLANS else "default"
