"""The words that a person reads, in profiles, templates and the texts of advisor: no construction
that reads as translated."""

import ast
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
import tomli

from tests.support.modules import MODULES
from tests.support.paths import CHECKOUT

BANNED: Final = {
    'a value set before its sentence, like "Off, a power loss can"': re.compile(
        r"(?:^|[.:;] )(?:on|off), ", re.IGNORECASE
    ),
    "carries; say sustains": re.compile(r"\bcarries\b", re.IGNORECASE),
    "spares; say saves": re.compile(r"\bspar(?:es|ed)\b|\bto spare\b", re.IGNORECASE),
    "grave; say severe": re.compile(r"\bgrave(?:ly)?\b", re.IGNORECASE),
    "brings; say saves or adds": re.compile(r"\b(?:brings|would bring)\b", re.IGNORECASE),
    "price; say cost": re.compile(r"\bprice[sd]?\b", re.IGNORECASE),
    "whom": re.compile(r"\bwhom\b", re.IGNORECASE),
    "keeps nothing; say is not durable": re.compile(r"\bkeeps? nothing\b", re.IGNORECASE),
    "is so already; say already up to date": re.compile(r"\bis so already\b", re.IGNORECASE),
    "nothing says; ask instead": re.compile(r"\bnothing says\b", re.IGNORECASE),
    "more than nothing; say greater than 0": re.compile(r"\bmore than nothing\b", re.IGNORECASE),
    "by nothing but; say only by": re.compile(r"\b(?:by|if) nothing but\b", re.IGNORECASE),
    "fault with it; say all checks passed": re.compile(r"\bfault with it\b", re.IGNORECASE),
}
"""What to say instead -> what is refused."""

KEYS: Final = frozenset({"price"})
"""Names in JSON, which never change."""


def faults(text: str) -> Iterator[str]:
    plain = " ".join(text.split())
    for why, banned in BANNED.items():
        if plain not in KEYS and (found := banned.search(plain)):
            yield f"{found[0].strip()!r} in {plain[:90]!r} ({why})"


def texts_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of every string that is no docstring; what an f-string puts in is {}."""
    for field in ast.iter_child_nodes(tree):
        if isinstance(field, ast.Expr) and isinstance(field.value, ast.Constant):
            continue
        if isinstance(field, ast.Constant) and isinstance(field.value, str):
            yield field.lineno, field.value
        if isinstance(field, ast.JoinedStr):
            parts = [p.value if isinstance(p, ast.Constant) else "{}" for p in field.values]
            yield field.lineno, "".join(map(str, parts))
            for part in field.values:
                if isinstance(part, ast.FormattedValue):
                    yield from texts_of(part)
        else:
            yield from texts_of(field)


def values_of(value: Any) -> Iterator[str]:
    """Every text in parsed TOML."""
    if isinstance(value, str):
        yield value
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from values_of(part)


def test_texts_of_the_program_say_it_plainly() -> None:
    assert [
        f"{module.name}:{line}: {fault}"
        for module in MODULES.values()
        for line, text in texts_of(module.tree)
        for fault in faults(text)
    ] == []


def test_profiles_say_it_plainly() -> None:
    files = sorted((CHECKOUT / "profiles").rglob("*.toml"))
    assert len(files) > 60
    assert [
        f"{path.relative_to(CHECKOUT)}: {fault}"
        for path in files
        for text in values_of(tomli.loads(path.read_text(encoding="utf-8")))
        for fault in faults(text)
    ] == []


def test_templates_say_it_plainly() -> None:
    files = sorted((CHECKOUT / "templates").rglob("*.j2"))
    assert len(files) > 10
    assert [
        f"{path.relative_to(CHECKOUT)}:{number}: {fault}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for fault in faults(line.lstrip("# "))
    ] == []


@pytest.mark.parametrize(
    "text",
    [
        "Off, a power loss can leave a database that cannot be repaired.",
        "It is for tests. ON, the server asks for no flush.",
        "the drive carries 40 commits/s",
        "More than 16 MB spares large transactions some writes",
        "An SSD has no seeks to spare",
        "2 findings at least as grave as note",
        "what a lower durability would bring",
        "brings: a commit no longer waits",
        "Durability and its price",
        "the account, for whom it is",
        "a drive that keeps nothing",
        "the line is so already",
        "nothing says of which vendor the server is",
        "--memory '0' must be more than nothing",
        "limited by nothing but their number",
        "if nothing but syncs took time",
        "no check found fault with it",
    ],
)
def test_what_reads_as_translated_is_noticed(text: str) -> None:
    assert len(list(faults(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "With off, commits are lost",
        "from PostgreSQL 14 on, checkpoints are spread",
        "synchronous_commit is on, and commits wait",
        "saves 12 ms",
        "price",
    ],
)
def test_plain_words_are_let_through(text: str) -> None:
    assert list(faults(text)) == []


def test_only_docstrings_are_left_out() -> None:
    source = '''"""The price."""
x = f"{a['whom']} {b} is grave"
def f():
    """Brings."""
    return g("spares")
'''
    assert list(texts_of(ast.parse(source))) == [
        (2, "{} {} is grave"),
        (2, "whom"),
        (5, "spares"),
    ]
