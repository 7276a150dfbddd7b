"""The tables of README.md here, and profiles/replica_accuracy.toml, from results.json.

python -m tests.benchmarks.replica_lag.report
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any, Final, NamedTuple

from advisor.analysis.replica_accuracy import Accuracy, AccuracyCase
from advisor.knowledge import load_replay
from advisor.resources import resource_dir
from advisor.vendors.commits import ASYNCHRONOUS
from advisor.vendors.names import VENDOR_NAMES
from advisor.vendors.registry import VENDORS
from advisor.versions import parse_version
from tests.benchmarks.replica_lag.predicted import RIVALS, Asked, model_of
from tests.support.drives import measurement, series

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE / "results.json"
README: Final = HERE / "README.md"
ACCURACY: Final = resource_dir("profiles") / "replica_accuracy.toml"
BLOCK: Final = re.compile(r"(<!-- made by replica_lag -->\n).*?(<!-- end -->)", re.DOTALL)

GREW: Final = 0.05
"""The share of what is committed from which on the lag is said to grow: written down before the
runs."""
BINARY_LOG: Final = frozenset({"mysql-9.7"})
"""Whose replica writes one, and syncs it: its second sync of a commit."""

LEFT_OUT: Final = 0.1
"""Of the runs, at either end: of ten nine are on the side that the product tells."""


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


class Judged(NamedTuple):
    """One run, beside what the model says."""

    server: str
    case: AccuracyCase
    cores: int
    share: float
    """The real rate, of the model's."""
    appliers: int | None = None
    """Where the model takes several to apply no more than one."""


def judged_runs(results: dict[str, Any]) -> Iterator[Judged]:
    """All saturated runs; and those without flushes, each held against what the product says of it
    with the CPU time of one applier, which is taken from them."""
    cores = {server["name"]: server["cores"] for server in results["servers"]}
    for row in saturated_rows(results):
        case: AccuracyCase = "replay" if row["server"].startswith("postgresql") else "durable"
        for rate in row["runs"]:
            yield Judged(row["server"], case, cores[row["server"]], rate / row["predicted"])
    for server in results["servers"]:
        asked = _asked(server["name"], server["cores"])
        if VENDORS[asked.vendor].replaying(asked.version).appliers is None:
            continue
        model = model_of(measurement(1000, series("append", "fdatasync", 1000)), asked)
        for appliers, rate in server["unflushed_tps"].items():
            predicted = model.applied(int(appliers), sequence=ASYNCHRONOUS).applied_per_s
            share = rate / predicted
            yield Judged(server["name"], "relaxed", asked.cores, share, int(appliers))
    for cell in results["cold"]:
        asked = _asked(cell["server"], cell["cores"])
        ahead = VENDORS[asked.vendor].replaying(asked.version).reads_ahead
        for run in cell["saturated"]:
            share = run["applied_per_s"] / cell["predicted_per_s"]
            case = "replay" if ahead else "replay-without-prefetch"
            yield Judged(cell["server"], case, asked.cores, share)


def _asked(server: str, cores: int) -> Asked:
    """With the CPU time that the product assumes."""
    vendor = next(name for name in VENDOR_NAMES if server.startswith(f"{name}-"))
    version = parse_version(server.removeprefix(f"{vendor}-"))
    return Asked(vendor, version, cores, ((1, load_replay()[vendor].applied_us_per_txn),))


def margin_of(runs: Sequence[Judged]) -> Accuracy:
    """What nine of ten of them are at least, and at most; the model's own rate lies always
    within."""
    shares = sorted(run.share for run in runs)
    left_out = int(LEFT_OUT * len(shares))
    vendor = _asked(runs[0].server, 1).vendor
    versions = sorted({run.server.removeprefix(f"{vendor}-") for run in runs})
    cores = {run.cores for run in runs}
    one = [run.share for run in runs if run.appliers == 1]
    several = {run.appliers: run.share for run in runs if run.appliers and run.appliers > 1}
    return Accuracy(
        pairs=f"{VENDORS[vendor].title} {' and '.join(versions)} on {max(cores)} cores",
        runs=len(shares),
        at_least=min(1.0, math.floor(100 * shares[left_out]) / 100),
        at_most=max(1.0, math.ceil(100 * shares[-1 - left_out]) / 100),
        several_appliers=tuple(sorted(several)),
        several_of_one_at_most=math.ceil(100 * max(several.values()) / min(one)) / 100
        if several
        else None,
    )


def margins(results: dict[str, Any]) -> dict[tuple[str, AccuracyCase], Accuracy]:
    """By vendor and case."""
    found: dict[tuple[str, AccuracyCase], list[Judged]] = {}
    for run in judged_runs(results):
        found.setdefault((_asked(run.server, 1).vendor, run.case), []).append(run)
    return {key: margin_of(runs) for key, runs in found.items()}


def accuracy_text(results: dict[str, Any]) -> str:
    """profiles/replica_accuracy.toml."""
    lines = [
        "# Real rates of replicas as shares of the model's: at_least and at_most each hold in nine",
        "# of ten runs.",
        "# tests/benchmarks/replica_lag/README.md has the runs; its report writes this file:",
        "# python -m tests.benchmarks.replica_lag.report",
    ]
    for (vendor, case), margin in sorted(margins(results).items()):
        lines += [
            "",
            f"[{vendor}.{case}]",
            f'pairs = "{margin.pairs}"',
            f"runs = {margin.runs}",
            f"at_least = {margin.at_least:g}",
            f"at_most = {margin.at_most:g}",
        ]
        if margin.several_of_one_at_most is not None:
            lines += [
                f"several_appliers = {[*margin.several_appliers]}",
                f"several_of_one_at_most = {margin.several_of_one_at_most:g}",
            ]
    return "".join(f"{line}\n" for line in lines)


def margin_lines(results: dict[str, Any]) -> Iterator[str]:
    """The same, to read."""
    yield "| tried | pairs | runs | of the model's rate nine of ten are at least | at most |"
    yield "|---|---|---|---|---|"
    for (_, case), margin in sorted(margins(results).items()):
        shares = f"{margin.at_least:g} | {margin.at_most:g}"
        yield f"| {case} | {margin.pairs} | {margin.runs} | {shares} |"


def tables(results: dict[str, Any]) -> str:
    """All of it as Markdown."""
    first = results["servers"][0]
    saturated, lag = list(saturated_rows(results)), list(watched_rows(results))
    lines = [
        f"{first['cores']} cores, kernel {first['kernel']}, from {first['taken_at']} on.",
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
    lines += ["", *margin_lines(results)]
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
    results = json.loads(RESULTS.read_text())
    shown = tables(results)
    ACCURACY.write_text(accuracy_text(results))
    text = README.read_text()
    README.write_text(BLOCK.sub(lambda found: found[1] + shown + found[2], text))
    print(shown, end="")


if __name__ == "__main__":
    main()
