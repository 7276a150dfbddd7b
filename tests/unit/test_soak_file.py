"""A soak in a measurement's file: it survives, others load as before, and bent ones are refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from advisor.analysis.description import describe_measured, notes_on
from advisor.analysis.soaking import soak_findings
from advisor.errors import AdvisorError
from advisor.measurement_file import MAX_OTHER_BYTES, from_json, to_json
from advisor.output.document import Document, Section
from advisor.output.renderers import render
from advisor.output.soak import soak_blocks
from tests.support.golden import stored
from tests.support.soaks import BURST, soaked_measurement


def test_a_file_without_a_soak_loads_as_before() -> None:
    assert stored("nvme-consumer").soak is None


def test_it_survives_being_stored() -> None:
    taken = soaked_measurement()
    assert from_json(to_json(taken), "a file") == taken


def test_a_file_says_what_each_figure_is() -> None:
    soak = json.loads(to_json(soaked_measurement()))["soak"]
    assert set(soak) == {
        *("series", "block_bytes", "asked_s", "rate_per_s", "page_writers", "bytes_max"),
        *("files_bytes", "ended_by", "stretches", "health", "health_unknown"),
    }
    assert set(soak["stretches"]) == {
        *("elapsed_ns", "syncs", "mean_us", "p50_us", "p99_us", "max_us", "page_bytes"),
        *("device_written_bytes", "histograms"),
    }


Bend = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("bend", "problem"),
    [
        (lambda soak: soak["stretches"]["syncs"].pop(), "not equally long"),
        (lambda soak: soak["stretches"]["syncs"].__setitem__(0, 2 * 10**9), "in a nanosecond"),
        (lambda soak: soak["stretches"]["syncs"].__setitem__(0, 0), "syncs.0"),
        (lambda soak: soak["stretches"]["elapsed_ns"].__setitem__(0, 0), "elapsed_ns.0"),
        (lambda soak: soak["stretches"]["mean_us"].__setitem__(0, 0), "mean_us.0"),
        (lambda soak: soak["stretches"]["mean_us"].__setitem__(0, None), "mean_us.0"),
        (lambda soak: soak["stretches"]["page_bytes"].__setitem__(0, -1), "page_bytes.0"),
        (lambda soak: soak["stretches"]["histograms"].__setitem__(0, "5:0"), "histograms.0"),
        (lambda soak: soak["stretches"]["histograms"].__setitem__(0, ""), "histograms.0"),
        (lambda soak: soak["stretches"]["histograms"].__setitem__(0, "1:2;3"), "histograms.0"),
        (lambda soak: soak["stretches"].update({key: [] for key in soak["stretches"]}), "soak."),
        (
            lambda soak: soak["stretches"].update(
                {key: each[:1] * 4001 for key, each in soak["stretches"].items()}
            ),
            "soak.stretches",
        ),
        (lambda soak: soak.update(asked_s=0), "soak.asked_s"),
        (lambda soak: soak.update(ended_by="chance"), "soak.ended_by"),
        (lambda soak: soak.update(health=[{"at_s": -1}]), "soak.health.0.at_s"),
    ],
)
def test_a_bent_soak_is_refused_in_one_line(bend: Bend, problem: str) -> None:
    tree = json.loads(to_json(soaked_measurement()))
    bend(tree["soak"])
    with pytest.raises(AdvisorError) as refused:
        from_json(json.dumps(tree), "bent.json")
    assert refused.value.message.startswith("bent.json is not a measurement: ")
    assert problem in refused.value.message


EXTREME: dict[str, Bend] = {
    "one stretch": lambda soak: soak["stretches"].update(
        {key: each[:1] for key, each in soak["stretches"].items()}
    ),
    "as short as can be": lambda soak: soak["stretches"].update(
        mean_us=[0.001] * 180, max_us=[0] * 180, elapsed_ns=[1] * 180, syncs=[1] * 180
    ),
    "as long as can be": lambda soak: soak["stretches"].update(
        mean_us=[1e12] * 90 + [0.001] * 90, max_us=[1e12] * 180, elapsed_ns=[10**18] * 180
    ),
    "as many as can be": lambda soak: soak["stretches"].update(
        elapsed_ns=[10**18] * 180, syncs=[10**11] * 180
    ),
    "all but a few as short as can be": lambda soak: soak["stretches"].update(
        syncs=[3, 7, 11] * 60, mean_us=[0.001] * 180
    ),
    "hardly any as long as can be": lambda soak: soak["stretches"].update(
        elapsed_ns=[10**18] * 180,
        syncs=[10**11] * 90 + [1] * 90,
        mean_us=[0.001, 0.002] * 45 + [0.001, 1e12] * 45,
    ),
    "histograms of nothing like it": lambda soak: soak["stretches"].update(
        histograms=["999:999999999999999"] * 180
    ),
    "pages as large as can be": lambda soak: soak.update(
        page_writers=3, stretches={**soak["stretches"], "page_bytes": [1] * 90 + [2**80] * 90}
    ),
    "devices that write all there is": lambda soak: soak["stretches"].update(
        device_written_bytes=[0] * 90 + [2**80] * 90
    ),
    "readings": lambda soak: soak.update(
        health=[{"at_s": 0, "hot_minutes": 0}, {"at_s": 1e9, "hot_minutes": 2**63}]
    ),
}


@pytest.mark.parametrize("bend", EXTREME.values(), ids=EXTREME)
def test_what_is_as_strange_as_may_be_is_shown_all_the_same(bend: Bend) -> None:
    tree = json.loads(to_json(soaked_measurement()))
    bend(tree["soak"])
    taken = from_json(json.dumps(tree), "strange.json")
    assert soak_findings(taken) is not None
    assert all(notes_on(taken))
    assert describe_measured(taken).figures
    document = Document(sections=[Section(blocks=list(soak_blocks(taken, with_notes=True)))])
    for form in ("table", "markdown", "html", "json"):
        if form != "json":
            assert render(document, form)


def test_the_largest_soak_that_is_kept_can_be_read() -> None:
    """2000 stretches with 60 buckets each, whose counts have five digits, as after a day."""
    histogram = "300:" + ",".join(["12345"] * 60)
    stretches = BURST.stretches
    large = stretches.model_copy(
        update={
            name: ((histogram,) if name == "histograms" else values[:1]) * 2000
            for name, values in stretches
        }
    )
    text = to_json(soaked_measurement(BURST.model_copy(update={"stretches": large})))
    assert 900_000 < len(text) < MAX_OTHER_BYTES
    assert from_json(text, "a file").soak is not None
