"""Asks every server at hand what values its options take, and writes profiles/option_values/.

    python -m tests.servers.option_values [VENDOR...]

MySQL and MariaDB: each option is given a word that no option takes, and what the server complains
of tells the kind; the choices of an enum and the members of a set are read back from their numbers.
PostgreSQL: pg_settings, and ALTER SYSTEM for the words that it does not list.
"""

import os
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from typing import Final

import psycopg

from advisor.knowledge import load_option_names, load_settings
from advisor.vendors.registry import VENDORS
from tests.servers.engines import Vendor
from tests.servers.harness import Instance, server_named
from tests.servers.questioned import Answer, Questioned, questioned
from tests.support.paths import CHECKOUT

FOLDER: Final = CHECKOUT / "profiles" / "option_values"
SERVERS: Final[Mapping[Vendor, Sequence[str]]] = {
    "mysql": ("5.6", "9.7"),
    "mariadb": ("10.5", "10.11", "11.8"),
    "postgresql": ("13", "14", "15", "16", "17", "18", "19"),
}
"""The release series that are asked."""

HEAD: Final = """\
# What the options of servers take, asked of them; strings and what any word sets are not here.
# A heading names the release series for which the lines below it hold.
# Written by: python -m tests.servers.option_values
"""
STRANGER: Final = "zz"
"""No option takes it as a number or a choice."""

WORDS_OF_OLD: Final = ("debug", "info", "fatal", "panic", "true", "false", "yes", "no", "1", "0")
"""What PostgreSQL's enums may take beyond what pg_settings lists, beside the choices of others."""

BUILD_CHOICES: Final = {
    "default_toast_compression": ("lz4",),
    "dynamic_shared_memory_type": ("windows",),
    "io_method": ("io_uring",),
    "recovery_init_sync_method": ("syncfs",),
    "timing_clock_source": ("tsc",),
}
"""What PostgreSQL takes where it was built for that: what stands behind an #ifdef in guc_tables.c
(guc.c before 16). Only the choices of the build at hand can be asked."""

MOST_MEMBERS: Final = 64

MOST_REFUSED: Final = 8
"""So many bits in a row that a set has no more after them."""

PLUGIN_SWITCH: Final = "OFF|ON"
"""What a plugin's own option shows. It takes FORCE and more, too, which cannot be read back."""

OTHER_PLUGIN: Final = "parsing options for plugin '(?!innodb)"
"""Without the other plugins the server starts."""

Definitions = dict[str, str]
"""Option -> what it takes, in the notation of the file."""


def main(arguments: Sequence[str]) -> None:
    """Asks the servers of the vendors named, or of all."""
    FOLDER.mkdir(exist_ok=True)
    for vendor in SERVERS:
        if not arguments or vendor in arguments:
            found = {series: ask_server(vendor, series) for series in SERVERS[vendor]}
            (FOLDER / f"{vendor}.txt").write_text(as_text(found), encoding="utf-8")


def ask_server(vendor: Vendor, series: str, names: Collection[str] | None = None) -> Definitions:
    """What the options of a server take; of these `names`, or of all that it has."""
    server = server_named(f"{vendor}-{series}")
    if vendor == "postgresql":
        with server.running("", {"fsync": "off"}) as instance:
            return _without_ours(vendor, dict(_postgresql(instance)))
    numbers = count()
    with questioned(server) as program, ThreadPoolExecutor(os.cpu_count()) as pool:
        if names is None:
            shown = program.ask(next(numbers), "").values.keys()
            names = load_option_names(vendor).get(series, frozenset()) | shown
        in_order = sorted(names)
        found = pool.map(partial(_definition, program, numbers), in_order)
        defined = dict(zip(in_order, found, strict=True))
    return _without_ours(vendor, {name: text for name, text in defined.items() if text is not None})


def _without_ours(vendor: Vendor, definitions: Definitions) -> Definitions:
    """Without the settings that profiles/ describe in files of their own."""
    settings = load_settings(VENDORS[vendor].engine)
    ours = {each.name for each in settings if any(spec.vendor == vendor for spec in each.spec)}
    return {name: text for name, text in definitions.items() if name not in ours}


