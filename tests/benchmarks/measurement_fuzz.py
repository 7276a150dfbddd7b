"""Mutated measurements through every command that takes one: a valid result, or one line.

    python -m tests.benchmarks.measurement_fuzz [CASES [SEED [FILE [WORKERS]]]]    100 000, 1, -, 1
    python -m tests.benchmarks.measurement_fuzz --case SEED NUMBER       one again, with its output
    python -m tests.benchmarks.measurement_fuzz --input SEED NUMBER      its measurement

A case is a measurement of tests/golden/measurements, bent one to four times, through one command.
It runs within a process that has an address space of its own size; what a case took of the
processor and of memory is its own. Anything but a documented exit status, a product that can be
read, or an error of one line is a failure; so is more than MAX_CPU_S or MAX_MIB. FILE gets the
counts as they grow, and with the same seed a further run goes on where the last one ended; without
FILE they go to stdout at the end.
"""

import copy
import io
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from types import FrameType
from typing import Any, Final

import typer.main
from jinja2 import Environment

from advisor import knowledge, lazy_commands
from advisor.cli import main
from advisor.output.fragment import MAX_LINE_BYTES
from advisor.servers import installed
from advisor.servers.installed import detect
from tests.support.paths import CHECKOUT, MEASUREMENTS

MAX_CPU_S: Final = 5.0
MAX_MIB: Final = 500
BATCH: Final = 5000
"""Cases of one process."""

SAVED_EVERY: Final = 100
"""Cases; a process that one of them ends takes the counts of so many with it."""

ADDRESS_SPACE_BYTES: Final = 2 * 1024**3
"""A case that wants more ends; what it may have is MAX_MIB."""

MEMORY: Final = Path("/dev/shm") if Path("/dev/shm").is_dir() else None

MAX_LIST_CHARACTERS: Final = 32_000_000
"""Twice what a measurement may have."""

MAX_MESSAGE_CHARACTERS: Final = 1000
MOST_LINES: Final = 8
"""On stderr: an error, its hint and meaning, and notes."""

RAW: Final = (
    "1e999", "-1e999", "NaN", "Infinity", "-Infinity", "1e308", "-1e308", "5e-324", "1e-400",
    "1" + "0" * 400, "-1" + "0" * 400, "9" * 5000, "0.1e-99999999999", "9223372036854775808",
    "-9223372036854775809", "1.7976931348623157e308", "-0", "-0.0", "01", "1e3", "0x10", "True",
    '"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"', "'a'", "[" * 3000, '{"a":' * 3000, "[[[]]]",
)  # fmt: skip
"""Not all of it is JSON."""

NUMBERS: Final = (
    0, 1, -1, 2, 3, 7, 10**6, 10**9, 2**31, 2**32, 2**53, 2**63, 2**64, 2**80, 2**80 + 1, 10**12,
    10**15, 10**18, 1e-3, 1e-9, 0.5, 0.999, 1e12, 1e13, 1e300, 10**400,
)  # fmt: skip
TEXTS: Final = (
    "", " ", "a", "0", "none", "unknown", "nan", "inf", "../..", "/", "\n", "\r\n[mysqld]\nx=1\n",
    "\0", "\x1b[31mred\x1b[0m", "\x0b", "\x85", "\u2028", "\xa0", "\u202e", "\ufeff", "\U0001f4be",
    "\u0130", "e\u0301" * 50, "{{ 7*7 }}", "<script>alert(1)</script>", "'; DROP TABLE t; --",
    "%s%n", "$(id)", "`id`", "a\\", 'a"b', "#", "*/", "x" * 80, "x" * 300, "x" * 5000,
    "x" * 100_000, "a b " * 2000, "[" * 200, "y" * 999_999, "\udcff", "[red]a[/red]", "[/]", "|",
)  # fmt: skip
VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    [],
    {},
    [None],
    {"unknown": "why"},
    {"unknown": 1},
    {"a": {}},
)
WORDS: Final = (
    "fsync", "fdatasync", "open_datasync", "open_sync", "none", "overwrite", "append", "classic",
    "random", "unwritten", "zfs", "ext4", "xfs", "btrfs", "tmpfs", "overlay", "nfs4", "vfat",
    "nobarrier", "barrier=0", "sync=disabled", "nvme", "sata", "sas", "usb", "virtio", "kvm",
    "vmware", "container", "write back", "write through", "measured", "reported by fio",
    "libeatmydata.so", "default", "quick", "thorough", "confidence", "time", "bytes",
)  # fmt: skip

