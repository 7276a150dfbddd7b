"""What an attacker plants while root works, tried again and again: who wins the race.

    python -m tests.security.races [--tries N] [--output FILE]

tries each race 1000 times and stores how often the attacker won in tests/security/races.json.
"""

import argparse
import io
import json
import os
import signal
import stat
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, NoReturn
from unittest import mock

from advisor.cli import main as command_line
from tests.security.attacker import ATTACKER_ID, as_attacker, attacking, exchange
from tests.support.paths import CHECKOUT, FIXTURES

TRIES: Final = 1000
HANG_S: Final = 5
SECRET: Final = "what-only-root-may-read"
NAME: Final = "zz-fsync-advisor.cnf"
OURS: Final = "# fsync-advisor\n[mysqld]\ninnodb_io_capacity = 500\n"
REPORT: Final = FIXTURES / "pg-18.3.txt"
RESULTS: Final = CHECKOUT / "tests" / "security" / "races.json"


@dataclass(frozen=True)
class Ground:
    """Where root and the attacker meet."""

    folder: Path
    """Root's, and everybody may look."""

    @property
    def theirs(self) -> Path:
        """The attacker's, as a database's account has one."""
        return self.folder / "theirs"

    @property
    def roots(self) -> Path:
        """Where only root may write."""
        return self.folder / "roots"

    @property
    def secret(self) -> Path:
        """What only root may read."""
        return self.folder / "secret"

    @property
    def conf_d(self) -> Path:
        return self.theirs / "conf.d"

    def main(self) -> Path:
        """The configuration, which is root's."""
        path = self.folder / "my.cnf"
        path.write_text(f"[mysqld]\n!includedir {self.conf_d}\n")
        return path

    def apply(self, *what: str | Path, to: Path | None = None) -> tuple[int, str]:
        where = ("--to", to or self.conf_d, "--config", self.main())
        return run("apply", "--db", "mysql", "--unchecked", *where, *what)


@contextmanager
def ground() -> Iterator[Ground]:
    """A new one, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="fsync-advisor-attack-", dir="/var/tmp") as folder:
        found = Ground(Path(folder))
        found.folder.chmod(0o755)
        found.roots.mkdir(mode=0o755)
        found.secret.write_text(f"{SECRET}\n")
        found.secret.chmod(0o600)
        found.theirs.mkdir(mode=0o755)
        os.chown(found.theirs, ATTACKER_ID, ATTACKER_ID)
        as_attacker(lambda: found.conf_d.mkdir(mode=0o755))
        (found.folder / "fragment.cnf").write_text(OURS)
        yield found


class HangError(BaseException):
    """The command did not end by itself."""


@contextmanager
def _ending(hung: list[bool]) -> Iterator[None]:
    def hang(*_: object) -> NoReturn:
        hung.append(True)
        raise HangError

    before = signal.signal(signal.SIGALRM, hang)
    signal.alarm(HANG_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run(*arguments: str | Path) -> tuple[int, str]:
    """Exit status of the command as root, and all it said; -1 and "" for one that hangs."""
    said, hung = io.StringIO(), list[bool]()
    with ExitStack() as stack:
        for module in ("advisor.commands.apply", "advisor.servers.installed.detect"):
            stack.enter_context(mock.patch(f"{module}.find_installed", return_value=None))
        stack.enter_context(redirect_stdout(said))
        stack.enter_context(redirect_stderr(said))
        try:
            with _ending(hung):
                command_line([str(each) for each in arguments])
        except SystemExit as end:
            return (-1, "") if hung else (int(end.code or 0), said.getvalue())
    raise AssertionError("the command line ends by SystemExit")


# The races: each says, try by try, what the attacker won ("" for nothing) and root's exit status.


Tried = Iterator[tuple[str, int]]


def folder_becomes_a_link(place: Ground, tries: int) -> Tried:
    """Point 1: the folder that root writes in is exchanged with a link to one of root's."""
    link = place.theirs / "link"
    as_attacker(lambda: link.symlink_to(place.roots))
    fragment = place.folder / "fragment.cnf"
    with attacking(lambda: exchange(place.conf_d, link)):
        for number in range(tries):
            fragment.write_text(f"{OURS}# {number}\ninnodb_io_capacity_max = {5000 + number}\n")
            status, _ = place.apply(fragment, "--yes")
            yield _won_in(place.roots), status


def backup_becomes_a_link(place: Ground, tries: int) -> Tried:
    """Point 12: what --undo shows and puts back becomes a link to what only root may read.

    That the attacker's own file is a link in the end is no win: its folder is its own.
    """
    ours, backup = (place.conf_d / f"{NAME}{ending}" for ending in ("", ".before-9"))
    link = place.conf_d / "link"
    as_attacker(lambda: link.symlink_to(place.secret))
    as_attacker(lambda: _plant(backup))

    def attack() -> None:
        exchange(backup, link)
        if not ours.exists():
            ours.write_text(OURS)

    with attacking(attack):
        for _ in range(tries):
            with suppress(OSError):
                ours.write_text(f"{OURS}# as it was\n")
                os.chown(ours, ATTACKER_ID, ATTACKER_ID)
            status, said = place.apply("--undo", "--diff", "--yes")
            yield "the secret is shown" if SECRET in said else _is_copied(ours), status
            as_attacker(lambda: _plant(backup))


