"""What files have in them, and are called, steers no terminal and makes no lines of its own."""

import json
from pathlib import Path
from typing import Final

import pytest

from tests.support.command_line import run
from tests.support.paths import MEASUREMENTS

EVIL: Final = "\x1b]0;owned\x07\x1b[2J\r\x9b31m\u202e"
"""A title, an empty screen, a line from its start, colours, and letters from right to left."""


def evil_measurement() -> str:
    measured = json.loads((MEASUREMENTS / "nvme-plp.json").read_text())
    measured["target"]["path"] = f"/{EVIL}\nall is well"
    measured["warnings"] = [f"{EVIL}\nall is well"]
    return json.dumps(measured)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of an evil name, with files of evil names and contents."""
    folder = tmp_path / f"d{EVIL}\nd"
    folder.mkdir()
    (folder / f"m{EVIL}.json").write_text(evil_measurement())
    (folder / f"c{EVIL}.cnf").write_text(
        f"[mysqld]\ninnodb_doublewrite = OFF{EVIL}\nsync_binlog = {EVIL}\nfoo{EVIL} = 1\n{EVIL}\n"
    )
    (folder / f"p{EVIL}.conf").write_text(f"fsync = 'off{EVIL}'\nx{EVIL} = 1\nwork_mem = {EVIL}\n")
    (folder / f"x{EVIL}.txt").write_text(f"{EVIL}\nnothing\n")
    return folder


@pytest.mark.parametrize(
    "command",
    [
        "audit --db mysql --config c",
        "audit --db mariadb --config c --from m",
        "audit --db mysql --config p",
        "audit --db postgresql --config p",
        "audit --db postgresql --config m",
        "audit --db mysql --config absent",
        "recommend --db mysql --from m",
        "recommend --db postgresql --from x",
        "recommend --db postgresql --from absent",
        "capacity --from m",
        "report --from m",
        "report --from absent",
        "compare m m",
        "compare m x",
        "import x",
        "import absent",
        "drift --from m --baseline x",
        "verify --db mysql absent",
        "verify --db mysql m",
        "apply --db mysql x absent",
        "measure absent",
        "fleet report x",
        "fleet report m",
        "rules show absent",
        "absent",
        "measure --absent",
        "audit --db absent",
    ],
)
def test_no_command_lets_it_through(
    command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = {path.name[0]: str(path) for path in folder.iterdir()}
    named["absent"] = f"{folder}/absent{EVIL}"
    words = [named.get(word, word) for word in command.split()]
    words = [f"--absent{EVIL}" if word == "--absent" else word for word in words]
    status, out, err = run(capsys, *words)
    assert status != 70
    html = out.startswith("<!")
    for character in "\x1b\x07\r\x9b\u202e":
        assert character not in out + err
    assert out or err
    assert html or not any(line.startswith("all is well") for line in (out + err).splitlines())
