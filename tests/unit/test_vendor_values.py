"""Values and names of options as each server reads them, without one.

What stands here was read from servers: the figures are those of tests/servers/spellings.toml, where
the servers themselves are asked, or of MySQL 5.6 and MariaDB 10.5 where that is said.
"""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.knowledge import load_all_settings
from advisor.rules.catalogue import Spec
from advisor.units import Value
from advisor.vendors import option_values, postgresql_values
from advisor.vendors.option_names import resolve
from advisor.vendors.option_values import MARIADB, MYSQL, MYSQL_5_7, Dialect
from advisor.vendors.syntax import Option, Unresolved
from advisor.vendors.values import Parsed, ParseResult, PlainSpec, Rejected, ValueSpec

CAPACITY = PlainSpec("integer", min=100, max=4294967295)
SWITCH = PlainSpec("boolean", argument="switch")
BOOLEAN = PlainSpec("boolean")
SIZE_MB = PlainSpec("integer", "MB", min=2, max=2147483647)
BLOCKS = PlainSpec("integer", "8kB", min=-1, max=1073741823)
DELAY = PlainSpec("integer", "ms", min=1, max=10000)
COST = PlainSpec("real", min=0, max=1.79769e308)
PERCENT = PlainSpec("real", min=0, max=99.999)
COMMIT = PlainSpec("enum", choices=("local", "remote_write", "remote_apply", "on", "off"))
DOUBLEWRITE = PlainSpec(
    "enum",
    choices=("OFF", "ON", "DETECT_ONLY", "DETECT_AND_RECOVER"),
    aliases={"FALSE": "OFF", "TRUE": "ON"},
    argument="optional",
)
POOL_MYSQL = PlainSpec("integer", "B", min=5242880, max=9223372036854775807, multiple_of=1048576)
POOL_MARIADB = PlainSpec("integer", "B", min=2097152, max=18446744073701163008, multiple_of=1048576)

HOSTILE = (
    "1e999999999",
    "1/0",
    "1e400",
    "9" * 1_000_000,
    "0x" + "f" * 1_000_000,
    "0" * 1_000_000 + "8",
    "." + "0" * 1_000_000 + "1",
    "1e-" + "9" * 1_000_000,
    " " * 1_000_000,
    "-" * 1_000_000,
    "\udcff",
    "١٢",
    "nan",
    "\0",
)
"""What must not hang, overflow or be taken for something sane."""


def value_of(result: ParseResult) -> Value | str:
    return result.value if isinstance(result, Parsed) else "rejected"


@pytest.mark.parametrize(
    ("text", "spec", "expected"),
    [
        ("of", BOOLEAN, False),
        ("o", BOOLEAN, "rejected"),
        ("YE", BOOLEAN, True),
        (" on", BOOLEAN, "rejected"),
        ("TRUE", COMMIT, "on"),
        ("0", COMMIT, "off"),
        ("of", COMMIT, "rejected"),
        ("Remote_Write", COMMIT, "remote_write"),
        ("1GB", SIZE_MB, 1024),
        ("1gb", SIZE_MB, "rejected"),
        ("0x400MB", SIZE_MB, 1024),
        ("02000", SIZE_MB, 1024),
        ("08.5", SIZE_MB, "rejected"),
        ("1e3", SIZE_MB, 1000),
        ("0.1TB", SIZE_MB, 104448),  # 102.4 GB are 102 GB
        ("2.5", SIZE_MB, 2),  # to the even one
        ("1572864B", SIZE_MB, 2),
        ("1", SIZE_MB, "rejected"),
        ("131076kB", BLOCKS, 16384),
        ("131077kB", BLOCKS, 16385),
        ("-1", BLOCKS, -1),
        ("0.5s", DELAY, 500),
        ("2500us", DELAY, 2),
        ("1min", DELAY, "rejected"),
        ("0x10", COST, 16.0),
        ("1e-400", COST, "rejected"),
        (" 1.1 ", COST, 1.1),
    ],
)
def test_postgresql(text: str, spec: ValueSpec, expected: Value) -> None:
    assert value_of(postgresql_values.parse(text, spec)) == expected


@pytest.mark.parametrize(
    ("text", "unit", "spec", "expected"),
    [
        ("16384", "8kB", BLOCKS, 16384),
        ("8192", "16kB", BLOCKS, 16384),  # a server built with blocks of 16 kB
        ("-1", "8kB", BLOCKS, -1),
        ("200", "ms", DELAY, 200),
    ],
)
def test_postgresql_in_the_unit_of_a_running_server(
    text: str, unit: str, spec: ValueSpec, expected: int
) -> None:
    assert postgresql_values.parse(text, spec, unit=unit) == Parsed(expected)


