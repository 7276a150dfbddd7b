"""Any bytes give a Measurement that can be saved, or an AdvisorError: nothing else, and not slowly.

The bounded mutation run over all fixtures is tests/benchmarks/importer_fuzz.py.
"""

import json
import random
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.errors import AdvisorError
from advisor.importers import import_report
from advisor.measurement_file import from_json, to_json
from tests.support.paths import FIXTURES

FILES: Final = sorted(FIXTURES.iterdir())
REPORTS: Final = [path.read_bytes() for path in FILES]

TOKENS: Final = [
    b"Test Results:", b"Storage Sync Performance Test", b"Operations/sec: ", b"Memory size: ",
    b"Compare file sync methods using one 8kB write:", b"fdatasync ", b"open_sync ", b"ops/sec",
    b'{"fio version": "fio-3.33", "jobs": [', b'"write": {"iops": ', b'"sync": {"lat_ns": ',
    b"fio-3.33", b"wal: (groupid=0, jobs=1): err= 0", b"write: IOPS=",
    b"issued rwts: total=0,5,0,0 short=5,0,0,0", b"sysbench 1.0.20", b"writes/s: ", b"fsyncs/s: ",
    b"Extra file open flags: ", b"Block size 16KiB", b"ioping statistics ---",
    b"min/avg/max/mdev = ", b"requests completed in ", b"4 KiB >>> .",
    b"fio --name=wal --bs=8k --fdatasync=1\n", b"issued    : total=r=0/w=5/d=0",
    b"ioping -W -c 5 .\n", b"4 KiB to . (ext4 a): request=1",
    b"dd if=/dev/zero of=t bs=1 oflag=dsync\n",
    b"1+0 records out\n1 bytes copied, 1 s", b"operation = 'fsync'\n usecs : count\n",
    b" 0 -> 1 : 5 |\n",
    b"etcd_disk_wal_fsync_duration_seconds_", b"sum 1\n", b"count 5\n", b'bucket{le="0.001"} 5\n',
    b"# ", b"=3D", b"=\n",
    b"disks:\n- mountpoint: /d\n  write_iops: ", b"1e999", b"NaN", b"-1", b"0", b"1.234,567",
    b"9" * 400, b"\n", b"\r", b" ", b"> ", b"\x1b[1m", b"\xff", b"\x00", b"}", b"]", b'"', b"\\\n",
    b"\xed\xa0\x80",
]  # fmt: skip


def survives(raw: bytes) -> None:
    try:
        found = import_report(raw, "a file")
    except AdvisorError as error:
        unprintable = [character for character in error.message if not character.isprintable()]
        if unprintable:
            pytest.fail(f"{error.message!r} reaches the terminal's controls")
    else:
        assert from_json(to_json(found.measurement), "saved") == found.measurement


@given(st.binary(max_size=2000))
@settings(max_examples=400, deadline=None)
def test_any_bytes(raw: bytes) -> None:
    survives(raw)


@given(st.lists(st.sampled_from(TOKENS) | st.binary(max_size=8), max_size=40))
@settings(max_examples=800, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_salad_of_the_formats_words(words: list[bytes]) -> None:
    survives(b"".join(words))


@given(st.sampled_from(REPORTS), st.data())
@settings(max_examples=1500, deadline=None)
def test_any_report_with_a_piece_replaced(report: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(report)))
    length = data.draw(st.integers(0, 200))
    piece = data.draw(st.binary(max_size=20) | st.sampled_from(TOKENS))
    survives(report[:start] + piece + report[start + length :])


@given(st.sampled_from(REPORTS), st.floats(0, 1))
@settings(max_examples=400, deadline=None)
def test_any_report_that_breaks_off(report: bytes, part: float) -> None:
    survives(report[: int(len(report) * part)])


@given(st.lists(st.sampled_from(REPORTS), min_size=2, max_size=4))
@settings(max_examples=150, deadline=None)
def test_any_reports_in_one_file(reports: list[bytes]) -> None:
    survives(b"\n".join(reports))


JSON_VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "name", ["fio-3.33-fdatasync.json", "fio-client-server.json", "ioping.json"]
)
@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_any_json_with_a_value_replaced(name: str, data: st.DataObject) -> None:
    document = json.loads((FIXTURES / name).read_text())
    place, key = document, None
    for _ in range(data.draw(st.integers(1, 6))):
        keys = range(len(place)) if isinstance(place, list) else list(place)
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], list | dict):
            break
        parent, place = place, place[key]
    else:
        place = parent
    if key is not None and (isinstance(place, list) or key in place):
        place[key] = data.draw(JSON_VALUES)
    survives(json.dumps(document, indent=1).encode())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_tenth_byte_flipped(path: Path) -> None:
    """Seeded, so that what fails fails again."""
    chance, report = random.Random(20261122), path.read_bytes()
    for _ in range(20):
        bent = bytearray(report)
        for place in range(chance.randrange(10), len(bent), 10):
            bent[place] = chance.randrange(256)
        survives(bytes(bent))


def test_a_version_cannot_reach_the_terminal() -> None:
    report = json.loads((FIXTURES / "fio-3.33-no-sync.json").read_text())
    report["fio version"] = "fio-3.33\x1b[2J\nfsync-advisor: all is well"
    with pytest.raises(AdvisorError) as refusal:
        import_report(json.dumps(report).encode(), "a file")
    assert refusal.value.message.isprintable()