COMMANDS: Final[tuple[tuple[int, str], ...]] = (
    (360, "recommend --db mysql --from {a}"),
    (180, "recommend --db mysql --from {a} --format sql --durability loses-recent-on-crash"),
    (180, "recommend --db mysql --from {a} --db-version 8.0.36 --explain"),
    (120, "recommend --db mysql --from {a} --format compose"),
    (360, "recommend --db mariadb --from {a}"),
    (180, "recommend --db mariadb --from {a} --format json"),
    (360, "recommend --db postgresql --from {a}"),
    (120, "recommend --db postgresql --from {a} --format sql"),
    (120, "recommend --db postgresql --from {a} --format patroni --explain"),
    (120, "recommend --db postgresql --from {a} --format cloudnativepg"),
    (180, "recommend --db postgresql --from {a} --format json --durability loses-recent-on-crash"),
    (480, "report --from {a} --format prometheus"),
    (1, "report --from {a}"),
    (1, "report --from {a} --format markdown --db mysql"),
    (1, "report --from {a} --format html --db postgresql --db mariadb"),
    (1, "report --from {a} --format json --db mysql"),
    (1, "capacity --from {a}"),
    (1, "capacity --from {a} --format json --workload order"),
    (1, "capacity --from {a} --db mysql --target-tps 1000"),
    (240, "compare {a} {b}"),
    (240, "compare {b} {a} --format json --db mysql"),
    (180, "compare {a} {c} ref:nvme-plp --format markdown"),
    (240, "drift {b} --from {a}"),
    (180, "drift {a} --from {c} --format json --db postgresql"),
    (180, "fleet report {a} {b} {c}"),
    (180, "fleet report {a} {b} {c} --format json"),
    (180, "fleet report {a} {b} {c} --format html"),
    (120, "fleet report {a} {c} --format markdown"),
    (180, "audit --db mysql --config {config} --from {a}"),
)
"""How often, and what: `a` and `c` are bent, `b` is not. A simulation takes seconds: weight 1."""

STATUSES: Final = (0, 1, 2, 3)
NOTES: Final = re.compile("fsync-advisor: (note|warning): |fsync-advisor: trust is ")
CONTROL: Final = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Case:
    """One command, and the files it is given, by name."""

    command: str
    files: dict[str, bytes]


class TooSlow(BaseException):
    """The case has used up its time."""


GOLDEN: Final = tuple(path.read_text() for path in sorted(MEASUREMENTS.iterdir()))


def case_of(seed: int, number: int) -> Case:
    """The same for the same seed and number."""
    chance = random.Random(f"{seed}:{number}")
    weights = [weight for weight, _ in COMMANDS]
    command = chance.choices([text for _, text in COMMANDS], weights)[0]
    files = {"a": bent(chance)}
    if "{b}" in command:
        files["b"] = chance.choice(GOLDEN).encode()
    if "{c}" in command:
        files["c"] = bent(chance)
    if "{config}" in command:
        files["config"] = b"[mysqld]\ninnodb_flush_log_at_trx_commit=2\nsync_binlog=0\n"
    return Case(command, files)


