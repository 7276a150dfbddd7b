"""The laws about names: a server is known in one place, a public name means one thing, and no loop
variable is called `one`."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

import pytest

from tests.support.modules import MODULES, Module, modules_outside

# Outside advisor/vendors/ nothing compares a vendor, or keeps a table of vendors

VENDOR_WORDS: Final = frozenset(
    {"innodb", "mariadb", "mariadbd", "mysql", "mysqld", "percona", "postgres", "postgresql"}
)
"""How servers are called on the command line, in JSON, by their engines and their programs."""

VENDOR_MODULES: Final = tuple(
    f"advisor.vendors.{name}" for name in ("mariadb", "mysql", "postgresql")
)

TEXT_TESTS: Final = frozenset(
    {"startswith", "endswith", "removeprefix", "removesuffix", "find", "index", "count"}
    | {"partition", "rpartition", "replace", "split", "match", "search", "fullmatch"}
)
"""Methods that ask a text for a part of it, or the functions of `re`."""


def words_of(text: str) -> set[str]:
    """The words of a text or a pattern in lower case; a setting's whole name is one word."""
    plain = re.sub(r"\\[A-Za-z]", " ", text).casefold()
    return {word.strip("_") for word in re.split(r"[^a-z0-9_]+", plain)} - {""}


def names_only_vendors(text: str) -> bool:
    words = words_of(text)
    return bool(words) and words <= VENDOR_WORDS


def mentions_vendor(text: str) -> bool:
    return not words_of(text).isdisjoint(VENDOR_WORDS)


def strings_in(*nodes: ast.AST) -> Iterator[str]:
    for node in nodes:
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.value


def compared(node: ast.AST) -> Iterator[str]:
    """The literals that a comparison, a case or a test of a text holds something against."""
    if isinstance(node, ast.Compare):
        yield from strings_in(node.left, *node.comparators)
    elif isinstance(node, ast.MatchValue):
        yield from strings_in(node.value)
    elif isinstance(node, ast.MatchMapping):
        yield from strings_in(*node.keys)
    elif (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in TEXT_TESTS
    ):
        yield from strings_in(*node.args)


def vendor_breaches(module: Module) -> list[str]:
    """Where a module decides by a vendor: a literal, a table, or one vendor's own class."""
    found = [f"imports {name}" for name in module.imports() if is_one_vendors(name)]
    found += [f"names {text!r}" for text in module.texts() if names_only_vendors(text)]
    for node in ast.walk(module.tree):
        found += [
            f"line {getattr(node, 'lineno', 0)} asks for {text!r}"
            for text in compared(node)
            if mentions_vendor(text)
        ]
        if isinstance(node, ast.keyword) and names_only_vendors(node.arg or ""):
            found.append(f"line {node.lineno} has {node.arg}=")
    return found


def is_one_vendors(name: str) -> bool:
    """Whether what is imported is one vendor's file, or is in it."""
    return any(name == file or name.startswith(f"{file}.") for file in VENDOR_MODULES)


@pytest.mark.parametrize(
    "text",
    [
        'if vendor == "mysql": pass',
        'if "mariadb" != vendor: pass',
        'if vendor in ("mysql", "mariadb"): pass',
        'if vendor not in {"postgresql"}: pass',
        'ours = vendor.title == "MariaDB"',
        'ours = engine == "innodb"',
        'ours = "MariaDB" in version_text',
        'match vendor:\n    case "mysql":\n        pass',
        'match vendor:\n    case "mysql" | "mariadb":\n        pass',
        'match found:\n    case {"mysql": _}:\n        pass',
        'TITLES = {"mysql": "MySQL", "mariadb": "MariaDB"}',
        'PORTS = {"mysqld": 3306, "postgres": 5432}',
        'ours = {"mysql"}',
        'ORDER = ("postgresql", "mysql")',
        'ROWS = [("innodb", 1)]',
        'TITLES = dict(mysql="My", mariadb="Maria")',
        'NAMES = "mysql mariadb postgresql".split()',
        'METAVAR = "[mysql|mariadb|postgresql]"',
        'Name = Literal["mysql", "mariadb"]',
        'server = VENDORS["postgresql"]',
        'server = VENDORS.get("postgresql")',
        'MYSQL = "mysql"\nif vendor == MYSQL: pass',
        'text = f"{version} of MariaDB"\nours = f"{vendor}" == "my" "sql"',
        'ours = path.endswith("mysql-binary-log")',
        'ours = kind == "mysql-binary-log"',
        'ours = kind.startswith("innodb_")',
        'ours = re.search(r"\\bMariaDB\\b", banner)',
        "from advisor.vendors.mysql import MySQL\nours = isinstance(vendor, MySQL)",
        "from advisor.vendors import postgresql",
        "import advisor.vendors.mariadb",
    ],
)
def test_a_decision_by_vendor_is_seen(text: str) -> None:
    assert vendor_breaches(Module("planted", ast.parse(text))) != []


