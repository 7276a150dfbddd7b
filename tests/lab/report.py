"""README.md's tables, made from experiments/ and results/.

python -m tests.lab.report
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from advisor.comparison.throughput import RateRatio, rate_ratio
from tests.lab import server_memory
from tests.lab.configurations import DEFAULT, OURS
from tests.lab.experiment import Block, Experiment, experiment_names, load_experiment
from tests.lab.prediction import Prediction, predicted
from tests.lab.recovery import predicted_recovery_s
from tests.lab.results import RunResult, counted_runs, stored_runs
from tests.lab.rivals import RIVALS
from tests.servers.provision import SERVERS

README: Final = Path(__file__).with_name("README.md")
BLOCK: Final = re.compile(r"(<!-- made by report\.py -->\n).*?(<!-- end -->)", re.DOTALL)
BEST_RIVAL: Final = 0.97
OVER_DEFAULT: Final = 1.3
"""What our fragment is to reach against the best rival and against the server's default."""
OUT_OF_MEMORY: Final = "killed: it wanted more memory"

Runs = Mapping[str, Sequence[RunResult]]
"""Configuration -> its runs, by repetition."""


def report(names: Sequence[str] | None = None) -> str:
    """The tables of all experiments."""
    chosen = [load_experiment(name) for name in names or experiment_names()]
    parts = [*map(_experiment, chosen), *_predicted_rates(chosen), *server_memory.table()]
    parts += _set_aside(chosen)
    return "\n".join(parts)


def _experiment(experiment: Experiment) -> str:
    stopping = experiment.stopping
    hurried = f" Before it {stopping.hurried_s:g} s of the load on a drive that takes no time."
    on_filesystem = f" on {experiment.filesystem}" if experiment.filesystem != "ext4" else ""
    lines = [
        f"## {experiment.id}",
        "",
        experiment.question,
        "",
        f"{stopping.measured_s:g} s after a warm-up of {stopping.warmup_s:g} s, the server with"
        f" {experiment.memory}{on_filesystem}; {stopping.repetitions_min} to"
        f" {stopping.repetitions_max} repetitions in random order, seed {experiment.seed}."
        f"{hurried if stopping.hurried_s else ''}",
        "",
    ]
    counts = experiment.about == "rate"
    stored = counted_runs(experiment.id) if counts else stored_runs(experiment.id)
    missing = []
    for block in experiment.blocks():
        if runs := by_configuration(block, stored):
            lines += [*_table(block, runs), ""]
        else:
            missing.append(_named(block))
    if missing:
        lines += [f"Not run yet: {'; '.join(missing)}.", ""]
    return "\n".join(lines)


def by_configuration(block: Block, stored: Sequence[RunResult]) -> Runs:
    """The runs of a block, in the order of its configurations."""
    runs = {
        name: sorted(
            (run for run in stored if run.block == block.key and run.configuration == name),
            key=lambda run: run.repetition,
        )
        for name in block.experiment.configurations
    }
    return {name: found for name, found in runs.items() if found}


def best_rival(block: Block, runs: Runs) -> str | None:
    """The rival, of others' formulas, with the highest median rate; None where none has run."""
    (row,) = (row for row in SERVERS if row.name == block.server)
    rivals = [name for name in runs if name in RIVALS[row.vendor]]
    return max(rivals, key=lambda name: _median(runs[name]), default=None)


def ratio(runs: Runs, name: str, other: str) -> RateRatio | None:
    """Of the repetitions that both have; None where there is none."""
    rates, others = (
        {run.repetition: run.rates.mean for run in runs.get(each, ()) if not run.is_out_of_memory}
        for each in (name, other)
    )
    both = sorted(rates.keys() & others.keys())
    return rate_ratio([rates[n] for n in both], [others[n] for n in both]) if both else None


def shortfalls(block: Block, runs: Runs) -> Iterator[str]:
    """Where our fragment misses what it is to reach."""
    rival = best_rival(block, runs)
    for other, least in ((rival, BEST_RIVAL), (DEFAULT, OVER_DEFAULT)):
        found = ratio(runs, OURS, other) if other else None
        if found is not None and found.ratio < least:
            yield f"{found.ratio:.3f} of {other}, below {least:g}"


