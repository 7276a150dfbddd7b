"""A server's values -> its way to commit, and the syncs on that way. Expected values by hand."""

import pytest

from advisor.capacity.commit_settings import commit_model, sync_latencies
from advisor.errors import AdvisorError
from advisor.measurement import Measurement
from advisor.vendors.commits import CommitDelay
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from tests.support.golden import stored


def innodb(flush: str, log_bin: str, sync_binlog: str) -> dict[str, str]:
    return {
        "innodb_flush_log_at_trx_commit": flush,
        "log_bin": log_bin,
        "sync_binlog": sync_binlog,
        "innodb_use_fdatasync": "ON",
    }


@pytest.mark.parametrize(
    ("vendor", "values", "kind"),
    [
        ("postgresql", {"synchronous_commit": "on", "fsync": "on"}, "postgresql"),
        ("postgresql", {"synchronous_commit": "local", "fsync": "on"}, "postgresql"),
        ("postgresql", {"synchronous_commit": "off", "fsync": "on"}, "asynchronous"),
        ("postgresql", {"synchronous_commit": "on", "fsync": "off"}, "asynchronous"),
        ("mysql", innodb("1", "ON", "1"), "mysql-binary-log"),
        ("mysql", innodb("1", "ON", "0"), "mysql"),
        ("mysql", innodb("1", "OFF", "1"), "mysql"),
        ("mysql", innodb("2", "OFF", "1"), "asynchronous"),
        ("mysql", innodb("0", "ON", "100"), "asynchronous"),
        ("mariadb", innodb("1", "ON", "1"), "mariadb-binary-log"),
        ("mariadb", innodb("1", "OFF", "0"), "mariadb"),
    ],
)
def test_a_servers_way_to_commit(vendor: VendorName, values: dict[str, str], kind: str) -> None:
    assert VENDORS[vendor].commit_sequence(values).kind == kind


@pytest.mark.parametrize("values", [innodb("2", "ON", "1"), innodb("3", "ON", "1")])
def test_what_has_no_model_is_refused(values: dict[str, str]) -> None:
    with pytest.raises(AdvisorError, match="no model for innodb_flush_log_at_trx_commit"):
        commit_model(VENDORS["mariadb"], values)


def measurement(*keep: str) -> Measurement:
    found = stored("nvme-consumer")
    series = tuple(part for part in found.series if not keep or part.name in keep)
    return found.model_copy(update={"series": series})


@pytest.mark.parametrize("method", ["fdatasync", "open_datasync"])
def test_the_log_is_synced_as_postgresql_does_it(method: str) -> None:
    values = {"synchronous_commit": "on", "fsync": "on", "wal_sync_method": method}
    measured = measurement()
    series = next(part for part in measured.series if part.name == f"overwrite-{method}-8k")
    drive = sync_latencies(VENDORS["postgresql"], values, measured)
    assert drive.log.mean_us == pytest.approx(series.summary.mean_us)
    assert drive.append is None


def test_a_binary_log_needs_the_series_that_appends() -> None:
    values = innodb("1", "ON", "1")
    assert sync_latencies(VENDORS["mysql"], values, measurement()).append is not None
    with pytest.raises(AdvisorError, match="no series append with fdatasync"):
        sync_latencies(VENDORS["mysql"], values, measurement("overwrite-fdatasync-8k"))
    without = measurement("overwrite-fdatasync-8k")
    assert sync_latencies(VENDORS["mysql"], innodb("1", "OFF", "1"), without).append is None


def test_an_innodb_without_fdatasync_is_held_against_fsync() -> None:
    older = {**innodb("1", "OFF", "1"), "innodb_use_fdatasync": "OFF"}
    with pytest.raises(AdvisorError, match="no series overwrite with fsync"):
        sync_latencies(VENDORS["mysql"], older, measurement("overwrite-fdatasync-8k"))


def mysql_delay(delay_us: str, count: str) -> dict[str, str]:
    return {
        "binlog_group_commit_sync_delay": delay_us,
        "binlog_group_commit_sync_no_delay_count": count,
    }


@pytest.mark.parametrize(
    ("vendor", "values", "delay"),
    [
        ("postgresql", {"commit_delay": "0", "commit_siblings": "5"}, None),
        (
            "postgresql",
            {"commit_delay": "4000", "commit_siblings": "5"},
            CommitDelay(4_000, siblings=5),
        ),
        ("mysql", mysql_delay("0", "0"), None),
        ("mysql", mysql_delay("1000", "0"), CommitDelay(1_000)),
        ("mysql", mysql_delay("1000", "8"), CommitDelay(1_000, until=8)),
        ("mariadb", {"binlog_commit_wait_count": "0", "binlog_commit_wait_usec": "100000"}, None),
        (
            "mariadb",
            {"binlog_commit_wait_count": "4", "binlog_commit_wait_usec": "100000"},
            CommitDelay(100_000, until=4),
        ),
    ],
)
def test_the_delay_a_servers_values_make(
    vendor: VendorName, values: dict[str, str], delay: CommitDelay | None
) -> None:
    assert VENDORS[vendor].commit_delay(values) == delay
