"""What the lines of a configuration file say, whatever the server's syntax is."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Line:
    """One line that sets something."""

    number: int
    name: str
    """As the server names its variable: lower case, _ for -, without loose_."""
    value: str | None
    """Without quotes; None for an option that stands alone."""
    group: str | None
    """The option group it stands in; None outside any, where MySQL and MariaDB refuse it."""


@dataclass(frozen=True, slots=True)
class Inclusion:
    """One line that brings in a file, or a folder of them."""

    number: int
    text: str
    """The line."""
    of: Literal["file", "folder"]
    target: str
    """The path as written."""
    may_miss: bool = False
    """PostgreSQL's include_if_exists."""


@dataclass(frozen=True, slots=True)
class Broken:
    """One line that the server cannot read."""

    number: int
    text: str


Statement = Line | Inclusion | Broken
