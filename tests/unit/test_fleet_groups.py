"""`fleet report` by group and against earlier results; and that it stays small."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from advisor.fleet.build import build_fleet, modelled_host
from advisor.fleet.results import Fleet
from advisor.fleet.since_baseline import change_since
from advisor.importers.groups_file import parse_inventory
from advisor.knowledge import load_storage_knowledge
from advisor.measurement import Measurement
from tests.support.command_line import run
from tests.support.drives import device, measurement, series, summary
from tests.support.golden import stored
from tests.support.paths import CHECKOUT, MEASUREMENTS
from tests.support.simulated_fleet import labelled, scattered, varied

KNOWLEDGE = load_storage_knowledge()
GROUPS = parse_inventory(
    '[a]\nhosts = ["a1", "a2", "a3", "a4", "a5"]\n[b]\nhosts = ["b1", "b2"]\n', "g.toml"
)
PLP = (MEASUREMENTS / "nvme-plp.json").read_text()


def fleet(results: Mapping[str, Measurement]) -> Fleet:
    hosts = [
        modelled_host(
            f"{name}.json",
            name,
            result,
            KNOWLEDGE,
            host=name if name in GROUPS.group_of else None,
            group=GROUPS.group_of.get(name),
        )
        for name, result in results.items()
    ]
    return build_fleet(hosts, [], "0", GROUPS)


def of(mean_us: float, *, p99_us: float | None = None, **given: Any) -> Measurement:
    return measurement(summary(mean_us, p99_us=p99_us), **given)


# Groups


def test_hosts_are_held_against_their_group_whatever_their_drives_are() -> None:
    others = {f"a{n}": of(1000, devices=(device(model=f"M{n}"),)) for n in range(1, 5)}
    found = fleet({**others, "a5": of(1501), "b1": of(9000), "b2": of(20)})
    assert {host.name for host in found.hosts if host.outlier} == {"a5"}
    assert found.models == ()


def test_hosts_in_no_group_are_held_against_their_model() -> None:
    strangers = {f"x{n}": of(1000) for n in range(4)}
    found = fleet({"a1": of(9000), **strangers, "x4": of(5000)})
    assert {host.name for host in found.hosts if host.outlier} == {"x4"}
    assert [(model.model, model.hosts, model.outliers) for model in found.models] == [("X", 5, 1)]


def test_a_group_in_figures() -> None:
    found = fleet(
        {
            "a1": of(1000, p99_us=2000),
            "a2": of(1200, p99_us=3000),
            "a3": stored("tmpfs"),
            "b1": of(500),
        }
    )
    a, b = found.groups
    assert (a.name, a.hosts, a.without_result) == ("a", 5, ("a4", "a5"))
    assert (a.median_us, a.worst_p99_us, a.low_trust, a.outliers) == (1100, 3000, 1, 0)
    assert a.serial_syncs_per_s == pytest.approx(1000 + 1e6 / 1200)
    assert (b.hosts, b.median_us, b.worst_p99_us) == (2, 500, None)
    empty = fleet({"a1": of(1000)}).groups[1]
    assert (empty.hosts, empty.median_us, empty.without_result) == (2, None, ("b1", "b2"))


# Against what was


# A mean of 1000 us that is known to 10 % is 100 us to either side: the difference of two such is
# known to 141 us, sqrt(100^2 + 100^2), so what matters beyond 14.1 % is the tolerance.
@pytest.mark.parametrize(
    ("now_us", "tolerance_percent", "slower"),
    [
        (1499, 50.0, False),
        (1510, 50.0, True),
        (1260, 25.0, True),
        (1240, 25.0, False),
        (1100, 0.0, False),
        (500, 0.0, False),
    ],
)
def test_slower_is_beyond_noise_and_the_tolerance(
    now_us: float, tolerance_percent: float, slower: bool
) -> None:
    before, now = (measurement(summary(us, ci95_percent=10.0)) for us in (1000, now_us))
    found = change_since(before, now, tolerance_percent)
    assert found is not None
    assert (found.before_us, found.slower) == (1000, slower)
    assert found.times == pytest.approx(now_us / 1000)


def test_noise_that_is_not_known_judges_nothing() -> None:
    before, now = (measurement(summary(us, ci95_percent=None)) for us in (1000, 9000))
    found = change_since(before, now, 50)
    assert found is not None
    assert (found.times, found.slower) == (9, None)


def test_different_series_are_not_compared() -> None:
    other = measurement(None, series("append", "fsync", 1000), source="reported by fio")
    assert change_since(measurement(), other, 50) is None
    unsynced = measurement(None, series("random", "none", 5))
    assert change_since(measurement(), unsynced, 50) is None


# The command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Eleven alike, before and now, one of which has become twice as slow; another is new."""
    monkeypatch.chdir(tmp_path)
    for name in ("before", "now"):
        (tmp_path / name).mkdir()
        for n in range(11):
            factor = 2.0 if (name, n) == ("now", 3) else 1.0
            (tmp_path / f"{name}/db-{n:02}.json").write_text(varied(PLP, factor))
    (tmp_path / "before/db-10.json").unlink()
    hosts = json.dumps([f"db-{n:02}" for n in range(12)])
    (tmp_path / "g.toml").write_text(f"[oltp]\nhosts = {hosts}\n")
    return tmp_path


