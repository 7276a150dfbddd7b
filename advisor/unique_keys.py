"""JSON whose keys count once: of two that are alike json.loads keeps the last without a word."""

import json
from typing import Any

from advisor.errors import UsageError


def parse_json(text: str, name: str, hint: str) -> Any:
    """What a file has that messages call `name`.

    Raises UsageError for what is no JSON, and for an object that has a key twice.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise UsageError(
                    f"{name}: {key[:60]!r} stands twice in one object", "once is enough"
                )
            found[key] = value
        return found

    try:
        return json.loads(text, object_pairs_hook=once)
    except UsageError:
        raise
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is no JSON: {error}", hint) from error
