"""Completion for zsh."""

from collections.abc import Iterator
from typing import Final

from advisor.output.command_tree import CommandNode, OptionNode, nodes

HEAD: Final = """\
#compdef fsync-advisor
# zsh completion of fsync-advisor; written by: fsync-advisor completion zsh
"""
TAIL: Final = """
if [[ $funcstack[1] == _fsync-advisor ]]; then
    _fsync_advisor "$@"
else
    compdef _fsync_advisor fsync-advisor
fi
"""


def zsh_script(root: CommandNode) -> str:
    """A function for each command."""
    return "".join([HEAD, *(_function(node) for node in nodes(root)), TAIL])


def _name(node: CommandNode) -> str:
    return "_".join(["_fsync_advisor", *node.path[1:]]).replace("-", "_")


def _function(node: CommandNode) -> str:
    specs = [*(spec for option in node.options for spec in _option(option))]
    if node.commands:
        specs += ["'1: :->command'", "'*:: :->rest'"]
    else:
        specs += [_argument(argument) for argument in node.arguments]
    lines = [f"\n{_name(node)}() {{", "    local curcontext=$curcontext state line"]
    lines.append("    _arguments -C -s \\")
    lines += [f"        {spec} \\" for spec in specs[:-1]]
    lines.append(f"        {specs[-1]}")
    if node.commands:
        lines += list(_dispatch(node))
    return "\n".join([*lines, "}", ""])


def _dispatch(node: CommandNode) -> Iterator[str]:
    yield "    case $state in"
    yield "        command)"
    yield "            local -a commands=("
    for command in node.commands:
        yield f"                {_quoted(f'{command.path[-1]}:{command.summary}')}"
    yield "            )"
    yield "            _describe command commands ;;"
    yield "        rest)"
    yield "            case $line[1] in"
    for command in node.commands:
        yield f"                {command.path[-1]}) {_name(command)} ;;"
    yield "            esac ;;"
    yield "    esac"


def _option(option: OptionNode) -> Iterator[str]:
    for name in option.names:
        said = option.help.replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")
        joined = "=" if name.startswith("--") and option.takes_value else ""
        value = f":{_action(option)}" if option.takes_value else ""
        yield _quoted(f"{name}{joined}[{said}]{value}")


def _argument(argument: OptionNode) -> str:
    return _quoted(f"*:{_action(argument)}")


def _action(option: OptionNode) -> str:
    if option.choices:
        return f"value:({' '.join(option.choices)})"
    return {"file": "file:_files", "directory": "directory:_files -/"}.get(
        option.completes, "value: "
    )


def _quoted(text: str) -> str:
    escaped = text.replace("'", "'\\''")
    return f"'{escaped}'"
