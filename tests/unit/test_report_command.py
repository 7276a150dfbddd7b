"""fsync-advisor report: exit statuses, one clear line for each mistake, files, and the command
that it says makes it again."""

import json
import shlex
from pathlib import Path

import pytest

from advisor.output.renderers.html import NO_CHARTS
from tests.support.command_line import run
from tests.support.paths import MEASUREMENTS

QUICK = str(MEASUREMENTS / "cloud-quick.json")
TMPFS = str(MEASUREMENTS / "tmpfs.json")
PLP = str(MEASUREMENTS / "nvme-plp.json")
FEW = ("--clients", "1")
"""Little work for the model."""


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("--from", "nowhere.json"), 1, "nowhere.json cannot be read: No such file"),
        (("--from", __file__), 1, "is not a known report"),
        (("/a", "/b"), 2, "unexpected extra argument"),
        (("--from", QUICK, "."), 2, f"both . and --from {QUICK} are given"),
        (("--from", QUICK, "--quick"), 2, "need a drive, not --from"),
        (("--from", QUICK, "--db", "oracle"), 2, "--db 'oracle': name some of mysql, mariadb, p"),
        (("--from", QUICK, "--db", "mysql", "--db", "mysql"), 2, "--db mysql is given twice"),
        (("--from", QUICK, "--db-version", "8.4"), 2, "--db-version, --binary-log, --durability"),
        (("--from", QUICK, "--memory", "8GB"), 2, "--cluster need --db"),
        (("--from", QUICK, "--durability", "loses-recent-on-crash"), 2, "need --db"),
        (
            ("--from", QUICK, "--db", "mysql", "--db", "mariadb", "--db-version", "8.4"),
            2,
            "1 --db-version for 2 --db\n  hint: give one for each, in the same order",
        ),
        (("--from", QUICK, "--db", "mysql", "--db-version", "5.6"), 2, "older than what we know"),
        (("--from", QUICK, "--db", "postgresql", "--binary-log"), 2, "PostgreSQL has no binary"),
        (("--from", QUICK, "--workload", "x"), 2, "there is no workload 'x'"),
        (("--from", QUICK, "--workload", "all", "--target-tps", "1"), 2, "one workload at most"),
        (("--from", QUICK, "--parameter", "items=5", "--target-tps", "1"), 2, "need --workload"),
        (("--from", QUICK, "--p99-ms", "5"), 2, "--p99-ms needs --target-tps"),
        (("--from", QUICK, "--clients", "2000"), 2, "at most 1,024 are modelled"),
        (("--from", QUICK, "--output", "/"), 2, "/ is a directory"),
        (("--from", QUICK, "--output", "/nowhere/x"), 1, "/nowhere does not exist"),
        (("--from", QUICK, *FEW, "--require-trust", "plausible"), 3, "trust is unverifiable"),
        (("--from", TMPFS), 3, "/var/lib/db is not durable: tmpfs keeps files in memory"),
        (("--from", TMPFS, "--format", "prometheus"), 3, "/var/lib/db is not durable"),
        (("--fleet", QUICK), 2, "report --fleet is now: fsync-advisor fleet report"),
    ],
)
def test_mistakes(
    arguments: tuple[str, ...],
    status: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ended, _, err = run(capsys, "report", *arguments)
    assert message in err
    assert ended == status
    assert "Traceback" not in err


@pytest.mark.parametrize("how", ["terminal", "markdown", "html", "json"])
def test_a_drive_that_is_not_durable_is_reported_and_gets_nothing(
    how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--db", "mysql", "--db-version", "9.7", "--rate", "10", "--target-tps", "5")
    status, out, _ = run(capsys, "report", "--from", TMPFS, *arguments, "--format", how)
    assert status == 3
    assert "not durable" in out
    for absent in ("innodb_flush_log_at_trx_commit", "transactions/s", "commits at most"):
        assert absent not in out
    if how == "json":
        report = json.loads(out)
        assert (report["servers"], report["policies"]) == ([], [])


def test_it_says_why_not_to_trust_on_stderr_too(capsys: pytest.CaptureFixture[str]) -> None:
    _, _, err = run(capsys, "report", "--from", QUICK, *FEW)
    assert "fsync-advisor: trust is unverifiable: virtual disk vda" in err
    _, _, err = run(capsys, "report", "--from", QUICK, *FEW, "--quiet")
    assert err == ""


def test_a_file_is_written_safely(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.html"
    arguments = ("--from", QUICK, *FEW, "--format", "html", "-o", str(path))
    assert run(capsys, "report", *arguments)[:2] == (0, "")
    written = path.read_text()
    assert written.startswith("<!DOCTYPE html>\n")
    assert written.endswith("</html>\n")
    status, _, err = run(capsys, "report", *arguments)
    assert (status, path.read_text()) == (2, written)
    assert f"{path} exists already" in err
    assert run(capsys, "report", *arguments, "--force")[0] == 0
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


def test_a_file_has_no_colours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    _, out, _ = run(capsys, "report", "--from", QUICK, *FEW)
    assert "\x1b[" in out
    run(capsys, "report", "--from", QUICK, *FEW, "-o", str(tmp_path / "report.txt"))
    assert "\x1b" not in (tmp_path / "report.txt").read_text()


def test_a_measurement_may_come_from_a_pipe_or_from_another_tool(
    capsys: pytest.CaptureFixture[str],
) -> None:
    fio = MEASUREMENTS.parents[1] / "importers" / "fixtures" / "fio-3.33-fdatasync.json"
    status, out, _ = run(capsys, "report", "--from", str(fio), *FEW)
    assert status == 0
    assert " is reported to take " in " ".join(out.split())


def test_what_has_no_sync_has_no_report(capsys: pytest.CaptureFixture[str]) -> None:
    iotune = MEASUREMENTS.parents[1] / "importers" / "fixtures" / "iotune-rpk.yaml"
    status, out, err = run(capsys, "report", "--from", str(iotune))
    assert (status, out) == (1, "")
    assert "has no sync of a single writer, which every figure needs" in err


def test_prometheus_gets_the_measurement(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "report", "--from", PLP, "--format", "prometheus")
    assert status == 0
    assert out.startswith("# HELP fsync_advisor_")


# The command that makes it again


def made_by(out: str) -> list[str]:
    return shlex.split(str(json.loads(out)["command"]))


def test_the_command_makes_the_same_report_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = tmp_path / "it's a $HOME; `x` \N{SNOWMAN}.json"
    odd.write_bytes(Path(PLP).read_bytes())
    servers = ("--db", "mysql", "--db", "postgresql", "--db-version", "8.4", "--db-version", "15")
    given = ("--from", str(odd), *servers, "--no-binary-log", *FEW, "--format", "json")
    _, out, _ = run(capsys, "report", *given)
    program, command, *arguments = made_by(out)
    assert (program, command) == ("fsync-advisor", "report")
    assert sorted(arguments) == sorted(given)
    _, again, _ = run(capsys, "report", *arguments)
    assert again == out


def test_short_names_and_flags_are_written_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.json"
    run(
        capsys,
        "report",
        "--from",
        QUICK,
        *FEW,
        "-q",
        "-o",
        str(path),
        "--format",
        "json",
        "--no-charts",
    )
    arguments = made_by(path.read_text())[2:]
    assert arguments == [
        *("--from", QUICK, "--clients", "1", "--format", "json"),
        *("--no-charts", "--output", str(path), "--quiet"),
    ]


def test_json_is_plain_ascii(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = json.loads(Path(QUICK).read_text())
    said = "\N{RIGHT-TO-LEFT OVERRIDE}\x1b[31m\x9b<script>{{ x }}\n\N{SNOWMAN}"
    raw["label"] = raw["target"]["directory"] = said
    path = tmp_path / "m.json"
    path.write_text(json.dumps(raw))
    _, out, _ = run(capsys, "report", "--from", str(path), *FEW, "--format", "json")
    assert out.isascii()
    assert all(one.isprintable() or one == "\n" for one in out)
    report = json.loads(out)
    assert report["measurement"]["label"] == said
    assert report["measured"]["directory"] == said


# Charts


def test_html_without_charts_is_complete_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "report", "--from", PLP, *FEW, "--format", "html", "--no-charts")
    assert status == 0
    assert NO_CHARTS in out
    assert "<svg" not in out
    assert out.count("<figcaption>") == out.count("<figure>") >= 3


@pytest.mark.parametrize("option", [("--charts",), ()])
def test_html_has_a_chart_in_each_figure(
    option: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, "report", "--from", PLP, *FEW, "--format", "html", *option)
    assert status == 0
    assert NO_CHARTS not in out
    assert out.count("<svg") == out.count("<figure>") >= 3


def test_nothing_is_measured_for_a_report_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken, save = tmp_path / "report.txt", tmp_path / "m.json"
    taken.write_text("somebody else's")
    status, _, err = run(
        capsys, "report", str(tmp_path), "--quick", "-o", str(taken), "--save", str(save)
    )
    assert status == 2
    assert f"{taken} exists already" in err
    assert [one.name for one in tmp_path.iterdir()] == ["report.txt"]


@pytest.mark.parametrize(
    ("arguments", "shown", "noted"),
    [
        ((), ["order"], True),
        (("--workload", "login"), ["login"], False),
        (("--target-tps", "1"), [], False),
    ],
)
def test_a_workload_that_nobody_named_is_said_to_be_our_choice(
    arguments: tuple[str, ...],
    shown: list[str],
    noted: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, out, _ = run(capsys, "report", "--from", QUICK, *FEW, *arguments, "--format", "json")
    (server,) = json.loads(out)["servers"]
    assert [one["name"] for one in server["capacity"]["workloads"]] == shown
    assert any("no workload was named" in note for note in server["capacity"]["notes"]) is noted


@pytest.mark.parametrize(
    ("arguments", "events"),
    [
        ((), ["cart", "login", "publish"]),
        (("--workload", "login", "--workload", "order"), ["login"]),
    ],
)
def test_a_rate_is_for_the_workloads_of_files(
    arguments: tuple[str, ...], events: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    given = (*FEW, *arguments, "--rate", "100", "--format", "json")
    _, out, _ = run(capsys, "report", "--from", QUICK, *given)
    assert [one["workload"] for one in json.loads(out)["policies"]] == events


def test_empty_texts_in_a_file_do_no_harm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = json.loads(Path(QUICK).read_text())
    raw["label"] = raw["target"]["directory"] = raw["target"]["filesystem"] = ""
    raw["target"]["devices"][0].update(name="", model="", scheduler={"unknown": ""})
    raw["warnings"] = [{"code": "", "text": ""}]
    raw["absent"] = [{"name": "", "why": ""}]
    raw["target"]["mount_options"] = []
    path = tmp_path / "m.json"
    path.write_text(json.dumps(raw))
    for how in ("terminal", "markdown", "html", "json"):
        status, out, err = run(capsys, "report", "--from", str(path), *FEW, "--format", how)
        assert (status, "Traceback" in err) == (0, False)
        assert "unverifiable" in out


@pytest.mark.parametrize("command", ["recommend", "report"])
def test_a_provider_limits_what_is_advised_for_pages(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """850 operations/s are 800 flushed pages: 17 operations for 16 of them; a quarter of that."""
    arguments = ("--db", "mysql", "--db-version", "8.0", "--from", PLP)
    few = FEW if command == "report" else ()
    _, out, _ = run(capsys, command, *arguments, *few, "--max-iops", "850")
    assert "innodb_io_capacity = 200\n" in out
    assert "innodb_io_capacity_max = 400\n" in out
    _, without, _ = run(capsys, command, *arguments, *few)
    assert "innodb_io_capacity = 200\n" not in without
