"""The program's commands and their options, as manual pages and completion scripts need them."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

Completes = Literal["file", "directory", "nothing"]


class OptionNode(NamedTuple):
    """An option or an argument of a command."""

    names: tuple[str, ...]
    """As they are typed, "--db" or "-q"; none for an argument."""
    metavar: str
    """What stands for its value; "" for a flag."""
    help: str
    choices: tuple[str, ...]
    completes: Completes

    @property
    def takes_value(self) -> bool:
        return bool(self.metavar)


class CommandNode(NamedTuple):
    """A command, or a group of some."""

    path: tuple[str, ...]
    """The program's name, then the command's."""
    summary: str
    description: str
    """Paragraphs, an empty line between them."""
    usage: str
    parameters: Sequence[OptionNode]
    commands: Sequence["CommandNode"]
    examples: Sequence[str]
    statuses: Sequence[tuple[int, str]]

    @property
    def options(self) -> list[OptionNode]:
        return [each for each in self.parameters if each.names]

    @property
    def arguments(self) -> list[OptionNode]:
        return [each for each in self.parameters if not each.names]


def nodes(root: CommandNode) -> Iterator[CommandNode]:
    """The command and all below it."""
    yield root
    for command in root.commands:
        yield from nodes(command)
