"""A bounded mutation run over every fixture of the importers, and large files of hostile shape.

    python -m tests.benchmarks.importer_fuzz [CASES] [SEED]    mutations; 1 000 000 and 1 by default
    python -m tests.benchmarks.importer_fuzz --large [MIB]     hostile shapes; 4 MiB by default

4 MiB is what a report may have; larger ones are refused before they are read.

Anything but a Measurement that can be saved, or an AdvisorError, ends the run with its input. The
large inputs go through a process each, so that its peak memory is that input's.
"""

import random
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from time import perf_counter

from advisor.errors import AdvisorError
from advisor.importers import import_report
from advisor.measurement_file import to_json
from tests.support.paths import FIXTURES

MAX_REPORT_BYTES = 16 * 1024
PIECES = (
    b"", b"\n", b" ", b"\t", b"\r", b"0", b"1", b"-1", b"9" * 30, b"1e999", b"NaN", b"Infinity",
    b"null", b"true", b"[]", b"{}", b'""', b"1,5", b"1.234,5", b"0.0", b"\x00", b"\xff",
    b"\xf0\x9f\x92\xbe", b"\x1b[31m", b"\\ud800", b"> ", b"'", b'"', b"(", b")", b"[", b"]", b"{",
    b"}", b":", b",", b"%", b"=", b"\xc2\xa0",
)  # fmt: skip


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def mutations(seed: int) -> Iterator[bytes]:
    chance = random.Random(seed)
    reports = [path.read_bytes() for path in sorted(FIXTURES.iterdir())]
    reports = [report for report in reports if len(report) <= MAX_REPORT_BYTES]
    while True:
        report = chance.choice(reports)
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            report = chance.choice(CHANGES)(report, chance, reports)
        yield report[:MAX_REPORT_BYTES]


def replace(report: bytes, chance: random.Random, _: list[bytes]) -> bytes:
    start = chance.randrange(len(report) + 1)
    return (
        report[:start] + chance.choice(PIECES) + report[start + chance.choice((0, 1, 2, 5, 20)) :]
    )


def flip(report: bytes, chance: random.Random, _: list[bytes]) -> bytes:
    if not report:
        return report
    place = chance.randrange(len(report))
    return (
        report[:place] + bytes([report[place] ^ (1 << chance.randrange(8))]) + report[place + 1 :]
    )


def cut(report: bytes, chance: random.Random, _: list[bytes]) -> bytes:
    start, end = sorted((chance.randrange(len(report) + 1), chance.randrange(len(report) + 1)))
    return report[:start] if chance.random() < 0.5 else report[:start] + report[end:]


def lines(report: bytes, chance: random.Random, _: list[bytes]) -> bytes:
    """One line dropped, doubled or moved."""
    found = report.split(b"\n")
    line = found.pop(chance.randrange(len(found)))
    for _unused in range(chance.randrange(3)):
        found.insert(chance.randrange(len(found) + 1), line)
    return b"\n".join(found)


def splice(report: bytes, chance: random.Random, reports: list[bytes]) -> bytes:
    other = chance.choice(reports)
    return report[: chance.randrange(len(report) + 1)] + other[chance.randrange(len(other) + 1) :]


CHANGES: tuple[Callable[[bytes, random.Random, list[bytes]], bytes], ...] = (
    replace, replace, replace, flip, cut, lines, splice,
)  # fmt: skip


def outcome(raw: bytes) -> str:
    try:
        to_json(import_report(raw, "a file").measurement)
    except AdvisorError:
        return "refused"
    return "read"


def fuzz(cases: int, seed: int) -> None:
    outcomes: Counter[str] = Counter()
    worst_s, began_s = 0.0, perf_counter()
    for number, raw in zip(range(1, cases + 1), mutations(seed), strict=False):
        before_s = perf_counter()
        try:
            outcomes[outcome(raw)] += 1
        except BaseException:
            print(f"case {number} of seed {seed}: {raw!r}", file=sys.stderr)
            raise
        worst_s = max(worst_s, perf_counter() - before_s)
        if number % 100_000 == 0:
            print(f"{number} cases, {perf_counter() - began_s:.0f} s", file=sys.stderr)
    print(f"{cases} cases, seed {seed}: {dict(outcomes)}, nothing else")
    print(f"worst {worst_s * 1000:.0f} ms, peak memory {peak_mib():.0f} MiB,"
          f" {perf_counter() - began_s:.0f} s in all")  # fmt: skip


