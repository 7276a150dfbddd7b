"""What cuts of replicas showed, as a file, and as the table of README.md here."""

import fcntl
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE / "replicas.json"
README: Final = HERE / "README.md"
BLOCK: Final = re.compile(r"(<!-- made by replicas -->\n).*?(<!-- end -->)", re.DOTALL)

Runs = dict[str, list[dict[str, Any]]]
"""Case -> its runs."""


def load(path: Path = RESULTS) -> Runs:
    """What is stored."""
    found: Runs = json.loads(path.read_text()) if path.exists() else {}
    return found


def add(name: str, run: Mapping[str, Any], path: Path = RESULTS) -> None:
    """Puts a run into the file; one of the same seed is replaced."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        stored = load(path)
        others = [one for one in stored.get(name, []) if one["seed"] != run["seed"]]
        stored[name] = sorted([*others, dict(run)], key=lambda one: int(one["seed"]))
        blocks = []
        for each, runs in sorted(stored.items()):
            lines = ",\n".join(f"  {json.dumps(one)}" for one in runs)
            blocks.append(f" {json.dumps(each)}: [\n{lines}\n ]")
        path.write_text("{\n" + ",\n".join(blocks) + "\n}\n")
    finally:
        os.close(folder)


def outcomes(runs: Iterable[Mapping[str, Any]], recovery: str) -> Counter[str]:
    """How often a replica went on in which way, by relay_log_recovery "off" or "on"."""
    return Counter(one for run in runs for one in run["outcomes"].get(recovery, ()))


def unlogged(runs: Iterable[Mapping[str, Any]]) -> int:
    """After how many cuts a replica's own binary log lacked rows of its tables."""
    return sum(1 for run in runs for rows in run["not_logged"].get("on", ()) if rows)


def report(stored: Runs) -> str:
    """The table."""
    lines = [
        "| replica | cuts | without `relay_log_recovery` | with it | not in its own binary log |",
        "|---|---|---|---|---|",
    ]
    for name, runs in stored.items():
        cuts = sum(len(run["at_s"]) for run in runs)
        texts = [_text(outcomes(runs, recovery)) for recovery in ("off", "on")]
        log = f"{unlogged(runs)} of {cuts}" if runs[0]["binary_log"] else "-"
        lines.append(f"| {name} | {cuts} | {texts[0]} | {texts[1]} | {log} |")
    return "\n".join(lines) + "\n"


def _text(found: Counter[str]) -> str:
    return ", ".join(f"{outcome} {count}" for outcome, count in found.most_common()) or "-"


def write_report(results: Path = RESULTS, readme: Path = README) -> None:
    """Puts the table into README.md."""
    table = report(load(results))
    text = readme.read_text()
    readme.write_text(BLOCK.sub(lambda found: found[1] + table + found[2], text))