def report(
    capsys: pytest.CaptureFixture[str], *more: object, format_: str = "json"
) -> tuple[int, str, str]:
    return run(capsys, "fleet", "report", "now", "--format", format_, *more)


def test_by_group_and_against_a_baseline(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = report(capsys, "--groups", "g.toml", "--baseline", "before")
    told = json.loads(out)
    assert status == 3
    (group,) = told["groups"]
    assert (group["name"], group["hosts"], group["without_result"]) == ("oltp", 12, ["db-11"])
    assert (group["outliers"], group["slower"]) == (1, 1)
    assert told["baseline"] == {
        "directory": "before",
        "tolerance_percent": 50,
        "oldest_taken_at": "2026-11-20T08:30:00Z",
        "newest_taken_at": "2026-11-20T08:30:00Z",
        "compared": 10,
        "slower": 1,
        "less_trusted": 0,
        "without": 1,
        "unread": [],
    }
    worst = told["hosts"][0]
    assert (worst["name"], worst["group"]) == ("db-03", "oltp")
    assert worst["change"] == {
        "before_us": 24.1,
        "times": 2,
        "slower": True,
        "before_taken_at": "2026-11-20T08:30:00Z",
    }
    assert told["asked"] == ["--groups", "g.toml", "--baseline", "before"]
    assert told["hosts"][-1]["class"] == "nvme-plp"


@pytest.mark.parametrize("format_", ["terminal", "markdown", "html"])
def test_each_format_says_it(
    format_: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--groups", "g.toml", "--baseline", "before")
    status, out, _ = report(capsys, *options, format_=format_)
    shown = " ".join(out.replace("\u202f", " ").replace("\u00a0", " ").split())
    assert status == 3
    assert "1 host is slower than before: db-03." in shown
    assert "12 hosts in 1 group, 1 of them without a result." in shown
    assert "median: of the hosts" in shown
    assert "by: fleet report --groups g.toml --baseline before FILE..." in shown
    assert "of its model" not in shown
    assert "A host is compared with the others of its group" in shown
    assert "Slower than before" in shown
    assert "10 hosts compared with before, 1 slower; 1 without a result there" in shown
    assert "Outliers in their group" in shown
    status, out, _ = report(capsys, "--groups", "g.toml", format_=format_)
    assert (status, "Slower" in out) == (0, False)
    status, out, _ = report(capsys, format_=format_)
    shown = " ".join(out.split())
    assert (status, "of its group" in shown) == (0, False)
    assert "A host is compared with those that have the same drives." in shown


# Of 7 hosts in one group and 6 in another one is without a result: 13 hosts, and 7 in a's row.
def test_a_group_has_all_its_hosts_measured_or_not(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"db-{n:02}" for n in range(12)] + ["db-99"]
    groups = {"a": {"hosts": names[-7:]}, "b": {"hosts": names[:-7]}}
    (folder / "g.toml").write_text(json.dumps(groups))
    (folder / "now/db-11.json").write_text(PLP)
    out = report(capsys, "--groups", "g.toml", format_="terminal")[1]
    assert "13 hosts in 2 groups, 1 of them without a result." in " ".join(out.split())
    rows = [line.split()[:3] for line in out.splitlines()]
    assert ["a", "7", "1"] in rows
    assert ["b", "6", "0"] in rows
    told = json.loads(report(capsys, "--groups", "g.toml")[1])["groups"]
    assert [group["hosts"] for group in told] == [7, 6]
    groups["a"]["hosts"].insert(0, "zz")
    (folder / "g.toml").write_text(json.dumps(groups))
    out = report(capsys, "--groups", "g.toml", format_="terminal")[1]
    assert "Without a result: db-99, zz." in out


# The exit status


def test_an_outlier_alone_is_no_failure_and_slower_is_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = report(capsys)
    assert (status, err) == (0, "")
    assert any(host["outlier"] for host in json.loads(out)["hosts"])
    status, out, err = report(capsys, "--baseline", "before")
    assert (status, err) == (
        3,
        "fsync-advisor: 1 host is slower than before: db-03\n  exit status 3: slower\n",
    )
    assert report(capsys, "--baseline", "before", "--tolerance", "150")[0] == 0


def test_all_that_is_wrong_is_told_and_the_report_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "now/db-07.json").write_text((MEASUREMENTS / "tmpfs.json").read_text())
    (folder / "now/bad.json").write_text("{")
    status, _, err = report(capsys, "--baseline", "before", "--output", "report.json")
    assert status == 3
    assert "1 of 12 files could not be read: now/bad.json" in err
    assert err.splitlines()[-2:] == [
        "fsync-advisor: 1 host is not durable: db-07; 1 host is slower than before: db-03",
        "  exit status 3: not trusted",
    ]
    assert json.loads((folder / "report.json").read_text())["trust"]["not-durable"] == 1


# How old the baseline is


def dated(folder: Path, name: str, *days: str) -> None:
    """The first results of a folder, each taken on a day of November 2026."""
    for n, day in enumerate(days):
        file = folder / f"{name}/db-{n:02}.json"
        found = json.loads(file.read_text())
        file.write_text(json.dumps({**found, "taken_at": f"2026-11-{day}:00Z"}))


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        # 08:30 of the 20th is what all others say, there and here.
        (("10T08:30",), ("20T08:30",), "2026-11-10 to 2026-11-20, 0 to 10 days earlier."),
        (("20T02:30",), (), "2026-11-20, 0 to 6 hours earlier."),
        (
            ("20T08:30", "22T08:30"),
            (),
            "2026-11-20 to 2026-11-22, 0 hours earlier. Measured later than what it is"
            " compared with: 1 host.",
        ),
    ],
)
def test_how_old_the_earlier_results_are_is_said(
    before: tuple[str, ...],
    now: tuple[str, ...],
    said: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    dated(folder, "before", *before)
    dated(folder, "now", *now)
    out = report(capsys, "--baseline", "before", format_="terminal")[1]
    assert f"The results there were measured {said}" in " ".join(out.split())


def test_none_slower_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = report(capsys, "--baseline", "now", format_="terminal")[1]
    assert "No host is slower than before." in " ".join(out.split())
    assert "slower than before" not in report(capsys, format_="terminal")[1]


def test_what_was_asked_for_is_said_as_it_is_typed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "g.toml").rename(folder / "my groups.toml")
    options = ("--groups", "my groups.toml", "--group", "oltp", "--baseline", "before")
    out = report(capsys, *options, "--tolerance", "25.5", format_="terminal")[1]
    assert (
        "by: fleet report --groups 'my groups.toml' --group oltp --baseline before --tolerance 25.5"
        " FILE..." in " ".join(out.split())
    )


