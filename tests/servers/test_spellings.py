"""Spellings of values and of options: the table in spellings.toml, the servers, and our parse.

The servers are asked without a start, many lines at once where they take all of them.
"""

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
import tomli

from advisor.knowledge import load_settings
from advisor.rules.risks import RISKS
from advisor.units import Value
from advisor.vendors import option_values, postgresql_values
from advisor.vendors.option_names import resolve
from advisor.vendors.syntax import Unresolved
from advisor.vendors.values import Parsed, PlainSpec, Rejected, ValueSpec
from advisor.versions import NumericVersion
from tests.servers.engines import Vendor
from tests.servers.harness import server_named
from tests.servers.questioned import Answer, Questioned, questioned

VERSIONS: Final[Mapping[str, NumericVersion]] = {
    "postgresql-13": (13, 23),
    "postgresql-19": (19,),
    "mariadb-10.11": (10, 11, 19),
    "mariadb-11.8": (11, 8, 9),
    "mysql-9.7": (9, 7, 4),
}
"""Servers of the table -> the versions it was read from."""

DIALECTS: Final = {"mysql": option_values.MYSQL, "mariadb": option_values.MARIADB}

OTHER_SPECS: Final[Mapping[str, ValueSpec]] = {
    **postgresql_values.GUARDED,
    "skip_name_resolve": PlainSpec("boolean"),
    "skip_grant_tables": PlainSpec("boolean"),
}
"""What the table has and profiles/ has not."""

EXPLAINED: Final = {
    ("wal_buffers", "0"): "a check of its own raises 0 to 3 blocks to 4",
    ("wal_buffers", "3"): "a check of its own raises 0 to 3 blocks to 4",
    ("innodb_log_file_size", "1T"): "512 GB is the documented limit, which only the start applies",
}
"""Setting and text -> why our parse says otherwise than the server."""

TABLE: Final = Path(__file__).parent / "spellings.toml"
REFUSED: Final = "refused"
IGNORED: Final = "ignored"


@dataclass(frozen=True)
class Spelling:
    """One row of the table, for one server."""

    server: str
    setting: str
    name: str
    """The option as it is written."""
    text: str | None
    """The value; None where the option stands alone."""
    reads: str
    """What the server then has, or what becomes of the line."""
    is_line: bool
    """Whether the row is about the name."""

    @property
    def vendor(self) -> Vendor:
        return self.server.partition("-")[0]  # type: ignore[return-value]

    def line(self) -> str:
        if self.vendor == "postgresql":
            return f"{self.name} = '{(self.text or '').replace(chr(39), 2 * chr(39))}'"
        return self.name if self.text is None else f'{self.name} = "{self.text}"'

    def __str__(self) -> str:
        return f"{self.server}: {self.line()}"


@cache
def table() -> Sequence[Spelling]:
    """All rows, one for each server they are about."""
    read = tomli.loads(TABLE.read_text(encoding="utf-8"))
    return [*_values(read["setting"]), *_lines(read["option"])]


def _values(entries: Sequence[Mapping[str, Any]]) -> Iterator[Spelling]:
    for entry in entries:
        for row in entry["spellings"]:
            for server, reads in _by_server(row, entry["servers"]):
                yield Spelling(server, entry["name"], entry["name"], row.get("text"), reads, False)


def _lines(entries: Sequence[Mapping[str, Any]]) -> Iterator[Spelling]:
    for entry in entries:
        for row in entry["lines"]:
            name, equals, text = row["line"].partition("=")
            for server, reads in _by_server(row, entry["servers"]):
                yield Spelling(server, entry["name"], name, text if equals else None, reads, True)


def _by_server(row: Mapping[str, str], servers: Sequence[str]) -> Iterator[tuple[str, str]]:
    for server in servers:
        told = [row[key] for key in (server, server.partition("-")[0], "all") if key in row]
        assert told, f"{row} says nothing of {server}"
        yield server, told[0]


def rows_of(server: str) -> list[Spelling]:
    return [row for row in table() if row.server == server]


@cache
def specs_of(server: str) -> dict[str, ValueSpec]:
    """What profiles/ say of that server, by setting."""
    vendor: Vendor = server.partition("-")[0]  # type: ignore[assignment]
    settings = load_settings("postgresql" if vendor == "postgresql" else "innodb")
    specs = {setting.name: setting.spec_for(vendor, VERSIONS[server]) for setting in settings}
    return {name: spec for name, spec in specs.items() if spec is not None}


def spec_of(row: Spelling) -> ValueSpec:
    specs = specs_of(row.server)
    return specs[row.setting] if row.setting in specs else OTHER_SPECS[row.setting]


def typed(reads: str, spec: ValueSpec) -> Value:
    """What the server prints, as a value."""
    if spec.type == "boolean":
        return {"on": True, "TRUE": True, "off": False, "FALSE": False}[reads]
    if spec.type == "enum":
        return spec.aliases.get(reads, reads)
    return int(reads) if spec.type == "integer" else float(reads)


# The servers


IGNORING: Final = re.compile("ignoring option|Option .* was ignored|ignored due to invalid value")
ADJUSTING: Final = re.compile("adjusted to|(wasn't|was not) recognized")


def reading(answer: Answer, setting: str) -> str:
    """What the server then has, or what becomes of the lines."""
    if not answer.accepted:
        return REFUSED
    return IGNORED if IGNORING.search(answer.log) else answer.values[setting]