TABLE = b"Compare file sync methods using one 8kB write:\n"
SHAPES: dict[str, Callable[[int], bytes]] = {
    "nothing but [": lambda size: b"[" * size,
    "nothing but {": lambda size: b"{" * size,
    "objects in objects": lambda size: b'{"fio version":' * (size // 15),
    "lines of {": lambda size: b'"fio version"\n' + b"{\n" * (size // 2),
    "empty lists": lambda size: b'{"fio version":"fio-3.33","jobs":[' + b"[]," * (size // 3),
    "many keys": lambda size: b'{"fio version":"fio-3.33",'
    + b",".join(b'"%x":0' % number for number in range(size // 10)) + b"}",
    "bins": lambda size: b'{"fio version":"fio-3.33","bins":{'
    + b",".join(b'"%d":%d' % (number * 640, number) for number in range(size // 16)) + b"}}",
    "numbers": lambda size: b'{"fio version":"fio-3.33","jobs":[' + b"1.5," * (size // 4) + b"1]}",
    "strings": lambda size: b'{"fio version":"fio-3.33","jobs":[' + b'"ab",' * (size // 5) + b"1]}",
    "one long number": lambda size: b'{"fio version":"fio-3.33","timestamp":' + b"9" * size + b"}",
    "one long string": lambda size: b'{"fio version":"' + b"\\u0041" * (size // 6) + b'"}',
    "jobs": lambda size: b'{"fio version":"fio-3.33","jobs":['
    + b",".join([b'{"jobname":"a","groupid":1,"write":{"iops":1}}'] * (size // 47)) + b"]}",
    "short lines": lambda size: b"a\n" * (size // 2),
    "one line": lambda size: b"a" * size,
    "blanks": lambda size: b"fdatasync" + b" " * size,
    "digits": lambda size: b"fdatasync " + b"1" * size,
    "words of one format": lambda size: TABLE * (size // 47),
    "rows of one format": lambda size: TABLE
    + b"fdatasync 551.816 ops/sec\n" * (size // 26),
    "results": lambda size: b"Storage Sync Performance Test\n" + b"Test Results:\n" * (size // 14),
    "fio's commands": lambda size: b"fio-3.33\n" + b"fio --rw=write " * (size // 15),
    "fio's jobs": lambda size: b"fio-3.33\n" + b"a: (groupid=0, jobs=1): err= 0\n" * (size // 31),
    "fio's announcements": lambda size: b"fio-3.33\n" + b"a: (g=0): rw=write\n" * (size // 19),
    "fio's colons": lambda size: b"fio-3.33\n" + b"a: (" * (size // 4),
    "percentiles": lambda size: (FIXTURES / "fio-3.33-fdatasync.txt").read_bytes().replace(
        b"99.99th=[ 4113]", b"99.99th=[ 4113]," * (size // 16)),
    "sysbench headings": lambda size: b"sysbench 1.0.20\n" * (size // 16),
    "sysbench rates": lambda size: b"sysbench 1.0.20\n" + b"fsyncs/s: 1\n" * (size // 12),
    "ioping requests": lambda size: b"4 KiB >>> . (ext4 a 1 GiB): request=1 time=1 us\n"
    * (size // 48),
    "ioping statistics": lambda size: b"--- . (ext4 a 252.0 GiB) ioping statistics ---\n"
    * (size // 47),
    "ioping raw": lambda size: b"99 1 1 1 1 1 1 1 1 1\n" * (size // 21),
    "raw but for the last": lambda size: b"1 1 1 1 1 1 1 1 1 x\n" * (size // 20),
    "disks": lambda size: b"disks:\n" + b"- mountpoint: /a\n  write_iops: 1\n" * (size // 33),
    "fields": lambda size: b"disks:\n- a: 1\n" + b"  b: 1\n" * (size // 7),
    "dd's results": lambda size: b"1+0 records out\n5 bytes copied, 1 s\n" * (size // 36),
    "dd's options": lambda size: b"dd " + b"bs=1 " * (size // 5) + b"\n1+0 records out\n",
    "etcd's buckets": lambda size: b"".join(
        b'etcd_disk_wal_fsync_duration_seconds_bucket{le="%d"} 1\n' % number
        for number in range(size // 58)),
    "etcd's servers": lambda size: b"".join(
        b'etcd_disk_wal_fsync_duration_seconds_sum{i="%d"} 1\n' % number
        for number in range(size // 54)),
    "histograms": lambda size: b"operation = 'fsync'\n usecs : count\n 0 -> 1 : 1 |\n"
    * (size // 52),
    "comments": lambda size: b"# 1+0 records out\n" * (size // 18),
    "mail": lambda size: b"=3D" * (size // 3),
    "ioping commands": lambda size: b"ioping -W -c 1 .\n" * (size // 17) + b"request=1",
    "escapes": lambda size: b"\x1b[" * (size // 2),
    "titles": lambda size: b"\x1b]" * (size // 2),
    "quotes": lambda size: b"> " * (size // 2),
    "quoted lines": lambda size: b"> a\n" * (size // 4),
    "continued lines": lambda size: b"a\\\n" * (size // 3),
    "CRs": lambda size: b"a\r" * (size // 2),
    "broad characters": lambda size: "\U0001f4be".encode() + b"fdatasync 1\n" * (size // 12),
    "no UTF-8": lambda size: b"\xff" * size,
    "UTF-16": lambda size: b"\xff\xfe" + "fdatasync 1\n".encode("utf-16-le") * (size // 24),
    "zeros": bytes,
}  # fmt: skip


def one_shape(name: str, size: int) -> None:
    """In a process of its own: the time and the memory on top of what is there before."""
    made = SHAPES[name](size)[:size]
    before_mib, before_s = peak_mib(), perf_counter()
    said = outcome(made)
    print(f"{name:24} {said:8} {perf_counter() - before_s:6.2f} s {peak_mib():6.0f} MiB"
          f" (of it {before_mib:.0f} before)")  # fmt: skip


def large(size_mib: int) -> None:
    for name in SHAPES:
        command = [
            sys.executable,
            "-m",
            "tests.benchmarks.importer_fuzz",
            "--shape",
            name,
            str(size_mib * 1024**2),
        ]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--shape", name, size]:
            one_shape(name, int(size))
        case ["--large", *rest]:
            large(int(rest[0]) if rest else 4)
        case rest:
            fuzz(*(int(word) for word in (*rest, *("1000000", "1")[len(rest) :])))
