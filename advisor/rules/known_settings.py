"""What one server takes for the settings that matter to us. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from advisor.rules.catalogue import Setting
from advisor.rules.other_options import NONE_ASKED, OtherOptions
from advisor.vendors.base import Vendor
from advisor.vendors.syntax import Line, Option, Unresolved
from advisor.vendors.values import ParseResult, Rejected, ValueSpec
from advisor.versions import NumericVersion


@dataclass(frozen=True)
class KnownSettings:
    """The settings of profiles/ that one server has, and those that its vendor's file adds."""

    vendor: Vendor
    version: NumericVersion | None
    """None: not known, and any version may be meant."""
    settings: tuple[Setting, ...]
    """All of the engine's."""
    others: OtherOptions = NONE_ASKED
    """What the options beyond those settings take, where that is to be known."""
    options: frozenset[str] = frozenset()
    """All that the server has, where that is to be known."""

    @cached_property
    def names(self) -> frozenset[str]:
        """All names by which a shortened one is told."""
        existing = (setting.name for setting in self.settings if self.specs(setting.name))
        return self.vendor.own_names.union(existing)

    @cached_property
    def _all_names(self) -> frozenset[str]:
        """Those of the options that are not ours, too."""
        return self.names | self.options

    @cached_property
    def _by_name(self) -> dict[str, Setting]:
        return {setting.name: setting for setting in self.settings}

    def specs(self, name: str) -> tuple[ValueSpec, ...]:
        """What the server takes: one spec, or those of all versions that may be meant; none for a
        setting that it does not have, or that we do not know."""
        if name in self.vendor.other_specs:
            return (self.vendor.other_specs[name],)
        setting, vendor = self._by_name.get(name), self.vendor.name
        specs = [spec for spec in setting.spec if spec.vendor == vendor] if setting else []
        if setting is None or not specs:
            return self.others.specs(name, self.version)
        if self.version:
            spec = setting.spec_for(vendor, self.version)
            return () if spec is None else (spec,)
        return tuple(specs)

    def option(self, line: Line) -> Option | Unresolved:
        """What a line sets; without a version as the newest server reads it.

        A name that is not ours may be short for another that the server has. Where it may be short
        for several it is left as it is: the servers take some of these for one of them.
        """
        found = self.vendor.option(line, self.names, self.version)
        if isinstance(found, Unresolved) or found.known or not self.options:
            return found
        other = self.vendor.option(line, self._all_names, self.version)
        return found if isinstance(other, Unresolved) else other

    def may_set(self, line: Line) -> frozenset[str]:
        """Every setting that a line may set."""
        found: set[str] = set()
        for version in self._versions():
            option = self.vendor.option(line, self.names, version)
            found.update(option.candidates if isinstance(option, Unresolved) else (option.name,))
        return frozenset(found)

    def meanings(self, line: Line) -> Iterator[tuple[str, ParseResult]]:
        """Each setting that we know and that a line may set, and what the server makes of it there:
        several where the name is ambiguous or the version is not known."""
        for version in self._versions():
            option = self.vendor.option(line, self.names, version)
            if isinstance(option, Unresolved):
                for name in option.candidates:
                    yield name, Rejected(option.reason, starts=option.loose)
            else:
                for result in self._parsed(option.name, option.text, version, loose=option.loose):
                    yield option.name, result

    def parse(self, name: str, text: str | None, *, loose: bool = False) -> tuple[ParseResult, ...]:
        """What the server makes of a setting's text, one result for each spec."""
        versions = self._versions()
        return tuple(
            result
            for version in versions
            for result in self._parsed(name, text, version, loose=loose)
        )

    def _parsed(
        self, name: str, text: str | None, version: NumericVersion, *, loose: bool
    ) -> Iterator[ParseResult]:
        for spec in self.specs(name):
            yield self.vendor.parse_value(text, spec, version=version, loose=loose)

    def _versions(self) -> tuple[NumericVersion, ...]:
        """The versions whose ways of reading options there may be."""
        if self.version:
            return (self.version,)
        return (self.vendor.oldest_version, self.vendor.newest_version)
