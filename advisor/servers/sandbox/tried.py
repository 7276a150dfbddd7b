"""Which lines of a configuration a private server is given, or its check is asked of.

Only those that are known to stay within the private place: the settings of profiles/ and those of
profiles/tried_names/, however their names are written. A name that is no option of the server at
all is given too, for the server does nothing but refuse it; but for those that a plugin may bring,
which is not loaded.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from advisor.errors import AdvisorError
from advisor.knowledge import known_settings, load_option_names, load_tried_names
from advisor.servers.config import Fragment
from advisor.servers.installed import Confinement, Installed, run
from advisor.vendors.base import Vendor
from advisor.vendors.registry import VENDORS
from advisor.vendors.syntax import Line, Unresolved
from advisor.versions import NumericVersion, of_series

MAX_LINE_BYTES: Final = 4000
"""MariaDB and old MySQL read a longer line as several."""

_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+|\[[ -~]*")
_FIRST_WORD: Final = re.compile(r"[\w.$]*")


@dataclass(frozen=True, slots=True)
class TriedSettings:
    """What one server may be given."""

    vendor: Vendor
    version: NumericVersion
    options: frozenset[str]
    """All that a name may be taken for."""
    tried: frozenset[str]
    are_all: bool
    """Whether these are all its options, so that another name is none."""

    def why_not(self, line: Line) -> str:
        """Why a line is not tried; "" where it is."""
        if "/" in (line.value or ""):
            return f"{line.name} names a place"
        if len(line.name) + len(line.value or "") > MAX_LINE_BYTES:
            return "it is too long a line"
        for name in self._meant(line):
            if name not in self.tried:
                return f"{name} is not one of the settings that are tried"
        return ""

    def _needs_a_plugin(self, name: str) -> bool:
        vendor = self.vendor
        return vendor.refuses_options_of_plugins and vendor.may_be_an_extensions(name)

    def _meant(self, line: Line) -> Iterator[str]:
        """All that the server may take a line for; nothing where it can only refuse it."""
        if self.vendor.has_groups and not _PLAIN_NAME.fullmatch(line.name):
            yield repr(line.name)
            return
        option = self.vendor.option(line, self.options, self.version)
        if isinstance(option, Unresolved):
            yield from option.candidates
        elif option.known or not self.are_all or self._needs_a_plugin(option.name):
            yield option.name
        elif found := _FIRST_WORD.match(line.name.lower()):
            # Of a line that we cannot read; should the server be able to, it is this that it sets.
            yield from {found[0]} & self.options


def tried_settings(installed: Installed, confinement: Confinement) -> TriedSettings:
    """What that server may be given; where its options are not known, the program is asked."""
    vendor, version = VENDORS[installed.vendor], installed.version
    names = load_option_names(vendor.name)
    known = known_settings(vendor.name, version)
    tried = load_tried_names(vendor.name) | {setting.name for setting in known.settings}
    tried = (tried | vendor.other_specs.keys()) - vendor.not_tried
    options = of_series(version, names)
    are_all = options is not None
    if options is None:
        listed = _listed(vendor, installed, confinement)
        are_all = bool(listed)
        options = listed.union(tried, *names.values())
    return TriedSettings(vendor, version, options | vendor.not_tried, tried, are_all)


def lines_read(lines: Iterable[Line], vendor: Vendor, version: NumericVersion) -> list[Line]:
    """The lines that the server looks at; outside any group it refuses them."""
    groups = {None, *vendor.groups_read(version)}
    return [line for line in lines if line.group in groups]


def lines_tried(fragment: Fragment, settings: TriedSettings) -> list[Line]:
    """Of the lines that the server looks at those that it is given."""
    texts = fragment.text.split("\n")
    return [
        line
        for line in lines_read(fragment.lines, settings.vendor, settings.version)
        if not settings.why_not(line) and is_short(texts[line.number - 1])
    ]


def text_given(fragment: Fragment, kept: Collection[int], vendor: Vendor) -> str:
    """The fragment with nothing but some lines and the option groups; they keep their numbers."""
    return "".join(
        f"{text if number in kept or is_group(text, vendor) else ''}\n"
        for number, text in enumerate(fragment.text.split("\n"), start=1)
    )


def is_group(text: str, vendor: Vendor) -> bool:
    """Whether a line of a file begins an option group, and does nothing else."""
    return vendor.has_groups and text.lstrip()[:1] == "[" and is_short(text)


def is_short(text: str) -> bool:
    """Whether every server reads it as one line."""
    return len(text.encode("utf-8", "surrogateescape")) <= MAX_LINE_BYTES


def _listed(vendor: Vendor, installed: Installed, confinement: Confinement) -> frozenset[str]:
    try:
        said = run(vendor.names_command(installed.program), confinement=confinement)
    except AdvisorError:
        return frozenset()
    return vendor.listed_names(said)