def _plant(path: Path) -> None:
    """A file of the attacker's, where there is none."""
    with suppress(OSError):
        if not os.path.lexists(path):
            path.write_text(OURS)


def _is_copied(path: Path) -> str:
    try:
        found = path.lstat()
        if stat.S_ISREG(found.st_mode) and SECRET in path.read_text():
            return "the secret is put in the file's place"
        return (
            "root's link is put in the file's place"
            if found.st_uid == 0 and stat.S_ISLNK(found.st_mode)
            else ""
        )
    except OSError:
        return ""


def our_file_becomes_a_pipe(place: Ground, tries: int) -> Tried:
    """Point 12: our file is exchanged with a named pipe, which nobody ever writes to."""
    ours, pipe = place.conf_d / NAME, place.conf_d / "pipe"
    as_attacker(lambda: os.mkfifo(pipe, 0o644))
    as_attacker(lambda: _plant(ours))
    fragment = place.folder / "fragment.cnf"
    fragment.write_text(f"{OURS}innodb_io_capacity_max = 5000\n")
    with attacking(lambda: exchange(ours, pipe)):
        for _ in range(tries):
            status, _ = place.apply(fragment, "--dry-run")
            yield "", status


def outputs_folder_becomes_a_link(place: Ground, tries: int) -> Tried:
    """Points 1 and 6: the folder of --output is exchanged with a link to one of root's."""
    link = place.theirs / "link"
    as_attacker(lambda: link.symlink_to(place.roots))
    with attacking(lambda: exchange(place.conf_d, link)):
        for _ in range(tries):
            status, _ = run("import", REPORT, "--output", place.conf_d / "product", "--force")
            yield _won_in(place.roots), status


def old_output_is_exchanged(place: Ground, tries: int) -> Tried:
    """Point 6: in a folder like /tmp the old file is anybody's, and set-user-id."""
    sticky = place.folder / "sticky"
    sticky.mkdir()
    sticky.chmod(0o1777)
    product, others = sticky / "product", [sticky / name for name in ("pipe", "link")]
    untouched = place.roots / "untouched"
    untouched.write_text("as it was\n")

    def plant() -> None:
        with suppress(OSError):
            if not os.path.lexists(product):
                product.write_text("planted\n")
                product.chmod(0o4777)
        for other in others:
            with suppress(OSError):
                if other.name == "pipe":
                    os.mkfifo(other)
                else:
                    other.symlink_to(untouched)

    def attack() -> None:
        for other in others:
            exchange(product, other)

    as_attacker(plant)
    with attacking(attack):
        for _ in range(tries):
            status, _ = run("import", REPORT, "--output", product, "--force")
            won = "" if untouched.read_text() == "as it was\n" else "the link was followed"
            for name in os.listdir(sticky):
                with suppress(OSError):
                    found = (sticky / name).lstat()
                    if found.st_uid == 0:
                        bad = found.st_mode & 0o7022 and stat.S_ISREG(found.st_mode)
                        won = won or (f"root's file is {found.st_mode:o}" if bad else "")
                        (sticky / name).unlink()
            yield won, status
            as_attacker(plant)


def _won_in(folder: Path) -> str:
    """What root has put into a folder of its own for the attacker; that is cleared."""
    names = sorted(os.listdir(folder))
    for name in names:
        with suppress(OSError):
            (folder / name).unlink()
    return f"root writes {names[0].split('.')[0] or 'a draft'} where only root may" if names else ""


RACES: Final[Mapping[str, Callable[[Ground, int], Tried]]] = {
    race.__name__: race
    for race in (
        folder_becomes_a_link,
        backup_becomes_a_link,
        our_file_becomes_a_pipe,
        outputs_folder_becomes_a_link,
        old_output_is_exchanged,
    )
}


@dataclass(frozen=True)
class Outcome:
    """So many tries of one race."""

    tries: int
    done: int
    """How often root's command did what it was told to."""
    won: Mapping[str, int]
    """What the attacker won -> how often."""


def raced(name: str, tries: int) -> Outcome:
    """A race tried so often; ended at the third hang."""
    found: Counter[str] = Counter()
    done = made = 0
    with ground() as place:
        for what, status in RACES[name](place, tries):
            made += 1
            done += status == 0
            if what or status < 0:
                found[what or "it hangs"] += 1
            if found["it hangs"] > 2:
                break
    return Outcome(made, done, dict(sorted(found.items())))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=TRIES)
    parser.add_argument("--only", choices=RACES)
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    found = {}
    for name in [options.only] if options.only else RACES:
        found[name] = asdict(raced(name, options.tries))
        print(name, found[name], flush=True)
    options.output.write_text(json.dumps(found, indent=2) + "\n")
    sys.exit(any(race["won"] for race in found.values()))


if __name__ == "__main__":
    main()
