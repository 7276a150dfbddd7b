"""Sizes, durations and rates: what is refused, what is read, and how it is written."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.errors import UsageError
from advisor.units import (
    Value,
    format_count,
    format_latency,
    format_named,
    format_size,
    format_span,
    parse_duration_us,
    parse_size,
    to_server_unit,
)
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "GB",
        "-1",
        "-1GB",
        "1e3",
        "1,5G",
        "1 2",
        "1ZB",
        "4 GBs",
        "0x10",
        ".5G",
        "10iB",
        "nan",
    ],
)
def test_what_is_not_a_size_is_refused_by_name(text: str) -> None:
    with pytest.raises(UsageError, match="is not a size") as refusal:
        parse_size(text)
    assert repr(text) in refusal.value.message
    assert refusal.value.hint == "write it like 24GB, 512MB or 64kB"


@pytest.mark.parametrize("text", ["", "fast", "-5s", "1w", "5 min 3 s", "1e3", "5 mins", "1 month"])
def test_what_is_not_a_duration_is_refused_by_name(text: str) -> None:
    with pytest.raises(UsageError, match="is not a duration") as refusal:
        parse_duration_us(text)
    assert repr(text) in refusal.value.message
    assert refusal.value.hint == "write it like 300s, 10min or 1h"


@pytest.mark.parametrize("parse", [parse_size, parse_duration_us])
def test_a_number_without_end_is_refused_and_not_a_crash(parse: Callable[[str], int]) -> None:
    with pytest.raises(UsageError):
        parse("9" * 400)


# Powers of 1024 by hand: 1 Ki = 1024, 1 Mi = 1048576, 1 Gi = 1073741824, 1 Ti = 1099511627776.
@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("0", 0),
        ("8192", 8192),
        ("8192B", 8192),
        ("8kB", 8192),
        ("8k", 8192),
        ("8 KiB", 8192),
        ("512M", 536870912),
        ("512mb", 536870912),
        ("1.5 GiB", 1610612736),
        (" 24GB ", 25769803776),
        ("2T", 2199023255552),
        ("0.3K", 307),  # 307.2, rounded down
        ("1PB", 1125899906842624),
        ("80 bytes", 80),
        # innodb_buffer_pool_size's maximum on MariaDB: a float would make it ...163000 or so
        ("18446744073701163008", 18446744073701163008),
        ("9007199254740993", 9007199254740993),  # 2^53 + 1, the first whole number no float has
    ],
)
def test_a_size_is_read(text: str, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize(
    ("text", "duration_us"),
    [
        ("0", 0),
        ("300us", 300),
        ("300ms", 300_000),
        ("90s", 90_000_000),
        ("90", 90_000_000),  # a plain number is seconds
        ("10min", 600_000_000),
        ("1.5 h", 5_400_000_000),
        ("0.1s", 100_000),
        ("10m", 600_000_000),
        ("10 minutes", 600_000_000),
        ("5MIN", 300_000_000),
        ("1 hour", 3_600_000_000),
        ("1d", 86_400_000_000),
        ("2 Days", 172_800_000_000),
    ],
)
def test_a_duration_is_read(text: str, duration_us: int) -> None:
    assert parse_duration_us(text) == duration_us


@pytest.mark.parametrize("parse", [parse_size, parse_duration_us])
def test_where_a_unit_is_needed_a_plain_number_is_refused(parse: Callable[..., int]) -> None:
    with pytest.raises(UsageError, match=r"^'8' has no unit$"):
        parse("8", needs_unit=True)


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1 kB"),
        (1536, "1.5 kB"),
        (25769803776, "24 GB"),
        (1288490188, "1.2 GB"),  # 1.19999 GiB
        (104857600, "100 MB"),
        (1099511627776, "1 TB"),
        (109951162777600, "100 TB"),
    ],
)
def test_a_size_for_people(size_bytes: float, text: str) -> None:
    assert format_size(size_bytes) == text


@pytest.mark.parametrize(
    ("latency_us", "text"),
    [
        (0.5, "0.5 us"),
        (9.994, "9.99 us"),
        (10.56, "10.6 us"),
        (23.44, "23.4 us"),
        (100.4, "100 us"),
        (999.4, "999 us"),
        (999.5, "1 ms"),  # never "1000 us"
        (1000, "1 ms"),
        (1060, "1.06 ms"),
        (12345, "12.3 ms"),
        (999_400, "999 ms"),
        (999_500, "1 s"),
        (2_100_000, "2.1 s"),
        (600_000_000, "600 s"),
    ],
)
def test_a_latency_for_people(latency_us: float, text: str) -> None:
    assert format_latency(latency_us) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0.5, "0.5"),
        (5.333, "5.33"),
        (83.04, "83"),
        (83.16, "83.2"),
        (999.4, "999"),
        (999.5, "1,000"),
        (1000, "1,000"),
        (6745.51, "6,746"),
        (40473.06, "40,470"),  # four digits
        (3496872384, "3,497,000,000"),
    ],
)
def test_a_count_for_people(count: float, text: str) -> None:
    assert format_count(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172_800, "2 days")],
)
def test_a_span_for_people(seconds: float, text: str) -> None:
    assert format_span(seconds) == text


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("64MB", "", "'64MB' cannot be converted to ''"),
        ("64MB", "ms", "'64MB' is not a duration"),
        ("10s", "8kB", "'10s' is not a size"),
        ("12kB", "8kB", "'12kB' is not a whole number of 8kB"),
        ("64", "kB", "'64' is not a whole number of kB"),  # a plain number is bytes
        ("1500us", "ms", "'1500us' is not a whole number of ms"),
    ],
)
def test_what_does_not_fit_the_servers_unit_is_refused(text: str, unit: str, message: str) -> None:
    with pytest.raises(UsageError) as refusal:
        to_server_unit(text, unit)
    assert refusal.value.message == message


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("64MB", "8kB", 8192),
        ("128MB", "8kB", 16384),  # shared_buffers' default in pg_settings
        ("1GB", "MB", 1024),
        ("1MB", "kB", 1024),
        ("100MB", "B", 104857600),
        ("5min", "s", 300),
        ("200ms", "ms", 200),
        ("10s", "us", 10_000_000),
    ],
)
def test_a_value_with_its_unit_becomes_the_servers_number(text: str, unit: str, value: int) -> None:
    assert to_server_unit(text, unit) == value


# What each server's manual says its configuration file takes: PostgreSQL kB, MB, GB, us, ms, s, min
# (units are case-sensitive); MySQL and MariaDB option files K, M, G and no time units.
@pytest.mark.parametrize(
    ("value", "unit", "vendor", "text"),
    [
        (True, "", "postgresql", "on"),
        (False, "", "postgresql", "off"),
        (True, "", "mysql", "ON"),
        (False, "", "mariadb", "OFF"),
        (0.9, "", "postgresql", "0.9"),
        (90.0, "", "mysql", "90"),
        ("fdatasync", "", "postgresql", "fdatasync"),
        (16384, "8kB", "postgresql", "128MB"),
        (3, "8kB", "postgresql", "24kB"),
        (1, "8kB", "postgresql", "8kB"),
        (1, "ms", "postgresql", "1ms"),
        (-1, "8kB", "postgresql", "-1"),
        (0, "8kB", "postgresql", "0"),
        (1536, "MB", "postgresql", "1536MB"),
        (64, "kB", "postgresql", "64kB"),
        (4096, "MB", "postgresql", "4GB"),
        (1000, "B", "postgresql", "1000B"),
        (300, "s", "postgresql", "5min"),
        (90, "s", "postgresql", "90s"),
        (200, "ms", "postgresql", "200ms"),
        (10_000, "ms", "postgresql", "10s"),
        (60_000, "ms", "postgresql", "1min"),
        (0, "ms", "postgresql", "0"),
        (100, "us", "postgresql", "100"),  # commit_delay: the server's own unit
        (104857600, "B", "mysql", "100M"),
        (1536, "B", "mysql", "1536"),
        (8192, "B", "mariadb", "8K"),
        (2147483648, "B", "mariadb", "2G"),
        (0, "B", "mysql", "0"),
        (600, "s", "mysql", "600"),
        (100000, "us", "mariadb", "100000"),
        (200, "", "mysql", "200"),
    ],
)
def test_a_value_in_the_servers_own_notation(
    value: Value, unit: str, vendor: VendorName, text: str
) -> None:
    assert VENDORS[vendor].render_value(value, unit) == text


SERVER_SIZE = st.integers(min_value=1, max_value=2**40)


@given(value=SERVER_SIZE, unit=st.sampled_from(["B", "kB", "8kB", "MB"]))
def test_a_rendered_size_reads_back_as_it_was(value: int, unit: str) -> None:
    for vendor in ("mysql", "mariadb", "postgresql"):
        assert to_server_unit(VENDORS[vendor].render_value(value, unit), unit) == value


@given(value=st.integers(min_value=1, max_value=10**9), unit=st.sampled_from(["ms", "s"]))
def test_a_rendered_duration_reads_back_as_it_was(value: int, unit: str) -> None:
    assert to_server_unit(VENDORS["postgresql"].render_value(value, unit), unit) == value


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("log_bin", True, "yes"),
        ("log_bin", False, "no"),
        ("storage_class", "nvme-plp", "nvme-plp"),
        ("fdatasync_mean_us", 1060.0, "1.06 ms"),
        ("sequential_write_bytes_per_s", 524288000.0, "500 MB/s"),
        ("memory_bytes", 25769803776, "24 GB"),
        ("log_bytes_per_commit", 8192, "8 kB"),
        ("syncs_per_s", 5000.0, "5,000/s"),
        ("page_flushes_per_s", 12345.6, "12,350/s"),
        ("loss_window_ms", 600, "600 ms"),
        ("recovery_time_s", 600, "600 s"),
        ("fsync_to_fdatasync_ratio", 2.5, "2.5"),
        ("cpu_count", 8, "8"),
    ],
)
def test_the_ending_of_a_name_is_its_unit(name: str, value: Value, text: str) -> None:
    assert format_named(name, value) == text
