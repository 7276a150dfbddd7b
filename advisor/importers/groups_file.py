"""The groups file of a fleet: TOML by hand, or the JSON of `ansible-inventory --list`.

Both have a table for each group, with its hosts.
"""

from collections.abc import Collection
from typing import Any

import tomli

from advisor.errors import UsageError
from advisor.fleet.inventory import FORM, Inventory, inventory_of
from advisor.unique_keys import parse_json


def parse_inventory(text: str, name: str, wanted: Collection[str] = ()) -> Inventory:
    """The groups of a file, which messages call `name`; only the `wanted` ones, if any.

    Raises UsageError.
    """
    is_json = text.lstrip()[:1] == "{"
    raw = parse_json(text, name, FORM) if is_json else _parse_toml(text, name)
    return inventory_of(raw, name, wanted, by_hand=not is_json)


def _parse_toml(text: str, name: str) -> dict[str, Any]:
    try:
        return tomli.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is no TOML: {error}", FORM) from error
