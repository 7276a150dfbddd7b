"""The tables of README.md here, from results.json.

python -m tests.benchmarks.replica_lag.report
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean, median
from typing import Any, Final

from tests.benchmarks.replica_lag.predicted import RIVALS

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE / "results.json"
README: Final = HERE / "README.md"
BLOCK: Final = re.compile(r"(<!-- made by replica_lag -->\n).*?(<!-- end -->)", re.DOTALL)

GREW: Final = 0.05
"""The share of what is committed from which on the lag is said to grow: written down before the
runs."""
BINARY_LOG: Final = frozenset({"mysql-9.7"})
"""Whose replica writes one, and syncs it: its second sync of a commit."""


def percent(predicted: float, measured: float) -> float:
    """The error of a prediction."""
    return 100 * (predicted / measured - 1)


def saturated_rows(results: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each number of appliers on each drive: the mean of its runs, the model, and the rivals."""
    for server in results["servers"]:
        for drive in server["drives"]:
            sync_us, append_us = drive["drive"]["sync_us"], drive["drive"]["append_us"]
            wait_us = sync_us + (append_us if server["name"] in BINARY_LOG else 0)
            for appliers, predicted in drive["predicted_per_s"].items():
                runs = [
                    run["applied_per_s"]
                    for run in drive["saturated"]
                    if run["appliers"] == int(appliers)
                ]
                yield {
                    "server": server["name"],
                    "drive": _slower(drive),
                    "appliers": int(appliers),
                    "runs": runs,
                    "measured": fmean(runs),
                    "predicted": predicted,
                    "error": percent(predicted, fmean(runs)),
                    "rivals": {
                        name: percent(rule(wait_us, int(appliers)), fmean(runs))
                        for name, rule in RIVALS.items()
                    },
                }


def watched_rows(results: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each rate of the source: whether the lag grew, and whether the model says so."""
    runs = [
        (server["name"], _slower(drive), run)
        for server in results["servers"]
        for drive in server["drives"]
        for run in drive["lag"]
    ]
    runs += [
        (f"{cell['server']}, cold pages", cell["drive"], run)
        for cell in results["cold"]
        for run in cell["lag"]
    ]
    for name, drive, run in runs:
        committed, applied = run["committed_per_s"], run["predicted_applied_per_s"]
        yield {
            "server": name,
            "drive": drive,
            **run,
            "predicted_growth_per_s": max(0.0, committed - applied),
            "grew": run["lag_growth_per_s"] > GREW * committed,
            "says_so": committed > applied,
        }


def cold_lines(results: dict[str, Any]) -> Iterator[str]:
    """A standby that has to read its pages."""
    yield "| standby, cold pages | drive | probed reads/s | applied/s, each run | model | error |"
    yield "|---|---|---|---|---|---|"
    for cell in results["cold"]:
        rates = [run["applied_per_s"] for run in cell["saturated"]]
        yield (
            f"| {cell['server']} | {cell['drive']} | {cell['page_reads_per_s']:.0f}"
            f" | {', '.join(f'{rate:.0f}' for rate in rates)} | {cell['predicted_per_s']:.0f}"
            f" | {percent(cell['predicted_per_s'], fmean(rates)):+.1f} % |"
        )


def _slower(drive: dict[str, Any]) -> str:
    return f"{drive['delay_us'] / 1000:g} ms slower"


def tables(results: dict[str, Any]) -> str:
    """All of it as Markdown."""
    saturated, lag = list(saturated_rows(results)), list(watched_rows(results))
    lines = [
        f"Taken at {results['taken_at']}, {results['cores']} cores, kernel {results['kernel']}.",
        "",
        "| server | syncs | appliers | applied/s, each run | model | error"
        " | a commit at a time | appliers side by side |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in saturated:
        runs = ", ".join(f"{rate:.0f}" for rate in row["runs"])
        rivals = " | ".join(f"{error:+.0f} %" for error in row["rivals"].values())
        lines.append(
            f"| {row['server']} | {row['drive']} | {row['appliers']} | {runs}"
            f" | {row['predicted']:.0f} | {row['error']:+.1f} % | {rivals} |"
        )
    lines += ["", *summary_lines(saturated), "", *cold_lines(results), ""]
    lines += [
        "| server | syncs | appliers | committed/s | model applies | lag grows by, in"
        " transactions/s | model | grew | model says |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in lag:
        lines.append(
            f"| {row['server']} | {row['drive']} | {row['appliers']}"
            f" | {row['committed_per_s']:.0f} | {row['predicted_applied_per_s']:.0f}"
            f" | {row['lag_growth_per_s']:+.0f} | {row['predicted_growth_per_s']:+.0f}"
            f" | {_yes(row['grew'])} | {_yes(row['says_so'])} |"
        )
    right = sum(row["grew"] == row["says_so"] for row in lag)
    lines += ["", f"The model is right about whether the lag grows in {right} of {len(lag)} runs."]
    return "".join(f"{line}\n" for line in lines)


def summary_lines(saturated: list[dict[str, Any]]) -> Iterator[str]:
    """The errors by server."""
    for name in dict.fromkeys(row["server"] for row in saturated):
        rows = [row for row in saturated if row["server"] == name]
        errors = [abs(row["error"]) for row in rows]
        rivals = ", ".join(
            f"{rival} {median(abs(row['rivals'][rival]) for row in rows):.0f} %" for rival in RIVALS
        )
        yield (
            f"- {name}: median error {median(errors):.1f} %, largest {max(errors):.0f} %"
            f" (rivals' medians: {rivals})"
        )


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def main() -> None:
    shown = tables(json.loads(RESULTS.read_text()))
    text = README.read_text()
    README.write_text(BLOCK.sub(lambda found: found[1] + shown + found[2], text))
    print(shown, end="")


if __name__ == "__main__":
    main()
