"""fsync-advisor fleet recommend: one fragment for each group of hosts."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from advisor import __version__
from advisor.commands import options as shared
from advisor.commands.console import notify, notify_all, write_output
from advisor.commands.earlier_fragments import HOSTS, clear, in_force_of, stale_fragments
from advisor.commands.fleet_inputs import (
    Elsewhere,
    GroupNames,
    ResultFiles,
    files_of,
    notify_elsewhere,
    read_inventory,
    read_results,
    unread_text,
)
from advisor.commands.parameters import Only, options_class, takes_options
from advisor.commands.requests import build_request
from advisor.commands.source import knowledge_for
from advisor.errors import AdvisorError, NotTrustedError, UsageError
from advisor.files import STANDARD_STREAM, is_directory, shown_name
from advisor.fleet.group_advice import GroupRequest, advise_group, host_advice
from advisor.fleet.group_notes import newer_notes
from advisor.fleet.group_results import FleetAdvice, GroupAdvice, GroupWithout
from advisor.fleet.host_advice import HostAdvice, Pool, advise_host
from advisor.fleet.inventory import HostGroup, Inventory
from advisor.fleet.results import Unread
from advisor.output.fleet_advice import fleet_advice_document
from advisor.output.fragment import render_fragment
from advisor.output.json_text import json_text
from advisor.output.renderers import render
from advisor.output_files import write_files
from advisor.request import Request
from advisor.roles import Role
from advisor.rules.knowledge import Knowledge
from advisor.units import counted
from advisor.variables import variable
from advisor.vendors.names import ClusterName
from advisor.vendors.registry import VENDORS
from advisor.versions import format_version


@options_class
class FleetRecommendOptions:
    """The options of `fleet recommend`."""

    files: ResultFiles
    db: shared.Database
    db_version: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION",
            help="Its version.  [default: the group's db_version, else the newest known]",
        ),
    ] = None
    groups: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="Which host is in which group: TOML, or what ansible-inventory --list prints.",
        ),
    ]
    group: GroupNames = None
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="A host that does not decide. May be repeated."),
    ] = None
    keep: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="What an earlier run wrote: a value that is 2/3 to 1.5 of the new one stays.",
        ),
    ] = None
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Write GROUP.conf or .cnf there, GROUP.json, and what is a host's own to hosts/.",
        ),
    ]
    request: Annotated[
        shared.RequestOptions,
        Only(
            *("durability", "memory", "recovery_time", "expected_tps"),
            *("log_bytes_per_commit", "binary_log", "max_iops"),
        ),
    ]
    role: Annotated[
        Role | None,
        typer.Option(
            help="What each host is to others with the same data.  [default: the group's role, else"
            " standalone]",
        ),
    ] = None
    cluster: Annotated[
        ClusterName | None,
        typer.Option(
            help="The cluster that each host is a part of.  [default: the group's cluster]",
        ),
    ] = None
    build: Annotated[
        str | None,
        typer.Option(
            envvar=variable("build"),
            metavar="OPTION,...",
            help="What the servers were built with: lz4, zstd, liburing, numa."
            "  [default: not known]",
        ),
    ] = None
    format_: shared.TableOrJson = "table"
    force: shared.Force = False
    quiet: shared.Quiet = False

    def __post_init__(self) -> None:
        if self.keep is not None and not is_directory(self.keep):
            raise UsageError(f"--keep {self.keep} is no directory")


@takes_options
def fleet_recommend(options: FleetRecommendOptions) -> None:
    """Write one fragment for each group of hosts.

    Each host is advised by its own measurement, and the group gets one value for each setting, as
    the setting's profile says: what all hosts are advised, else the default; or the least, from ten
    hosts on their tenth percentile. What depends on memory is the host's own. Outliers, suspicious
    drives and drives that are not durable do not decide, and are named.

    A result is of the host that its file is named after, else of the host that it was measured on.
    The groups file in TOML:

    \b
    [oltp]
    hosts = ["db-01", "db-02"]
    db_version = "17"
    role = "replica"
    cluster = "sync-standby"

    A group of primaries and replicas has no role: whichever is promoted must be as durable. Its
    cluster decides for all of them.
    """
    inventory = read_inventory(options.groups, options.group or ())
    excluded = frozenset(options.exclude or ())
    if strangers := sorted(excluded - inventory.group_of.keys()):
        raise UsageError(f"--exclude {strangers[0]}: no group has that host")
    requests = {group.name: _request(options, group) for group in inventory.groups}
    notify_all(newer_notes(requests), quiet=options.quiet)
    knowledge = _knowledge(requests)
    files = files_of(options.files)
    _require_a_folder_of_its_own(options)
    hosts, in_no_group, unread = _advised(
        files, inventory, requests, knowledge, quiet=options.quiet
    )
    if not hosts:
        _raise_for_none(options, in_no_group, unread, len(files))
    texts: dict[Path, str] = {}
    groups: list[GroupAdvice] = []
    without: list[GroupWithout] = []
    for group in inventory.groups:
        with_result = [hosts[host] for host in group.hosts if host in hosts]
        request = requests[group.name]
        in_force = in_force_of(options.keep, group.name, request, quiet=options.quiet)
        asked = GroupRequest(group, request, knowledge[group.name], excluded, in_force)
        found = advise_group(asked, with_result)
        if isinstance(found, GroupWithout):
            without.append(found)
            texts[options.output / f"{found.name}.json"] = json_text(found)
            continue
        groups.append(found)
        texts |= _texts(options, asked, found, with_result)
    fleet = FleetAdvice(
        tool_version=__version__,
        engine=options.db,
        groups=tuple(groups),
        without_advice=tuple(without),
        in_no_group=tuple(in_no_group),
        unread=tuple(unread),
    )
    suffix = VENDORS[options.db].config_suffix
    if options.keep and not any(
        (options.keep / f"{group.name}{suffix}").exists() for group in inventory.groups
    ):
        notify(f"note: {options.keep} has no fragment of these groups", quiet=options.quiet)
    write_files(texts, force=options.force)
    stale = stale_fragments(options.output, suffix, inventory.groups, hosts, texts)
    clear(stale, force=options.force, quiet=options.quiet)
    if options.format_ == "json":
        write_output(json_text(fleet))
    else:
        write_output(render(fleet_advice_document(fleet), "table"))
    notify(f"wrote {counted(len(texts), 'file')} below {options.output}", quiet=options.quiet)
    _raise_for_missing(fleet, len(files), options.quiet)


def _require_a_folder_of_its_own(options: FleetRecommendOptions) -> None:
    """Raises UsageError where GROUP.json would stand among the measurements, and be read as one."""
    for path in options.files:
        folder = path if is_directory(path) else path.parent
        if path != STANDARD_STREAM and os.path.realpath(folder) == os.path.realpath(options.output):
            raise UsageError(
                f"--output {options.output} has measurements in it: {path}",
                "choose another folder, or one below it",
            )


def _request(options: FleetRecommendOptions, group: HostGroup) -> Request:
    """What a group is advised for. The server of this host, if it has one, is none of the fleet's.

    Raises UsageError.
    """
    newest = format_version(VENDORS[options.db].newest_version)
    version, source = newest, "the newest we know; --db-version names another"
    if options.db_version is not None:
        version, source = options.db_version, "as given"
    elif group.db_version is not None:
        version, source = group.db_version, f"as {options.groups.name} says"
    try:
        asked = replace(options.request, build=options.build)
        return build_request(
            options.db,
            version,
            asked,
            version_source=source,
            role=options.role or group.role or "standalone",
            cluster=options.cluster or group.cluster,
        )
    except UsageError as error:
        raise UsageError(f"group {group.name}: {error.message}", error.hint) from error


def _knowledge(requests: Mapping[str, Request]) -> dict[str, Knowledge]:
    """By group; the same for all groups of one role and one kind of cluster."""
    known = cache(knowledge_for)
    return {
        group: known(request.vendor, request.role, request.cluster)
        for group, request in requests.items()
    }


def _advised(
    files: Sequence[Path],
    inventory: Inventory,
    requests: Mapping[str, Request],
    knowledge: Mapping[str, Knowledge],
    *,
    quiet: bool,
) -> tuple[dict[str, HostAdvice], list[str], list[Unread]]:
    """The advice by host, the files of hosts in no group, and what could not be read.

    Raises UsageError for two results of one host.
    """
    hosts: dict[str, HostAdvice] = {}
    in_no_group, unread, elsewhere = [], [], 0
    pools: dict[str, Pool] = {name: {} for name in requests}
    for found in read_results(files, inventory, all_count=False, quiet=quiet):
        if isinstance(found, Unread):
            unread.append(found)
        elif isinstance(found, Elsewhere):
            elsewhere += 1
        elif found.host is None:
            in_no_group.append(shown_name(found.path))
        else:
            group = inventory.group_of[found.host]
            hosts[found.host] = advise_host(
                found.host, found.measurement, requests[group], knowledge[group], pools[group]
            )
    notify_elsewhere(elsewhere, quiet=quiet)
    return hosts, in_no_group, unread


def _raise_for_none(
    options: FleetRecommendOptions, in_no_group: Sequence[str], unread: Sequence[Unread], files: int
) -> None:
    if unread and not in_no_group:
        raise AdvisorError(unread_text(unread, files))
    where = f"group {', '.join(options.group)}" if options.group else str(options.groups)
    like = f", like {in_no_group[0]}" if in_no_group else ""
    raise AdvisorError(
        f"no result is of a host in {where}{like}",
        "name result files after the hosts: db-01.json",
    )


def _texts(
    options: FleetRecommendOptions,
    asked: GroupRequest,
    found: GroupAdvice,
    hosts: Sequence[HostAdvice],
) -> dict[Path, str]:
    """File -> text, of one group and its hosts."""
    suffix = VENDORS[options.db].config_suffix
    texts = {
        options.output / f"{found.name}{suffix}": render_fragment(found.advice),
        options.output / f"{found.name}.json": json_text(found),
    }
    for host in hosts:
        name = f"{HOSTS}/{host.host}"
        old = in_force_of(options.keep, name, asked.request, quiet=options.quiet)
        own = host_advice(asked, host, old)
        if own is not None:
            texts[options.output / HOSTS / f"{host.host}{suffix}"] = render_fragment(own)
    return texts


def _raise_for_missing(fleet: FleetAdvice, files: int, quiet: bool) -> None:
    """Raises NotTrustedError for a group that has results and no advice, AdvisorError for files
    that could not be read."""
    if fleet.in_no_group:
        count = counted(len(fleet.in_no_group), "result")
        notify(f"note: {count} of hosts in no group, like {fleet.in_no_group[0]}", quiet=quiet)
    for group in fleet.without_advice:
        if not group.left_out:
            notify(f"note: group {group.name}: {group.why}", quiet=quiet)
    unfit = [group for group in fleet.without_advice if group.left_out]
    if unfit:
        if fleet.unread:
            notify(unread_text(fleet.unread, files))
        first = unfit[0].left_out[0]
        raise NotTrustedError(
            f"group {unfit[0].name} has no advice: {unfit[0].why}; {first.host}: {first.why}"
        )
    if fleet.unread:
        raise AdvisorError(unread_text(fleet.unread, files))
