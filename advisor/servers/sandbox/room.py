"""Whether the drive has room for all that a fragment has the server put there at its start."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from advisor.errors import AdvisorError
from advisor.rules.known_settings import KnownSettings
from advisor.units import format_size
from advisor.vendors.disk_claims import COUNT, DiskClaim, listed_bytes
from advisor.vendors.syntax import Line, Option
from advisor.vendors.values import Parsed

SHARE: Final = 0.5
"""Of the free space a server may take so much: others need the drive, too."""


def allowed_bytes(folder: Path) -> int:
    """How much a server may take of what is free now."""
    return int(shutil.disk_usage(folder).free * SHARE)


def require_room(folder: Path, lines: Iterable[Line], known: KnownSettings) -> None:
    """Raises AdvisorError for lines with which the server would take more than it may."""
    claims = _claims(lines, known)
    total_bytes, free_bytes = sum(claims.values()), shutil.disk_usage(folder).free
    if total_bytes <= free_bytes * SHARE:
        return
    first = max(claims, key=lambda line: claims[line])
    alone = len(claims) == 1
    rest = "" if alone else f", the {len(claims)} such lines {format_size(total_bytes)}"
    raise AdvisorError(
        f"line {first.number}: {first.name} = {first.value} would take"
        f" {format_size(claims[first])} of disk at the start{rest};"
        f" {folder.parent} has {format_size(free_bytes)}",
        "name a larger place in TMPDIR",
    )


def _claims(lines: Iterable[Line], known: KnownSettings) -> dict[Line, float]:
    """Each line that claims space, and how many bytes. Of lines that set the same the last counts;
    what is no value, the server will refuse."""
    last: dict[str, tuple[Line, str | None]] = {}
    for line in lines:
        option = known.option(line)
        if isinstance(option, Option):
            last[option.name] = (line, option.text)
    claims = known.vendor.disk_claims
    texts = {name: text for name, (_, text) in last.items()}
    return {
        last[name][0]: _claimed_bytes(name, claims[name], texts, known)
        for name in claims.keys() & texts.keys()
    }


def _claimed_bytes(
    name: str, claim: DiskClaim, texts: Mapping[str, str | None], known: KnownSettings
) -> float:
    if claim.lists_files:
        return listed_bytes(texts[name] or "")
    times = claim.times_default
    if claim.times in texts:
        times = int(_number(claim.times, texts[claim.times], known))
    return _number(name, texts[name], known) * (claim.each_bytes or 1) * times


def _number(name: str, text: str | None, known: KnownSettings) -> float:
    """The largest that a text may mean; 0 for no number."""
    specs = known.specs(name) or (COUNT,)
    results = (known.vendor.parse_value(text, spec, version=known.version) for spec in specs)
    values = (result.value for result in results if isinstance(result, Parsed))
    return max((float(value) for value in values if isinstance(value, int | float)), default=0.0)