def bent(chance: random.Random) -> bytes:
    """A measurement with one to four changes, most of which leave it JSON."""
    tree = json.loads(chance.choice(GOLDEN))
    if chance.random() < 0.3:
        with_rounds(tree, chance)
    marks: dict[str, str] = {}
    changes = []
    for _ in range(chance.choice((1, 1, 1, 1, 2, 2, 3, 4))):
        changes.append(chance.choice(TREE_CHANGES))
        tree = changes[-1](tree, chance, marks)
    write = dumped if lists in changes else json.dumps
    text = write(tree, ensure_ascii=chance.random() < 0.5)
    for mark, raw in marks.items():
        most = MAX_LIST_CHARACTERS // len(raw) + 1  # lists may have taken it many times
        text = text.replace(f'"{mark}"', raw, most)
    raw_text = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.08:
        raw_text = chance.choice(BYTE_CHANGES)(raw_text, chance)
    return raw_text


def dumped(tree: Any, *, ensure_ascii: bool) -> str:
    """The tree as JSON, cut off where it is far larger than any measurement: what is changed in a
    list that was multiplied is changed in all its copies."""
    parts, size = [], 0
    for part in json.JSONEncoder(ensure_ascii=ensure_ascii).iterencode(tree):
        parts.append(part)
        size += len(part)
        if size > 2 * MAX_LIST_CHARACTERS:
            break
    return "".join(parts)


Path_ = tuple[Any, ...]


def places(tree: Any) -> list[tuple[Path_, Any]]:
    """Where each value is, and the value; of single latencies some stand for all."""
    found: list[tuple[Path_, Any]] = [((), tree)]
    for at, value in found:
        if isinstance(value, dict):
            found += [((*at, key), each) for key, each in value.items()]
        elif isinstance(value, list):
            found += [((*at, index), each) for index, each in enumerate(value[:30])]
    return found[1:]


def holder(tree: Any, at: Path_) -> Any:
    for step in at[:-1]:
        tree = tree[step]
    return tree


def value_at(tree: Any, at: Path_) -> Any:
    return holder(tree, at)[at[-1]]


def any_place(tree: Any, chance: random.Random) -> Path_ | None:
    found = places(tree)
    return chance.choice(found)[0] if found else None


def place_of(tree: Any, chance: random.Random, kind: type | tuple[type, ...]) -> Path_ | None:
    found = [at for at, value in places(tree) if isinstance(value, kind)]
    return chance.choice(found) if found else None


Marks = dict[str, str]


def put_number(tree: Any, chance: random.Random, _: Marks) -> Any:
    if at := place_of(tree, chance, (int, float)):
        holder(tree, at)[at[-1]] = chance.choice(NUMBERS) * chance.choice((1, 1, 1, -1))
    return tree


def scale(tree: Any, chance: random.Random, _: Marks) -> Any:
    at = place_of(tree, chance, (int, float))
    if at and abs(value_at(tree, at)) < 1e300:
        value = value_at(tree, at) * 10.0 ** chance.choice((-9, -4, -2, -1, 1, 2, 4, 9))
        whole = isinstance(value_at(tree, at), int)
        holder(tree, at)[at[-1]] = int(value) if whole else value
    return tree


def put_text(tree: Any, chance: random.Random, _: Marks) -> Any:
    if at := place_of(tree, chance, str):
        holder(tree, at)[at[-1]] = chance.choice(TEXTS if chance.random() < 0.6 else WORDS)
    return tree


def put_any(tree: Any, chance: random.Random, _: Marks) -> Any:
    if at := any_place(tree, chance):
        holder(tree, at)[at[-1]] = copy.deepcopy(chance.choice((*VALUES, *NUMBERS, *TEXTS, *WORDS)))
    return tree


def put_raw(tree: Any, chance: random.Random, marks: Marks) -> Any:
    if at := any_place(tree, chance):
        mark = f"mark{len(marks)}"
        holder(tree, at)[at[-1]] = mark
        marks[mark] = chance.choice(RAW)
    return tree


def put_unknown(tree: Any, chance: random.Random, _: Marks) -> Any:
    if at := any_place(tree, chance):
        holder(tree, at)[at[-1]] = {"unknown": chance.choice(("not there", *TEXTS))}
    return tree


