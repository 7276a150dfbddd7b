"""Runs -> CPU time; a server's values -> its way to commit. Expected values by hand."""

from pathlib import Path

import pytest

from advisor.capacity.calibration import calibrate, serial_sync_us
from advisor.capacity.group_commit import CommitKind, Drive, Engine
from advisor.capacity.latency import Latency
from advisor.capacity.running import commit_kind, drive_of
from advisor.errors import AdvisorError
from advisor.measurement import Measurement, from_json
from advisor.versions import Vendor

DRIVE = Drive(Latency.constant(2_000), Latency.constant(3_000))
GOLDEN = Path(__file__).parents[1] / "golden" / "measurements"


def test_clients_keep_as_many_cores_busy_as_there_are() -> None:
    tps = {1: 10_000.0, 2: 16_000.0, 64: 8_000.0}
    cpu = calibrate(
        Engine("postgresql"), DRIVE, cores=4, no_flush_tps=tps, one_client_tps=1e6 / 2_250
    )
    # 1 core for 100 us; 2 cores for 62.5 us; 4 cores for 125 us.
    assert dict(cpu.us_per_txn) == pytest.approx({1: 100, 2: 125, 64: 500})
    assert cpu.cores == 4
    # 2250 us, of which the sync takes 2000 and the CPU 100.
    assert cpu.idle_us == pytest.approx(150)


def test_a_client_that_is_faster_than_its_parts_waits_for_no_core() -> None:
    cpu = calibrate(
        Engine("postgresql"), DRIVE, cores=2, no_flush_tps={1: 1_000}, one_client_tps=500
    )
    assert cpu.idle_us == 0


@pytest.mark.parametrize(
    ("kind", "us"),
    [
        ("postgresql", 2_000),
        ("innodb", 2_000),
        ("mysql-binary-log", 5_000),
        ("mariadb-binary-log", 5_000),
        ("asynchronous", 0),
    ],
)
def test_what_one_commit_waits_for(kind: CommitKind, us: float) -> None:
    assert serial_sync_us(Engine(kind), DRIVE) == us


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
        ("mysql", innodb("1", "ON", "0"), "innodb"),
        ("mysql", innodb("1", "OFF", "1"), "innodb"),
        ("mysql", innodb("2", "OFF", "1"), "asynchronous"),
        ("mysql", innodb("0", "ON", "100"), "asynchronous"),
        ("mariadb", innodb("1", "ON", "1"), "mariadb-binary-log"),
        ("mariadb", innodb("1", "OFF", "0"), "innodb"),
    ],
)
def test_a_servers_way_to_commit(vendor: Vendor, values: dict[str, str], kind: str) -> None:
    assert commit_kind(vendor, values) == kind


@pytest.mark.parametrize("values", [innodb("2", "ON", "1"), innodb("3", "ON", "1")])
def test_what_has_no_model_is_refused(values: dict[str, str]) -> None:
    with pytest.raises(AdvisorError, match="no model for innodb_flush_log_at_trx_commit"):
        commit_kind("mariadb", values)


def measurement(*keep: str) -> Measurement:
    found = from_json((GOLDEN / "nvme-consumer.json").read_text(), "golden")
    series = tuple(one for one in found.series if not keep or one.name in keep)
    return found.model_copy(update={"series": series})


@pytest.mark.parametrize("method", ["fdatasync", "open_datasync"])
def test_the_log_is_synced_as_postgresql_does_it(method: str) -> None:
    values = {"synchronous_commit": "on", "fsync": "on", "wal_sync_method": method}
    measured = measurement()
    series = next(one for one in measured.series if one.name == f"overwrite-{method}-8k")
    drive = drive_of("postgresql", values, measured)
    assert drive.log.mean_us == pytest.approx(series.summary.mean_us)
    assert drive.append is None


def test_a_binary_log_needs_the_series_that_appends() -> None:
    values = innodb("1", "ON", "1")
    assert drive_of("mysql", values, measurement()).append is not None
    with pytest.raises(AdvisorError, match="no series append with fdatasync"):
        drive_of("mysql", values, measurement("overwrite-fdatasync-8k"))
    without = measurement("overwrite-fdatasync-8k")
    assert drive_of("mysql", innodb("1", "OFF", "1"), without).append is None


def test_an_innodb_without_fdatasync_is_held_against_fsync() -> None:
    older = {**innodb("1", "OFF", "1"), "innodb_use_fdatasync": "OFF"}
    with pytest.raises(AdvisorError, match="no series overwrite with fsync"):
        drive_of("mysql", older, measurement("overwrite-fdatasync-8k"))
