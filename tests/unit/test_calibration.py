"""Runs without flushes -> CPU time of a transaction. Expected values by hand."""

import pytest

from advisor.capacity.calibration import calibrate


def test_all_cores_are_busy_with_two_clients_each() -> None:
    tps = {1: 10_000.0, 4: 36_000.0, 8: 80_000.0, 64: 40_000.0}
    cpu = calibrate(cores=4, no_flush_tps=tps)
    # 4 cores for 12.5 us each; at 64 clients for 25 us. With 1 and 4 clients cores are idle.
    assert dict(cpu.us_per_txn) == pytest.approx({8: 50, 64: 100})
    assert cpu.cores == 4
    # One client takes 100 us, of which 50 are CPU time; the rest is two wakings.
    assert cpu.wake_us == pytest.approx(25)


def test_too_few_clients_give_an_upper_bound() -> None:
    """Four clients on 16 cores keep at most four of them busy: 4 / 40,000/s = 100 us."""
    cpu = calibrate(cores=16, no_flush_tps={1: 8_000.0, 4: 40_000.0})
    assert dict(cpu.us_per_txn) == pytest.approx({4: 100})
    assert cpu.wake_us == pytest.approx(12.5)


def test_a_client_that_is_faster_than_several_wakes_nobody() -> None:
    assert calibrate(cores=1, no_flush_tps={1: 6_000, 2: 5_000}).wake_us == 0
