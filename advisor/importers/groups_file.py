"""The groups file of a fleet: TOML by hand, or the JSON of `ansible-inventory --list`.

Both have a table for each group, with its hosts.
"""

import json
from collections.abc import Collection
from typing import Any

import tomli

from advisor.errors import UsageError
from advisor.fleet.inventory import FORM, Inventory, inventory_of


def parse_inventory(text: str, name: str, wanted: Collection[str] = ()) -> Inventory:
    """The groups of a file, which messages call `name`; only the `wanted` ones, if any.

    Raises UsageError.
    """
    is_json = text.lstrip()[:1] == "{"
    try:
        raw: dict[str, Any] = json.loads(text) if is_json else tomli.loads(text)
    except (ValueError, RecursionError) as error:
        language = "JSON" if is_json else "TOML"
        raise UsageError(f"{name} is no {language}: {error}", FORM) from error
    return inventory_of(raw, name, wanted, by_hand=not is_json)
