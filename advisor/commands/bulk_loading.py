"""`recommend --bulk-load`: two files, one for the load and one for the time after it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal, cast, get_args

from advisor.audit.lines import writes_binary_log
from advisor.bulk_load import BulkLoad
from advisor.bulk_loading import advise_bulk_load
from advisor.commands.auditing import read_files
from advisor.commands.console import (
    chosen_format,
    notify,
    notify_about,
    notify_written,
    write_output,
)
from advisor.commands.options import DriveOptions, OutputOptions
from advisor.commands.source import knowledge_for, require_trust, stored_or_measured
from advisor.errors import AdvisorError, UsageError
from advisor.files import STANDARD_STREAM
from advisor.instance import Here
from advisor.knowledge import load_bulk_load
from advisor.measurement import Measurement
from advisor.output.bulk_load import Half, LoadForm, render_bulk_load
from advisor.output.json_text import json_text
from advisor.output_files import check_writable, write_files
from advisor.request import Request
from advisor.server_state import ServerState
from advisor.versions import format_version

LoadProduct = Literal[LoadForm, "json"]
HALVES: Final[tuple[Half, ...]] = get_args(Half)
INCLUDED: Final = ".d"
"""How a folder is called of which servers read every file."""


def write_bulk_load(
    request: Request,
    drive: DriveOptions,
    product: OutputOptions,
    here: Here | None,
    *,
    format_: str | None,
    new_instance: bool,
    config: Sequence[Path],
    trust: str | None,
    stored: Measurement | None,
) -> None:
    """Measures where nothing is `stored`, and writes what to relax for a load and how to go back.

    Raises UsageError and AdvisorError.
    """
    forms = get_args(LoadProduct)
    asked = chosen_format(None if format_ == "fragment" else format_, product, forms)
    if asked not in forms:
        raise UsageError(f"--bulk-load is not written as {asked}", f"--format {', '.join(forms)}")
    is_json = asked == "json"
    names = {} if is_json else _names(product.output)
    check_writable(product.output, force=product.force or bool(names))
    for path in names.values():
        check_writable(path, force=product.force)
    in_force = in_force_here(request, here, config, quiet=product.quiet)
    if in_force is not None and request.log_bin is None:
        request = replace(request, log_bin=writes_binary_log(in_force))
    measurement = stored or stored_or_measured(drive, product, here)
    load = advise_bulk_load(
        measurement,
        request,
        knowledge_for(request.vendor),
        load_bulk_load(request.vendor),
        new_instance=new_instance,
        in_force=None if in_force is None else in_force.settings,
    )
    require_trust(load.storage, trust)
    notify_about(load.storage, load.warnings, quiet=product.quiet)
    is_empty = not (load.settings or load.statements)
    if is_empty and (more := _wanting(load)):
        raise AdvisorError(
            "nothing of this server is relaxed for a load unless more is accepted",
            "; ".join(f"{needs}: {', '.join(names)}" for needs, names in more.items()),
        )
    if is_json:
        write_output(json_text(load), product)
    elif is_empty:
        notify("note: this server needs no change for a bulk load", quiet=product.quiet)
    else:
        _write(load, cast("LoadForm", asked), names, product)


def _wanting(load: BulkLoad) -> dict[str, list[str]]:
    """What would have more relaxed -> these settings."""
    found: dict[str, list[str]] = {}
    for each in load.left_out:
        if each.needs:
            found.setdefault(each.needs, []).append(each.setting)
    return found


def _write(load: BulkLoad, form: LoadForm, names: dict[Half, Path], product: OutputOptions) -> None:
    texts: dict[Half, str] = {half: render_bulk_load(load, half, form) for half in HALVES}
    if not names:
        write_output("\n".join(texts.values()), product)
        notify(
            "note: these are two files, and the second ends what the first begins; --output"
            " load.cnf writes load-on.cnf and load-off.cnf",
            quiet=product.quiet,
        )
        return
    folder = names["on"].absolute().parent
    if folder.suffix == INCLUDED:
        notify(
            f"warning: a server that reads all of {folder} reads both of these, and on is the last:"
            " move them elsewhere, and let apply put one of them there",
            quiet=product.quiet,
        )
    write_files({names[half]: texts[half] for half in HALVES}, force=product.force)
    for path in names.values():
        notify_written(path, quiet=product.quiet)


def _names(output: Path | None) -> dict[Half, Path]:
    """Of load.cnf load-on.cnf and load-off.cnf; of standard output nothing."""
    if output is None or output == STANDARD_STREAM:
        return {}
    return {half: output.with_name(f"{output.stem}-{half}{output.suffix}") for half in HALVES}


def in_force_here(
    request: Request, here: Here | None, config: Sequence[Path], *, quiet: bool
) -> ServerState | None:
    """What the server's files set; None where they are not known."""
    if config:
        return _settings(request, config)
    if here is None or here.instance is None or not here.instance.main:
        return None
    try:
        return _settings(request, here.instance.main)
    except AdvisorError as error:  # nobody has asked for them
        notify(f"note: the way back is as advised for good: {error.message}", quiet=quiet)
        return None


def _settings(request: Request, files: Sequence[Path]) -> ServerState:
    return read_files(request.vendor, files, format_version(request.version)).reading
