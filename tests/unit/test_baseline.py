"""One drive over time: what is slower, what is noise, and what else must not pass unseen."""

import pytest

from advisor.comparison.baseline import BaselineCheck, check_baseline
from advisor.comparison.drives import measured_drive
from advisor.errors import AdvisorError, NotTrustedError, UsageError
from advisor.knowledge import load_storage_knowledge
from advisor.measurement import Measurement
from tests.support.drives import classic, device, measurement, series, summary

STORAGE = load_storage_knowledge()


def check(before: Measurement, now: Measurement, tolerance_percent: float = 25.0) -> BaselineCheck:
    old, new = measured_drive("old.json", before, STORAGE), measured_drive("now", now, STORAGE)
    return check_baseline(old, new, tolerance_percent)


@pytest.mark.parametrize(
    ("now_us", "tolerance_percent", "slower"),
    [
        (1300.0, 25.0, True),
        (1250.0, 25.0, False),  # by more than the tolerance, not by just as much
        (1200.0, 25.0, False),
        (1200.0, 10.0, True),
        (1035.0, 0.0, True),
        (1025.0, 0.0, False),  # within noise: sqrt(20^2 + 20.5^2) = 28.6
        (1000.0, 0.0, False),
        (500.0, 0.0, False),
        (500.0, 25.0, False),
    ],
)
def test_slower_is_beyond_noise_and_beyond_the_tolerance(
    now_us: float, tolerance_percent: float, slower: bool
) -> None:
    found = check(measurement(1000.0), measurement(now_us), tolerance_percent)
    assert found.slower is slower
    assert len(found.findings) == (1 if slower else 0)


@pytest.mark.parametrize(
    ("now_us", "ci95_percent", "tolerance_percent", "noticeable_percent", "inconclusive"),
    [
        (1300.0, 30.0, 25.0, 49.2, True),  # 300 < sqrt(300^2 + 390^2) = 492
        (1300.0, 30.0, 50.0, 49.2, False),  # what counts would have been seen
        (1300.0, 30.0, 0.0, 49.2, True),
        (1000.0, 18.0, 25.0, 25.5, True),
        (1000.0, 17.0, 25.0, 24.0, False),
        (1000.0, 17.0, 0.0, 24.0, False),  # 25 % is what counts where nobody says
        (300.0, 40.0, 25.0, 41.8, False),  # faster for sure: sqrt(400^2 + 120^2) = 418 < 700
        (2000.0, 30.0, 25.0, 67.1, False),  # slower for sure: sqrt(300^2 + 600^2) = 671 < 1000
    ],
)
def test_not_slower_is_said_only_where_slower_would_have_been_seen(
    now_us: float,
    ci95_percent: float,
    tolerance_percent: float,
    noticeable_percent: float,
    inconclusive: bool,
) -> None:
    before, now = (summary(mean, ci95_percent=ci95_percent) for mean in (1000.0, now_us))
    found = check(measurement(before), measurement(now), tolerance_percent)
    assert found.inconclusive is inconclusive
    assert found.noticeable_percent == pytest.approx(noticeable_percent, abs=0.05)
    assert found.slower is (now_us == 2000.0)


def test_a_finding_is_one_line_with_both_means_the_interval_and_p99() -> None:
    before, now = summary(1000.0, p99_us=2000.0), summary(3000.0)
    found = check(measurement(before), measurement(now))
    # sqrt(20^2 + 60^2) = 63.2
    assert found.findings == (
        "now is slower than old.json, by more than 25 %: 8 KiB overwrite + fdatasync: mean 1 ms"
        " before, 3 ms now (+200 +-6.3 %); p99 2 ms before, - now",
    )


def test_faster_is_said_and_is_no_finding() -> None:
    found = check(measurement(1000.0), measurement(900.0))
    assert found.findings == ()
    assert "mean 1 ms before, 900 us now (-10.0 +-2.7 %)" in found.says


