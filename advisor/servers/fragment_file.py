"""A configuration fragment, line by line: anybody's, not only ours."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, NoReturn

from advisor.errors import AdvisorError
from advisor.servers.option_file import Inclusion, option_lines
from advisor.versions import NumericVersion, Vendor, format_version

_POSTGRESQL_LINE: Final = re.compile(
    r"(?P<name>[A-Za-z_][\w$.]*)\s*(?:=|\s)\s*(?P<value>'(?:[^'\\]|''|\\.)*'|[^\s#'=][^\s#']*)\s*(?:#.*)?"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line that sets something."""

    number: int
    name: str
    """As the server names its variable: lower case, _ for -, without loose_."""
    value: str | None
    """Without quotes; None for an option that stands alone."""
    group: str | None
    """The option group it stands in; None outside any."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A file, and what its lines set."""

    name: str
    text: str
    lines: tuple[Line, ...]

    def without(self, numbers: Collection[int]) -> str:
        """The text with some lines emptied; the others keep their numbers."""
        kept = enumerate(_lines(self.text), start=1)
        return "".join(f"{'' if number in numbers else text}\n" for number, text in kept)


def parse_fragment(text: str, name: str, vendor: Vendor) -> Fragment:
    """The lines of a fragment; `name` is what messages call it.

    Raises AdvisorError for a line that includes another file: what is tried is what is read here.
    """
    parse = _postgresql_lines if vendor == "postgresql" else _option_file_lines
    return Fragment(name, text, tuple(parse(text, name)))


def groups_read(vendor: Vendor, version: NumericVersion) -> frozenset[str | None]:
    """The option groups that a server reads (its own --help lists them)."""
    if vendor == "postgresql":
        return frozenset({None})
    major, series = str(version[0]), format_version(version[:2])
    names = {"mysqld", "server", f"mysqld-{series}"}
    if vendor == "mariadb":
        names |= {"mariadb", "mariadbd", "client-server", "galera"}
        names |= {f"{name}-{series}" for name in ("mariadb", "mariadbd")}
        if version >= (11,):
            names |= {f"{name}-{major}" for name in ("mariadb", "mariadbd")}
    return frozenset(names)


def _lines(text: str) -> list[str]:
    """As the servers count them: a form feed or the like ends no line."""
    return text.removesuffix("\n").split("\n")


def _postgresql_lines(text: str, name: str) -> Iterator[Line]:
    for number, raw in enumerate(_lines(text), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        found = _POSTGRESQL_LINE.fullmatch(line)
        if re.match(r"include(_if_exists|_dir)?\b", line, re.IGNORECASE):
            _refuse_inclusion(name, number, line)
        if found is None:  # the server says what is wrong with it
            yield Line(number, line, None, None)
            continue
        value = found["value"]
        if value.startswith("'"):
            value = re.sub(r"''|\\(.)", lambda part: part[1] or "'", value[1:-1])
        yield Line(number, found["name"].lower(), value, None)


def _option_file_lines(text: str, name: str) -> Iterator[Line]:
    for line in option_lines(text):
        if isinstance(line, Inclusion):
            _refuse_inclusion(name, line.number, line.text)
        else:
            option = line.name.lower().replace("-", "_").removeprefix("loose_")
            yield Line(line.number, option, line.value, line.group)


def _refuse_inclusion(name: str, number: int, line: str) -> NoReturn:
    raise AdvisorError(
        f"{name}:{number}: {line!r} includes other files, which are not verified here",
        "leave the line out, and verify the other files by themselves",
    )
