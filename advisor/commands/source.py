"""What a command starts from: a measurement, a fragment, and what profiles/ knows."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from advisor.analysis.observed_load import observed_server
from advisor.analysis.trust import ORDER
from advisor.analysis.verdict import Verdict
from advisor.commands.console import notify, notify_written
from advisor.commands.options import DriveOptions, OutputOptions
from advisor.commands.recognise import is_ours, require_directory, require_file, require_no_json
from advisor.errors import AdvisorError, Interrupted, NotTrustedError, UsageError
from advisor.files import (
    HEAD_BYTES,
    STANDARD_STREAM,
    decode,
    read_bytes,
    shown_name,
)
from advisor.instance import Drives, Here
from advisor.knowledge import (
    load_assumptions,
    load_cluster,
    load_host_checks,
    load_replay,
    load_replica_accuracy,
    load_roles,
    load_settings,
    load_storage_knowledge,
)
from advisor.measurement import Measurement, summarised
from advisor.measurement_file import (
    MAKE_ONE,
    MAX_MEASUREMENT_BYTES,
    from_json,
    to_json,
    without_latencies,
)
from advisor.output_files import check_writable, write_text
from advisor.roles import Role
from advisor.rules.knowledge import Knowledge
from advisor.vendors.names import VENDOR_NAMES, ClusterName, VendorName
from advisor.vendors.registry import VENDORS
from advisor.versions import format_version

if TYPE_CHECKING:
    from advisor.commands.soak_options import SoakOptions
    from advisor.servers.config import Fragment
    from advisor.servers.installed import Installed

MAX_REPORT_BYTES: Final = 4 * 1024**2
"""Of another tool's report: twenty of fio's largest. So many bytes of whatever shape take less than
a second and 200 MiB (tests/benchmarks/importer_fuzz.py --large)."""


MAX_FRAGMENT_BYTES: Final = 1024**2


def stored_or_measured(
    drive: DriveOptions, product: OutputOptions, here: Here | None = None
) -> Measurement:
    """The measurement a command starts from; `here` where no directory is named.

    Raises AdvisorError.
    """
    if drive.from_file is not None:
        return stored_measurement(drive.from_file, quiet=product.quiet)
    plan = drive.plan
    drives, why = drives_of(drive), ""
    if here is not None and drive.directory is None:
        drives, why = here.drives, here.why
    return measured(drives, plan.name, product, why=why, label=plan.label, save=drive.save)


def for_observed_server(
    measurement: Measurement | None, db: VendorName | None, version: str | None, *, quiet: bool
) -> tuple[VendorName | None, str | None, str]:
    """The server and version that are given, else those that were observed, with a note; and where
    the version comes from, "" where it is not from there."""
    seen = None if measurement is None else observed_server(measurement)
    if seen is None or db not in (None, seen.vendor):
        return db, version, ""
    told = "" if seen.version is None else format_version(seen.version)
    if db is None:
        named = f"{VENDORS[seen.vendor].title} {'' if version else told}".rstrip()
        notify(f"note: for {named}, which was observed; --db names another", quiet=quiet)
    if version is not None or not told:
        return seen.vendor, version, ""
    return seen.vendor, told, "as observed"


def vendor_found(here: Here | None) -> VendorName:
    """The server that was found. Raises UsageError."""
    if here is not None and here.instance is not None:
        return here.instance.vendor
    none = " none was found on this host" if here and here.why else ""
    *others, last = VENDOR_NAMES
    raise UsageError(f"which server?{none}", f"--db {', '.join(others)} or {last}")


def drives_of(drive: DriveOptions) -> Drives:
    """The directories that are named; else the current one."""
    return Drives(drive.directory or Path(), drive.log_dir, drive.binary_log_dir)


def stored_measurement(
    path: Path, *, pick: int | None = None, latencies: bool = True, quiet: bool = False
) -> Measurement:
    """The measurement in a file: one of ours, or the report of a tool that we know.

    Of several reports number `pick`, else the first that can be used; which it was, is said.
    Without `latencies` only the summaries of the series are read. Raises AdvisorError.
    """
    name = shown_name(path)
    require_file(path)
    raw = read_bytes(
        path, lambda head: MAX_MEASUREMENT_BYTES if is_ours(head) else MAX_REPORT_BYTES
    )
    if is_ours(raw[:HEAD_BYTES]):
        measurement = from_json(decode(raw if latencies else without_latencies(raw), name), name)
        _require_sane_soak(measurement, name)
        return measurement
    # Only here, so that a measurement of ours costs no more than before.
    from advisor.importers import import_report

    imported = import_report(raw, name, pick)
    notify(f"note: {imported.taken}", quiet=quiet)
    return imported.measurement


def _require_sane_soak(measurement: Measurement, name: str) -> None:
    """Raises AdvisorError."""
    if measurement.soak is None:
        return
    from advisor.analysis.soak_check import contradiction  # else nobody needs it

    if (problem := contradiction(measurement.soak)) is not None:
        raise AdvisorError(f"{name} is not a measurement: {problem}", MAKE_ONE)


def named_fragment(vendor: VendorName, path: Path) -> "Fragment":
    """A configuration file, and what to call it.

    Raises AdvisorError, UsageError for what is none, or was made for another server.
    """
    from advisor.servers.config import look_of, parse_fragment

    name = shown_name(path)

    def allowed(head: bytes) -> int:
        require_no_json(head, name, vendor)  # before all of it is read
        return MAX_FRAGMENT_BYTES

    raw = read_bytes(path, allowed)
    text, server = decode(raw, name), VENDORS[vendor]
    fragment = parse_fragment(text, name, vendor)
    if fragment.made_for and fragment.made_for[0] != server.title:
        other, _ = fragment.made_for
        raise UsageError(
            f"{name} was made for {other}, not for {server.title}", "choose --db to match"
        )
    if not fragment.lines and (look := look_of(text, server)):
        raise UsageError(f"{name} is no {server.config_kind}: {look.text}", look.hint)
    return fragment


def notify_version(fragment: "Fragment", installed: "Installed", *, quiet: bool) -> None:
    """Warns of a fragment that was made for another version than it is tried with."""
    if made_for := fragment.version_unlike(installed.version):
        title, here = VENDORS[installed.vendor].title, format_version(installed.version)
        warning = f"warning: {fragment.name} was made for {title} {made_for}; this is {here}"
        notify(warning, quiet=quiet)


def measured(
    drives: Drives,
    plan: str,
    product: OutputOptions,
    *,
    why: str = "",
    seed: int | None = None,
    label: str | None = None,
    save: Path | None = None,
    under_load: bool = False,
    soaking: "SoakOptions | None" = None,
    summary: bool = False,
) -> Measurement:
    """Measures, shows progress, and saves the result before anything is made of it; with `summary`
    without its single latencies.

    Of a server whose log has its own drive the measurement is of that, and has the other in it.
    `why`: what to say of the directory, where nobody named it. `soaking`: what goes before; it is
    saved alone where what follows is interrupted or fails.
    """
    # Only here, so that what starts from a file costs no more for it.
    from advisor.commands.measuring import measure_drives, note_other_devices, require_writable

    check_writable(save, force=product.force)
    for directory in filter(None, drives):
        require_directory(directory)
    if len(named := [*filter(None, drives)]) > 1:
        for directory in named:
            require_writable(directory)
    take = partial(
        measure_drives,
        drives,
        plan,
        why=why,
        seed=seed,
        label=label,
        under_load=under_load,
        quiet=product.quiet,
    )
    ended_by: AdvisorError | Interrupted | None = None
    if soaking is None or soaking.plan is None:
        measurement = take()
    else:
        from advisor.commands.soaking import measure_after_soak  # else nobody needs it

        measurement, ended_by = measure_after_soak(
            drives,
            soaking.plan,
            plan,
            take,
            label=label,
            is_saved=save is not None,
            quiet=product.quiet,
        )
    if summary:
        measurement = summarised(measurement)
    if save:
        _save(measurement, save, force=product.force)
        notify_written(save, quiet=product.quiet)
    if isinstance(ended_by, AdvisorError):
        raise ended_by
    if ended_by is not None:
        kept = f"what was soaked until then is in {save}" if save else "nothing was left behind"
        raise Interrupted(f"interrupted; {kept}")
    note_other_devices(drives, quiet=product.quiet)
    return measurement


def _save(measurement: Measurement, path: Path, *, force: bool) -> None:
    """Raises AdvisorError. A soak that cannot be written, on a drive that is full by now, goes to
    standard output: hours of it shall not be lost."""
    text = to_json(measurement)
    try:
        write_text(path, text, force=force)
    except AdvisorError as error:
        if measurement.soak is None or path == STANDARD_STREAM:
            raise
        write_text(STANDARD_STREAM, text)
        raise AdvisorError(
            error.message, "the measurement was printed instead, as JSON: copy it into a file"
        ) from error


def knowledge_for(
    vendor: VendorName | None, role: Role = "standalone", cluster: ClusterName | None = None
) -> Knowledge:
    """What profiles/ says about drives, and about one server where there is one in mind."""
    settings = load_settings(VENDORS[vendor].engine) if vendor else ()
    return Knowledge(
        load_storage_knowledge(),
        load_assumptions(),
        settings,
        load_replay(),
        load_host_checks(),
        load_roles(vendor) if vendor and role != "standalone" else None,
        load_replica_accuracy() if role == "replica" else None,
        load_cluster(cluster) if cluster else None,
    )


def require_trust(verdict: Verdict, wanted: str | None) -> None:
    """Raises NotTrustedError when the drive deserves less trust than `wanted`."""
    levels: list[str] = list(ORDER)
    if wanted is not None and levels.index(verdict.trust) > levels.index(wanted):
        why = verdict.evidence[0].text
        raise NotTrustedError(f"trust is {verdict.trust}, {wanted} is required: {why}")