@pytest.mark.parametrize(
    "text",
    [
        "server = VENDORS[vendor]",
        "if vendor.has_binary_log: pass",
        'if setting == "innodb_doublewrite": pass',
        'ROOM = {"innodb_io_capacity": 200}',
        '"""What mysql does."""',
        'HELP = "postgresql://, mysql:// or mariadb://: the server"',
        "sizes = {name: 1 for name in VENDORS}\nimport pymysql",
        "from advisor.vendors import option_files",
    ],
)
def test_asking_the_registry_is_no_decision_by_vendor(text: str) -> None:
    assert vendor_breaches(Module("planted", ast.parse(text))) == []


@pytest.mark.parametrize(
    "module", modules_outside("advisor.vendors"), ids=lambda module: module.name
)
def test_only_vendors_knows_one_server_from_another(module: Module) -> None:
    assert vendor_breaches(module) == []


# A public name means one thing


def public_types(module: Module) -> set[str]:
    """Its public classes and type aliases: what is defined in it and written LikeThis."""
    names: set[str] = set()
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif type(node).__name__ == "TypeAlias":  # type X = ..., since Python 3.12
            names.add(ast.unparse(node).split()[1].partition("[")[0])
    return {name for name in names if name[0].isupper() and not name.isupper()}


def shared_names(modules: Iterable[Module]) -> dict[str, set[str]]:
    """Public type -> the modules that define one of that name, where these are several."""
    places: dict[str, set[str]] = defaultdict(set)
    for module in modules:
        for name in public_types(module):
            places[name].add(module.name)
    return {name: found for name, found in places.items() if len(found) > 1}


def test_a_name_that_two_modules_define_is_seen() -> None:
    texts = {
        "a": "class Drive: pass\nclass _Own: pass\nLIMIT = 1\nT = TypeVar('T')",
        "b": "Drive = tuple[str, int]\nclass _Own: pass\nLIMIT = 2\nT = TypeVar('T')",
        "c": "from a import Drive\nclass Host:\n    Drive = 1\nEngine: TypeAlias = str",
        "d": "class Engine(str): pass",
    }
    modules = [Module(name, ast.parse(text)) for name, text in texts.items()]
    assert shared_names(modules) == {"Drive": {"a", "b"}, "Engine": {"c", "d"}}


def test_no_two_public_types_share_a_name() -> None:
    assert shared_names(MODULES.values()) == {}


# No loop variable is called `one`


def variables_called_one(tree: ast.AST) -> list[int]:
    """The lines in which a loop, a comprehension or a lambda has a variable of that name."""
    targets: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            targets += [name for name in ast.walk(node.target) if isinstance(name, ast.Name)]
        elif isinstance(node, ast.Lambda):
            targets += [part for part in ast.walk(node.args) if isinstance(part, ast.arg)]
    return [
        target.lineno
        for target in targets
        if isinstance(target, ast.Name | ast.arg)
        and (target.id if isinstance(target, ast.Name) else target.arg) == "one"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "for one in found: pass",
        "for number, (one, two) in found: pass",
        "names = [one.name for one in found]",
        "names = {one for group in found for one in group}",
        "names = {one: 1 for one in found}",
        "total = sum(one for one in found)",
        "found.sort(key=lambda one: one.name)",
        "found.sort(key=lambda *one: one)",
        "async def f():\n    async for one in found: pass",
    ],
)
def test_a_variable_called_one_is_seen(text: str) -> None:
    assert variables_called_one(ast.parse(text)) != []


def test_one_may_be_a_value() -> None:
    assert variables_called_one(ast.parse("one = 1\nfor each in found: print(one)")) == []


@pytest.mark.parametrize("module", MODULES.values(), ids=lambda module: module.name)
def test_no_variable_is_called_one(module: Module) -> None:
    assert variables_called_one(module.tree) == []