def _table(block: Block, runs: Runs) -> Iterator[str]:
    yield f"**{block.server}** on {_named(block)}:"
    yield ""
    if block.experiment.about == "recovery":
        yield "| configuration | recovery |"
        yield "|---|---|"
        for name, found in runs.items():
            yield f"| {name} | {_recoveries(found)} |"
        return
    rival = best_rival(block, runs)
    yield (
        "| configuration | runs | commits/s | lowest 5 s | against default"
        f" | against {rival or 'a rival'} | recovery |"
    )
    yield "|---|---|---|---|---|---|---|"
    for name, found in runs.items():
        cells = [
            name,
            str(len(found)),
            OUT_OF_MEMORY if found[0].is_out_of_memory else f"{_median(found):.0f}",
            f"{median(run.rates.lowest for run in found):.0f}",
            _shown(ratio(runs, name, DEFAULT)),
            _shown(ratio(runs, name, rival) if rival else None),
            _recoveries(found),
        ]
        yield f"| {' | '.join(cells)} |"
    for shortfall in shortfalls(block, runs):
        yield ""
        yield f"Ours is at {shortfall}."


def _predicted_rates(experiments: Sequence[Experiment]) -> Iterator[str]:
    """What `capacity` says of the runs of our fragment, beside what they did."""
    found = list(predictions(experiments))
    if not found:
        return
    yield "## Rates that capacity predicts"
    yield ""
    yield (
        "From the drive as measured, what its provider allows, the data's size, and what the"
        " processors did on a drive that takes no time. Measured: our fragment's median."
    )
    yield ""
    yield "| server, drive, load-clients-scale | measured | predicted | error | limited by |"
    yield "|---|---|---|---|---|"
    for key, measured, prediction in found:
        error = prediction.tps / measured - 1
        yield (
            f"| {key} | {measured:.0f} | {prediction.tps:.0f} | {error:+.0%}"
            f" | {prediction.bottleneck} |"
        )
    yield ""
    errors = [(key, abs(prediction.tps / measured - 1)) for key, measured, prediction in found]
    beyond = [error for key, error in errors if key.endswith("-uniform")]
    yield (
        f"Median error: {median(error for _, error in errors):.0%} over {len(errors)},"
        f" {median(beyond):.0%} over the {len(beyond)} whose data are three times the buffer pool"
        " or more."
    )
    yield ""


def _set_aside(experiments: Sequence[Experiment]) -> Iterator[str]:
    """The runs whose rates do not count, and why."""
    runs = [
        (experiment.id, run)
        for experiment in experiments
        if experiment.about == "rate"
        for run in stored_runs(experiment.id)
        if run.set_aside
    ]
    if not runs:
        return
    yield "## Runs set aside"
    for why in dict.fromkeys(run.set_aside for _, run in runs):
        yield from ("", f"{why}:", "", "| experiment | block | configuration | commits/s |")
        yield "|---|---|---|---|"
        for name, run in runs:
            if run.set_aside == why:
                rate = f"{run.rates.mean:.0f}"
                yield f"| {name} | {run.block} | {run.configuration} | {rate} |"
    yield ""


def predictions(
    experiments: Sequence[Experiment],
) -> Iterator[tuple[str, float, Prediction]]:
    """Block, the median rate of our fragment, and the predicted one; not of experiments about
    recovery, whose runs are too short for it."""
    for experiment in experiments:
        if experiment.about == "recovery":
            continue
        stored = counted_runs(experiment.id)
        for block in experiment.blocks():
            ours = by_configuration(block, stored).get(OURS, ())
            prediction = predicted(ours[-1], block) if ours else None
            if prediction is not None:
                yield block.key, _median(ours), prediction


def _named(block: Block) -> str:
    """Like "`hdd-7200`, tpcb, 16 clients, scale 50"."""
    load = block.load
    alike = ", all rows alike" if load.uniform else ""
    return f"`{block.drive}`, {load.name}, {load.clients} clients, scale {load.scale}{alike}"


def _recoveries(runs: Sequence[RunResult]) -> str:
    return ", ".join(_recovery(run) for run in runs if run.recovery_s is not None)


def _recovery(run: RunResult) -> str:
    replayed = f" for {run.replayed_bytes / 1e6:,.0f} MB" if run.replayed_bytes else ""
    predicted_s = predicted_recovery_s(run)
    predicted = "" if predicted_s is None else f", predicted {predicted_s:.0f} s"
    return f"{run.recovery_s:.0f} s{replayed}{predicted}"


def _median(runs: Sequence[RunResult]) -> float:
    return median(run.rates.mean for run in runs)


def _shown(found: RateRatio | None) -> str:
    if found is None:
        return ""
    if found.low is None or found.high is None:
        return f"{found.ratio:.2f}"
    return f"{found.ratio:.2f} ({found.low:.2f} to {found.high:.2f})"


def main() -> None:
    """Writes the tables into the README."""
    made = report()
    README.write_text(BLOCK.sub(lambda found: found[1] + made + found[2], README.read_text()))


if __name__ == "__main__":
    main()