def delete(tree: Any, chance: random.Random, _: Marks) -> Any:
    if at := any_place(tree, chance):
        del holder(tree, at)[at[-1]]
    return tree


def rename(tree: Any, chance: random.Random, _: Marks) -> Any:
    if (at := any_place(tree, chance)) and isinstance(holder(tree, at), dict):
        value = holder(tree, at).pop(at[-1])
        holder(tree, at)[chance.choice((*TEXTS, *WORDS, f"{at[-1]}_", at[-1].upper()))] = value
    return tree


def twice(tree: Any, chance: random.Random, marks: Marks) -> Any:
    """A key that is there twice, with two values."""
    if (at := any_place(tree, chance)) and isinstance(holder(tree, at), dict):
        mark = f"mark{len(marks)}"
        other: Any = chance.choice((1, None, "x", [], {"unknown": "x"}))
        marks[mark] = f"{json.dumps(holder(tree, at)[at[-1]])}, {json.dumps(at[-1])}: " + (
            json.dumps(other)
        )
        holder(tree, at)[at[-1]] = mark
    return tree


def move(tree: Any, chance: random.Random, _: Marks) -> Any:
    """A value, or a whole part, in the place of another."""
    source = chance.choice((tree, json.loads(chance.choice(GOLDEN))))
    start, end = any_place(source, chance), any_place(tree, chance)
    if start and end:
        holder(tree, end)[end[-1]] = copy.deepcopy(value_at(source, start))
    return tree


def same_key(tree: Any, chance: random.Random, _: Marks) -> Any:
    """What another drive has in the same place: most of it can be read."""
    other = json.loads(chance.choice(GOLDEN))
    ours = {at for at, _ in places(tree)}
    common = [(at, value) for at, value in places(other) if at in ours]
    if common:
        at, value = chance.choice(common)
        holder(tree, at)[at[-1]] = value
    return tree


def lists(tree: Any, chance: random.Random, _: Marks) -> Any:
    """Elements more, fewer, or in another order."""
    at = place_of(tree, chance, list)
    if at is None or not (found := value_at(tree, at)):
        return tree
    action = chance.randrange(4)
    if action == 0:
        found.append(copy.deepcopy(chance.choice(found)))
    elif action == 1:
        times = chance.choice((2, 5, 100, 1000))
        if len(json.dumps(found)) * times < MAX_LIST_CHARACTERS:  # our own memory has an end
            holder(tree, at)[at[-1]] = found * times
    elif action == 2:
        del found[chance.randrange(len(found)) :]
    else:
        chance.shuffle(found)
    return tree


def with_rounds(tree: Any, chance: random.Random) -> None:
    """Single latencies for some series: as measured, or as nobody measures."""
    for series in tree["series"]:
        if chance.random() < 0.5:
            mean_ns = series["summary"]["mean_us"] * 1000
            count = chance.choice((1, 2, 30, 300))
            spread = chance.choice((0.0, 0.3, 3.0))
            latencies = [
                max(0, min(int(mean_ns * chance.lognormvariate(0, spread)), 2**62))
                for _ in range(count)
            ]
            latencies[0] = chance.choice((latencies[0], latencies[0], 0, 2**63 - 1))
            one = {
                "latencies_ns": latencies,
                "warmup_count": chance.choice((0, 1, count, count + 1)),
                "elapsed_ns": max(1, sum(latencies) % 10**18),
                "written_bytes": 8192 * count,
                "flush_requests": chance.choice((0, count, 2 * count, 10**18)),
                "device_written_bytes": 8192 * count,
            }
            series["rounds"] = [one] * chance.choice((1, 4))


TREE_CHANGES: Final[tuple[Callable[[Any, random.Random, Marks], Any], ...]] = (
    put_number, put_number, put_number, scale, scale, scale, put_text, put_text, put_any, put_raw,
    put_unknown, put_unknown, delete, rename, twice, move, same_key, same_key, same_key, lists,
)  # fmt: skip


