"""Measurements of a fleet that scatters as it is told to: variations of a stored one."""

import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any, Final

SCATTER: Final = 0.12
"""Of hosts that are alike, from one to another: the standard deviation of a logarithm."""

_SUMMARY: Final = re.compile(r"\"summary\":\s*\{[^}]*\}")
_LABEL: Final = re.compile(r'"label":\s*(null|"[^"]*")')


def varied(text: str, factor: float) -> str:
    """The same with other summaries: each latency so many times what it was."""

    def slower(found: re.Match[str]) -> str:
        figures: dict[str, Any] = json.loads("{" + found[0] + "}")["summary"]
        for name, value in figures.items():
            if value and name.endswith("_us"):
                figures[name] = value * factor
        figures["ops_per_s"] /= factor
        return '"summary":' + json.dumps(figures)

    return _SUMMARY.sub(slower, text)


def labelled(text: str, label: str) -> str:
    """The same under another name."""
    return _LABEL.sub(f'"label": {json.dumps(label)}', text, count=1)


def scattered(chance: Random, hosts: int, slow: int = 0, times: float = 5) -> Iterator[float]:
    """A factor for each host; the last ones are so many times slower."""
    for number in range(hosts):
        yield chance.lognormvariate(0, SCATTER) * (times if number >= hosts - slow else 1)
