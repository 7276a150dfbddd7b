"""A fleet: order, outliers, sums and trust by hand; and the command on good and bad files."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from advisor.analysis.verdict import judge
from advisor.errors import AdvisorError
from advisor.fleet.build import build_fleet, modelled_host
from advisor.fleet.dates import first_and_last
from advisor.fleet.results import Fleet, FleetHost, Unread
from advisor.knowledge import load_storage_knowledge
from advisor.measurement import Device, Measurement
from advisor.measurement_file import from_json, to_json, without_latencies
from advisor.output.charts.data import HostLatencies
from advisor.output.document import Figure
from advisor.output.fleet import fleet_document
from advisor.output.renderers.text import render_text
from tests.support.command_line import run
from tests.support.drives import UNKNOWN, device, measurement, round_of, series, summary, under_load
from tests.support.paths import FIXTURES, MEASUREMENTS

KNOWLEDGE = load_storage_knowledge()


def host(name: str, mean_us: float, *, p99_us: float | None = None, **more: Any) -> FleetHost:
    made = measurement(summary(mean_us, p99_us=p99_us), label=name, **more)
    return modelled_host(f"{name}.json", name, made, KNOWLEDGE)


def fleet(hosts: Sequence[FleetHost], *unread: Unread) -> Fleet:
    return build_fleet(hosts, unread, "0")


def of_one_model(means_us: Sequence[float], **more: Any) -> Fleet:
    return fleet([host(f"{number}", mean_us, **more) for number, mean_us in enumerate(means_us)])


def outliers(found: Fleet) -> dict[str, float]:
    return {one.name: round(one.outlier.times_the_median, 3) for one in found.hosts if one.outlier}


# Order


def test_the_worst_p99_is_first_and_a_mean_stands_in() -> None:
    unsynced = measurement(None, series("random", "none", 5), label="no sync")
    found = fleet(
        [
            host("a", 100, p99_us=900),
            modelled_host("f", "no sync", unsynced, KNOWLEDGE),
            host("b", 300, p99_us=800),
            host("slow", 850),
            host("c", 200, p99_us=1000),
        ]
    )
    assert [one.name for one in found.hosts] == ["c", "a", "slow", "b", "no sync"]


def test_a_host_is_called_as_its_file_is_whatever_its_label_is() -> None:
    made = measurement(label="weekly")
    named = made.environment.model_copy(update={"host_name": "db07"})
    found = modelled_host("m.json", "m", made.model_copy(update={"environment": named}), KNOWLEDGE)
    assert (found.name, found.label) == ("m", "weekly")


def test_of_two_files_alike_the_path_tells() -> None:
    other = modelled_host("rack/x.json", "x", measurement(), KNOWLEDGE)
    found = fleet([host("x", 1000), host("y", 1002), other])
    assert {one.name for one in found.hosts} == {"x.json", "y", "rack/x.json"}


# Outliers


# Four alike: nothing but the factor of 1.5 counts, and 1000 / 1.5 = 666.67.
@pytest.mark.parametrize(
    ("mean_us", "expected"),
    [(1499, {}), (1501, {"4": 1.501}), (667, {}), (666, {"4": 0.666})],
)
def test_an_outlier_is_farther_than_a_factor(mean_us: float, expected: dict[str, float]) -> None:
    found = of_one_model([1000, 1000, 1000, 1000, mean_us])
    assert outliers(found) == expected
    (model,) = found.models
    assert (model.model, model.hosts, model.outliers) == ("X", 5, len(expected))
    assert (model.median_us, model.outlier_factor) == pytest.approx((1000, 1.5))


# Logarithms of steps of 1.2: deviations from 1440 us are 0, 1, 1, 2, 2 and two large ones steps, so
# their median is 2 ln 1.2 = 0.36464; x 1.4826 x 3.5 = 1.8922, and exp(1.8922) = 6.634.
@pytest.mark.parametrize(("factor", "expected"), [(6.6, {}), (6.7, {"5": 6.7, "6": 0.149})])
def test_and_farther_than_the_model_scatters(factor: float, expected: dict[str, float]) -> None:
    found = of_one_model([1000, 1200, 1440, 1728, 2073.6, 1440 * factor, 1440 / factor])
    assert found.models[0].outlier_factor == pytest.approx(6.634, abs=0.001)
    assert outliers(found) == expected


def test_three_have_no_middle() -> None:
    assert of_one_model([1000, 1000, 9000]).models == ()
    assert outliers(of_one_model([1000, 1000, 1000, 9000])) == {"3": 9}


MIRROR = (device("sda", model="X"), device("sdb", model="X"))


@pytest.mark.parametrize(
    ("devices", "model"),
    [
        ((device(model="Y"),), "Y"),
        (MIRROR, "2 x X"),
        ((device("sdb", model="Z"), device("sda", model="X")), "X + Z"),
        ((device(model="X"), device("sdb", model=UNKNOWN)), None),
        ((), None),
    ],
)
def test_only_the_same_drives_are_held_against_each_other(
    devices: tuple[Device, ...], model: str | None
) -> None:
    other = host("other", 9000, devices=devices)
    assert other.model == model
    found = fleet([*of_one_model([1000] * 4).hosts, other])
    assert (outliers(found), [one.hosts for one in found.models]) == ({}, [4])


def test_only_the_same_series_are_held_against_each_other() -> None:
    reported = measurement(
        series("append", "fsync", 9000), label="reported", source="reported by fio"
    )
    found = fleet([*of_one_model([1000] * 4).hosts, modelled_host("f", "f", reported, KNOWLEDGE)])
    assert (outliers(found), [one.hosts for one in found.models]) == ({}, [4])


def test_who_is_not_durable_is_held_against_nobody() -> None:
    found = fleet([*of_one_model([1000] * 4).hosts, host("memory", 9000, filesystem="tmpfs")])
    assert (outliers(found), [one.hosts for one in found.models]) == ({}, [4])


# Sums


# 1000/s + 500/s; the slower one would hold both to 500/s. 20 us on volatile flash are not believed.
def test_only_what_can_be_believed_is_added_up() -> None:
    unsynced = measurement(None, series("random", "none", 5))
    found = fleet(
        [
            host("a", 1000, p99_us=1500),
            host("b", 2000, p99_us=2500),
            host("memory", 1000, filesystem="tmpfs"),
            host("too fast", 20),
            modelled_host("f", "f", unsynced, KNOWLEDGE),
        ]
    )
    total = found.total
    assert (total.hosts, total.left_out) == (2, 3)
    assert (total.serial_syncs_per_s, total.evenly_shared_syncs_per_s) == (1500, 1000)
    assert found.trust == {"plausible": 3, "unverifiable": 0, "suspicious": 1, "not-durable": 1}


# The golden measurements: 1e6 / 860, / 262, / 24.1, ... and their p99.
def test_classes_are_counted_and_added_up() -> None:
    paths = sorted(MEASUREMENTS.glob("*.json"))
    found = fleet(
        [modelled_host(str(p), p.stem, from_json(p.read_text(), ""), KNOWLEDGE) for p in paths]
    )
    counts = {
        one.storage_class: (one.hosts, one.median_p99_us, round(one.serial_syncs_per_s, 2))
        for one in found.classes
    }
    assert counts == {
        "hdd": (2, None, 124.34),
        "hdd-behind-cache": (1, 152.0, 0),
        "memory": (1, 1.6, 0),
        "nvme-consumer": (1, 2628.8, 608.64),
        "nvme-plp": (1, 38.56, 41493.78),
        "sata-ssd-consumer": (1, 1376.0, 1162.79),
        "sata-ssd-plp": (1, 419.2, 3816.79),
        "virtual-disk": (1, 1120.0, 1428.57),
    }
    assert found.total.serial_syncs_per_s == pytest.approx(48634.91, abs=0.01)
    assert found.classes[0].storage_class == "hdd"
    assert found.classes[0].worst_p99_us is None


# Reading without latencies


def lying(**more: Any) -> Measurement:
    """20 syncs, 9 flushes: trust rests on how many latencies there are."""
    rounds = [round_of([1000] * 20, flush_requests=9)]
    return measurement(series("overwrite", "fdatasync", 1000, rounds=rounds), **more)


@pytest.mark.parametrize("indent", [None, 1])
def test_without_its_latencies_a_measurement_is_judged_as_with_them(indent: int | None) -> None:
    label = 'its "latencies_ns":[1,2] and \\'
    text = json.dumps(json.loads(to_json(lying(label=label))), indent=indent)
    light = from_json(without_latencies(text.encode()).decode(), "")
    assert [len(one.latencies_ns) for one in light.series[0].rounds] == [0]
    assert light.label == label
    assert judge(light, KNOWLEDGE) == judge(lying(label=label), KNOWLEDGE)
    assert judge(light, KNOWLEDGE).trust == "suspicious"


@pytest.mark.parametrize("bad", ["-1", "1.5", '"1"', "[1]", "null"])
def test_latencies_that_are_none_are_refused_nevertheless(bad: str) -> None:
    text = to_json(lying()).replace('"latencies_ns":[1000,', f'"latencies_ns":[{bad},')
    with pytest.raises(AdvisorError, match="latenc"):
        from_json(without_latencies(text.encode()).decode(), "")


# The command


def test_json_is_the_whole_fleet(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(
        capsys,
        "fleet",
        "report",
        MEASUREMENTS / "hdd.json",
        MEASUREMENTS / "tmpfs.json",
        "--format",
        "json",
    )
    assert (status, err) == (
        3,
        "fsync-advisor: 1 host is not durable: tmpfs\n  exit status 3: not trusted\n",
    )
    told = json.loads(out)
    assert (told["schema_version"], told["unread"]) == (1, [])
    hdd, tmpfs = told["hosts"]
    assert hdd["taken_at"] == "2026-11-20T08:30:00Z"
    assert (hdd["class"], hdd["trust"], hdd["model"]) == ("hdd", "plausible", "WDC WD2002FYPS-0")
    assert hdd["file"] == str(MEASUREMENTS / "hdd.json")
    assert hdd["latency"]["mean_us"] == 12200
    assert hdd["latency"]["p99_us"] is None
    assert (tmpfs["trust"], tmpfs["evidence"][0]["check"]) == ("not-durable", "memory-file-system")


def test_of_standard_input_the_host_is_that(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with (MEASUREMENTS / "hdd.json").open() as file:
        monkeypatch.setattr("sys.stdin", file)
        out = run(capsys, "fleet", "report", "-", "--format", "json")[1]
    assert json.loads(out)["hosts"][0]["name"] == "standard input"


def test_another_tools_report_is_one_of_the_fleet(capsys: pytest.CaptureFixture[str]) -> None:
    fio = FIXTURES / "fio-3.33-fdatasync.json"
    status, out, err = run(
        capsys, "fleet", "report", MEASUREMENTS / "hdd.json", fio, "--format", "json"
    )
    assert (status, err) == (0, "")
    (reported,) = [one for one in json.loads(out)["hosts"] if one["file"] == str(fio)]
    assert (reported["source"], reported["trust"]) == ("reported by fio 3.33", "unverifiable")


@pytest.fixture
def bad_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[Path, str]:
    """Files with names that no table breaks, and what is wrong with them."""
    monkeypatch.chdir(tmp_path)
    cut, binary, no_time = Path("cut.json"), Path("binary"), Path("no_time.json")
    text = (MEASUREMENTS / "hdd.json").read_text()
    cut.write_text(text[:5000])
    no_time.write_text(text.replace('"mean_us": 12200', '"mean_us": 1e-310', 1))
    binary.write_bytes(b"\x7fELF\x00\xff")
    folder = Path("folder")
    folder.mkdir()
    return {
        cut: "cut.json is not a measurement: Invalid JSON: EOF while parsing",
        binary: "binary",
        no_time: "mean_us: Input should be greater than or equal to 0.001",
        Path("nowhere.json"): "nowhere.json cannot be read: No such file or directory",
        folder: "folder has no file whose name ends with .json",
    }


@pytest.mark.parametrize("format_", ["json", "html", "markdown", "terminal"])
def test_what_cannot_be_read_is_said_and_the_rest_reported(
    format_: str, bad_files: dict[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    files = [MEASUREMENTS / "hdd.json", *bad_files, MEASUREMENTS / "nvme-plp.json"]
    status, out, err = run(capsys, "fleet", "report", *files, "--format", format_)
    assert (status, err.count("\n")) == (1, 1)
    assert "5 of 7 files could not be read: " in err
    # Wrapped and escaped as the format will have it.
    shown = "".join(out.replace("\\", "").split())
    assert all(one in shown for one in ("hdd", "nvme-plp", "cut.json", "nowhere.json"))
    if format_ == "json":
        unread = {Path(one["file"]): one["why"] for one in json.loads(out)["unread"]}
        assert unread.keys() == bad_files.keys()
        assert all(why in unread[path] for path, why in bad_files.items())


def test_a_report_in_a_file_is_written_although_one_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    product = tmp_path / "fleet.html"
    status, out, _ = run(
        capsys,
        "fleet",
        "report",
        MEASUREMENTS / "hdd.json",
        "nowhere",
        "--format",
        "html",
        "--output",
        product,
    )
    assert (status, out) == (1, "")
    assert "The slowest is hdd" in product.read_text()


TWO_PIPES_FULL = b" " * 128 * 1024
"""Cannot be written before somebody has read half of it."""


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    """While it reads what a shell calls <(...), which is no named pipe and is waited for."""
    reader, writer = os.pipe()
    arguments = ["fleet", "report", MEASUREMENTS / "hdd.json", f"/dev/fd/{reader}"]
    command = [sys.executable, "-m", "advisor", *map(str, arguments)]
    command += ["--output", str(tmp_path / "fleet.json")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, pass_fds=[reader]) as process:
        os.close(reader)
        os.write(writer, TWO_PIPES_FULL)
        for _ in range(600):  # one that comes just before a read begins is not seen by it
            with suppress(subprocess.TimeoutExpired):
                process.send_signal(signal.SIGINT)
                process.wait(timeout=0.05)
                break
        os.close(writer)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == "fsync-advisor: interrupted by SIGINT; nothing was left behind\n"
    assert os.listdir(tmp_path) == []


def test_nobody_waits_for_a_named_pipe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a folder, by its name, or where a link leads to it."""
    (tmp_path / "db-1.json").write_text((MEASUREMENTS / "hdd.json").read_text())
    os.mkfifo(tmp_path / "db-2.json")
    (tmp_path / "link").symlink_to("db-2.json")
    for path, told in (
        (tmp_path, f"1 of 2 files could not be read: {tmp_path}/db-2.json is a named pipe, not a"),
        (tmp_path / "link", f"fsync-advisor: {tmp_path}/link is a named pipe, not a file\n"),
    ):
        status, _, err = run(capsys, "fleet", "report", path)
        assert (status, told in err) == (1, True), err
    status, out, _ = run(capsys, "fleet", "report", tmp_path, "/dev/null", "--format", "json")
    assert status == 1
    why = {each["file"]: each["why"] for each in json.loads(out)["unread"]}
    assert why["/dev/null"] == "/dev/null is a device, not a file"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ((), 2, "Missing argument 'FILE'"),
        (
            (MEASUREMENTS / "hdd.json", "--format", "prometheus"),
            2,
            "Invalid value for '--format'",
        ),
        ((MEASUREMENTS / "hdd.json", MEASUREMENTS / "." / "hdd.json"), 2, "is given twice"),
        ((MEASUREMENTS / "hdd.json", "--output", "/"), 2, "/ is a directory"),
        (("nowhere", "either"), 1, "2 of 2 files could not be read: nowhere cannot be read: No"),
        (("nowhere",), 1, "fsync-advisor: nowhere cannot be read: No such file"),
        (("/proc/self/task",), 1, "fsync-advisor: /proc/self/task has no file whose name ends"),
    ],
)
def test_mistakes_get_one_clear_line(
    arguments: tuple[object, ...], status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ended, out, err = run(capsys, "fleet", "report", *arguments)
    assert (ended, out) == (status, "")
    assert message in err
    assert "Traceback" not in err


# What people see


def test_a_terminal_shows_the_worst_and_how_many_more_there_are() -> None:
    found = of_one_model([1000, 2000, 3000, 4000], filesystem="tmpfs")
    for most, more in ((2, 2), (4, 0), (None, 0)):
        text = render_text(fleet_document(found, most))
        rows = [
            line for line in text.splitlines() if line.split()[1:3] == ["memory", "not-durable"]
        ]
        assert len(rows) == (most or 4)
        assert (f"and {more} more; --format html" in text) == bool(more)


HOSTILE = [
    "<script>alert(1)</script>",
    "a\nb\x1b[31m",
    "{{ 9007 * 3 }}",
    "x" * 200,
    "\u202eRTL 💾",
]


@pytest.mark.parametrize("format_", ["json", "html", "markdown", "terminal"])
def test_hostile_names_are_text(
    format_: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = []
    for number, name in enumerate(HOSTILE):
        paths.append(tmp_path / f"{number}.json")
        slow = 1000 * (1 + 9 * (number == 0))
        devices = (device(model=name), device("vdb", model="QEMU HARDDISK", transport="virtio"))
        made = measurement(slow, devices=devices, label=name)
        paths[-1].write_text(to_json(made))
    status, out, _ = run(capsys, "fleet", "report", *paths, "--format", format_)
    assert status == 0
    if format_ in ("html", "markdown"):
        assert "<script>" not in out.replace("\\<", "&lt;")
    assert "\x1b" not in out
    assert "27021" not in out
    assert "\u202e" not in out


def test_eighty_columns_are_enough(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "fleet", "report", *sorted(MEASUREMENTS.glob("*.json")), "nowhere.json")
    assert max(map(len, out.splitlines())) <= 80


def test_the_p99_under_load_is_shown_where_it_was_measured() -> None:
    beside = (
        under_load("overwrite", summary(5000, p99_us=7000), beside="sequential-read"),
        under_load("overwrite", summary(3000, p99_us=9000)),
    )
    made = measurement(summary(1000, p99_us=2000), label="a").model_copy(
        update={"under_load": beside}
    )
    loaded = modelled_host("a.json", "a", made, KNOWLEDGE)
    assert loaded.under_load is not None
    assert (loaded.under_load.mean_us, loaded.under_load.p99_us) == (3000, 9000)
    text = render_text(fleet_document(fleet([loaded, host("b", 1000, p99_us=1000)])))
    rows = [line.split() for line in text.splitlines()]
    assert ["host", "class", "trust", "syncs/s", "mean", "p99", "p99", "loaded", "measured"] in rows
    assert [row[-6:-1] for row in rows if row[:1] == ["a"]] == [["ms", "2", "ms", "9", "ms"]]
    assert [row[-4:-1] for row in rows if row[:1] == ["b"]] == [["1", "ms", "-"]]
    assert "p99 loaded" not in render_text(fleet_document(fleet([host("b", 1000)])))


def test_the_chart_has_the_outliers_and_the_slowest() -> None:
    """30 hosts of one model, 1000 to 1029 us, and a fast one: the rows are 20."""
    found = of_one_model([*range(1000, 1030), 100])
    (figure,) = [
        block for block in fleet_document(found).sections[0].blocks if isinstance(block, Figure)
    ]
    chart = figure.chart
    assert isinstance(chart, HostLatencies)
    assert chart.hosts == 31
    assert [name for name, *_ in chart.rows] == [*(str(29 - number) for number in range(19)), "30"]
    assert chart.rows[0] == ("29", 1029, "mean", False)
    assert chart.rows[-1] == ("30", 100, "10.1 x faster, mean", True)
    assert (figure.title, chart.figure) == ("mean of one sync by host", "mean")
    assert figure.description == (
        "The slowest is 29 with 1.03 ms. Outliers among drives of one model: 30 (10.1 x faster,"
        " mean)."
    )


# What the order is by, as of 2 hosts: with a p99 or without.
@pytest.mark.parametrize(
    ("p99s_us", "by", "note"),
    [
        ((900, 800), "p99", ""),
        ((None, 800), "p99 or mean", "1 host with too few samples for a p99: ranked by mean."),
        ((None, None), "mean", "2 hosts with too few samples for a p99: ranked by mean."),
    ],
)
def test_what_hosts_are_ranked_by_is_said(
    p99s_us: tuple[int | None, int | None], by: str, note: str
) -> None:
    unsynced = measurement(None, series("random", "none", 5), label="no sync")
    slow, fast = (host(f"{n}", 500 + n, p99_us=p99_us) for n, p99_us in enumerate(p99s_us))
    found = fleet_document(fleet([slow, fast, modelled_host("f", "f", unsynced, KNOWLEDGE)]))
    text = " ".join(render_text(found).split())
    assert f"All hosts, the worst {by} first" in text
    assert f"{by} of one sync by host" in text
    assert ("ranked by mean" in text) == bool(note)
    assert note in text


def test_those_that_are_not_durable_come_first() -> None:
    memory = {f"memory-{n}": 10 + n for n in range(5)}
    hosts = [host(name, us, filesystem="tmpfs") for name, us in memory.items()]
    found = fleet_document(fleet([*hosts, host("slow", 1000), host("fast", 5)]))
    assert found.summary[0] == ("5 hosts are not durable: memory-4, memory-3, memory-2 and 2 more.")
    assert found.summary[1].startswith("The slowest is slow")
    assert "1 host is suspicious: fast." in found.summary
    assert "1 other makes 1,000 syncs/s with one writer." in found.summary
    sound = fleet_document(fleet([host("slow", 1000)]))
    assert sound.summary[0].startswith("The slowest is slow")


def test_where_no_host_is_to_be_believed_none_is_the_slowest_and_nothing_is_added_up() -> None:
    document = fleet_document(fleet([host("memory", 1000, filesystem="tmpfs")]))
    assert document.summary[1:] == (
        "No drive model has 4 hosts, so none is compared.",
        "No host has syncs that can be believed.",
        "Measured 2026-11-22.",
    )


def test_one_host_makes_nothing_together() -> None:
    """And nobody else could take a share."""
    text = " ".join(render_text(fleet_document(fleet([host("a", 1000)]))).split())
    assert "1 host makes 1,000 syncs/s with one writer." in text
    assert "1 host: 1,000 syncs/s." in text
    assert "same share" not in text
    two = " ".join(render_text(fleet_document(fleet([host("a", 1000), host("b", 500)]))).split())
    assert "2 hosts make 3,000 syncs/s together, with one writer on each." in two
    assert "hold the others to 2,000/s in all" in two


def test_what_syncs_per_second_are_is_said() -> None:
    text = " ".join(render_text(fleet_document(fleet([host("a", 1000)]))).split())
    assert "syncs/s: one second by the mean; ops/s, as `measure` shows them, are fewer" in text


# When hosts were measured


def test_the_first_and_the_last_are_not_those_that_are_first_and_last_in_the_list() -> None:
    days = [datetime(2026, 11, day, tzinfo=timezone.utc) for day in (20, 10, 28, 22)]
    assert first_and_last([UNKNOWN, *days]) == (days[1], days[2])


def taken(text: str) -> Measurement:
    found = datetime.fromisoformat(text) if text else UNKNOWN
    return measurement(label=text or "unknown").model_copy(update={"taken_at": found})


@pytest.mark.parametrize(
    ("moments", "said"),
    [
        (["2026-11-20T08:30:00+00:00"], "Measured 2026-11-20."),
        (
            # Without a zone it is UTC; the second is 12:00 of the 20th in UTC.
            ["2026-11-20T20:00:00", "2026-11-21T02:00:00+14:00", "2026-11-28T01:00:00+02:00"],
            "Measured 2026-11-20 to 2026-11-27.",
        ),
        (["0001-01-01T00:00:00+14:00"], "Measured 0001-01-01."),
        (["2026-11-20T08:30:00+00:00", ""], "Measured 2026-11-20; 1 result without a date."),
        ([""], None),
    ],
)
def test_when_hosts_were_measured_is_in_the_head(moments: list[str], said: str | None) -> None:
    found = fleet([modelled_host(text, text, taken(text), KNOWLEDGE) for text in moments])
    dated = [line for line in fleet_document(found).summary if line.startswith("Measured")]
    assert dated == ([said] if said else [])


def test_each_host_has_its_day_and_those_in_the_future_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tomorrow = datetime.now(timezone.utc) + timedelta(hours=20)  # a host's local time, perhaps
    dates = {
        "now": tomorrow.isoformat(),
        "then": "2099-01-02T03:04:05Z",
        "old": "2026-11-20T08:30Z",
    }
    for name, taken_at in dates.items():
        found = json.loads(to_json(measurement(1000)))
        (tmp_path / f"{name}.json").write_text(json.dumps({**found, "taken_at": taken_at}))
    out = run(capsys, "fleet", "report", tmp_path)[1]
    assert "1 result is dated in the future: then." in out
    days = {line.split()[0]: line.split()[-1] for line in out.splitlines() if "plausible" in line}
    assert (days["then"], days["old"]) == ("2099-01-02", "2026-11-20")
    told = json.loads(run(capsys, "fleet", "report", tmp_path, "--format", "json")[1])
    assert told["dated_ahead"] == ["then"]


def test_hosts_without_a_sync_have_no_chart() -> None:
    unsynced = measurement(None, series("random", "none", 5), label="no sync")
    found = fleet([modelled_host("f", "f", unsynced, KNOWLEDGE)])
    (section, *_) = fleet_document(found).sections
    assert not [block for block in section.blocks if isinstance(block, Figure)]


def test_an_outlier_is_named_with_what_it_is_held_against() -> None:
    text = render_text(fleet_document(of_one_model([1000] * 4 + [9000, 100])))
    assert "Of 6 hosts that can be compared with others of their drive model, 2 stand out." in text
    rows = [line.split() for line in text.splitlines()]
    assert ["4", "9", "ms", "1", "ms", "9", "x", "slower", "X"] in rows
    assert ["5", "100", "us", "1", "ms", "10", "x", "faster", "X"] in rows
    assert ["X", "6", "1", "ms", "1.5", "x", "2"] in rows
