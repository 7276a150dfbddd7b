"""Programs that know more of a layer than /sys. Only `servers` may start them: it is handed in."""

from collections.abc import Callable

from advisor.model import Known, Unknown

AskProgram = Callable[[tuple[str, ...]], Known[str]]
"""Starts a program by its name, with its arguments: what it says on stdout, or why nothing."""


def ask_nobody(command: tuple[str, ...]) -> Known[str]:
    """Where no program is to be started."""
    return Unknown(unknown=f"{command[0]} was not asked")