def cut(raw: bytes, chance: random.Random) -> bytes:
    return raw[: chance.randrange(len(raw) + 1)]


def flip(raw: bytes, chance: random.Random) -> bytes:
    changed = bytearray(raw)
    for _ in range(chance.choice((1, 1, 2, 20))):
        if changed:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def insert(raw: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(raw) + 1)
    return raw[:place] + chance.randbytes(chance.choice((1, 2, 30))) + raw[place:]


def other_file(_: bytes, chance: random.Random) -> bytes:
    """A file of another kind in its place."""
    kinds = (
        b"", b"\n", b"{}", b"[]", b"null", b'{"schema_version": 1}', b'{"schema_version": 2}',
        b'{"schema_version":1,"engine_version":"8.4"}', b"\xff\xfe{\0}\0", b"\xef\xbb\xbf{}",
        b"[mysqld]\nx=1\n", b"\0" * 5000, b"{" * 100_000, b'{"schema_version":' + b"[" * 100_000,
        b'"schema_version"', b"schema_version: 1\n", chance.randbytes(1000),
    )  # fmt: skip
    return chance.choice(kinds)


BYTE_CHANGES: Final = (cut, cut, flip, flip, insert, other_file)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a case ended."""

    status: int
    out: bytes
    err: str
    cpu_s: float
    peak_mib: float


def run(case: Case, folder: Path) -> Ended:
    """One case within this process. Raises TooSlow where even the command's own end is too late."""
    names = {}
    for name, content in case.files.items():
        names[name] = folder / f"{name}.{'cnf' if name == 'config' else 'json'}"
        names[name].write_bytes(content)
    arguments = [part.format(**names) for part in case.command.split(" ")]
    raw, messages = io.BytesIO(), io.StringIO()
    out = io.TextIOWrapper(raw, encoding="utf-8", errors="strict", write_through=True)
    Path("/proc/self/clear_refs").write_text("5")
    before_s, status = process_time(), -1
    signal.setitimer(signal.ITIMER_PROF, MAX_CPU_S + 1)
    with redirect_stdout(out), redirect_stderr(messages):
        try:
            main(arguments)
        except SystemExit as ended:
            status = int(ended.code or 0)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    cpu_s = process_time() - before_s
    err = messages.getvalue().replace(str(folder), "")
    return Ended(status, raw.getvalue(), err, cpu_s, peak_mib())


def peak_mib() -> float:
    found = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def fault_of(case: Case, ended: Ended) -> str:
    """What is wrong with how a case ended; "" for nothing."""
    if ended.status not in STATUSES:
        return f"exit status {ended.status}"
    if ended.cpu_s > MAX_CPU_S:
        return f"{ended.cpu_s:.1f} s"
    if ended.peak_mib > MAX_MIB:
        return f"{ended.peak_mib:.0f} MiB"
    return fault_of_messages(ended) or fault_of_product(case, ended)


def fault_of_messages(ended: Ended) -> str:
    lines = ended.err.splitlines()
    if CONTROL.search(ended.err) or "\udcff" in ended.err:
        return "control characters on stderr"
    if "Traceback" in ended.err:
        return "a traceback"
    if len(lines) > MOST_LINES:
        return f"{len(lines)} lines on stderr"
    if (longest := max(map(len, lines), default=0)) > MAX_MESSAGE_CHARACTERS:
        return f"a message of {longest} characters"
    errors = [one for one in lines if one.startswith("fsync-advisor: ") and not NOTES.match(one)]
    if ended.status in (1, 2) and len(errors) != 1:
        return f"{len(errors)} lines of error"
    return ""


def fault_of_product(case: Case, ended: Ended) -> str:
    if ended.status != 0:
        return ""
    text = ended.out.decode()
    if not text:
        return "no product"
    if CONTROL.search(text):
        return "control characters in the product"
    if "--format json" in case.command:
        try:
            json.loads(text, parse_constant=_no_constant)
        except ValueError as error:
            return f"no JSON: {error}"
    if "--format prometheus" in case.command and re.search(r"(?im) [+-]?(nan|inf)$", text):
        return "no finite number in Prometheus text"
    longest = max(map(len, text.split("\n")))
    is_fragment = "recommend" in case.command and "--format json" not in case.command
    if is_fragment and longest > MAX_LINE_BYTES:
        return f"a fragment's line of {longest} characters"
    return ""


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no number")


