"""What comments, docstrings and CONTRIBUTING.md name is there for the reader: a file of this
repository, or a public source."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.support.paths import CHECKOUT

FOREIGN: Final = {
    "doc/io-properties-file.md": "github.com/scylladb/seastar",
    "docs/src/postgresql_conf.md": "github.com/cloudnative-pg/cloudnative-pg",
    "fsync_fio.py.md": "github.com/centminmod/centminmod-sysbench, folder scripts",
    "scripts/fsync.py": "github.com/centminmod/centminmod-sysbench",
    "scripts/fsync.py.md": "github.com/centminmod/centminmod-sysbench",
}
"""Files of other projects that are cited -> the project."""

CITED: Final = re.compile(r"(?<![\w./*{-])(\w[\w./-]*\.(?:md|py|toml))(?![\w*}])")
"""A path, alone or within a repository; not what follows a URL's ://, nor a pattern."""

SCRIPTS: Final = sorted(
    path for folder in ("advisor", "tests") for path in (CHECKOUT / folder).rglob("*.py")
)
TABLES: Final = sorted(
    path for folder in ("profiles", "tests") for path in (CHECKOUT / folder).rglob("*.toml")
)
NAMES: Final = {path.name for path in (*SCRIPTS, *TABLES, *CHECKOUT.glob("*.*"))} | {
    path.name for path in (CHECKOUT / "tests").rglob("*.md")
}
"""Files that may be cited by their name alone."""


@cache
def remarks(path: Path) -> tuple[str, ...]:
    """The comments and docstrings of a Python file; the comments of a TOML file."""
    return tuple(_remarks(path))


def _remarks(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".toml":
        yield from (line for line in text.splitlines() if line.startswith("#"))
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node.value.value


def cited(remark: str) -> list[str]:
    """The files that a remark names; URLs are taken to be right."""
    without_urls = re.sub(r"\S+://\S+|\b[\w-]+(?:\.[\w-]+)*\.(?:com|org|io|net)/\S+", "", remark)
    return CITED.findall(without_urls)


def missing(path: Path) -> list[str]:
    """What a file cites that no reader would find."""
    return [
        name
        for remark in remarks(path)
        for name in cited(remark)
        if name not in FOREIGN
        and name not in NAMES
        and not (CHECKOUT / name).is_file()
        and not (path.parent / name).is_file()
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# as settings.md section 2.4 says\n", ["settings.md"]),
        ('"""The table is in docs/reference.md."""\n', ["docs/reference.md"]),
        ('def f():\n    """Held by tests/benchmarks/gone.py."""\n', ["tests/benchmarks/gone.py"]),
        ('X = 1\n"""Measured: measurement.md, 3.7."""\n', ["measurement.md"]),
        ("x = 1  # review.md A2\n", ["review.md"]),
        ("# profiles/storage/gone.toml\n", ["profiles/storage/gone.toml"]),
        ("# as units.py formats it: README.md, advisor/units.py\n", []),
        ("# https://example.com/docs/settings.md, github.com/a/b/blob/main/gone.py\n", []),
        ("# beside.py stands here\n", []),
        ('path = "gone.md"\n', []),
    ],
)
def test_a_citation_that_leads_nowhere_is_seen(tmp_path: Path, text: str, found: list[str]) -> None:
    (tmp_path / "beside.py").touch()
    planted = tmp_path / "planted.py"
    planted.write_text(text)
    assert missing(planted) == found


def test_comments_of_tables_are_read(tmp_path: Path) -> None:
    planted = tmp_path / "planted.toml"
    planted.write_text('# as gone.md says\nsources = ["other.md"]\n')
    assert missing(planted) == ["gone.md"]


def test_files_are_read() -> None:
    assert len(SCRIPTS) > 300
    assert len(TABLES) > 80
    assert any(cited(remark) for path in SCRIPTS for remark in remarks(path))


@pytest.mark.parametrize(
    "path", [*SCRIPTS, *TABLES], ids=lambda path: str(path.relative_to(CHECKOUT))
)
def test_what_is_cited_is_there(path: Path) -> None:
    if path == Path(__file__):
        return  # its own examples lead nowhere
    assert missing(path) == []


def test_no_foreign_file_is_listed_in_vain() -> None:
    named = {name for path in (*SCRIPTS, *TABLES) for part in remarks(path) for name in cited(part)}
    assert FOREIGN.keys() - named == set()


# CONTRIBUTING.md

CONTRIBUTING: Final = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")

ROOMS: Final = ("advisor/", "profiles/", "templates/", "tests/")


def named_paths(text: str) -> list[str]:
    """The paths of this repository in backquotes, each up to its first <placeholder>."""
    named = re.findall(r"`([^`\s]+)`", text)
    return [
        name.partition("<")[0].rpartition("/")[0] + "/" if "<" in name else name
        for name in named
        if name.startswith(ROOMS)
    ]


def gone(text: str) -> list[str]:
    """The named paths that do not exist; a folder's name ends with a slash."""
    return [
        name
        for name in named_paths(text)
        if not ((CHECKOUT / name).is_dir() if name.endswith("/") else (CHECKOUT / name).is_file())
    ]


def test_a_path_that_is_gone_is_seen() -> None:
    text = (
        "| x | `advisor/vendors/mysql.py`, `advisor/gone/`, `profiles/<engine>/<setting>.toml` |\n"
    )
    assert gone(text + "`tests/unit` and `profiles/gone/<setting>.toml`, `as_good`") == [
        "advisor/gone/",
        "tests/unit",
        "profiles/gone/",
    ]


def test_every_path_in_contributing_is_there() -> None:
    assert len(named_paths(CONTRIBUTING)) > 50
    assert gone(CONTRIBUTING) == []


def test_every_room_is_in_contributing() -> None:
    rooms = {
        f"advisor/{path.name}/" for path in (CHECKOUT / "advisor").iterdir() if path.is_dir()
    } | {
        f"advisor/servers/{path.name}/"
        for path in (CHECKOUT / "advisor" / "servers").iterdir()
        if path.is_dir()
    }
    rooms = {room for room in rooms if "__pycache__" not in room}
    assert {room for room in rooms if f"`{room}" not in CONTRIBUTING} == set()
