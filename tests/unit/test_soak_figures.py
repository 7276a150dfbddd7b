"""What is said of a soak's figures: a missed pace, scatter, recovery, and which one counts."""

import random
from pathlib import Path

import pytest

from advisor.analysis.description import notes_on
from advisor.analysis.soak_text import sustained_text
from advisor.analysis.soaking import RECOVERED, findings_of
from advisor.analysis.sustained import DIFFERS, short_soak_warning, with_soak
from advisor.analysis.verdict import judge
from advisor.knowledge import load_storage_knowledge
from advisor.measurement_file import to_json
from advisor.output.charts.data import RateOverTime
from advisor.output.charts.rate_over_time import rate_over_time
from advisor.output.measurement import measurement_document
from advisor.output.renderers import render
from advisor.output.soak import soak_figure
from advisor.soak import Soak
from tests.support.command_line import run
from tests.support.drives import summary
from tests.support.soaks import BURST, STEADY, noisy, soak_of_rates, soaked_measurement


def said(soak: Soak) -> str:
    taken = soaked_measurement(soak)
    return sustained_text(findings_of(soak, taken.target, taken.environment))


# The pace


@pytest.mark.parametrize(
    ("rate_per_s", "text"),
    [
        (800.0, "800 syncs/s as asked for 60 s"),
        (820.0, "800 syncs/s as asked for 60 s"),
        (50_000.0, "asked 50,000 syncs/s, the drive did 800 for 60 s"),
        (400.0, "800 syncs/s (asked 400) for 60 s"),
    ],
)
def test_a_pace_is_as_asked_only_where_the_drive_kept_it(rate_per_s: float, text: str) -> None:
    assert said(STEADY.model_copy(update={"rate_per_s": rate_per_s})) == text


def test_a_pace_that_was_missed_is_full_speed() -> None:
    """So what the drive sustains is known, and compared with the series that follow."""
    missed = STEADY.model_copy(update={"rate_per_s": 50_000.0})
    notes = notes_on(soaked_measurement(missed))
    assert notes[0].startswith("measured after a soak of 60 s, in the state")
    assert not any("paced" in note for note in notes)
    assert with_soak(soaked_measurement(None, 2000.0), missed).warnings[-1].code == DIFFERS


def test_of_a_kept_pace_the_time_of_a_sync_changes() -> None:
    """50/s, of 1 ms for a minute and 4 ms for another."""
    soak = soak_of_rates([50] * 120, rate_per_s=50)
    mean_us = (1000.0,) * 60 + (4000.0,) * 60
    slow = soak.model_copy(
        update={"stretches": soak.stretches.model_copy(update={"mean_us": mean_us})}
    )
    assert said(slow) == (
        "50 syncs/s as asked; a sync took 4 ms in the last 60 s, 1 ms in the first 60 s"
    )


def test_a_rise_is_no_but() -> None:
    rising = soak_of_rates([*noisy(2000, 30), *noisy(3300, 20)])
    assert (
        said(rising)
        == "3,300 syncs/s sustained for the last 20 s, up from the 2,000 of the first 30 s"
    )


# Recovery, and which figure counts


def wild(seed: int = 3) -> Soak:
    """1000 syncs/s, by turns 500 and 1500: the mean is known to some 15 %."""
    chance = random.Random(seed)
    return soak_of_rates([chance.choice([500, 1500]) for _ in range(30)])


def test_noise_is_no_recovery() -> None:
    """Without a change to slower there is nothing to recover from, and no series is left out."""
    taken = soaked_measurement(None, 900.0)
    for soak in (wild(), STEADY):
        soaked = with_soak(taken, soak)
        assert RECOVERED not in {warning.code for warning in soaked.warnings}
        assert len(soaked.series) == len(taken.series)


def test_within_both_intervals_the_series_counts() -> None:
    """1.27 ms +-5 % and 1.25 ms: no difference."""
    taken = soaked_measurement(None)
    primary = taken.series[0].model_copy(update={"summary": summary(1270.0, ci95_percent=5.0)})
    near = taken.model_copy(update={"series": (primary, *taken.series[1:])})
    assert with_soak(near, STEADY).series == near.series


