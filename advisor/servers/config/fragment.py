"""A configuration fragment, line by line: anybody's, not only ours."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from advisor.errors import AdvisorError
from advisor.vendors.syntax import Broken, Inclusion, Line, statements
from advisor.versions import NumericVersion, Vendor, format_version

SERVER_GROUPS: Final[Mapping[Vendor, frozenset[str | None]]] = {
    "mysql": frozenset({"mysqld", "server"}),
    "mariadb": frozenset({"mysqld", "server", "mariadb", "mariadbd", "client-server", "galera"}),
    "postgresql": frozenset({None}),
}
"""The option groups that a server of any version reads."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A file, and what its lines set."""

    name: str
    text: str
    lines: tuple[Line, ...]

    def without(self, numbers: Collection[int]) -> str:
        """The text with some lines emptied; the others keep their numbers."""
        kept = enumerate(self.text.removesuffix("\n").split("\n"), start=1)
        return "".join(f"{'' if number in numbers else text}\n" for number, text in kept)


def parse_fragment(text: str, name: str, vendor: Vendor) -> Fragment:
    """The lines of a fragment; `name` is what messages call it.

    Raises AdvisorError for a line that includes another file: what is tried is what is read here.
    """
    return Fragment(name, text, tuple(_lines(text, name, vendor)))


def groups_read(vendor: Vendor, version: NumericVersion) -> frozenset[str | None]:
    """The option groups that a server reads (its own --help lists them)."""
    if vendor == "postgresql":
        return SERVER_GROUPS[vendor]
    major, series = str(version[0]), format_version(version[:2])
    names = {f"mysqld-{series}"}
    if vendor == "mariadb":
        names |= {f"{name}-{series}" for name in ("mariadb", "mariadbd")}
        if version >= (11,):
            names |= {f"{name}-{major}" for name in ("mariadb", "mariadbd")}
    return SERVER_GROUPS[vendor] | names


def _lines(text: str, name: str, vendor: Vendor) -> Iterator[Line]:
    for statement in statements(text, vendor):
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