def prepare() -> None:
    """What no case changes is read, compiled and asked once; what takes too long is interrupted."""
    knowledge.load_settings = once(knowledge.load_settings)
    knowledge.load_storage_knowledge = once(knowledge.load_storage_knowledge)
    knowledge._read = once(knowledge._read)
    detect._answer = once(detect._answer)
    detect.find_installed = installed.find_installed = once(detect.find_installed)
    typer.main.get_command = once(typer.main.get_command)
    lazy_commands.load_command = once(
        lazy_commands.load_command, key=lambda name, entry: (name, id(entry))
    )
    Environment.compile = once(  # type: ignore[method-assign]
        Environment.compile, key=lambda made, source, name, *_: (made.autoescape, name, source)
    )
    os.environ["FSYNC_ADVISOR_DEBUG"] = "1"
    os.environ["COLUMNS"] = "80"

    def too_slow(_: int, __: FrameType | None) -> None:
        raise TooSlow

    signal.signal(signal.SIGPROF, too_slow)


def once(
    function: Callable[..., Any], key: Callable[..., Any] = lambda *arguments: arguments
) -> Callable[..., Any]:
    kept: dict[Any, Any] = {}

    def call(*arguments: Any) -> Any:
        name = key(*arguments)
        if name not in kept:
            kept[name] = function(*arguments)
        return kept[name]

    return call


def name_of(case: Case) -> str:
    words = case.command.split(" ")
    return " ".join(words[:2]) if words[0] == "fleet" else words[0]


def work(seed: int, first: int, last: int, sheet: Path) -> None:
    """Cases `first` to `last` - 1, within this process; `sheet` gets what came of them."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    prepare()
    counts: Counter[str] = Counter()
    failures, worst_s, worst_mib = [], 0.0, 0.0
    with tempfile.TemporaryDirectory(dir=MEMORY) as name, sheet.with_suffix(".at").open("w") as at:
        for number in range(first, last):
            at.seek(0)
            at.write(f"{number:12}\n")
            at.flush()
            case = case_of(seed, number)
            ended = run(case, Path(name))
            what = fault_of(case, ended)
            counts[f"{name_of(case)}: {'FAILURE' if what else f'exit {ended.status}'}"] += 1
            if what:
                failures.append([number, case.command, what, ended.err[-700:]])
            worst_s, worst_mib = max(worst_s, ended.cpu_s), max(worst_mib, ended.peak_mib)
            if number % SAVED_EVERY == SAVED_EVERY - 1 or number == last - 1:
                done = {"counts": counts, "failures": failures, "cpu_s": worst_s, "mib": worst_mib}
                sheet.write_text(json.dumps(done))


@dataclass(slots=True)
class Tally:
    """What came of all cases so far; `next` is the first case that has not been run."""

    seed: int
    next: int
    counts: Counter[str]
    failures: list[Any]
    worst_cpu_s: float = 0.0
    worst_mib: float = 0.0
    took_s: float = 0.0

    @classmethod
    def read(cls, file: Path | None, seed: int) -> "Tally":
        """What a run with that seed has left in the file; else nothing yet."""
        if file is None or not file.exists():
            return cls(seed, 0, Counter(), [])
        found = json.loads(file.read_text())
        if found["seed"] != seed:
            raise SystemExit(f"{file} has the counts of seed {found['seed']}")
        worst = (found["worst_cpu_s"], found["worst_mib"], found["took_s"])
        return cls(seed, found["next"], Counter(found["outcomes"]), found["failures"], *worst)

    def add(self, sheet: Path) -> None:
        """What a worker has found."""
        found = json.loads(sheet.read_text())
        self.counts.update(found["counts"])
        self.failures += found["failures"]
        self.worst_cpu_s = max(self.worst_cpu_s, found["cpu_s"])
        self.worst_mib = max(self.worst_mib, found["mib"])

    def as_json(self) -> str:
        return json.dumps(
            {
                "cases": self.counts.total(),
                "seed": self.seed,
                "next": self.next,
                "outcomes": dict(sorted(self.counts.items())),
                "worst_cpu_s": round(self.worst_cpu_s, 2),
                "worst_mib": round(self.worst_mib),
                "took_s": round(self.took_s),
                "failures": self.failures[:200],
            },
            indent=1,
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of the cases of one process, and of those that ended it."""

    sheets: tuple[Path, ...]
    ended: tuple[tuple[int, int, str], ...]
    """A case, how the process ended in it, and the end of what it said."""