@pytest.mark.parametrize(
    ("text", "spec", "mysql", "mariadb"),
    [
        ("2k", CAPACITY, Parsed(2048), Parsed(2048)),
        ("30K", CAPACITY, Parsed(30720), Parsed(30720)),
        ("10MB", POOL_MYSQL, Parsed(10485760), Parsed(10485760)),
        ("2kx", CAPACITY, 2048, 2048),
        ("2e3", CAPACITY, 4294967295, 4294967295),  # two exa
        ("50", CAPACITY, 100, 100),
        ("-1", CAPACITY, 100, "rejected"),
        (" -1", CAPACITY, 100, 4294967295),
        ("", CAPACITY, "rejected", 100),
        ("k", CAPACITY, 100, 100),
        ("0.5", CAPACITY, "rejected", "rejected"),
        ("1.5G", CAPACITY, "rejected", "rejected"),
        ("0x7d0", CAPACITY, "rejected", "rejected"),
        ("2000 ", CAPACITY, "rejected", "rejected"),
        ("16E", CAPACITY, "rejected", 100),
        ("18014398509481985k", CAPACITY, "rejected", 1024),
        ("18446744073709551616", CAPACITY, "rejected", "rejected"),
        (None, CAPACITY, "rejected", "rejected"),
        ("33554433", POOL_MYSQL, 33554432, 33554432),
        ("8E", POOL_MARIADB, 9223372036854775808, 9223372036854775808),
        (None, BOOLEAN, True, True),
        ("yes", BOOLEAN, False, False),
        ("1x", BOOLEAN, False, False),
        ("yes", SWITCH, "rejected", "rejected"),
        ("1x", SWITCH, "rejected", True),
        ("0.5", SWITCH, "rejected", False),
        ("2", DOUBLEWRITE, "DETECT_ONLY", "DETECT_ONLY"),
        ("4", DOUBLEWRITE, "OFF", "OFF"),
        ("of", DOUBLEWRITE, "OFF", "OFF"),
        ("f", DOUBLEWRITE, "OFF", "OFF"),
        ("DETECT", DOUBLEWRITE, "rejected", "rejected"),
        ("on ", DOUBLEWRITE, "ON", "ON"),
        ("of ", DOUBLEWRITE, "rejected", "rejected"),
        ("", DOUBLEWRITE, "rejected", "OFF"),
        (None, DOUBLEWRITE, "ON", "ON"),
        ("100", PERCENT, 99.999, 99.999),
        ("50 ", PERCENT, "rejected", "rejected"),
        ("", PERCENT, "rejected", 0.0),
    ],
)
def test_option_files(
    text: str | None, spec: ValueSpec, mysql: Value | Parsed, mariadb: Value | Parsed
) -> None:
    for dialect, expected in ((MYSQL, mysql), (MARIADB, mariadb)):
        result = option_values.parse(text, spec, dialect)
        if isinstance(expected, Parsed):
            assert result == expected
        else:
            assert value_of(result) == expected


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("50", CAPACITY),
        ("-1", CAPACITY),
        ("2kx", CAPACITY),
        ("2e3", CAPACITY),
        ("t", PlainSpec("integer", min=0, max=4294967295)),  # sync_binlog = true is 0
        ("33554433", POOL_MYSQL),
        ("yes", BOOLEAN),
        ("100", PERCENT),
    ],
)
def test_another_value_than_written_is_said(text: str, spec: ValueSpec) -> None:
    result = option_values.parse(text, spec, MYSQL)
    assert isinstance(result, Parsed)
    assert text in result.warning


@pytest.mark.parametrize(
    ("text", "spec", "expected"),
    [
        ("1T", CAPACITY, "rejected"),
        ("1G", CAPACITY, 1073741824),
        ("-1", CAPACITY, 4294967295),
        ("-1", POOL_MYSQL, 5242880),
        ("17179869184G", CAPACITY, 100),
        ("1x", SWITCH, True),
        ("", CAPACITY, 100),
    ],
)
def test_mysql_before_8_reads_as_5_6_does(text: str, spec: ValueSpec, expected: Value) -> None:
    assert value_of(option_values.parse(text, spec, MYSQL_5_7)) == expected


def test_mysql_counts_a_setting_in_signed_numbers_whose_maximum_is_theirs() -> None:
    assert isinstance(option_values.parse("8E", POOL_MYSQL, MYSQL), Rejected)
    assert isinstance(option_values.parse("- 5M", POOL_MYSQL, MYSQL), Rejected)
    assert value_of(option_values.parse("-5M", POOL_MYSQL, MYSQL)) == 5242880


