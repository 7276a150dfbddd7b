"""Each call of a command that concerns a file fails once, or the command is killed at it.

    python -m tests.security.file_faults [--only NAME] [--output FILE]

tries every call with every errno that it can have, and kills the command before and after each;
stores how that ended in tests/security/file_faults.json.
"""

import argparse
import errno
import json
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.security.attacker import ATTACKER_ID
from tests.support.kills import KILLED, Ended, Program, compile_file_calls, killable
from tests.support.paths import CHECKOUT, FIXTURES

RESULTS: Final = CHECKOUT / "tests" / "security" / "file_faults.json"
NAME: Final = "zz-fsync-advisor.cnf"
A, B = (f"# fsync-advisor\n[mysqld]\ninnodb_io_capacity = {n}\n" for n in (1111, 2222))
OLD: Final = "the old file\n"

ALL: Final = (errno.EIO, errno.EINTR)
FULL: Final = (errno.ENOSPC, errno.EDQUOT)
ERRNOS: Final[Mapping[str, tuple[int, ...]]] = {
    "openat": (*ALL, *FULL),
    "write": (*ALL, *FULL),
    "fsync": (*ALL, *FULL),
    "close": (*ALL, *FULL),
    "linkat": (errno.EIO, *FULL),
    "renameat": (errno.EIO, *FULL),
    "unlinkat": (errno.EIO,),
    "fchmod": (errno.EIO, *FULL),
    "fchown": (errno.EIO, *FULL),
    "flock": (errno.EINTR, errno.EIO),
    "read": ALL,
}
"""What the manual pages, and file systems with quotas, have a call fail with; another: EIO."""

UNTRUE: Final = (
    "is not a directory",
    "is a directory",
    "was exchanged",
    "was changed",
    "is missing",
)
"""What a failing call must not be taken for."""

LEFT_FOR_THE_NEXT_RUN: Final = re.compile(r"\..*\.draft|\.fsync-advisor\.lock")


@dataclass(frozen=True)
class Scenario:
    """One command, in a folder that is made anew each time."""

    arguments: Callable[[Path], tuple[str | Path, ...]]
    before: Mapping[str, str]
    """Files of the folder that it writes in."""
    file: str
    new: str | None
    """What the file holds afterwards; None: gone."""
    owner_id: int = 0
    """Whose the folder is, where we are root."""


def _apply(folder: Path, what: str | Path) -> tuple[str | Path, ...]:
    where = ("--to", folder / "conf.d", "--config", folder / "my.cnf")
    return ("apply", what, "--db", "mysql", "--yes", "--unchecked", *where)


def _import(folder: Path) -> tuple[str | Path, ...]:
    return ("import", folder / "report", "--output", folder / "conf.d" / "product", "--force")


def _measure(folder: Path) -> tuple[str | Path, ...]:
    return ("measure", "/", "--output", folder / "conf.d" / "product", "--force", "--quiet")


ANYTHING: Final = "*"
"""A product whose text is known from a run without faults."""

SCENARIOS: Final[Mapping[str, Scenario]] = {
    "apply": Scenario(lambda folder: _apply(folder, folder / "fragment"), {}, NAME, B),
    "apply, replacing": Scenario(
        lambda folder: _apply(folder, folder / "fragment"), {NAME: A}, NAME, B
    ),
    "undo": Scenario(lambda folder: _apply(folder, "--undo"), {NAME: A}, NAME, None),
    "undo, restoring": Scenario(
        lambda folder: _apply(folder, "--undo"), {NAME: B, f"{NAME}.before-1": A}, NAME, A
    ),
    "apply as the folder's account, replacing": Scenario(
        lambda folder: _apply(folder, folder / "fragment"), {NAME: A}, NAME, B, ATTACKER_ID
    ),
    "import": Scenario(_import, {}, "product", ANYTHING),
    "import, replacing": Scenario(_import, {"product": OLD}, "product", ANYTHING),
    "measure": Scenario(_measure, {}, "product", ANYTHING),
    "measure, replacing": Scenario(_measure, {"product": OLD}, "product", ANYTHING),
}


@dataclass(frozen=True)
class Stage:
    """A scenario, ready to be run again and again."""

    scenario: Scenario
    folder: Path
    program: Program

    def set(self) -> None:
        """All as it is before the command."""
        written = self.folder / "conf.d"
        for path in written.iterdir():
            path.unlink()
        for name, text in self.scenario.before.items():
            (written / name).write_text(text)
            self.give(written / name)

    def give(self, path: Path) -> None:
        """To the scenario's owner."""
        if self.scenario.owner_id:
            os.chown(path, self.scenario.owner_id, self.scenario.owner_id)

    def run(self, step: int = 0, fate: str = "") -> Ended:
        faults = {"FILE_CALLS_STEP": str(step), "FILE_CALLS_DO": fate} if fate else {}
        return self.program.run_with(faults, *self.scenario.arguments(self.folder))

    def text(self) -> str | None:
        path = self.folder / "conf.d" / self.scenario.file
        return path.read_text() if path.exists() else None

    def names(self) -> list[str]:
        return sorted(os.listdir(self.folder / "conf.d"))

    def left(self) -> list[str]:
        return [name for name in self.names() if LEFT_FOR_THE_NEXT_RUN.fullmatch(name)]


