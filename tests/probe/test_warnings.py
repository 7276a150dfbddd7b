"""The warnings of a measurement: both sides of every threshold."""

from array import array
from collections.abc import Sequence
from pathlib import Path

import pytest

from advisor.measurement import Device, Environment, Round, Series, Target
from advisor.model import Known, Unknown
from advisor.probe.warnings import left_behind, warnings_of
from advisor.statistics import summarise

MB = 1_000_000
UNKNOWN = Unknown(unknown="a test")


def device(transport: str = "nvme", name: str = "nvme0n1") -> Device:
    return Device(
        name=name,
        model="X",
        vendor=UNKNOWN,
        transport=transport,
        rotational=False,
        write_cache="write back",
        fua=True,
        scheduler="none",
        logical_block_bytes=512,
        physical_block_bytes=512,
        size_bytes=1,
    )


def target(
    devices: Known[tuple[Device, ...]] | None = None,
    filesystem: str = "ext4",
    options: tuple[str, ...] = ("rw",),
) -> Target:
    return Target(
        directory="/d",
        device_id="8:1",
        filesystem=filesystem,
        mount_point="/",
        mount_source="/dev/x",
        mount_options=options,
        free_bytes=1,
        devices=(device(),) if devices is None else devices,
    )


def environment(virtualisation: Known[str] = "none") -> Environment:
    return Environment(
        os="x",
        kernel="x",
        cpu_model="x",
        cpu_count=1,
        memory_bytes=1,
        virtualisation=virtualisation,
        preloaded=(),
    )


def primary(
    means_us: Sequence[int] = (100, 100, 100),
    *,
    ours: int = 10 * MB,
    device_bytes: Known[int] = 10 * MB,
    spread_us: int = 1,
) -> Series:
    rounds = tuple(
        Round(
            latencies_ns=array(
                "q", [9_000_000] * 5 + [(mean + s) * 1000 for s in (spread_us, -spread_us)] * 100
            ),
            warmup_count=5,
            elapsed_ns=1,
            written_bytes=ours,
            flush_requests=0,
            device_written_bytes=device_bytes,
        )
        for mean in means_us
    )
    return Series(
        name="overwrite-fdatasync-8k",
        method="fdatasync",
        pattern="overwrite",
        direct=False,
        block_bytes=8192,
        writers=1,
        summary=summarise(rounds),
        ended_by="time",
        rounds=rounds,
    )


NVME = target()
BARE_METAL = environment()
STEADY = primary()


def found(
    *,
    target: Target = NVME,
    environment: Environment = BARE_METAL,
    series: Series | None = STEADY,
    idle_bytes_per_s: float | None = 0.0,
    waited_s: float | None = 0.0,
    run_s: float = 10.0,
) -> list[tuple[str, str]]:
    warnings = warnings_of(
        target,
        environment,
        series,
        idle_bytes_per_s=idle_bytes_per_s,
        waited_s=waited_s,
        written_bytes=1000 * MB,
        run_s=run_s,
    )
    return [(warning.code, warning.text) for warning in warnings]


def test_an_idle_steady_bare_metal_drive_has_no_warning() -> None:
    assert found() == []


@pytest.mark.parametrize("idle_bytes_per_s", [4.9 * MB, None])  # 5 % of 1000 MB in 10 s are 5 MB/s
def test_a_little_before_the_run_is_no_competition(idle_bytes_per_s: float | None) -> None:
    assert found(idle_bytes_per_s=idle_bytes_per_s) == []


def test_competing_writes_before_the_run() -> None:
    ((code, text),) = found(idle_bytes_per_s=6.0 * MB)
    assert code == "competing-writes"
    assert "5.72 MB/s" in text  # 6,000,000 / 1,048,576
    assert "6 % of what we wrote" in text