def test_a_smaller_tolerance_finds_more(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "now/db-05.json").write_text(varied(PLP, 1.4))
    for tolerance, slower in ((50, 1), (30, 2)):
        out = report(capsys, "--baseline", "before", "--tolerance", tolerance)[1]
        assert json.loads(out)["baseline"]["slower"] == slower


def test_earlier_results_that_cannot_be_read_are_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "before/db-03.json").write_text("{")
    (folder / "before/db-04.json").unlink()
    os.mkfifo(folder / "before/db-04.json")
    status, out, err = report(capsys, "--baseline", "before")
    told = json.loads(out)["baseline"]
    assert (told["compared"], told["slower"], told["without"]) == (8, 0, 3)
    assert [each["file"] for each in told["unread"]] == ["before/db-03.json", "before/db-04.json"]
    assert told["unread"][1]["why"] == "before/db-04.json is a named pipe, not a file"
    assert status == 1, err
    assert "2 earlier results could not be read: before/db-03.json is JSON that is cut" in err
    shown = " ".join(report(capsys, "--baseline", "before", format_="terminal")[1].split())
    assert "No host that was compared is slower than before. 3 of 11 hosts not compared" in shown
    assert "before/db-04.json is a named pipe" in shown


@pytest.mark.parametrize("name", [None, "other.json"])
def test_where_nothing_is_compared_that_is_said_and_fails(
    name: str | None, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "empty").mkdir()
    if name:
        (folder / "empty" / name).write_text(PLP)
    status, out, err = report(capsys, "--baseline", "empty", format_="terminal")
    shown = " ".join(out.split())
    assert status == 1
    assert "Nothing was compared: empty has no result that can be." in shown
    assert "slower than before." not in shown
    assert "nothing was compared: --baseline empty has no result of these hosts" in err
    assert "the same file names, like empty/db-00.json" in err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--group", "oltp"), "--group needs --groups FILE"),
        (("--baseline", "nowhere"), "--baseline nowhere is no directory"),
        (("--baseline", "g.toml"), "--baseline g.toml is no directory"),
        (("--groups", "g.toml", "--group", "x"), "g.toml has no group 'x'"),
    ],
)
def test_what_is_refused(
    options: tuple[str, ...], told: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = report(capsys, *options)
    assert (status, told in err) == (2, True), err


def test_only_a_group_has_no_hosts_of_others(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "g.toml").write_text(
        '[oltp]\nhosts = ["db-00", "db-01"]\n[olap]\nhosts = ["db-02", "db-03"]\n'
    )
    status, out, err = report(capsys, "--groups", "g.toml", "--group", "olap")
    assert (status, "note: 2 results of hosts in other groups left out" in err) == (0, True)
    files = {host["file"] for host in json.loads(out)["hosts"]}
    assert files == {f"now/db-{n:02}.json" for n in range(2, 11)}  # 04 to 10 are in no group


def named(text: str, host_name: str, **more: Any) -> str:
    """A stored measurement of a host with a name."""
    found = json.loads(text)
    found["environment"]["host_name"] = host_name
    return json.dumps({**found, **more})


@pytest.mark.parametrize("options", [(), ("--groups", "g.toml")])
def test_two_results_of_one_host_are_told(
    options: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A later one of another name: refused in a group, which would count it twice."""
    (folder / "now/zz.json").write_text(named(PLP, "db-03", taken_at="2026-11-21T08:30:00Z"))
    (folder / "now/db-03.json").write_text(named(PLP, "db-03"))
    status, out, err = report(capsys, *options)
    if options:
        assert (status, out) == (2, "")
        assert "db-03 has two results: now/db-03.json and now/zz.json" in err
    else:
        assert status == 0
        assert "note: each counts as a host: now/db-03.json and now/zz.json, of db-03\n" in err
        assert report(capsys, "--quiet")[2] == ""


@pytest.mark.parametrize("options", [(), ("--groups", "g.toml")])
def test_clones_of_one_name_are_hosts_as_their_files_are(
    options: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two", "three"):
        (folder / f"now/{name}.json").write_text(named(PLP, "vm", label="weekly"))
    status, out, err = report(capsys, *options)
    names = {host["name"] for host in json.loads(out)["hosts"]}
    assert (status, {"one", "two", "three"} <= names) == (0, True)
    assert (
        "note: each counts as a host: now/one.json and now/three.json, of vm, and 1 more\n" in err
    )


def test_hosts_with_one_name_are_told_apart_by_label_and_directory(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the volumes of a StorageClass are, by their pods."""
    target = json.loads(PLP)["target"]
    (folder / "now/db-03.json").write_text(named(PLP, "localhost", label="a"))
    (folder / "now/y.json").write_text(named(PLP, "localhost", label="b"))
    other = {**target, "directory": "/elsewhere"}
    (folder / "now/z.json").write_text(named(PLP, "localhost", label="b", target=other))
    status, _, err = report(capsys)
    assert (status, err) == (0, "")


def test_rows_end_where_a_browser_would(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("advisor.commands.fleet_report.ROWS", {"markdown": 4})
    out = report(capsys, format_="markdown")[1]
    assert out.count("| db-") <= 5
    assert "and 7 more; --format html and markdown have 10,000, json has all" in out


# Memory: what a host more takes

PEAK_KIB = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_maxrss if status == 0 else "failed")
"""
"""From a small process: Linux counts as a child's peak what its parent had when it was forked."""


def peak_kib(folder: Path, hosts: int, format_: str) -> int:
    results = folder / f"of-{hosts}"
    results.mkdir()
    for n, factor in enumerate(scattered(Random(1), hosts, slow=hosts // 100)):
        (results / f"db-{n:05}.json").write_text(labelled(varied(PLP, factor), f"db-{n:05}"))
    names = json.dumps([f"db-{n:05}" for n in range(hosts)])
    groups = folder / "g.toml"
    groups.write_text(f"[all-of-them]\nhosts = {names}\n")
    options = ("--groups", groups, "--baseline", results, "--format", format_)
    report = [sys.executable, "-m", "advisor", "fleet", "report", *map(str, options), str(results)]
    command = [sys.executable, "-c", PEAK_KIB, *report]
    return int(subprocess.check_output(command, cwd=CHECKOUT, text=True))


# 100,000 hosts have 500 MiB, of which 45 are there before the first: 4.8 kB for each.
@pytest.mark.parametrize("format_", ["terminal", "json"])
def test_a_host_more_takes_little_memory(format_: str, tmp_path: Path) -> None:
    few, many = (peak_kib(tmp_path, hosts, format_) for hosts in (200, 2200))
    assert few < 80 * 1024
    assert (many - few) / 2000 < 4.8
