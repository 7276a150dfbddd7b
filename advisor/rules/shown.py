"""Conditions on what a server shows: the values of its settings, and its status. Pure."""

from collections.abc import Mapping
from typing import Final

from pydantic import Field, model_validator

from advisor.conditions import Strict
from advisor.vendors.names import VendorName
from advisor.versions import NumericVersion, VersionText, in_range

SAME_WORDS: Final = {"1": "on", "true": "on", "yes": "on", "0": "off", "false": "off", "no": "off"}
"""How files write what servers show as ON and OFF."""


def _plain(text: str) -> str:
    word = text.strip().casefold()
    return SAME_WORDS.get(word, word)


def _bare(text: str) -> str:
    return "".join(text.casefold().split())


class Seen(Strict):
    """One condition on what a server shows, in any case; all that is given must hold."""

    is_: tuple[str, ...] = Field(default=(), alias="is")
    is_not: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    """One of these is a part of it, whatever spaces there are."""
    below: float | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Seen":
        if not self.model_fields_set:
            raise ValueError("a condition needs is, is_not, contains or below")
        return self

    def holds(self, shown: str) -> bool:
        """Whether it does; text is below no number."""
        word = _plain(shown)
        if self.is_ and word not in map(_plain, self.is_):
            return False
        if word in map(_plain, self.is_not):
            return False
        if self.contains and not any(_bare(part) in _bare(shown) for part in self.contains):
            return False
        return self.below is None or (shown.isdecimal() and int(shown) < self.below)


SeenAll = dict[str, Seen]
"""Name of a setting or of a variable of the status -> condition."""


def _all_hold(conditions: SeenAll, shown: Mapping[str, str]) -> bool:
    """Whether all hold; what the server does not show never does."""
    return all(name in shown and seen.holds(shown[name]) for name, seen in conditions.items())


class ForServers(Strict):
    """An entry that may be about some servers alone."""

    db: tuple[VendorName, ...] = ()
    """None: all of the file."""
    since: VersionText | None = None
    until: VersionText | None = None

    def covers(self, vendor: VendorName, version: NumericVersion) -> bool:
        return (not self.db or vendor in self.db) and in_range(version, self.since, self.until)


class WhereShown(ForServers):
    """An entry that may depend on what the server shows."""

    when: SeenAll = Field(default_factory=dict)
    unless: SeenAll = Field(default_factory=dict)

    def holds(self, vendor: VendorName, version: NumericVersion, shown: Mapping[str, str]) -> bool:
        """Whether it is about that server."""
        if not self.covers(vendor, version) or not _all_hold(self.when, shown):
            return False
        return not (self.unless and _all_hold(self.unless, shown))
