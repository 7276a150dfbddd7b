"""Whether a line means what the server reads back."""

import pytest

from advisor.servers.sandbox.compare import same


@pytest.mark.parametrize(
    ("asked", "actual", "unit"),
    [
        ("50", "100", None),  # clamped
        ("3", "2", None),
        ("1G", "1073741823", None),
        ("64MB", "8191", "8kB"),
        ("30s", "200", "ms"),
        ("on", "off", None),
        ("OFF", "ON", None),
        ("0", "ON", None),
        ("2", "ON", None),
        ("fsync", "O_DIRECT", None),
        (None, "OFF", None),
        ("", "1", None),
        ("75", "75.5", None),
        ("a,d", "a,b,c", None),
        ("five", "5", None),
    ],
)
def test_what_is_something_else(asked: str | None, actual: str, unit: str | None) -> None:
    assert not same(asked, actual, unit)


@pytest.mark.parametrize(
    ("asked", "actual", "unit"),
    [
        ("200", "200", None),
        ("4K", "4096", None),
        ("1g", "1073741824", None),
        ("64MB", "8192", "8kB"),
        ("1GB", "1024", "MB"),
        ("8192", "8192", "8kB"),  # without a unit it counts in the server's own
        ("30s", "30000", "ms"),
        ("5min", "300", "s"),
        ("1h", "60", "min"),
        ("100kB", "12", "8kB"),  # 12.5: PostgreSQL rounds to even (guc.c, rint)
        ("on", "ON", None),
        ("yes", "on", None),
        ("1", "ON", None),
        ("false", "0", None),
        (None, "ON", None),
        ("o_direct", "O_DIRECT", None),
        ("4", "O_DIRECT", None),
        ("75", "75.000000", None),
        ("0.9", "0.9", None),
        ("b,a", "A,B,C", None),
        ("", "", None),
    ],
)
def test_what_is_the_same(asked: str | None, actual: str, unit: str | None) -> None:
    assert same(asked, actual, unit)