def test_who_ignores_a_line_starts() -> None:
    ignored = option_values.parse("yes", SWITCH, MYSQL)
    refused = option_values.parse("abc", CAPACITY, MYSQL)
    assert isinstance(ignored, Rejected)
    assert isinstance(refused, Rejected)
    assert (ignored.starts, refused.starts) == (True, False)


def test_loose_makes_mariadb_forgive_a_bad_value() -> None:
    result = option_values.parse("bogus", CAPACITY, MARIADB, loose=True)
    assert isinstance(result, Parsed)
    assert (result.value, "bogus" in result.warning) == (0, True)
    ignored = option_values.parse("bogus", DOUBLEWRITE, MARIADB, loose=True)
    assert isinstance(ignored, Rejected)
    assert ignored.starts
    assert isinstance(option_values.parse("bogus", CAPACITY, MYSQL, loose=True), Rejected)
    assert isinstance(option_values.parse(None, CAPACITY, MARIADB, loose=True), Rejected)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("spec", [CAPACITY, SIZE_MB, BLOCKS, COST, PERCENT, BOOLEAN, DOUBLEWRITE])
def test_hostile_text_is_judged_at_once(text: str, spec: ValueSpec) -> None:
    started = time.perf_counter()
    results = [
        postgresql_values.parse(text, spec),
        *(option_values.parse(text, spec, dialect) for dialect in (MYSQL, MYSQL_5_7, MARIADB)),
    ]
    assert time.perf_counter() - started < 5  # some 20 ms here
    for result in results:
        if isinstance(result, Parsed):
            assert not isinstance(result.value, float) or result.value <= 1.79769e308
        else:
            assert len(result.reason) < 300


# Names

KNOWN = frozenset(
    {
        "innodb_doublewrite",
        "innodb_flush_log_at_timeout",
        "innodb_flush_log_at_trx_commit",
        "innodb_force_recovery",
        "innodb_io_capacity",
        "innodb_io_capacity_max",
        "log_bin",
        "sync_binlog",
    }
)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("innodb-doublewrite", "0", Option("innodb_doublewrite", "0")),
        ("skip_log_bin", None, Option("log_bin", "0", switched=False)),
        ("log_bin", "0", Option("log_bin", "0")),
        ("disable-sync-binlog", "0", Option("sync_binlog", "1", switched=True)),
        ("skip-sync-binlog", "OFF", Option("sync_binlog", "0", switched=False)),
        ("enable-sync-binlog", "OFF", Option("sync_binlog", "1", switched=True)),
        (
            "enable-skip-innodb-doublewrite",
            None,
            Option("innodb_doublewrite", "0", switched=False),
        ),
        ("maximum-innodb-doublewrite", "0", Option("innodb_doublewrite", "0")),
        ("skip-loose-sync-binlog", None, Option("sync_binlog", None, loose=True)),
        ("loose_loose-sync_binlog", "0", Option("sync_binlog", "0", loose=True)),
        ("plugin-innodb-doublewrite", "0", Option("innodb_doublewrite", "0")),
        ("skip-name-resolve", None, Option("skip_name_resolve", None)),
        ("innodb", "OFF", Option("innodb", "OFF")),
        ("innodb_io_capacity", "9", Option("innodb_io_capacity", "9")),
        ("port", "3306", Option("port", "3306", known=False)),
        ("skip-tls", None, Option("tls", "0", switched=False, known=False)),
        ("maximum-port", "9", Option("maximum_port", "9", known=False)),
        ("loose-maximum-port", "9", Option("maximum_port", "9", loose=True, known=False)),
        ("skip_", None, None),
    ],
)
def test_names_that_mysql_and_mariadb_read_alike(
    name: str, text: str | None, expected: Option | None
) -> None:
    for dialect in (MYSQL, MARIADB):
        found = resolve(name, text, KNOWN, dialect)
        if expected is not None:
            assert found == expected


@pytest.mark.parametrize(
    ("name", "mysql", "mariadb"),
    [
        ("innodb_doublew", ("innodb_doublew", False), ("innodb_doublewrite", True)),
        ("Sync_Binlog", ("Sync_Binlog", False), ("sync_binlog", True)),
        ("x.sync-binlog", ("x.sync_binlog", False), ("sync_binlog", True)),
        (
            "loose-innodb-force-recov",
            ("innodb_force_recov", False),
            ("innodb_force_recovery", True),
        ),
    ],
)
def test_names_that_they_read_otherwise(
    name: str, mysql: tuple[str, bool], mariadb: tuple[str, bool]
) -> None:
    for dialect, expected in ((MYSQL, mysql), (MARIADB, mariadb)):
        found = resolve(name, "6", KNOWN, dialect)
        assert isinstance(found, Option)
        assert (found.name, found.known) == expected