def test_without_an_interval_nothing_surely_differs() -> None:
    """Of nine seconds there is none."""
    short = soak_of_rates(noisy(3000, 9))
    taken = soaked_measurement(None)
    soaked = with_soak(taken, short)
    assert soaked.series == taken.series
    assert "commits are computed from 800 syncs/s, measured right after the soak" in notes_on(
        soaked
    )


@pytest.mark.parametrize(
    ("soak", "which"),
    [
        (STEADY, "sustained for 60 s"),
        (BURST, "sustained for the last 2 min of 3 min"),
    ],
)
def test_the_sustained_figure_counts_and_is_named(soak: Soak, which: str) -> None:
    """The series after it were slower: 2 ms, where 1.25 ms are sustained."""
    taken = soaked_measurement(None, 2000.0)
    soaked = with_soak(taken, soak)
    assert soaked.primary is not None
    assert soaked.primary.summary.mean_us == pytest.approx(1250, rel=0.01)
    assert [each.pattern for each in soaked.series] == [each.pattern for each in taken.series]
    assert [warning.code for warning in soaked.warnings] == [DIFFERS]
    assert f"commits are computed from 800 syncs/s, {which}" in notes_on(soaked)


def test_capacity_and_its_notes_have_one_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "soaked.json"
    path.write_text(to_json(with_soak(soaked_measurement(None, 2000.0), STEADY)))
    status, text, _ = run(capsys, "capacity", "--from", path, "--syncs", "1")
    assert status == 0
    assert "computed from 800 syncs/s" in " ".join(text.split())
    assert " 800 " in text


def test_what_is_missing_for_one_reason_is_one_line() -> None:
    recovered = with_soak(soaked_measurement(None, 333.0), BURST)
    verdict = judge(recovered, load_storage_knowledge())
    text = " ".join(render(measurement_document(recovered, verdict), "table").split())
    assert text.count("not measured:") == 1
    assert "not measured: append fdatasync, classic fsync: taken after the drive had" in text


