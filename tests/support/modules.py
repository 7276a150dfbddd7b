"""The modules of advisor/, parsed and not imported: what the laws read."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.paths import CHECKOUT


@dataclass(frozen=True)
class Module:
    """One file of the package, read."""

    name: str
    tree: ast.Module

    def lies_in(self, rooms: Iterable[str]) -> bool:
        return any(self.name == room or self.name.startswith(f"{room}.") for room in rooms)

    def imports(self) -> Iterator[str]:
        """The dotted names of all it imports, wherever the import stands."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name} has a relative import"
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def imports_package(self, *packages: str) -> list[str]:
        return sorted({name for name in self.imports() if name.split(".")[0] in packages})

    def calls(self) -> Iterator[ast.Call]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))

    def texts(self) -> Iterator[str]:
        """Its string constants, without the docstrings of anything."""
        statements = (node for node in ast.walk(self.tree) if isinstance(node, ast.Expr))
        docstrings = {id(statement.value) for statement in statements}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and id(node) not in docstrings:
                yield from [node.value] if isinstance(node.value, str) else []


def read_modules(root: Path) -> dict[str, Module]:
    modules = {}
    for path in sorted((root / "advisor").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        modules[name] = Module(name, ast.parse(path.read_text(encoding="utf-8"), str(path)))
    return modules


MODULES: Final = read_modules(CHECKOUT)


def modules_outside(*rooms: str) -> list[Module]:
    return [module for module in MODULES.values() if not module.lies_in(rooms)]


def modules_in(*rooms: str) -> list[Module]:
    return [module for module in MODULES.values() if module.lies_in(rooms)]