@pytest.mark.parametrize(
    ("ours", "device_bytes"),
    [
        (10 * MB, 10_400_000),  # 4 %
        (2 * MB, 2_300_000),  # 15 %, but less than 1 MiB in all
        (10 * MB, 1 * MB),  # less than ours: not a matter of others
        (10 * MB, UNKNOWN),
    ],
)
def test_what_the_device_wrote_beyond_ours_may_be_little(
    ours: int, device_bytes: Known[int]
) -> None:
    assert found(series=primary(ours=ours, device_bytes=device_bytes)) == []


def test_competing_writes_during_the_run() -> None:
    ((code, text),) = found(series=primary(device_bytes=11 * MB))
    assert code == "competing-writes"
    assert "31.5 MB, 2.86 MB of them not ours" in text


@pytest.mark.parametrize(
    "where",
    [
        target(devices=(device(name="a"), device(name="b"))),  # a mirror writes twice
        target(devices=UNKNOWN),
        target(filesystem="btrfs"),  # copies on write
        target(options=("rw", "data=journal")),
    ],
)
def test_where_writes_cannot_be_told_apart_nothing_is_said(where: Target) -> None:
    assert found(target=where, series=primary(device_bytes=50 * MB)) == []


@pytest.mark.parametrize("waited_s", [0.49, None])
def test_a_little_waiting_for_a_processor_is_usual(waited_s: float | None) -> None:
    assert found(waited_s=waited_s) == []


def test_a_blink_of_a_short_run_is_no_waiting() -> None:
    assert found(waited_s=0.09, run_s=0.4) == []
    assert len(found(waited_s=0.11, run_s=0.4)) == 1


def test_busy_processors() -> None:
    ((code, text),) = found(waited_s=0.51)
    assert code == "busy-processors"
    assert "waited 0.5 s of 10.0 s for a processor" in text


@pytest.mark.parametrize(
    "series",
    [
        primary([100, 100, 109]),  # 9 %
        primary([100]),  # one round
        primary([100, 100, 130], spread_us=90),  # 30 %, steady within each round
        None,
    ],
)
def test_a_steady_series(series: Series | None) -> None:
    expected = 1 if series and series.rounds[-1].latencies_ns[-1] == 40_000 else 0
    assert len(found(series=series)) == expected


def test_a_drift_is_told_with_its_numbers() -> None:
    ((code, text),) = found(series=primary([100, 105, 120]))
    assert code == "not-stationary"
    assert "from 100 us in the first half" in text
    assert "to 120 us in the second (+20 %)" in text


def test_a_drift_within_chance_is_not_told() -> None:
    rough = primary([100, 100, 115])
    jumps = array("q", ([40_000] * 20 + [190_000] * 20) * 5)
    rounds = tuple(
        part.model_copy(update={"latencies_ns": jumps, "warmup_count": 0})
        for part in rough.rounds[:2]
    )
    assert found(series=rough.model_copy(update={"rounds": (*rounds, rough.rounds[2])})) == []


@pytest.mark.parametrize(
    ("where", "host", "expected"),
    [
        (target(), environment("kvm"), ["short-run"]),
        (target(), environment("container"), []),
        (target(), environment(UNKNOWN), []),
        (target(devices=(device("virtio"),)), environment(UNKNOWN), ["short-run"]),
        (target(devices=UNKNOWN, filesystem="tmpfs"), environment("kvm"), []),
    ],
)
def test_bursts_of_virtual_disks(where: Target, host: Environment, expected: list[str]) -> None:
    assert [code for code, _ in found(target=where, environment=host)] == expected


@pytest.mark.parametrize(
    ("count", "size_bytes", "texts"),
    [
        (0, 0, []),
        (
            1,
            1024,
            [
                "1 file of an earlier run that was killed is left here, 1 kB:"
                " rm -r '/srv/a b'/.fsync-advisor-*"
            ],
        ),
        (
            3,
            50 << 20,
            [
                "3 files of an earlier run that was killed are left here, 50 MB:"
                " rm -r '/srv/a b'/.fsync-advisor-*"
            ],
        ),
    ],
)
def test_files_of_a_killed_run(count: int, size_bytes: int, texts: list[str]) -> None:
    found = left_behind(Path("/srv/a b"), count, size_bytes)
    assert [warning.text for warning in found] == texts
