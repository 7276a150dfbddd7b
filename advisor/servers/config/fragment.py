"""A configuration fragment, line by line: anybody's, not only ours."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from advisor.errors import AdvisorError
from advisor.servers.config.tree import MAX_LINES
from advisor.vendors.names import VendorName
from advisor.vendors.option_files import CUT_BYTES
from advisor.vendors.registry import VENDORS
from advisor.vendors.syntax import Broken, Inclusion, Line
from advisor.versions import NumericVersion, parse_version, told_parts

MAX_NAME_CHARACTERS: Final = 1000
"""Of a line's name, or of all of it where it has none. What is longer is no configuration, and
would fill the screen."""


SIGN: Final = "# fsync-advisor"
"""How a fragment of ours begins."""
_MADE_FOR: Final = re.compile(rf"{SIGN} \S+: settings for (\w+) ([\d.]+)")
"""How it says for which server it was made."""
_BULK_LOAD_ON: Final = re.compile(r"^(?:#|--) BULK LOAD ON\b", re.MULTILINE)
"""How it says that it is for the time of a load, as advisor/output/bulk_load.py writes it."""


def is_for_bulk_load(text: str) -> bool:
    """Whether a file of ours relaxes settings for the time of a load."""
    return text.startswith(SIGN) and _BULK_LOAD_ON.search(text) is not None


@dataclass(frozen=True, slots=True)
class Fragment:
    """A file, and what its lines set."""

    name: str
    text: str
    lines: tuple[Line, ...]

    @property
    def made_for(self) -> tuple[str, str] | None:
        """The title and version of the server that a fragment of ours was made for."""
        found = _MADE_FOR.match(self.text)
        return (found[1], found[2]) if found else None

    def version_unlike(self, version: NumericVersion) -> str:
        """The version that it was made for, where that is another one as far as both tell."""
        if self.made_for is None:
            return ""
        _, made_for = self.made_for
        pairs = zip(told_parts(version), parse_version(made_for), strict=False)
        return "" if all(here == there for here, there in pairs) else made_for

    def without(self, numbers: Collection[int]) -> str:
        """The text with some lines emptied; the others keep their numbers."""
        kept = enumerate(self.text.removesuffix("\n").split("\n"), start=1)
        return "".join(f"{'' if number in numbers else text}\n" for number, text in kept)


def parse_fragment(text: str, name: str, vendor: VendorName) -> Fragment:
    """The lines of a fragment; `name` is what messages call it.

    Raises AdvisorError for a line that includes another file, for what is tried is what is read
    here, and for one that servers take for several.
    """
    lines = tuple(_lines(text, name, vendor))
    for number, size_bytes in VENDORS[vendor].long_lines(text):
        raise AdvisorError(
            f"{name}:{number}: the line has {size_bytes} bytes, and servers read what follows"
            f" {CUT_BYTES} of them as a line of its own",
            "make it shorter",
        )
    return Fragment(name, text, lines)


def _lines(text: str, name: str, vendor: VendorName) -> Iterator[Line]:
    for count, statement in enumerate(VENDORS[vendor].statements(text)):
        if count == MAX_LINES:
            raise AdvisorError(
                f"{name}:{statement.number}: there are more than {MAX_LINES} lines of"
                " configuration",
                "is it a configuration file?",
            )
        said = statement.text if not isinstance(statement, Line) else statement.name
        if len(said) > MAX_NAME_CHARACTERS:
            raise AdvisorError(
                f"{name}:{statement.number}: no setting has a name of {len(said)} characters",
                "is it a configuration file?",
            )
        match statement:
            case Line():
                yield statement
            case Broken(number, raw):  # the server says what is wrong with it
                yield Line(number, raw, None, None)
            case Inclusion(number, raw):
                raise AdvisorError(
                    f"{name}:{number}: {raw!r} includes other files, which are not verified here",
                    "leave the line out, and verify the other files by themselves",
                )
