"""What somebody meant who typed what there is not: a command, a format, a rule, a setting."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from advisor.errors import UsageError
from advisor.vendors.forms import OPERATORS

GUESSED: Final[Mapping[str, str]] = {
    "advise": "recommend",
    "analyse": "report",
    "analyze": "report",
    "bench": "measure",
    "benchmark": "measure",
    "check": "audit",
    "config": "recommend",
    "configure": "recommend",
    "convert": "import",
    "diagnose": "audit",
    "diff": "compare",
    "doctor": "audit",
    "explain": "rules show",
    "fix": "apply",
    "forecast": "capacity",
    "generate": "recommend",
    "help": "--help",
    "hosts": "fleet report",
    "inspect": "audit",
    "install": "apply",
    "lint": "verify",
    "load": "import",
    "optimise": "recommend",
    "optimize": "recommend",
    "plan": "capacity",
    "probe": "measure",
    "regress": "drift",
    "rollback": "apply --undo",
    "run": "measure",
    "settings": "recommend",
    "simulate": "predict",
    "suggest": "recommend",
    "test": "measure",
    "tps": "capacity",
    "tune": "recommend",
    "tuner": "recommend",
    "undo": "apply --undo",
    "validate": "verify",
    "version": "--version",
}
"""What people type -> the command that does it."""

FORMATS: Final[Mapping[str, tuple[str, ...]]] = {
    "acid": ("zalando",),
    "cnf": ("conf",),
    "cnpg": ("cloudnativepg",),
    "config": ("conf",),
    "htm": ("html",),
    "ini": ("conf",),
    "jsonl": ("json",),
    "kubernetes": OPERATORS,
    "k8s": OPERATORS,
    "md": ("markdown",),
    "docker": ("compose",),
    "postgres-operator": ("zalando",),
    "prom": ("prometheus",),
    "spilo": ("zalando", "patroni"),
    "metrics": ("prometheus",),
    "plain": ("text", "table", "terminal", "conf"),
    "table": ("text", "terminal"),
    "terminal": ("table", "text"),
    "text": ("table", "terminal", "conf"),
    "txt": ("text", "table", "terminal", "conf"),
}
"""What people type for a format -> ours, of which a command has some."""

SEVERAL_FORMS: Final = dict.fromkeys(("yaml", "yml"), ("compose", "patroni", *OPERATORS))
"""What stands for several of ours."""

NO_CHOICE: Final = re.compile(r"'(?P<given>[^']*)' is not one of (?P<choices>'.*')")


def nearest(given: str, known: Iterable[str], others: Mapping[str, tuple[str, ...]] = {}) -> str:
    """Of the known words the one that was meant, by its spelling or as `others` say; else ""."""
    names = list(known)
    word = given.casefold()
    for name in others.get(word, ()):
        if name in names:
            return name
    return next(iter(get_close_matches(word, names, n=1)), "")


def no_such_command(given: str, commands: Iterable[str], path: str) -> UsageError:
    """For a command that there is not."""
    names = list(commands)
    meant = nearest(given, names)
    if not meant and path.count(" ") == 0:
        meant = GUESSED.get(given.casefold(), "")
    hint = f"did you mean: {path} {meant}" if meant else f"{path} --help"
    return UsageError(f"there is no command {given!r}", hint)


def no_such_choice(message: str) -> str:
    """What to say to a message of Click's that names the choices; "" where nothing is near."""
    found = NO_CHOICE.search(message)
    if found is None:
        return ""
    choices, given = re.findall(r"'([^']*)'", found["choices"]), found["given"].casefold()
    if given in SEVERAL_FORMS:
        several = [form for form in SEVERAL_FORMS[given] if form in choices]
        return f"did you mean {' or '.join(several)}?" if several else ""
    meant = nearest(given, choices, FORMATS)
    return f"did you mean {meant}?" if meant else ""
