"""The commands of README.md files run, their transcripts are what the program prints, and their
links lead somewhere."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from tests.benchmarks.capacity_accuracy import report as accuracy
from tests.package.install_roots import README_LINES, VENV
from tests.powercut.configurations import STARTED, Configuration
from tests.powercut.results import load as load_power_cuts
from tests.servers.harness import server_of
from tests.servers.provision import SERVERS
from tests.servers.test_verify import program_of
from tests.support.paths import CHECKOUT

README: Final = CHECKOUT / "README.md"
READMES: Final = (
    README,
    *sorted(
        path
        for folder in ("advisor", "profiles", "tests")
        for path in (CHECKOUT / folder).rglob("README.md")
    ),
)
RUN_ELSEWHERE: Final = (*README_LINES, "tests/run")
"""install_roots.py installs; this is tests/run."""
NEEDS_SERVER: Final = ("fsync-advisor verify", "fsync-advisor apply")
SERVER: Final = "postgresql-18"
STATUSES: Final = {
    "fsync-advisor verify --db postgresql wrong.conf": 1,
    "fsync-advisor fleet report tests/golden/measurements/*.json --format html"
    " --output fleet.html": 3,
}
"""Exit statuses other than 0."""
LINES_AT_MOST: Final = 220


@dataclass
class Command:
    """A command of a README, and the lines shown below it."""

    text: str
    shown: list[str] = field(default_factory=list)


def all_commands(text: str) -> list[Command]:
    """Those of its console blocks; one whose line ends with && goes on in the next."""
    found: list[Command] = []
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Command(line.removeprefix("$ ")))
            elif found[-1].text.endswith("&&"):
                found[-1].text += f" {line.strip()}"
            else:
                found[-1].shown.append(line)
    return found


def commands(text: str) -> list[Command]:
    """Those that are run here."""
    return [one for one in all_commands(text) if not one.text.startswith(RUN_ELSEWHERE)]


@dataclass(frozen=True)
class Host:
    """A folder with what the commands read, and another that stands for /etc/postgresql/."""

    folder: Path
    etc: Path
    environment: dict[str, str]
    has_server: bool

    def run(self, command: Command) -> "subprocess.CompletedProcess[str]":
        """The command, with the release of a server and this folder taken out of its output."""
        etc = f"{self.etc}/"
        done = subprocess.run(
            command.text.replace("/etc/postgresql/", etc),
            shell=True,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        for shown in (etc, etc.replace("_", r"\_")):  # a temporary name may have a "_"
            done.stdout = done.stdout.replace(shown, "/etc/postgresql/")
        return done


CLUSTERS: Final = {
    "18": "shared_buffers = 128MB\nmax_wal_size = 1GB\ninclude_dir = 'conf.d'\n",
    "15": "fsync = off\nsynchronous_commit = off\n",
}
"""Version -> its postgresql.conf below /etc/postgresql/."""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    for folder in ("tests/golden/measurements", "tests/importers/fixtures"):
        shutil.copytree(CHECKOUT / folder, tmp_path / folder)
    with server_program() as (program, places):
        etc = (places or tmp_path) / "postgresql"
        for version, text in CLUSTERS.items():
            cluster = etc / version / "main"
            (cluster / "conf.d").mkdir(parents=True)
            (cluster / "postgresql.conf").write_text(text)
        programs = [sys.executable, *([str(program)] if program else [])]
        path = os.pathsep.join([*(str(Path(each).parent) for each in programs), os.environ["PATH"]])
        environment = {**os.environ, "PATH": path}
        if places is not None:
            environment["TMPDIR"] = str(places)
        yield Host(tmp_path, etc, environment, program is not None)


@contextmanager
def server_program() -> Iterator[tuple[Path | None, Path | None]]:
    """A server that any account can start, if there is one, and a folder that any can read."""
    (row,) = (row for row in SERVERS if row.name == SERVER)
    server = server_of(row)
    if server is None:
        yield None, None
        return
    with program_of(server) as found:
        yield found


def without_release(lines: list[str]) -> list[str]:
    return [re.sub(r"(PostgreSQL 18)\.\d+", r"\1.x", line) for line in lines]


@pytest.mark.parametrize("readme", READMES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_commands_run_and_print_what_is_shown(
    readme: Path, host: Host, update_golden: bool
) -> None:
    text = readme.read_text()
    wrong: list[object] = []
    for command in commands(text):
        if command.text.startswith(NEEDS_SERVER) and not host.has_server:
            continue
        done = host.run(command)
        printed = done.stdout.splitlines()
        if done.returncode != STATUSES.get(command.text, 0):
            wrong.append((command.text, done.returncode, done.stderr))
        elif update_golden and is_transcript(command, text):
            stored, fresh = (
                "\n".join([f"$ {command.text}", *lines]) for lines in (command.shown, printed)
            )
            text = text.replace(stored, fresh)
        elif command.shown and without_release(printed) != without_release(command.shown):
            wrong.append((command.text, printed, command.shown))
    if update_golden:
        readme.write_text(text)
    assert wrong == []


def is_transcript(command: Command, text: str) -> bool:
    """What is shown below it, or is yet to be: it is the only command of its block."""
    return bool(command.shown) or f"```console\n$ {command.text}\n```" in text


def test_there_are_commands_to_run() -> None:
    found = [command for readme in READMES for command in commands(readme.read_text())]
    assert len(found) > 30
    assert sum(bool(command.shown) for command in found) >= 10
    assert [one.text[:20] for one in commands("```console\n$ tests/run\n$ true\n1\n```")] == [
        "true"
    ]


def test_the_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) <= LINES_AT_MOST


def links(text: str) -> list[str]:
    """Where the links of a Markdown text lead, beside those to other hosts."""
    found = re.findall(r"\]\(([^)\s]+)\)", text)
    return [link for link in found if not re.match(r"\w+://", link)]


@pytest.mark.parametrize(
    "document",
    [*READMES, CHECKOUT / "CONTRIBUTING.md"],
    ids=lambda path: str(path.relative_to(CHECKOUT)),
)
def test_links_lead_to_files(document: Path) -> None:
    dead = [link for link in links(document.read_text()) if not (document.parent / link).exists()]
    assert dead == []


def test_a_dead_link_is_seen() -> None:
    text = "[a](gone.md), [b](https://example.com/), ![c](d.svg), `[[rule]]` (no link)"
    assert links(text) == ["gone.md", "d.svg"]


def test_every_readme_can_be_reached_from_the_first() -> None:
    seen, found = set(), {README}
    while found:
        document = found.pop()
        seen.add(document)
        linked = {(document.parent / link).resolve() for link in links(document.read_text())}
        found |= {each for each in linked if each.suffix == ".md"} - seen
    assert set(READMES) - seen == set()


def test_the_first_line_of_the_readme_installs_and_does_the_main_job() -> None:
    first = all_commands(README.read_text())[0].text
    assert (first,) == VENV.lines
    assert first.startswith("apt-get update && apt-get install -y python3-venv && ")
    assert first.endswith(" && fsync-advisor recommend --db mysql")


def test_what_installs_is_what_was_tried_in_fresh_roots() -> None:
    told = [command.text for command in all_commands(README.read_text())]
    installing = [text for text in told if re.search(r"install |\.pyz|\.ci/", text)]
    assert sorted(set(installing)) == sorted(README_LINES)


# The figures under "Proofs"


def proof(about: str) -> str:
    """The line of the table."""
    (line,) = (
        line
        for line in README.read_text().splitlines()
        if line.startswith("|") and f"({about})" in line
    )
    return line


def test_the_power_cuts_of_the_proofs_are_the_stored_ones() -> None:
    stored = load_power_cuts()
    cuts = [
        run["power cut"]["lost"]
        for section in ("servers", "volatile")
        for server in STARTED
        for run in stored[section][Configuration(server).name]
    ]
    figure = f"{sum(map(sum, cuts))} lost in {sum(map(len, cuts))} power cuts of four servers"
    assert figure in proof("tests/powercut/README.md")
    assert len(STARTED) == 4


def test_the_error_of_the_proofs_is_that_of_the_stored_results() -> None:
    cells = accuracy.judged(json.loads(accuracy.RESULTS.read_text()))
    (row,) = (line for line in accuracy.table(cells).splitlines() if line.startswith("| **all**"))
    _, _, count, error, _, _, _, _ = row.split("|")
    figure = f"median error {error.strip()} over {count.strip()} measured cases"
    assert figure in proof("tests/benchmarks/capacity_accuracy/README.md")


def test_the_values_of_the_proofs_are_those_of_the_table() -> None:
    text = (CHECKOUT / "tests" / "servers" / "README.md").read_text()
    rows = re.findall(r"^\| [\w .]+ \| [\w.]+ \| (\d+) \| \d+ \| (\d+) \|$", text, re.MULTILINE)
    starts, values = (sum(int(row[index]) for row in rows) for index in (0, 1))
    figure = f"{values:,} values read back in {starts} starts of {len(rows)} versions"
    assert figure in proof("tests/servers/README.md")
    assert len(rows) == len(SERVERS)


def test_the_golden_files_of_the_proofs_are_counted() -> None:
    golden = CHECKOUT / "tests" / "golden"
    folders = ("capacity", "comparisons", "forms", "fragments", "reports")
    count = sum(len(list((golden / folder).iterdir())) for folder in folders)
    assert f"| {count} stored outputs, " in proof("tests/golden")
