"""Click's commands -> the tree of which manual pages and completion scripts are made."""

import inspect
import re
from typing import Any, Final

from advisor.help_text import EXAMPLES, command_name, statuses_of
from advisor.output.command_tree import CommandNode, Completes, OptionNode

NAMES: Final = re.compile(r"^(?:--?[\w-]+(?:, | / )?)+ ?")
"""Of an option, which stand before its metavar."""
TYPE: Final = re.compile(r" <[^|>]*>$")
"""What recent releases of Typer show behind an argument."""
CHOICES: Final = re.compile(r"[{<\[]([a-z0-9-]+(?:\|[a-z0-9-]+)+)[]>}]$")


def command_tree(context: Any) -> CommandNode:
    """The whole program, from the context of any of its commands."""
    root = context.find_root()
    return _node(root.command, _context(root, root.command, root.info_name))


def _context(like: Any, command: Any, name: str, parent: Any = None) -> Any:
    """As Click makes one, without arguments."""
    return type(like)(command, info_name=name, parent=parent, **command.context_settings)


def _node(command: Any, context: Any) -> CommandNode:
    path = tuple(context.command_path.split())
    description = inspect.cleandoc(command.help or "")
    below = [
        (each, command.get_command(context, each))
        for each in (command.list_commands(context) if hasattr(command, "list_commands") else [])
    ]
    return CommandNode(
        path=path,
        summary=description.split("\n\n")[0].replace("\n", " ").rstrip("."),
        description=description,
        usage=" ".join([*path, *command.collect_usage_pieces(context)]),
        parameters=[_parameter(each, context) for each in command.get_params(context)],
        commands=[_node(each, _context(context, each, name, context)) for name, each in below],
        examples=EXAMPLES.get(command_name(context.command_path), ()),
        statuses=statuses_of(command_name(context.command_path)),
    )


def _parameter(parameter: Any, context: Any) -> OptionNode:
    """From what the help shows, for that is what all releases of Typer have."""
    is_option = parameter.param_type_name == "option"
    names = (*parameter.opts, *parameter.secondary_opts) if is_option else ()
    shown, help_ = parameter.get_help_record(context) or ("", "")
    metavar = NAMES.sub("", shown) if is_option else TYPE.sub("", shown)
    found = CHOICES.search(shown)
    return OptionNode(
        names=names,
        metavar=metavar,
        help=" ".join(help_.split()),
        choices=tuple(found[1].split("|")) if found else (),
        completes=_completes(metavar),
    )


def _completes(metavar: str) -> Completes:
    words = set(re.findall(r"[A-Z]+", metavar))
    if words & {"FILE", "FRAGMENT", "BASELINE", "PROGRAM"}:
        return "file"
    return "directory" if "DIR" in words else "nothing"
