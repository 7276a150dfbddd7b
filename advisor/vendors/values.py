"""What a setting's text comes to: a value, or a reason why not. Shared by all servers' parsers.

The parsers are postgresql_values.parse and option_values.parse; tests/servers/test_spellings.py
holds both against the servers.
"""

from collections.abc import Collection, Mapping
from string import ascii_lowercase, ascii_uppercase
from typing import Final, Literal, NamedTuple, Protocol

from advisor.units import Value

SettingType = Literal["integer", "real", "boolean", "enum"]

OptionType = SettingType | Literal["set"]
"""A set takes any of its choices, with commas between them; no setting of profiles/ is one."""

Argument = Literal["required", "optional", "switch"]
"""Whether an option of MySQL or MariaDB may stand alone. A switch is a boolean that ignores a line
whose value it does not understand; another boolean is then off."""


class ValueSpec(Protocol):
    """What one version of a server takes for a setting. Numbers count in `unit`.

    advisor.rules.catalogue.Spec is one.
    """

    @property
    def type(self) -> OptionType:
        """What kind of value the setting has."""

    @property
    def unit(self) -> str:
        """The server's own: "B", "kB", "8kB", "MB", "us", "ms", "s"; "" for a plain number."""

    @property
    def min(self) -> int | float | None:
        """None where nothing bounds it."""

    @property
    def max(self) -> int | float | None:
        """None where nothing bounds it."""

    @property
    def multiple_of(self) -> int:
        """MySQL and MariaDB round down to it; 1 where any integer will do."""

    @property
    def choices(self) -> Collection[str]:
        """An enum's, in the server's own order: MySQL and MariaDB take the number of one, too."""

    @property
    def build_choices(self) -> Mapping[str, object]:
        """Further choices, which only some builds of the server have."""

    @property
    def aliases(self) -> Mapping[str, str]:
        """Words that an enum takes for one of the choices; in the server's order, after these."""

    @property
    def argument(self) -> Argument | None:
        """None: a boolean's is optional, any other's required."""


class PlainSpec(NamedTuple):
    """A ValueSpec of a setting that profiles/ does not have."""

    type: OptionType
    unit: str = ""
    min: int | float | None = None
    max: int | float | None = None
    multiple_of: int = 1
    choices: tuple[str, ...] = ()
    build_choices: Mapping[str, object] = {}
    aliases: Mapping[str, str] = {}
    argument: Argument | None = None


class Parsed(NamedTuple):
    """The server takes the text."""

    value: Value
    """What it then has; a number counts in the spec's unit, a choice is spelt as the spec does."""
    warning: str = ""
    """Why the value is another than the text says: clamped, aligned, not understood."""


class Rejected(NamedTuple):
    """The server does not take the text."""

    reason: str
    """What is wrong with it: "must be a number", without the setting's name."""
    starts: bool = False
    """Whether the server starts all the same, as if the line were not there."""


ParseResult = Parsed | Rejected

SHOWN_CHARACTERS: Final = 40

ASCII_LOWER: Final = str.maketrans(ascii_uppercase, ascii_lowercase)


def lower(text: str) -> str:
    """In lower case as servers see it: str.lower() makes a k of the Kelvin sign."""
    return text.translate(ASCII_LOWER)


def shorten(text: str) -> str:
    """A text for a message, in quotes."""
    return repr(text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}...")
