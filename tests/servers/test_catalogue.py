"""The catalogue against each running server's own word: unit, type, range, choices, default.

The server is the judge. Where the catalogue says something else on purpose, EXPLAINED says why, and
an explanation that no longer explains anything fails.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Final

import pymysql
import pytest

from advisor.rules.catalogue import Spec
from tests.servers.checks import OPTIONS_ALONE, same
from tests.servers.engines import Vendor
from tests.servers.harness import Instance, Server, version_of
from tests.servers.provision import SERVERS
from tests.servers.scenarios import knowledge_of

ER_VARIABLE_IS_READONLY: Final = 1238

INITDB: Final = "what is compiled in is 8 MB; initdb writes 128 MB, and that is what a server has"
BUILD: Final = "this build has lz4 and zstd; the catalogue lists what every build takes"
TYPE_HOLDS_MORE: Final = "the variable's type holds more; 512 GB is the documented limit"
TEXT_OF_CHOICES: Final = (
    "told as text, without choices; test_mysql_takes_each_choice_and_no_other_word tries them"
)
WHOLE_PART: Final = (
    "told without its decimals; a server given 99.999 has 99.999, given 100 has that"
)

READ_AT_START: Final = "a running server takes another value, and only its next start reads it"

EXPLAINED: Final[Mapping[tuple[str, str, str], str]] = {
    ("postgresql-13", "shared_buffers", "default"): INITDB,
    ("postgresql-14", "shared_buffers", "default"): INITDB,
    ("postgresql-15", "wal_compression", "choices"): BUILD,
    ("postgresql-19", "wal_compression", "choices"): BUILD,
    ("mariadb", "innodb_log_file_size", "max"): TYPE_HOLDS_MORE,
    ("mariadb", "relay_log_recovery", "restart"): READ_AT_START,
    ("mysql", "innodb_doublewrite", "type"): TEXT_OF_CHOICES,
    ("mysql", "innodb_doublewrite", "choices"): TEXT_OF_CHOICES,
    ("mysql", "innodb_checksum_algorithm", "type"): TEXT_OF_CHOICES,
    ("mysql", "innodb_checksum_algorithm", "choices"): TEXT_OF_CHOICES,
    ("mysql", "innodb_flush_method", "type"): TEXT_OF_CHOICES,
    ("mysql", "innodb_flush_method", "choices"): TEXT_OF_CHOICES,
    ("mysql", "innodb_max_dirty_pages_pct", "max"): WHOLE_PART,
}
"""Vendor or server, setting and field -> why the catalogue differs from the server."""


@dataclass(frozen=True)
class Claim:
    """What is said of one setting. None: nothing is said of that."""

    type: str
    unit: str | None
    min: int | float | None
    max: int | float | None
    multiple_of: int | None
    choices: frozenset[str] | None
    default: str | None
    restart: bool


def claims_of_postgresql(instance: Instance, names: list[str]) -> dict[str, Claim]:
    rows = instance.query(
        "SELECT name, vartype, unit, min_val, max_val, enumvals, boot_val, context"
        " FROM pg_settings WHERE name = ANY(%s)",
        [names],
    )
    types = {"bool": "boolean", "integer": "integer", "real": "real", "enum": "enum"}
    return {
        name: Claim(
            type=types[kind],
            unit=unit or "",
            min=number(low),
            max=number(high),
            multiple_of=1,
            choices=frozenset(choices or ()),
            default=default,
            restart=context == "postmaster",
        )
        for name, kind, unit, low, high, choices, default, context in rows
    }


def claims_of_mariadb(instance: Instance, names: list[str]) -> dict[str, Claim]:
    rows = instance.query(
        "SELECT lower(variable_name), variable_type, numeric_min_value, numeric_max_value,"
        " numeric_block_size, enum_value_list, default_value, read_only"
        " FROM information_schema.system_variables WHERE variable_name IN %s",
        [names],
    )
    types = {"BOOLEAN": "boolean", "ENUM": "enum", "DOUBLE": "real"}
    return {
        name: Claim(
            type=types.get(kind, "integer"),
            unit=None,
            min=number(low),
            max=number(high),
            multiple_of=int(block or 1) or 1,
            choices=frozenset(choices.split(",")) if kind == "ENUM" else frozenset(),
            default=default,
            restart=read_only == "YES",
        )
        for name, kind, low, high, block, choices, default, read_only in rows
    }


def claims_of_mysql(instance: Instance, names: list[str]) -> dict[str, Claim]:
    rows = instance.query(
        "SELECT m.variable_name, data_type, m.min_value, m.max_value,"
        " variable_value, variable_source"
        " FROM performance_schema.variables_metadata m"
        " JOIN performance_schema.variables_info i ON m.variable_name = i.variable_name"
        " JOIN performance_schema.global_variables v ON m.variable_name = v.variable_name"
        " WHERE m.variable_name IN %s",
        [names],
    )
    types = {"Boolean": "boolean", "Numeric": "real", "Integer": "integer", "String": "text"}
    return {
        name: Claim(
            type=types[kind],
            unit=None,
            min=number(low),
            max=number(high),
            multiple_of=None,
            choices=frozenset(),
            default=value if source == "COMPILED" else None,
            restart=is_read_only(instance, name),
        )
        for name, kind, low, high, value, source in rows
    }


def is_read_only(instance: Instance, name: str) -> bool:
    """Tried out, for MySQL has no table of it."""
    try:
        instance.query(f"SET GLOBAL {name} = @@GLOBAL.{name}")
    except pymysql.err.OperationalError as error:
        return bool(error.args[0] == ER_VARIABLE_IS_READONLY)
    return False


CLAIMS: Final[Mapping[Vendor, Callable[[Instance, list[str]], dict[str, Claim]]]] = {
    "postgresql": claims_of_postgresql,
    "mariadb": claims_of_mariadb,
    "mysql": claims_of_mysql,
}


def number(text: str | None) -> int | float | None:
    """Whole numbers stay whole: a float cannot tell 2^64 - 1 from 2^64."""
    if not text:
        return None
    return int(text) if text.lstrip("-").isdecimal() else float(text)


def fields_that_differ(spec: Spec, server: Claim) -> set[str]:
    """What the catalogue says otherwise than the server."""
    ours = Claim(
        type=spec.type,
        unit=spec.unit,
        min=spec.min,
        max=spec.max,
        multiple_of=spec.multiple_of,
        choices=frozenset(spec.choices),
        default=None,
        restart=spec.restart,
    )
    theirs = asdict(server)
    different = {
        name
        for name, value in asdict(ours).items()
        if name != "default" and theirs[name] is not None and value != theirs[name]
    }
    if (server.min is None) != (ours.min is None):
        different |= {"min", "max"}
    # A default that the server derives is told by no table.
    if spec.default is not None and not same(spec.default, server.default or ""):
        different.add("default")
    return different


def test_the_catalogue_says_what_the_server_says(server: Server) -> None:
    version = version_of(server)
    specs = {
        setting.name: spec
        for setting in knowledge_of(server.vendor).settings
        if (spec := setting.spec_for(server.vendor, version))
    }
    with server.running("") as instance:
        claims = CLAIMS[server.vendor](instance, list(specs))
    assert claims.keys() == specs.keys() - OPTIONS_ALONE
    different = {
        (name, field)
        for name, spec in specs.items()
        if name in claims
        for field in fields_that_differ(spec, claims[name])
    }
    explained = {
        (setting, field)
        for where, setting, field in EXPLAINED
        if where in (server.vendor, server.name)
    }
    unexplained = {
        (name, field, getattr(specs[name], field), getattr(claims[name], field))
        for name, field in different - explained
    }
    assert unexplained == set()
    assert explained - different == set(), "nothing left to explain"


@pytest.mark.parametrize(
    "server", [row.name for row in SERVERS if row.vendor == "mysql"], indirect=True
)
@pytest.mark.parametrize(
    "name", ["innodb_checksum_algorithm", "innodb_doublewrite", "innodb_flush_method"]
)
def test_mysql_takes_each_choice_and_no_other_word(server: Server, name: str) -> None:
    (setting,) = (one for one in knowledge_of("mysql").settings if one.name == name)
    spec = setting.spec_for("mysql", version_of(server))
    assert spec is not None
    for word in (*spec.choices, "bogus"):
        parsed = server.parsed(f"[mysqld]\n{name} = {word}\n", [name])
        assert (parsed[name] == word) is (word in spec.choices), word


def test_explanations_are_about_servers_there_are() -> None:
    known = {row.name for row in SERVERS} | {row.vendor for row in SERVERS}
    assert {where for where, _, _ in EXPLAINED} <= known
