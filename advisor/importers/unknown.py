"""What a text looks like that no importer knows, so that the refusal helps."""

import json
import re
from typing import Final

from advisor.errors import AdvisorError

KNOWN: Final = (
    "known are our own measurements, pg_test_fsync, fio (text, JSON), sysbench fileio, ioping,"
    " dd oflag=dsync, iotune, ext4dist and its kind, etcd's metrics and the classic fsync script"
)

LOOKS: Final = (
    (r"[0-9]{1,4};fio-[0-9]", "fio's terse output", "use --output-format=json"),
    (r"\[global\][\s\S]{0,2000}^\s{0,9}(?:rw|ioengine|bs)\s{0,9}=", "a fio job file",
     "run fio with it, and --output-format=json"),
    (r"^# fsync-advisor [0-9]", "one of our own fragments", "the measurement is needed"),
    (r"^[ \t]{0,9}FSYNCS/SECOND:", "the output of pveperf",
     "each of its syncs makes a new file, which is not an overwrite: use pg_test_fsync or fio"),
    (r"^[ \t]{0,9}(?:PASS|FAIL): Throughput|Slowest request took",
     "the output of etcdctl check perf",
     "that measures a cluster and its network, not a drive; etcd's /metrics are read"),
    (r"^Timing (?:cached|buffered disk) reads|Timing buffered disk reads:", "hdparm's reads", ""),
    (r"^tps = [0-9]", "the output of pgbench", "that measures a server, not a drive"),
    (r"CrystalDiskMark", "a result of CrystalDiskMark", ""),
    (r"^Bonnie\+\+|^Version +[0-9.]+ +-+Sequential", "a result of bonnie++", ""),
    (r"^real\s{1,9}[0-9]{1,6}m[0-9.]{1,9}s", "what time(1) prints", "the tool's own is needed"),
    (r"\A\s{0,9}<(?:!DOCTYPE|html|\?xml)", "HTML or XML", "save the plain text"),
    (r"\A%PDF-", "a PDF", "save the plain text"),
    (r"\A\s{0,9}[{\[]", "JSON of another program", ""),
    (r"^\[(?:mysqld|mariadb|client)\]", "a MySQL option file", ""),
)  # fmt: skip
"""Pattern, what it is, and a hint of its own. The first that fits."""


def refusal(text: str) -> AdvisorError:
    """Says what `text` looks like."""
    if where := _where_json_breaks(text):
        return AdvisorError(f"is JSON that is cut off or damaged: {where}", KNOWN)
    head = text[:20_000]
    for pattern, what, hint in LOOKS:
        if re.search(pattern, head, re.MULTILINE):
            return AdvisorError(f"looks like {what}, which cannot be used", hint or KNOWN)
    first = next((line for line in head.split("\n") if line.strip()), "").strip()
    return AdvisorError(f"is not a known report; it begins with {first[:50]!r}", KNOWN)


def _where_json_breaks(text: str) -> str:
    """Where what begins like an object of JSON is none; "" where it is whole, or no JSON."""
    if not re.match(r'\s{0,9}\{\s{0,9}(?:"|\Z)', text):
        return ""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        several = error.msg == "Extra data"  # one object behind another
        return "" if several else f"line {error.lineno}, column {error.colno}: {error.msg}"
    except (RecursionError, ValueError):  # deeper, or a number longer, than Python reads
        return ""
    return ""