def test_the_head_of_a_report_names_the_soak(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "soaked.json"
    path.write_text(to_json(soaked_measurement()))
    status, text, _ = run(capsys, "report", "--from", path, "--format", "markdown")
    assert status == 0
    head = " ".join(text.split())
    assert "takes 1.25 ms on average, p99 1.88 ms, after a soak of 3 min; " in head


# Scatter


def test_a_rate_that_scatters_is_told_as_a_range() -> None:
    """Of 40 seconds 20 at 100/s and 20 at 4000/s; in the last ten all but one are slow:
    (9 * 100 + 4000) / 10 = 490."""
    rates = [100, 4000] * 15 + [4000, 4000, 4000] + [100] * 7
    rates = [*rates[:30], *[4000, 100, 100, 100, 100, 100, 100, 100, 100, 100]]
    spread = findings_of(
        soak_of_rates(rates), soaked_measurement().target, soaked_measurement().environment
    ).spread
    assert spread is not None
    assert (spread.min_per_s, spread.p10_per_s, spread.p90_per_s, spread.max_per_s) == (
        *(100, 100),
        *(4000, 4000),
    )
    assert spread.last_quarter_per_s == 490
    assert (
        "soak: the rate was between 100 and 4,000/s (tenth and ninetieth percentile: 100 to 4,000),"
        " and 490/s in the last quarter"
    ) in notes_on(soaked_measurement(soak_of_rates(rates)))


def test_a_rate_that_does_not_scatter_is_one_figure() -> None:
    assert not any("percentile" in note for note in notes_on(soaked_measurement(STEADY)))


def test_slow_phases_at_even_distances_are_told() -> None:
    """25 s at 3000/s and 5 s at 300/s, eight times."""
    soak = soak_of_rates([*noisy(3000, 25), *noisy(300, 5)] * 8)
    notes = notes_on(soaked_measurement(soak))
    told = [note for note in notes if "slow for" in note]
    assert told == ["soak: slow for 5 s every 30 s, 8 times: 300 syncs/s then"]


# Changes and phases


@pytest.mark.parametrize("mixed", [900, 1500, 2600])
def test_a_change_and_the_phases_beside_it_agree(mixed: int) -> None:
    """A second that has a part of both levels is of the phase before."""
    soak = soak_of_rates([*[3000] * 20, mixed, *[300] * 20])
    taken = soaked_measurement(soak)
    found = findings_of(soak, taken.target, taken.environment)
    (change,) = found.changes
    assert change.at_s == found.sustained_from_s == 21
    assert found.first.count == change.syncs == change.operations == 60_000 + mixed
    assert found.sustained.count == 6000
    assert found.sustained_s == 20


# Damaged files


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"elapsed_ns": (10**18,)}, "the soak was to last 60 s, and its stretches 1e+09 s"),
        ({"mean_us": (99.0,)}, "stretch 0 of the soak has a mean of 99 us, and its histogram one"),
        ({"p50_us": (1e6,)}, "has a p50, a p99 and a maximum out of order"),
        ({"p99_us": (1e6,)}, "has a p50, a p99 and a maximum out of order"),
        ({"syncs": (7,)}, "stretch 0 of the soak has 7 syncs, and 784 in its histogram"),
        ({"elapsed_ns": (10**8,)}, "stretch 0 of the soak is shorter than its syncs together"),
    ],
)
def test_figures_that_contradict_each_other_are_refused(
    changed: dict[str, tuple[float]],
    problem: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stretches = STEADY.stretches.model_copy(
        update={
            name: (*values, *getattr(STEADY.stretches, name)[1:])
            for name, values in changed.items()
        }
    )
    path = tmp_path / "bent.json"
    path.write_text(to_json(soaked_measurement(STEADY.model_copy(update={"stretches": stretches}))))
    status, out, told = run(capsys, "capacity", "--from", path)
    assert (status, out) == (1, "")
    assert problem in told


def test_a_sound_one_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sound.json"
    path.write_text(to_json(soaked_measurement(STEADY)))
    assert run(capsys, "capacity", "--from", path)[0] == 0


@pytest.mark.parametrize(
    ("histogram", "says"), [("nonsense", "it is not written as measure writes it")]
)
def test_what_is_wrong_is_said_in_our_words(
    histogram: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = STEADY.stretches.histograms[0]
    path = tmp_path / "bent.json"
    path.write_text(to_json(soaked_measurement(STEADY)).replace(written, histogram, 1))
    status, _, told = run(capsys, "capacity", "--from", path)
    assert status == 1
    assert f"histograms.0: {says}" in told
    empty = to_json(soaked_measurement(STEADY)).replace('"stretches":{', '"stretches":{"x":0,', 1)
    start = empty.index('"elapsed_ns":[', empty.index('"stretches"'))
    path.write_text(empty[:start] + '"elapsed_ns":[' + empty[empty.index("]", start) :])
    told = run(capsys, "capacity", "--from", path)[2]
    assert "elapsed_ns: it has fewer than 1 entries" in told


# In the end


def test_a_soak_alone_may_have_missed_the_end_of_a_burst() -> None:
    taken = soaked_measurement()
    warning = short_soak_warning(STEADY, taken.target, taken.environment)
    assert warning is not None
    assert "burst credits can last 30 minutes" in warning.text
    assert short_soak_warning(BURST, taken.target, taken.environment) is None


def test_too_short_to_show_a_change() -> None:
    soak = soak_of_rates(noisy(800, 5), ended_by="bytes").model_copy(update={"asked_s": 45.0})
    assert (
        "soak: it ended after 5 s of 45 s at its limit of 931 GB (--max-bytes); in less than 10 s"
        " no change of the rate can be told"
    ) in notes_on(soaked_measurement(soak))


def test_numbers_are_explained_where_they_are_drawn() -> None:
    taken = soaked_measurement()
    soak = taken.soak
    assert soak is not None
    chart = soak_figure(soak, findings_of(soak, taken.target, taken.environment)).chart
    assert isinstance(chart, RateOverTime)
    assert "numbers: changes" in rate_over_time(chart).svg("a", "b", "c")
    verdict = judge(taken, load_storage_knowledge())
    assert "in the chart" not in render(measurement_document(taken, verdict), "table")
