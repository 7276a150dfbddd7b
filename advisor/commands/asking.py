"""Questions on a terminal. Nobody is asked elsewhere."""

import sys

from advisor.output.text import one_line


def can_ask() -> bool:
    """Whether somebody sees a question, and can answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def answer_to(question: str) -> str:
    """What is typed in answer to a question; "" for nothing, and where the terminal is gone."""
    print(f"{one_line(question)} ", end="", file=sys.stderr, flush=True)
    typed = sys.stdin.readline()
    if not typed.endswith("\n"):
        print(file=sys.stderr)
    return typed.strip()


def agreed_to(question: str) -> bool:
    """Whether the answer is yes; anything else is no."""
    return answer_to(f"{question} [y/N]").lower() in ("y", "yes")
