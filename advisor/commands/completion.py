"""fsync-advisor completion: a script for the shell."""

from typing import Annotated

import typer

from advisor.commands.console import write_output
from advisor.commands.parameters import options_class, takes_options
from advisor.commands.tree import command_tree
from advisor.output.completion import Shell, completion_script


@options_class
class CompletionOptions:
    """The options of `completion`."""

    context: typer.Context
    shell: Annotated[Shell, typer.Argument(help="Yours.")]


@takes_options
def completion(options: CompletionOptions) -> None:
    """Print shell completion for bash, zsh or fish.

    The script has all commands and options in it, and starts nothing while one types.
    """
    write_output(completion_script(command_tree(options.context), options.shell))