def run_batch(folder: Path, seed: int, first: int, last: int) -> Batch:
    """Cases `first` to `last` - 1 in a process, and in another behind each that ends one."""
    sheets, ended_in, next_ = [], [], first
    while next_ < last:
        sheet = folder / f"{next_}.sheet"
        worker = [sys.executable, "-m", "tests.benchmarks.measurement_fuzz", "--work"]
        limits = (str(seed), str(next_), str(last), str(sheet))
        ended = subprocess.run([*worker, *limits], cwd=CHECKOUT, capture_output=True)
        if sheet.exists():
            sheets.append(sheet)
        if ended.returncode == 0:
            break
        at = int(sheet.with_suffix(".at").read_text())
        ended_in.append((at, ended.returncode, ended.stderr.decode(errors="replace")[-700:]))
        next_ = at + 1  # those since the last saving are lost
    return Batch(tuple(sheets), tuple(ended_in))


def fuzz(cases: int, seed: int, to: Path | None, workers: int = 1, batch: int = BATCH) -> Tally:
    """All cases, a process for each batch of them; one that ends a process is a failure."""
    tally, began_s = Tally.read(to, seed), perf_counter()
    before_s = tally.took_s
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(workers) as pool:
        ranges = [(first, min(cases, first + batch)) for first in range(tally.next, cases, batch)]
        firsts, lasts = [each[0] for each in ranges], [each[1] for each in ranges]
        done = pool.map(partial(run_batch, Path(name), seed), firsts, lasts)
        for last, found in zip(lasts, done, strict=True):
            for sheet in found.sheets:
                tally.add(sheet)
                sheet.unlink()
            for at, status, said in found.ended:
                tally.failures.append([at, "", f"process ended {status}", said])
                tally.counts["FAILURE: the process ended"] += 1
            tally.next = last
            tally.took_s = before_s + perf_counter() - began_s
            if to:
                to.write_text(f"{tally.as_json()}\n")
    return tally


def show(seed: int, number: int) -> None:
    prepare()
    case = case_of(seed, number)
    with tempfile.TemporaryDirectory() as folder:
        ended = run(case, Path(folder))
    print(case.command, f"exit {ended.status}, {ended.cpu_s:.2f} s, {ended.peak_mib:.0f} MiB")
    print(fault_of(case, ended) or "as it should be")
    print(ended.err, ended.out.decode(errors="replace")[:2000], sep="\n")


def script(words: Sequence[str]) -> None:
    match words:
        case ["--work", seed, first, last, sheet]:
            work(int(seed), int(first), int(last), Path(sheet))
        case ["--case", seed, number]:
            show(int(seed), int(number))
        case ["--input", seed, number]:
            sys.stdout.buffer.write(case_of(int(seed), int(number)).files["a"])
        case [*rest]:
            cases, seed, file, workers = (*rest, *("100000", "1", "", "1")[len(rest) :])
            tally = fuzz(int(cases), int(seed), Path(file) if file else None, int(workers))
            print(tally.as_json())


if __name__ == "__main__":
    script(sys.argv[1:])
