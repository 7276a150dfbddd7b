"""Completion for bash; works with and without the package bash-completion."""

from collections.abc import Iterator
from typing import Final

from advisor.output.command_tree import CommandNode, OptionNode, nodes

HEAD: Final = """\
# bash completion of fsync-advisor; written by: fsync-advisor completion bash

_fsync_advisor() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} path= word index
    # bash takes "=" for a word of its own.
    if [[ $current == "=" ]]; then current=; fi
    if [[ $before == "=" ]]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi
    for ((index = 1; index < COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        case "$path $word" in
"""
MIDDLE: Final = """\
        esac
    done
    case "$path $before" in
"""
WORDS: Final = """\
    esac
    local words= only=
    case "$path" in
"""
TAIL: Final = """\
    esac
    if [[ $current == -* || -n $only ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$current"))
    else
        compopt -o filenames 2>/dev/null
        COMPREPLY=($(compgen -f -- "$current"))
    fi
}
complete -F _fsync_advisor fsync-advisor
"""


def bash_script(root: CommandNode) -> str:
    """A function of bash's, with all commands, options and choices in it."""
    return "".join([HEAD, *_paths(root), MIDDLE, *_values(root), WORDS, *_words(root), TAIL])


def _key(node: CommandNode) -> str:
    return "".join(f" {part}" for part in node.path[1:])


def _paths(root: CommandNode) -> Iterator[str]:
    for node in nodes(root):
        for command in node.commands:
            yield f'            "{_key(command)}") path="{_key(command)}" ;;\n'


def _values(root: CommandNode) -> Iterator[str]:
    for node in nodes(root):
        for option in node.options:
            if option.takes_value:
                patterns = "|".join(f'"{_key(node)} {name}"' for name in option.names)
                yield f"        {patterns}) {_reply(option)}; return ;;\n"


def _reply(option: OptionNode) -> str:
    if option.choices:
        return f'COMPREPLY=($(compgen -W "{" ".join(option.choices)}" -- "$current"))'
    if option.completes == "nothing":
        return "COMPREPLY=()"
    kind = "-f" if option.completes == "file" else "-d"
    return f'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen {kind} -- "$current"))'


def _words(root: CommandNode) -> Iterator[str]:
    for node in nodes(root):
        words = [command.path[-1] for command in node.commands]
        words += [choice for argument in node.arguments for choice in argument.choices]
        only = "only=yes; " if words else ""
        words += [name for option in node.options for name in option.names]
        yield f'        "{_key(node)}") {only}words="{" ".join(words)}" ;;\n'