@pytest.mark.parametrize(
    ("name", "dialect", "candidates"),
    [
        (
            "innodb_flush_log_at_t",
            MARIADB,
            ("innodb_flush_log_at_timeout", "innodb_flush_log_at_trx_commit"),
        ),
        ("skip-innodb-io-cap", MARIADB, ("innodb_io_capacity", "innodb_io_capacity_max")),
        ("maximum-sync-binlog", MYSQL, ("sync_binlog",)),
        ("autoset-sync-binlog", MARIADB, ("sync_binlog",)),
    ],
)
def test_lines_that_set_nothing_for_certain_name_what_they_may_mean(
    name: str, dialect: Dialect, candidates: tuple[str, ...]
) -> None:
    found = resolve(name, "0", KNOWN, dialect)
    assert isinstance(found, Unresolved)
    assert found.candidates == candidates


# Rendered and read again


def values_of(spec: Spec) -> st.SearchStrategy[Value]:
    """Any value that the server takes as it is."""
    if spec.type == "boolean":
        return st.booleans()
    if spec.type == "enum":
        return st.sampled_from([*spec.choices, *spec.build_choices])
    assert spec.min is not None
    assert spec.max is not None
    if spec.type == "real":
        return st.floats(float(spec.min), float(spec.max), allow_subnormal=False)
    step = spec.multiple_of
    steps = st.integers(-(-int(spec.min) // step), int(spec.max) // step)
    return steps.map(lambda number: number * step)


def dialect_of(spec: Spec) -> Dialect:
    if spec.vendor == "mariadb":
        return MARIADB
    return MYSQL_5_7 if spec.until is not None and spec.until <= (8, 0) else MYSQL


SPECS = [
    pytest.param(spec, id=f"{setting.name}-{spec.vendor}-{spec.since}")
    for setting in load_all_settings()
    for spec in setting.spec
]


@pytest.mark.parametrize("spec", SPECS)
@given(data=st.data())
def test_what_is_rendered_is_read_as_it_was(spec: Spec, data: st.DataObject) -> None:
    value = data.draw(values_of(spec))
    if spec.vendor == "postgresql":
        text = postgresql_values.render(value, spec.unit)
        assert postgresql_values.parse(text, spec) == Parsed(value)
        assert postgresql_values.same(text, text, spec)
    else:
        text = option_values.render(value, spec.unit)
        assert option_values.parse(text, spec, dialect_of(spec)) == Parsed(value)
        assert option_values.same(text, text, dialect_of(spec), spec)


@given(text=st.text(), spec=st.sampled_from([CAPACITY, SIZE_MB, BLOCKS, COST, DOUBLEWRITE, SWITCH]))
def test_any_text_has_an_answer(text: str, spec: ValueSpec) -> None:
    postgresql_values.parse(text, spec, unit="16kB")
    for dialect in (MYSQL, MYSQL_5_7, MARIADB):
        option_values.parse(text, spec, dialect, loose=True)
        resolve(text, text, KNOWN, dialect)


# Asked and read back


@pytest.mark.parametrize(
    ("asked", "actual", "unit", "expected"),
    [
        ("128MB", "16384", "8kB", True),
        ("1s", "1000", "ms", True),
        ("0.5", "0.5", "", True),
        ("128MB", "8192", "8kB", False),
        ("yes", "on", "", True),
        ("of", "off", "", True),
        ("on", "off", "", False),
        ("on", "pglz", "", True),  # wal_compression
        ("Remote_Write", "remote_write", "", True),
        ("1d", "1440", "min", True),
        ("fdatasync", "open_sync", "", False),
        ("1e400", "1", "", False),
    ],
)
def test_postgresql_has_what_was_asked(asked: str, actual: str, unit: str, expected: bool) -> None:
    assert postgresql_values.same(asked, actual, unit=unit) is expected


@pytest.mark.parametrize(
    ("asked", "actual", "expected"),
    [
        ("1G", "1073741824", True),
        ("128MB", "134217728", True),
        ("50", "100", False),
        ("2e3", "4294967295", False),
        (None, "ON", True),
        (None, "1", True),
        ("true", "ON", True),
        ("0", "OFF", True),
        ("yes", "OFF", False),
        ("90.5", "90.500000", True),
        ("o_direct", "O_DIRECT", True),
        ("4", "O_DIRECT", True),
        ("O_DS", "O_DSYNC", True),
        ("nosync", "O_DIRECT", False),
        ("ansi,STRICT_ALL_TABLES", "REAL_AS_FLOAT,ANSI,STRICT_ALL_TABLES", True),
        ("/var/lib/x", "/var/lib/x", True),
        ("/var/lib/x", "/var/lib/y", False),
    ],
)
def test_an_option_is_what_was_asked(asked: str | None, actual: str, expected: bool) -> None:
    assert option_values.same(asked, actual, MYSQL) is expected
