"""What was rehearsed, as a file, and as the tables of README.md here."""

import fcntl
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, cast

from tests.powercut import advisor_files
from tests.powercut.rehearsal import Accident, Outcome, Run

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE / "results.json"
README: Final = HERE / "README.md"
BLOCK: Final = re.compile(r"(<!-- made by powercut -->\n).*?(<!-- end -->)", re.DOTALL)
ACCIDENTS: Final[tuple[Accident, ...]] = ("power cut", "kill -9")

Stored = dict[str, dict[str, list[dict[str, Any]]]]
"""Section ("servers", "volatile", "advisor") -> what was rehearsed -> its runs."""


def run_json(run: Run, server_version: str) -> dict[str, Any]:
    """A run as it is stored: what is known of its accidents, in columns."""
    return {
        **asdict(run.plan),
        "server_version": server_version,
        "commits": run.commits,
        "load_average": round(run.load_average, 1),
        "held": list(run.held),
        **{
            accident: _columns([one for one in run.outcomes if one.accident == accident])
            for accident in ACCIDENTS
        },
    }


def _columns(outcomes: Sequence[Outcome]) -> dict[str, list[Any]]:
    return {
        "at_s": [round(one.at_s, 2) for one in outcomes],
        "took_ms": [round(one.took_ms, 1) for one in outcomes],
        "acknowledged": [one.tables.acknowledged for one in outcomes],
        "lost": [one.tables.lost.commits for one in outcomes],
        "oldest_ms": [round(one.tables.lost.oldest_ms, 1) for one in outcomes],
        "never_acknowledged": [one.tables.never_acknowledged for one in outcomes],
        "log_lost": [one.log.commits for one in outcomes if one.log],
        "log_oldest_ms": [round(one.log.oldest_ms, 1) for one in outcomes if one.log],
        "tables_only": [one.tables_only for one in outcomes if one.log],
        "log_only": [one.log_only for one in outcomes if one.log],
        "faults": [text for one in outcomes for text in (*one.tables.faults, *one.corruption)],
    }


def advisor_json(rehearsal: advisor_files.Rehearsal) -> dict[str, Any]:
    """What is stored of the advisor's own files."""
    return {
        "seed": rehearsal.seed,
        "filesystem": rehearsal.filesystem,
        "runs": len(rehearsal.written),
        "cuts": len(rehearsal.left),
        "cuts_beside_a_draft": sum(one.drafts > 0 for one in rehearsal.left),
        "neither_old_nor_new": len(rehearsal.wrong()),
    }


def load(path: Path = RESULTS) -> Stored:
    """What is stored."""
    empty: Stored = {"advisor": {}, "servers": {}, "volatile": {}}
    return {**empty, **cast("Stored", json.loads(path.read_text()))} if path.exists() else empty


def add(section: str, name: str, run: Mapping[str, Any], path: Path = RESULTS) -> None:
    """Puts a run into the file; one of the same seed is replaced. Several may do so at a time."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        stored = load(path)
        others = [one for one in stored[section].get(name, []) if one["seed"] != run["seed"]]
        stored[section][name] = sorted([*others, dict(run)], key=lambda one: int(one["seed"]))
        path.write_text(_text(stored))
    finally:
        os.close(folder)


def _text(stored: Stored) -> str:
    """JSON with a line for each run."""
    sections = []
    for section, names in sorted(stored.items()):
        blocks = []
        for name, runs in sorted(names.items()):
            lines = ",\n".join(f"   {json.dumps(run)}" for run in runs)
            blocks.append(f"  {json.dumps(name)}: [\n{lines}\n  ]")
        sections.append(f" {json.dumps(section)}: {{\n" + ",\n".join(blocks) + "\n }")
    return "{\n" + ",\n".join(sections) + "\n}\n"