def as_text(found: Mapping[str, Definitions]) -> str:
    """The file: what holds for the same series stands together."""
    series_of: dict[tuple[str, str], list[str]] = defaultdict(list)
    for series, definitions in found.items():
        for entry in definitions.items():
            series_of[entry].append(series)
    sections: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for (name, definition), series_list in series_of.items():
        sections[tuple(series_list)].append(f"{name} {definition}")
    parts = [
        "".join(f"{line}\n" for line in (f"[{' '.join(series)}]", *sorted(lines)))
        for series, lines in sorted(
            sections.items(), key=lambda each: (-len(each[0]), list(found).index(each[0][0]))
        )
    ]
    return "\n".join((HEAD, *parts))


# MySQL and MariaDB


def _definition(program: Questioned, numbers: Iterator[int], name: str) -> str | None:
    """What an option takes; None where that is a string, a switch or what we cannot ask."""

    def ask(line: str) -> Answer:
        return program.ask(next(numbers), f"{line}\n")

    log = ask(f"{name}={STRANGER}").log.replace("-", "_").lower()  # MariaDB has wsrep_SR_store
    words: list[str] = []
    if re.search(rf"unknown suffix 'z' used for variable '{name}'", log):
        words = ["integer"]
        if program.server.vendor == "mariadb" and ask(f"{name}=-1").accepted:
            words.append("signed")  # MySQL refuses no number that is below zero
    elif re.search(rf"invalid decimal value for option '{name}'", log):
        words = ["real"]
    elif re.search(rf"error while setting value '{STRANGER}' to '{name}'", log):
        words = _choices(name, ask)
    if not words or re.search(OTHER_PLUGIN, log):
        return None
    if "requires an argument" not in ask(name).log:
        words.insert(1, "optional")
    return None if words == ["enum", "optional", PLUGIN_SWITCH] else " ".join(words)


def _choices(name: str, ask: Callable[[str], Answer]) -> list[str]:
    """An enum's choices in their order, a set's members; nothing where numbers are refused."""

    def read_back(value: int) -> str | None:
        answer = ask(f"{name}={value}")
        return answer.values.get(name, "") if answer.accepted else None

    if read_back(0) is None:
        return []
    if "," in (read_back(3) or ""):
        members: dict[str, None] = {}
        refused = 0
        for power in range(MOST_MEMBERS):
            text = read_back(1 << power)
            members |= dict.fromkeys(text.split(",") if text else ())
            refused = 0 if text else refused + 1
            if refused == MOST_REFUSED:
                break
        return ["set", "|".join(each for each in members if ask(f"{name}={each}").accepted)]
    choices: list[str] = []
    while (text := read_back(len(choices))) and text not in (*choices, str(len(choices))):
        choices.append(text)
    return ["enum", "|".join(choices)] if len(choices) > 1 else []


# PostgreSQL


def _postgresql(instance: Instance) -> Iterator[tuple[str, str]]:
    rows = instance.query(
        "SELECT lower(name), vartype, coalesce(unit, ''), min_val, max_val,"
        " coalesce(enumvals, '{}') FROM pg_settings WHERE context <> 'internal' ORDER BY 1"
    )
    enums = {row[0]: row[5] for row in rows if row[1] == "enum"}
    words = sorted({*WORDS_OF_OLD, *(word for listed in enums.values() for word in listed)})
    for name, kind, unit, least, most, listed in rows:
        if kind in ("integer", "real"):
            takes = [f"unit={unit}"] if unit else []
            yield name, " ".join((kind, *takes, f"{_plain(least)}..{_plain(most)}"))
        elif kind == "enum":
            listed = list(dict.fromkeys((*listed, *BUILD_CHOICES.get(name, ()))))
            others = [word for word in words if word not in listed]
            if _takes(instance, f"RESET {name}"):  # else it may not stand in a file
                hidden = [word for word in others if _takes(instance, f"SET {name} = '{word}'")]
                yield name, f"enum {'|'.join((*listed, *hidden))}"
                _takes(instance, f"RESET {name}")
        elif kind == "bool":
            yield name, "boolean"


def _plain(number: str) -> str:
    """Without what a double's notation adds."""
    return str(int(number)) if re.fullmatch("-?[0-9]+", number) else repr(float(number))


def _takes(instance: Instance, change: str) -> bool:
    try:
        instance.query(f"ALTER SYSTEM {change}")
    except psycopg.Error:
        return False
    return True


if __name__ == "__main__":
    main(sys.argv[1:])
