"""Fragments of earlier runs of `fleet recommend`: what stays in force, and what is stale.

Of the stale ones, what was measured now speaks against them, or there is no result now: that of a
host whose drive keeps nothing any more must not be applied, that of one that was away is as good as
it was.
"""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from advisor.commands.console import notify
from advisor.commands.fleet_inputs import require_no_named_pipe
from advisor.commands.source import named_fragment
from advisor.files import read_head
from advisor.fleet.group_advice import InForce
from advisor.fleet.group_notes import shown_names
from advisor.fleet.inventory import HostGroup
from advisor.knowledge import known_settings
from advisor.output_files import remove_files
from advisor.request import Request
from advisor.vendors.registry import VENDORS
from advisor.vendors.values import Parsed

HOSTS: Final = "hosts"
"""The folder of what is the hosts' own."""


def in_force_of(keep: Path | None, name: str, request: Request, *, quiet: bool) -> InForce:
    """What the fragment of a group or a host set until now, in the folder that --keep names. What
    cannot be kept is said. Raises AdvisorError."""
    if keep is None:
        return {}
    path = keep / f"{name}{VENDORS[request.vendor].config_suffix}"
    if not path.exists():
        return {}
    require_no_named_pipe(path)
    known = known_settings(request.vendor, request.version)
    fragment = named_fragment(request.vendor, path)
    found = [pair for line in fragment.lines for pair in known.meanings(line)]
    if bad := [setting for setting, result in found if not isinstance(result, Parsed)]:
        notify(f"note: {path} has no value that can be read for {', '.join(bad)}", quiet=quiet)
    elif fragment.lines and not found:
        notify(f"note: {path} sets nothing that we know, so nothing of it is kept", quiet=quiet)
    return {setting: result.value for setting, result in found if isinstance(result, Parsed)}


class StaleFragments(NamedTuple):
    """Files of ours of the groups and hosts that were asked for."""

    without_advice: tuple[Path, ...]
    """Of a group or a host with a result, for which there is no advice."""
    without_result: tuple[Path, ...]


def stale_fragments(
    folder: Path,
    suffix: str,
    groups: Iterable[HostGroup],
    measured: Collection[str],
    written: Collection[Path],
) -> StaleFragments:
    """Those in a folder, but for what was `written`. `measured`: the hosts with a result."""
    found: dict[bool, list[Path]] = {True: [], False: []}
    for name, has_result in _names(groups, measured):
        path = folder / f"{name}{suffix}"
        if path not in written and _is_ours(path):
            found[has_result].append(path)
    return StaleFragments(tuple(found[True]), tuple(found[False]))


def _names(groups: Iterable[HostGroup], measured: Collection[str]) -> Iterator[tuple[str, bool]]:
    """Of each file that there may be, and whether its group or host has a result."""
    for group in groups:
        yield group.name, not set(group.hosts).isdisjoint(measured)
        for host in group.hosts:
            yield f"{HOSTS}/{host}", host in measured


def _is_ours(path: Path) -> bool:
    if path.is_symlink() or (head := read_head(path)) is None:
        return False
    from advisor.servers.config.fragment import SIGN  # most runs find nothing

    return head.startswith(SIGN.encode())


def clear(stale: StaleFragments, *, force: bool, quiet: bool) -> None:
    """Removes what has no advice, if files may be replaced, and says what stays.

    Raises AdvisorError.
    """
    if removed := stale.without_advice:
        names = shown_names([str(path) for path in removed])
        if force:
            remove_files(removed)
            notify(f"removed, for there is no advice for it now: {names}", quiet=quiet)
        else:
            notify(f"warning: of an earlier run, without advice now: {names}", quiet=quiet)
    if stale.without_result:
        names = shown_names([str(path) for path in stale.without_result])
        notify(f"note: left from an earlier run, without a result now: {names}", quiet=quiet)