def ask(server: Questioned, number: int, rows: Sequence[Spelling]) -> Answer:
    """What becomes of lines about settings that differ."""
    lines = "".join(f"{row.line()}\n" for row in rows)
    if server.server.vendor == "postgresql":
        (row,) = rows
        return server.ask(number, lines, row.setting)
    is_mysql = server.server.vendor == "mysql"
    return server.ask(number, lines, validate=is_mysql and any(row.is_line for row in rows))


def together(rows: Sequence[Spelling]) -> list[list[Spelling]]:
    """Rows that may be asked at once: all accepted, and each about another setting."""
    batches: list[list[Spelling]] = []
    seen: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.vendor == "postgresql" or row.reads in (REFUSED, IGNORED):
            batches.append([row])
            continue
        key = f"{row.setting} {row.is_line}"
        number = seen[key]
        seen[key] += 1
        shared = [
            batch
            for batch in batches
            if batch[0].reads not in (REFUSED, IGNORED) and batch[0].is_line == row.is_line
        ]
        if number < len(shared):
            shared[number].append(row)
        else:
            batches.append([row])
    return batches


def answers(server: Questioned, rows: Sequence[Spelling]) -> dict[Spelling, Answer]:
    """What the server makes of each row."""
    numbers = count()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        batches = together(rows)
        found = pool.map(partial(ask, server), numbers, batches)
        answered: dict[Spelling, Answer] = {}
        for batch, answer in zip(batches, found, strict=True):
            if answer.accepted or len(batch) == 1:
                answered |= dict.fromkeys(batch, answer)
            else:  # one of them is to blame, and the rest must not be
                alone = pool.map(partial(ask, server), numbers, [[row] for row in batch])
                answered |= dict(zip(batch, alone, strict=True))
    return answered


@pytest.mark.parametrize("name", VERSIONS)
def test_the_server_reads_what_the_table_says(name: str) -> None:
    server = server_named(name)
    rows = rows_of(name)
    with questioned(server) as program:
        found = answers(program, rows)
        names = program.ask(10**6, "").values.keys() if server.vendor != "postgresql" else ()
    different = {
        str(row): (row.reads, reading(answer, row.setting))
        for row, answer in found.items()
        if reading(answer, row.setting) != row.reads
    }
    assert different == {}
    silent = {
        str(row): ADJUSTING.findall(answer.log)
        for row, answer in found.items()
        if len([other for other in found.values() if other is answer]) == 1
        and answer.accepted
        and ADJUSTING.search(answer.log)
        and not getattr(meaning(row, names), "warning", "none of our own")
    }
    assert silent == {}, "the server warns, and we do not"
    assert unlike(rows, names, strict=True) == {}


# Our parse


def meaning(row: Spelling, known: Collection[str]) -> Parsed | Rejected | Unresolved | None:
    """What we make of a row; None where it is about no option we know."""
    spec = spec_of(row)
    if row.vendor == "postgresql":
        return postgresql_values.parse(row.text or "", spec)
    dialect = DIALECTS[row.vendor]
    option = resolve(row.name, row.text, known, dialect)
    if isinstance(option, Unresolved):
        return option
    if not option.known or option.name != row.setting:
        return None
    return option_values.parse(option.text, spec, dialect, loose=option.loose)


def unlike(
    rows: Sequence[Spelling], known: Collection[str], *, strict: bool
) -> dict[str, tuple[str, object]]:
    """Rows of which we say otherwise than the table.

    Without `strict` we may take for a setting what the server finds ambiguous: our own names are
    all that a program knows which does not ask the server.
    """
    different: dict[str, tuple[str, object]] = {}
    for row in rows:
        if (row.setting, row.text) in EXPLAINED:
            continue
        spec, ours = spec_of(row), meaning(row, known)
        default = getattr(spec, "default", False)
        if isinstance(ours, Parsed):
            is_alike = row.reads not in (REFUSED, IGNORED) and typed(row.reads, spec) == ours.value
            is_alike |= not strict and row.is_line and row.reads == REFUSED
        elif isinstance(ours, Rejected) and ours.starts:
            is_alike = row.reads == IGNORED or typed(row.reads, spec) == default
        elif ours is None:  # some other option: refused, or without effect on this one
            is_alike = row.reads == REFUSED or typed(row.reads, spec) == default
        else:  # MariaDB 10.11 takes autoset- before a switch for nothing
            is_alike = row.reads == REFUSED or (
                row.name.startswith("autoset") and typed(row.reads, spec) == default
            )
        if not is_alike:
            different[str(row)] = (row.reads, ours)
    return different


@pytest.mark.parametrize("name", VERSIONS)
def test_we_read_what_the_table_says(name: str) -> None:
    assert unlike(rows_of(name), specs_of(name).keys(), strict=False) == {}


def test_the_explanations_explain_something() -> None:
    explained = [row for row in table() if (row.setting, row.text) in EXPLAINED]
    assert {(row.setting, row.text) for row in explained} == EXPLAINED.keys()
    for row in explained:
        ours = meaning(row, specs_of(row.server).keys())
        assert isinstance(ours, Parsed), row
        assert ours.value != typed(row.reads, spec_of(row)), row


def test_the_table_is_about_every_setting() -> None:
    """Many spellings of what can lose or corrupt data, some of everything else."""
    asked: dict[tuple[str, str], int] = defaultdict(int)
    for row in table():
        asked[row.server, row.setting] += 1
    few = {
        (server, name): asked[server, name]
        for server in VERSIONS
        for name in specs_of(server)
        if asked[server, name] < (12 if name in RISKS else 2)
    }
    assert few == {}
    assert len({(row.setting, row.name, row.text) for row in table()}) >= 200
