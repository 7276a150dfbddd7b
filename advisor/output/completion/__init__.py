"""A shell's completion of our commands, as a script that starts nothing."""

from typing import Final, Literal, get_args

from advisor.output.command_tree import CommandNode
from advisor.output.completion.bash import bash_script
from advisor.output.completion.fish import fish_script
from advisor.output.completion.zsh import zsh_script

__all__ = ["SHELLS", "Shell", "completion_script"]

Shell = Literal["bash", "zsh", "fish"]
SHELLS: Final[tuple[Shell, ...]] = get_args(Shell)


def completion_script(root: CommandNode, shell: Shell) -> str:
    """The script for that shell."""
    return {"bash": bash_script, "zsh": zsh_script, "fish": fish_script}[shell](root)
