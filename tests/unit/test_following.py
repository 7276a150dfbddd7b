"""How a replica follows its source, as far as its settings tell."""

import pytest

from advisor.model import Unknown
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.vendors.replication import Following
from advisor.versions import NumericVersion
from tests.support.facts import shown_settings


def followed(
    vendor: VendorName,
    version: NumericVersion,
    settings: dict[str, str] | None = None,
    *,
    log_bin: bool = True,
    all_told: bool = True,
) -> Following:
    return VENDORS[vendor].following(
        shown_settings(settings or {}), version, log_bin=log_bin, all_told=all_told
    )


@pytest.mark.parametrize(
    ("vendor", "version", "settings", "logs"),
    [
        # https://dev.mysql.com/doc/refman/8.0/en/replication-options-binary-log.html: ON since 8.0
        ("mysql", (9, 7), {}, True),
        ("mysql", (9, 7), {"log_replica_updates": "OFF"}, False),
        ("mysql", (8, 0, 25), {"log_slave_updates": "OFF"}, False),
        ("mysql", (5, 7), {}, False),
        ("mysql", (5, 7), {"log_slave_updates": "ON"}, True),
        # https://mariadb.com/docs/server/ha-and-performance/standard-replication/
        # replication-and-binary-log-system-variables#log_slave_updates: OFF
        ("mariadb", (11, 8), {}, False),
        ("mariadb", (11, 8), {"log_slave_updates": "1"}, True),
        ("postgresql", (15,), {}, False),
    ],
)
def test_log_replica_updates_decides(
    vendor: VendorName, version: NumericVersion, settings: dict[str, str], logs: bool
) -> None:
    assert followed(vendor, version, settings).logs_what_it_applies is logs
    assert followed(vendor, version, settings, log_bin=False).logs_what_it_applies is False


def test_who_sets_up_a_replica_may_switch_on_what_is_off() -> None:
    for told in (
        followed("mysql", (5, 7), all_told=False),
        followed("mariadb", (11, 8), all_told=False),
    ):
        assert isinstance(told.logs_what_it_applies, Unknown)
        assert isinstance(told.uses_gtid, Unknown)
    assert followed("mysql", (9, 7), all_told=False).logs_what_it_applies is True
    assert followed("mysql", (9, 7), all_told=False).applies_by_workers is True
    assert isinstance(followed("mysql", (8, 0, 26), all_told=False).applies_by_workers, Unknown)
    told = followed("mysql", (5, 7), {"relay_log_info_repository": "TABLE"}, all_told=False)
    assert told.keeps_place_in_tables is True


@pytest.mark.parametrize(
    ("mode", "uses", "told_by"),
    [
        # MySQL 9.7.4: ERROR 1777, SOURCE_AUTO_POSITION = 1 cannot be executed with OFF
        ("OFF", False, "gtid_mode is OFF"),
        ("0", False, "gtid_mode is OFF"),
        ("ON", None, "gtid_mode = ON allows it, and does not show it"),
        ("off_permissive", None, "gtid_mode = OFF_PERMISSIVE allows it"),
        ("maybe", None, ""),
    ],
)
def test_what_gtid_mode_says(mode: str, uses: bool | None, told_by: str) -> None:
    found = followed("mysql", (8, 4), {"gtid_mode": mode})
    assert found.told_by.startswith(told_by)
    assert bool(found.told_by) == bool(told_by)
    assert found.uses_gtid is uses if uses is not None else isinstance(found.uses_gtid, Unknown)


def test_gtid_mode_is_on_by_itself_in_new_releases() -> None:
    # https://dev.mysql.com/doc/refman/8.4/en/replication-options-gtids.html#sysvar_gtid_mode: OFF;
    # SELECT @@gtid_mode of MySQL 9.7.4 without a line of its own: ON
    assert followed("mysql", (8, 4, 9)).uses_gtid is False
    assert followed("mysql", (9, 7)).told_by.startswith("gtid_mode = ON allows it")
    assert followed("mysql", (9, 3)).told_by == ""
    for version in ((9, 3), (9, 7)):
        assert isinstance(followed("mysql", version).uses_gtid, Unknown)


@pytest.mark.parametrize(
    ("version", "settings", "workers", "in_tables"),
    [
        # https://dev.mysql.com/doc/refman/8.0/en/replication-options-replica.html
        ((8, 0, 27), {}, True, True),
        ((8, 0, 26), {}, False, True),
        ((8, 0, 26), {"slave_parallel_workers": "8"}, True, True),
        ((8, 0, 27), {"replica_parallel_workers": "0"}, False, True),
        ((5, 7), {}, False, False),
        ((5, 7), {"relay_log_info_repository": "table"}, False, True),
        ((8, 0, 20), {"relay_log_info_repository": "FILE"}, False, False),
    ],
)
def test_how_a_replica_of_mysql_applies(
    version: NumericVersion, settings: dict[str, str], workers: bool, in_tables: bool
) -> None:
    found = followed("mysql", version, settings)
    assert (found.applies_by_workers, found.keeps_place_in_tables) == (workers, in_tables)
