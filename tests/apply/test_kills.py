"""Killed at each step of writing: the file is the old or the new one, and all goes on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from advisor.servers.config import read_settings
from tests.support.kills import KILLED, Program, killable
from tests.support.paths import FIXTURES, MEASUREMENTS

NAME = "zz-fsync-advisor.cnf"
A, B = (f"# fsync-advisor\n[mysqld]\ninnodb_io_capacity = {n}\n" for n in (1111, 2222))
REPORT = FIXTURES / "pg-18.3.txt"
MEASUREMENT = MEASUREMENTS / "nvme-consumer.json"


@pytest.fixture
def program(file_calls_library: Path, tmp_path: Path) -> Iterator[Program]:
    (tmp_path / "conf.d").mkdir()
    with killable(file_calls_library, tmp_path / "conf.d") as found:
        yield found


class Folder:
    """An included folder, and apply in it."""

    def __init__(self, folder: Path, program: Program) -> None:
        self.main = folder / "my.cnf"
        self.main.write_text(f"[mysqld]\n!includedir {folder}/conf.d\n")
        self.folder = folder / "conf.d"
        self.file = self.folder / NAME
        self.texts = {text: folder / f"{name}.cnf" for name, text in (("a", A), ("b", B))}
        for text, path in self.texts.items():
            path.write_text(text)
        self.program = program

    def apply(self, text: str, kill_at: int = 0) -> int:
        return self._run(self.texts[text], kill_at)

    def undo(self, kill_at: int = 0) -> int:
        return self._run("--undo", kill_at)

    def _run(self, what: str | Path, kill_at: int) -> int:
        where = ("--to", self.folder, "--config", self.main)
        command = ("apply", what, "--db", "mysql", "--yes", "--quiet", "--unchecked", *where)
        return self.program.run(*command, kill_at=kill_at)

    def clear(self) -> None:
        for path in self.folder.iterdir():
            path.unlink()

    def text(self) -> str | None:
        return self.file.read_text() if self.file.exists() else None

    def value_read(self) -> str | None:
        """What a server that starts now gets."""
        found = read_settings("mysql", [self.main])
        assert set(found.files) <= {self.main, self.file}
        entry = found.settings.get("innodb_io_capacity")
        return entry.value if entry else None

    def kept(self) -> set[str]:
        """All that lies there, under whatever name."""
        return {path.read_text() for path in self.folder.iterdir()}


VALUES = {None: None, A: "1111", B: "2222"}


def steps(run: Callable[[int], int]) -> Iterator[int]:
    """1, 2, ... as long as the step is reached."""
    for number in range(1, 100):
        status = run(number)
        if status == 0:
            assert number > 4, "nothing was counted"
            return
        assert status == KILLED
        yield number


@pytest.mark.parametrize("old", [None, A])
def test_apply_killed_at_each_step(tmp_path: Path, program: Program, old: str | None) -> None:
    folder = Folder(tmp_path, program)

    def killed(step: int) -> int:
        folder.clear()
        if old:
            assert folder.apply(old) == 0
        return folder.apply(B, kill_at=step)

    seen = set()
    for _ in steps(killed):
        found = folder.text()
        seen.add(found)
        assert found in (old, B)
        assert folder.value_read() == VALUES[found]
        assert {old} - {None} <= folder.kept()
        if found == B:
            assert folder.undo() == 0
            assert folder.text() == old
        elif found is not None:
            assert folder.undo() == 0
            assert folder.text() is None
        assert folder.apply(B) == 0
        assert folder.text() == B
        assert [path for path in folder.folder.iterdir() if path.suffix == ".draft"] == []
    assert seen == {old, B}


@pytest.mark.parametrize("before", [None, A])
def test_undo_killed_at_each_step(tmp_path: Path, program: Program, before: str | None) -> None:
    folder = Folder(tmp_path, program)

    def killed(step: int) -> int:
        folder.clear()
        for text in (before, B):
            if text:
                assert folder.apply(text) == 0
        return folder.undo(kill_at=step)

    seen = set()
    for number in range(1, 100):
        status = killed(number)
        found = folder.text()
        seen.add(found)
        assert found in (before, B)
        assert folder.value_read() == VALUES[found]
        assert {before, B} - {None} <= folder.kept()
        if found == B:
            assert folder.undo() == 0
        assert folder.text() == before
        assert folder.apply(B) == 0
        assert folder.text() == B
        if status == 0:
            break
        assert status == KILLED
    assert number > 2, "nothing was counted"
    assert seen == {before, B}


WRITERS: dict[str, tuple[tuple[str | Path, ...], str]] = {
    "import": (("import", REPORT, "--quiet"), '"schema_version"'),
    "recommend": (
        ("recommend", "--db", "mysql", "--db-version", "9.7", "--from", MEASUREMENT, "--quiet"),
        "# fsync-advisor",
    ),
}
"""Commands that write a file with --output, and what stands in it."""


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("old", [None, "the old file\n"], ids=["new", "replaced"])
def test_a_product_killed_at_each_step(
    tmp_path: Path, program: Program, name: str, old: str | None
) -> None:
    command, sign = WRITERS[name]
    file = tmp_path / "conf.d" / "product"
    run = (*command, "--output", file, "--force")
    assert program.run(*run) == 0
    new = file.read_text()
    assert sign in new

    def killed(step: int) -> int:
        file.unlink()
        if old:
            file.write_text(old)
        return program.run(*(run if old else run[:-1]), kill_at=step)

    seen = set()
    for _ in steps(killed):
        found = file.read_text() if file.exists() else None
        seen.add(found)
        assert found in (old, new)
        assert program.run(*run) == 0
        assert file.read_text() == new
    assert seen == {old, new}
