"""Options in files that the server does not have: it does not start with one. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from advisor.rules.catalogue import Setting
from advisor.server_state import RefusedLine, ServerState
from advisor.vendors.registry import VENDORS
from advisor.vendors.syntax import Line, Unresolved
from advisor.versions import format_version, of_series

SIMILAR: Final = 0.8
"""From here on a name is taken for a slip of another's."""

OptionNames = Mapping[str, frozenset[str]]
"""Release series -> every option that its server takes, as that was asked."""


def unknown_options(
    state: ServerState, settings: Iterable[Setting], names: OptionNames
) -> Iterator[RefusedLine]:
    """The lines that name no option of that version; of a series that was not asked only those
    that profiles/ knows to be another version's, or another server's.

    A name that a plugin or an extension may bring is passed over; any may, where a file loads one.
    """
    vendor, version = VENDORS[state.vendor], state.version
    by_name = {setting.name: setting for setting in settings}
    loads_plugins = not vendor.loads_plugins.isdisjoint(state.settings)
    asked = of_series(version, names)
    server = f"{vendor.title} {format_version(version)}"
    for found in state.settings.values():
        written = found.written
        if written is None or written.loose or found.origin == "persisted" or found.derived_from:
            continue
        if vendor.may_be_an_extensions(found.name):
            continue
        setting = by_name.get(found.name)
        if asked is not None:
            line = Line(0, found.name, written.text, None)
            is_unknown = not (
                found.name in asked
                or (loads_plugins and not found.name.startswith(vendor.listed_plugins))
                or isinstance(vendor.option(line, asked, version), Unresolved)  # may be short
            )
        else:
            is_unknown = (
                setting is not None
                and found.name not in vendor.own_names
                and not setting.starts(vendor.name, version)
                and not _was_accepted(setting, state, names)
            )
        if is_unknown:
            why = f"{server} has no option {found.name}"
            if successor := vendor.successors.get(found.name):
                why += f"; {successor} has taken its place"
            known = (asked or frozenset()) | vendor.plugin_options
            if near := get_close_matches(found.name, known, n=1, cutoff=SIMILAR):
                why += f" (did you mean {near[0]}?)"
            shown = "" if written.text is None else found.value
            yield RefusedLine(found.place, found.name, shown, why)


def names_not_checked(state: ServerState, names: OptionNames) -> tuple[str, ...]:
    """A note where the options of that version are not known, so that a slip is not noticed."""
    if of_series(state.version, names) is not None:
        return ()
    server = f"{VENDORS[state.vendor].title} {format_version(state.version)}"
    known = ", ".join(names)
    return (
        f"whether {server} takes every name and word is not checked; known are those of {known}",
    )


def _was_accepted(setting: Setting, state: ServerState, names: OptionNames) -> bool:
    """Whether the vendor never had it as a setting of ours, and takes it all the same."""
    ours = any(spec.vendor == state.vendor for spec in setting.spec)
    return not ours and any(setting.name in known for known in names.values())
