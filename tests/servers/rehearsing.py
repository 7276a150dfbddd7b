"""The command line of rehearsals: case by case, and what each cost is kept in a file."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from tests.servers.harness import server_named


class Named(Protocol):
    """What is rehearsed on one server."""

    @property
    def server(self) -> str:
        """As the cache of the tests names it."""

    @property
    def name(self) -> str:
        """Short, and the same in every run."""


AnyCase = TypeVar("AnyCase", bound=Named)


def rehearse_cases(
    words: Sequence[str],
    accidents: Literal["kills", "cuts"],
    results: Path,
    cases: Sequence[AnyCase],
    rehearse: Callable[[AnyCase, int], Mapping[str, Any]],
) -> int:
    """So many accidents of each case that is wanted; what that cost, with the server's version,
    replaces what the file had of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument(f"--{accidents}", dest="count", type=int, default=20)
    parser.add_argument("--only", default="", metavar="TEXT")
    parser.add_argument("--results", type=Path, default=results)
    asked = parser.parse_args(words)
    for case in cases:
        if asked.only in case.name:
            cost = rehearse(case, asked.count)
            print(case.name, cost, flush=True)
            stored = json.loads(asked.results.read_text()) if asked.results.exists() else {}
            version = server_named(case.server).version.split(" from")[0]
            stored[case.name] = {"version": version, **cost}
            asked.results.write_text(f"{json.dumps(stored, indent=2)}\n")
    return 0