def stage(scenario: Scenario, folder: Path, program: Program) -> Stage:
    """A folder for it, which is made."""
    folder.mkdir()
    (folder / "conf.d").mkdir(mode=0o755)
    (folder / "my.cnf").write_text(f"[mysqld]\n!includedir {folder}/conf.d\n")
    (folder / "fragment").write_text(B)
    (folder / "report").write_bytes((FIXTURES / "pg-18.3.txt").read_bytes())
    made = Stage(scenario, folder, program)
    made.give(folder / "conf.d")
    return made


def fates(call: str, *, all_of_them: bool, step: int) -> Iterator[str]:
    """What may happen to a call; if not all, one errno."""
    errnos = ERRNOS.get(call, (errno.EIO,))
    if all_of_them:
        yield from map(str, errnos)
        yield from ("before", "after")
    else:
        yield str(errnos[step % len(errnos)])


def complaints(stage: Stage, ended: Ended, fate: str, new: str | None) -> list[str]:
    """What is wrong after a fault."""
    wrong = []
    old = stage.scenario.before.get(stage.scenario.file)
    text, left = stage.text(), stage.left()
    lines = [line for line in ended.stderr.splitlines() if _is_refusal(line)]
    if "Traceback" in ended.stderr or "is a fault of" in ended.stderr:
        wrong.append(f"a fault of ours: {ended.stderr[-300:]}")
    if text not in (old, new):
        wrong.append(f"neither the old file nor the new one: {text!r}")
    if fate in ("before", "after"):
        if ended.status != KILLED:
            wrong.append(f"not killed: {ended.status}")
    elif ended.status == 0:
        if text != new:
            wrong.append("it says that all is well, and has not done it")
    elif ended.status not in (1, 2):
        wrong.append(f"exit status {ended.status}")
    elif len(lines) != 1:
        wrong.append(f"{len(lines)} lines: {ended.stderr}")
    elif text != old and not _says_it_is_done(lines[0]):
        wrong.append(f"done, and it says: {lines[0]}")
    elif any(untrue in lines[0] for untrue in UNTRUE):
        wrong.append(f"untrue: {lines[0]}")
    elif text == old != new and _says_it_is_done(lines[0]):
        wrong.append(f"not done, and it says: {lines[0]}")
    if old is not None and old not in _kept(stage):
        wrong.append("the old file is lost")
    if left:
        stage.run()
        if stage.left():
            wrong.append(f"left for good: {stage.left()}")
    return wrong


def _kept(stage: Stage) -> set[str]:
    """All that lies there. What --output replaces is not kept."""
    if stage.scenario.file != NAME:
        return set(filter(None, stage.scenario.before.values()))
    folder = stage.folder / "conf.d"
    return {(folder / name).read_text() for name in stage.names()}


def _is_refusal(line: str) -> bool:
    other = ("fsync-advisor: warning: ", "fsync-advisor: note: ", "fsync-advisor: wrote ")
    return line.startswith("fsync-advisor: ") and not line.startswith(other)


def _says_it_is_done(line: str) -> bool:
    return (
        re.search(r" was (written|removed), but may not survive a power loss: ", line) is not None
    )


def tried(
    name: str, folder: Path, program: Program, *, all_of_them: bool
) -> Iterator[tuple[str, str, Ended, list[str]]]:
    """Each call of a scenario and its fate, how it ended, and what is wrong then."""
    here = stage(SCENARIOS[name], folder, program)
    here.set()
    undisturbed = here.run()
    assert undisturbed.status == 0, undisturbed.stderr
    new = here.text()
    assert here.scenario.new in (new, ANYTHING)
    for step, line in enumerate(undisturbed.calls, start=1):
        call = line.split()[0]
        for fate in fates(call, all_of_them=all_of_them, step=step):
            here.set()
            ended = here.run(step, fate)
            yield line.replace(str(folder), "DIR"), fate, ended, complaints(here, ended, fate, new)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=SCENARIOS)
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory(prefix="fsync-advisor-faults-", dir="/var/tmp") as made:
        room = Path(made)
        room.chmod(0o755)
        for number, name in enumerate([options.only] if options.only else SCENARIOS):
            with killable(compile_file_calls(room), room / str(number)) as program:
                counts: Counter[str] = Counter()
                messages: Counter[str] = Counter()
                calls = set()
                complained = []
                for line, fate, ended, wrong in tried(
                    name, room / str(number), program, all_of_them=True
                ):
                    calls.add(line.split()[0])
                    counts[_kind(fate)] += 1
                    for each in ended.stderr.splitlines():
                        if ended.status and _is_refusal(each):
                            said = each.replace(str(room / str(number)), "DIR")
                            messages[re.sub(r"\.[0-9a-f]{12}\.draft", ".X.draft", said)] += 1
                    for complaint in wrong:
                        complained.append(f"{line}: {_kind(fate)}: {complaint}")
                        print(f"{name}: {complained[-1]}", flush=True)
            found[name] = {
                "calls": sorted(calls),
                "faults": dict(sorted(counts.items())),
                "messages": dict(sorted(messages.items())),
                "complaints": complained,
            }
            print(name, dict(counts), flush=True)
    options.output.write_text(json.dumps(found, indent=2) + "\n")
    sys.exit(any(each["complaints"] for each in found.values()))


def _kind(fate: str) -> str:
    return errno.errorcode[int(fate)] if fate.isdigit() else f"killed {fate}"


if __name__ == "__main__":
    main()
