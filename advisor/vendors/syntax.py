"""What the lines of a configuration file say, whatever the server's syntax is."""

from typing import Literal, NamedTuple


class Line(NamedTuple):
    """One line that sets something."""

    number: int
    name: str
    """As it is written, but with _ for -; PostgreSQL's in lower case."""
    value: str | None
    """Without quotes; None for an option that stands alone."""
    group: str | None
    """The option group it stands in; None outside any, where MySQL and MariaDB refuse it."""


class Option(NamedTuple):
    """What a line sets."""

    name: str
    """The variable's, with underscores; in lower case where the server looks at no case."""
    text: str | None
    """What the server takes for the value; None: the option stands alone."""
    loose: bool = False
    """Whether the server goes on without it where it does not know it."""
    switched: bool | None = None
    """On or off by a prefix, and not by a value: skip-log-bin is off, log-bin=0 is a file "0"."""
    shortened: bool = False
    """Whether no more than the beginning of the name is written."""
    known: bool = True
    """Whether it is among the known names; else prefixes are taken off as if the rest were one."""

    @property
    def shown(self) -> str:
        """The value for people."""
        if self.switched is not None:
            return "ON" if self.switched else "OFF"
        return "ON" if self.text is None else self.text


class Unresolved(NamedTuple):
    """A line that sets nothing for certain; with nearly all of them no server starts."""

    reason: str
    candidates: tuple[str, ...]
    """What it may mean; a server that knows but one of them takes it for that."""
    loose: bool = False


class Inclusion(NamedTuple):
    """One line that brings in a file, or a folder of them."""

    number: int
    text: str
    """The line."""
    of: Literal["file", "folder"]
    target: str
    """The path as written."""
    may_miss: bool = False
    """PostgreSQL's include_if_exists."""


class Broken(NamedTuple):
    """One line that the server cannot read."""

    number: int
    text: str


Statement = Line | Inclusion | Broken
