"""Which lines of a fragment a private server is given."""

from collections.abc import Iterable

from advisor.rules.known_settings import KnownSettings
from advisor.vendors.syntax import Line


def is_tried(line: Line, known: KnownSettings) -> bool:
    """Whether a line stays within the private place, whatever it may set."""
    return known.vendor.not_tried.isdisjoint(known.may_set(line)) and "/" not in (line.value or "")


def lines_read(lines: Iterable[Line], known: KnownSettings) -> list[Line]:
    """The lines that the server looks at; outside any group it refuses them."""
    groups = {None, *known.vendor.groups_read(known.version or ())}
    return [line for line in lines if line.group in groups]
