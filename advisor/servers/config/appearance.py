"""What a file looks like that is not the configuration it is given as. Pure.

Only the files that a server cannot read are looked at so: nothing here is a parser.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from advisor.vendors.base import Vendor
from advisor.vendors.registry import VENDORS

BYTE_ORDER_MARK: Final = "\ufeff"

_YAML_LINE: Final = re.compile(r"\s*(- |-$|[\w.\"'/-]{1,80}:(\s|$))|---")
_SQL_LINE: Final = re.compile(r"(?i)\s*(ALTER SYSTEM|SET (GLOBAL|PERSIST|SESSION)|SELECT|SHOW)\s")
_ENOUGH_LINES: Final = 500

IN_A_CONTAINER: Final = (
    "ask the server itself with --dsn, or copy its settings into a file of their own"
)


@dataclass(frozen=True, slots=True)
class Look:
    """What a file looks like, and what to do with such a one."""

    text: str
    hint: str


def look_of(text: str, vendor: Vendor) -> Look | None:
    """What a file that was given as `vendor`'s looks like; None where it may well be that."""
    if text.startswith(BYTE_ORDER_MARK):
        return Look(
            "it begins with a byte-order mark (the bytes EF BB BF), which no server skips",
            "save it as UTF-8 without one",
        )
    if "\0" in text:
        return Look("it looks like no text at all", "name the configuration file")
    lines = [line for line in text.split("\n") if line.strip() and line.lstrip()[0] not in "#;"]
    lines = lines[:_ENOUGH_LINES]
    if text.lstrip()[:1] == "{":
        return Look("it looks like JSON", "name the configuration file")
    if _most(_YAML_LINE, lines):
        return _yaml(text)
    if _most(_SQL_LINE, lines):
        return Look("it looks like SQL", "run it, and ask the server itself with --dsn")
    return _of_another(lines, vendor)


def _yaml(text: str) -> Look:
    if re.search(r"(?m)^apiVersion:\s*\S*\.cnpg\.io/", text):
        return Look("it looks like a cluster of CloudNativePG (YAML)", IN_A_CONTAINER)
    if re.search(r"(?m)^apiVersion:", text):
        return Look("it looks like a manifest of Kubernetes (YAML)", IN_A_CONTAINER)
    if re.search(r"(?m)^(scope|bootstrap|restapi):", text):
        return Look("it looks like a configuration of Patroni (YAML)", IN_A_CONTAINER)
    if re.search(r"(?m)^services:", text):
        return Look("it looks like a compose file (YAML)", IN_A_CONTAINER)
    return Look("it looks like YAML", IN_A_CONTAINER)


def _of_another(lines: Sequence[str], vendor: Vendor) -> Look | None:
    others = [
        other for other in VENDORS.values() if other.engine != vendor.engine and other.wrote(lines)
    ]
    if others:
        names = " or ".join(other.name for other in others)
        return Look(f"it looks like {others[0].config_look}", f"is --db {names} meant?")
    if vendor.has_groups and vendor.wrote(lines) and not any("[" in line for line in lines):
        look = f"it looks like lines of {vendor.config_look} without their group"
        return Look(look, f"add [{vendor.fragment_group}]")
    return None


def _most(pattern: re.Pattern[str], lines: Sequence[str]) -> bool:
    """Whether more than half of the lines begin so."""
    return 2 * sum(pattern.match(line) is not None for line in lines) > len(lines)