def test_the_classic_test_serves_where_there_is_nothing_better() -> None:
    found = check(measurement(None, classic(1000)), measurement(1.0, classic(500)))
    assert found.slower
    assert found.says.startswith("classic 4 KiB O_DIRECT + fsync: mean 1 ms before, 2 ms now")


# Trust


def test_a_drive_that_keeps_nothing_is_a_finding_whatever_its_speed() -> None:
    found = check(measurement(1000.0), measurement(1.0, filesystem="tmpfs"))
    (finding,) = found.findings
    assert finding.startswith("now is not-durable, old.json was plausible: tmpfs keeps files in")
    assert (found.slower, found.says) == (False, "")


def test_a_drive_that_keeps_nothing_is_no_baseline() -> None:
    with pytest.raises(NotTrustedError, match=r"old\.json cannot be a baseline: it is not durable"):
        check(measurement(1.0, filesystem="tmpfs"), measurement(1000.0))


def test_a_drive_that_has_become_suspicious_is_a_finding_though_it_is_faster() -> None:
    # 50 us on flash with a volatile cache: too fast to have been programmed
    (finding,) = check(measurement(1000.0), measurement(50.0)).findings
    assert finding.startswith("now is suspicious, old.json was plausible: ")


def test_a_drive_that_was_suspicious_before_has_not_changed() -> None:
    assert check(measurement(50.0), measurement(50.0)).findings == ()


def test_what_nobody_can_verify_is_no_finding() -> None:
    found = check(measurement(1000.0), measurement(1000.0, virtualisation="kvm"))
    assert found.findings == ()
    assert [(change.what, change.before, change.now) for change in found.changed] == [
        ("virtualisation", "none", "kvm")
    ]


def test_slower_and_less_to_be_trusted_are_both_said() -> None:
    fast, slow = (measurement(mean, devices=(device(),)) for mean in (10.0, 50.0))
    plausible = fast.model_copy(
        update={"target": measurement(devices=(device(write_cache="write through"),)).target}
    )
    findings = check(plausible, slow).findings
    assert [finding.split(",")[0] for finding in findings] == [
        "now is suspicious",
        "now is slower than old.json",
    ]


# What cannot be judged


@pytest.mark.parametrize("known", [(None, 2.0), (2.0, None)])
def test_without_an_interval_it_cannot_be_judged(known: tuple[float | None, float | None]) -> None:
    before, now = (measurement(summary(1000.0, ci95_percent=ci95)) for ci95 in known)
    with pytest.raises(
        AdvisorError, match=r"now cannot be compared with old\.json: a mean without"
    ):
        check(before, now)


def test_without_a_common_series_it_cannot_be_judged() -> None:
    with pytest.raises(AdvisorError, match=r"old\.json and now have no series in common"):
        check(measurement(1000.0), measurement(series("append", "fsync", 1000.0)))


@pytest.mark.parametrize("tolerance_percent", [-1.0, float("nan"), float("inf")])
def test_a_tolerance_that_makes_no_sense_is_refused(tolerance_percent: float) -> None:
    with pytest.raises(UsageError, match="makes no sense"):
        check(measurement(1000.0), measurement(1000.0), tolerance_percent)


# What else is not as it was


def test_the_same_circumstances_need_no_note() -> None:
    assert check(measurement(1000.0), measurement(1100.0)).changed == ()


def test_what_changed_is_noted() -> None:
    before = measurement(1000.0)
    now = measurement(
        1000.0,
        devices=(device("sda", model="Y", transport="sata", write_cache="write through"),),
        filesystem="xfs",
        mount_options=("rw",),
        preloaded=("/tmp/faults.so",),
        source="reported by fio",
    )
    assert [(change.what, change.before, change.now) for change in check(before, now).changed] == [
        ("source", "measured", "reported by fio"),
        ("devices", "nvme0n1 (X)", "sda (Y)"),
        ("write cache", "write back", "write through"),
        ("file system", "ext4", "xfs"),
        ("mount options", "rw,relatime", "rw"),
        ("preloaded", "nothing", "/tmp/faults.so"),
    ]
