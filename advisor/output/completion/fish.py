"""Completion for fish."""

from collections.abc import Iterator
from typing import Final

from advisor.output.command_tree import CommandNode, OptionNode, nodes

HEAD: Final = """\
# fish completion of fsync-advisor; written by: fsync-advisor completion fish

function __fsync_advisor_at
    set -l words (commandline -opc)
    set -l path
    for word in $words[2..-1]
        if string match -q -- '-*' $word
            continue
        end
        set -l next (string join ' ' $path $word)
        if contains -- $next $__fsync_advisor_commands
            set path $next
        end
    end
    test "$path" = "$argv"
end
"""


def fish_script(root: CommandNode) -> str:
    """One line for each command and option."""
    names = [_quoted(_key(node)) for node in nodes(root)][1:]
    head = [HEAD, f"set -g __fsync_advisor_commands {' '.join(names)}\n"]
    return "".join([*head, *(line for node in nodes(root) for line in _lines(node))])


def _key(node: CommandNode) -> str:
    return " ".join(node.path[1:])


def _lines(node: CommandNode) -> Iterator[str]:
    at = f'complete -c fsync-advisor -n "__fsync_advisor_at {_key(node)}"'
    for command in node.commands:
        yield f"{at} -f -a {command.path[-1]} -d {_quoted(command.summary)}\n"
    for argument in node.arguments:
        if argument.choices:
            yield f"{at} -f -a {_quoted(' '.join(argument.choices))}\n"
    for option in node.options:
        yield f"{at} {_option(option)}\n"


def _option(option: OptionNode) -> str:
    words = [
        f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names
    ]
    if option.choices:
        words.append(f"-x -a {_quoted(' '.join(option.choices))}")
    elif option.takes_value:
        words.append(
            {"file": "-r -F", "directory": "-x -a '(__fish_complete_directories)'"}.get(
                option.completes, "-x"
            )
        )
    return " ".join([*words, f"-d {_quoted(option.help.split('  ')[0])}"])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
