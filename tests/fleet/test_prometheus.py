"""fleet init --prometheus: the rules by promtool, and all of it on a real Prometheus with real
node_exporters, whose files have injected figures."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from advisor.measurement import Measurement, Series
from advisor.series_kind import KIB, PRIMARY, SeriesKind
from tests.fleet.monitored_hosts import DAY_S, HOUR_S, Host, Prometheus, monitored, wait_for
from tests.fleet.monitoring import monitoring
from tests.support.command_line import run_process
from tests.support.drives import measurement, summary, under_load
from tests.support.faults import missing
from tests.unit.test_observation import as_measurement

RULES: Final = "fsync-advisor.rules.yml"
RULE_TESTS: Final = "fsync-advisor.rules.test.yml"
UNITS: Final = ("fsync-advisor-measure@.service", "fsync-advisor-measure@.timer")
DASHBOARD: Final = "fsync-advisor.dashboard.json"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a user gets."""
    folder = tmp_path_factory.mktemp("init") / "monitoring"
    done = run_process("fleet", "init", "--prometheus", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_files(written: Path) -> None:
    names = sorted(path.name for path in written.rglob("*.*"))
    assert names == ["README.md", *UNITS, DASHBOARD, RULE_TESTS, RULES]


def test_systemd_finds_no_fault_with_the_units(written: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        missing("systemd-analyze is not installed")
    files = [str(written / "systemd" / name) for name in UNITS]
    asked = ["systemd-analyze", "verify", *files]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if "fsync-advisor" in line]
    assert (done.returncode, said) == (0, [])


def test_promtool_finds_no_fault(written: Path) -> None:
    for command in (("check", "rules", "--lint-fatal", RULES), ("test", "rules", RULE_TESTS)):
        done = subprocess.run(
            [monitoring().promtool, *command],
            cwd=written,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_readme_has_every_alert(written: Path) -> None:
    alerts = re.findall(r"- alert: (\w+)", (written / RULES).read_text())
    rows = re.findall(r"^\| (Fsync\w+) \|", (written / "README.md").read_text(), re.M)
    assert sorted(rows) == sorted(alerts)


# Real Prometheus, real node_exporters


def drive(mean_us: float, *others: Series, **changed: Any) -> Measurement:
    measured = Series.of(PRIMARY, summary(mean_us, p99_us=2 * mean_us), "confidence")
    return measurement(measured, *others, **changed)


# A write alone may take a third of a write and its sync, no more (profiles/storage/trust.toml).
UNSYNCED: Final = Series.of(SeriesKind("overwrite", "none", 8 * KIB), summary(500), "samples")
BESIDE_PAGES: Final = under_load("overwrite", summary(3_000, p99_us=9_000))

HOSTS: Final = (
    Host(
        "well",
        (drive(1_000).model_copy(update={"under_load": (BESIDE_PAGES,)}), as_measurement()),
    ),
    Host("slower", (drive(1_000),), mean_s=lambda ago_s: 0.001 if ago_s < 27 * HOUR_S else 0.0006),
    Host("outlier", (drive(2_000),), mean_s=lambda _: 0.002),
    Host("not-durable", (drive(1_000, filesystem="tmpfs", devices=()),)),
    Host("stale", (drive(1_000, UNSYNCED),), age_s=3 * DAY_S),
    Host(
        "busy",
        (drive(1_000),),
        flush_s=lambda ago_s: 0.001 if ago_s < 2 * HOUR_S else 0.0002,
    ),
    Host("never-measured"),
)

ALERTS: Final = {
    # 1 ms after 0.6 ms.
    ("FsyncAdvisorSlower", "slower"): "A sync takes 1.7 times the median of 14 days",
    # Of the five that are durable the median is 1 ms, and all but one are alike.
    ("FsyncAdvisorOutlier", "outlier"): "A sync takes 2.00 times the median of its group",
    ("FsyncAdvisorNotDurable", "not-durable"): "A sync in /var/lib/database (tmpfs on no device)",
    ("FsyncAdvisorSuspicious", "stale"): "A sync in /var/lib/database (",
    ("FsyncAdvisorStale", "stale"): "The last measurement is 3d 0h 0m",
    # 336 hours, of which two at 1 ms and the others at 0.2 ms: the mean is 0.2048 ms.
    ("FsyncAdvisorFlushSlow", "busy"): "For an hour a flush takes 4.9 times",
}


@pytest.fixture(scope="module")
def prometheus(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    work = tmp_path_factory.mktemp("prometheus")
    with monitored(monitoring(), HOSTS, written / RULES, work) as running:
        assert wait_for(lambda: len(running.query("up == 1")) == len(HOSTS), 60)
        wait_for(lambda: running.alerts().keys() >= ALERTS.keys(), 60)
        yield running


def test_the_alerts_fire_and_no_others(prometheus: Prometheus) -> None:
    found = prometheus.alerts()
    assert found.keys() == ALERTS.keys()
    for alert, says in ALERTS.items():
        assert found[alert].startswith(says)


def test_node_exporter_takes_every_file(prometheus: Prometheus) -> None:
    """Two of one directory among them: measured, and observed."""
    errors = prometheus.query("node_textfile_scrape_error")
    assert {each["metric"]["instance"]: each["value"][1] for each in errors} == {
        host.name: "0" for host in HOSTS
    }
    sources = prometheus.query('fsync_advisor_info{instance="well"}')
    assert {each["metric"]["source"] for each in sources} == {"measured", "observed"}


def panels(written: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((written / DASHBOARD).read_text())["panels"]
    return found


def substituted(expression: str) -> str:
    """As Grafana does it, with all groups and hosts chosen."""
    for variable, value in (("group", ".*"), ("instance", ".*"), ("__rate_interval", "30m")):
        expression = re.sub(rf"\${variable}\b", value, expression)
    assert "$" not in expression
    return expression


def test_every_query_of_the_dashboard_has_data(written: Path, prometheus: Prometheus) -> None:
    """Without the 0 that stands where nothing is found."""
    queries = [
        (panel["title"], substituted(target["expr"]).removesuffix(" or vector(0)"))
        for panel in panels(written)
        for target in panel.get("targets", ())
    ]
    assert len(queries) >= 20
    without = [title for title, query in queries if not prometheus.query(query)]
    assert without == []


def test_the_counts_of_the_dashboard(written: Path, prometheus: Prometheus) -> None:
    counts = {
        panel["title"]: float(
            prometheus.query(substituted(panel["targets"][0]["expr"]))[0]["value"][1]
        )
        for panel in panels(written)
        if panel["type"] == "stat"
    }
    assert counts.pop("Oldest measurement") == pytest.approx(3 * DAY_S, abs=120)
    assert counts == {
        "Drives": 7,  # one of them measured and observed
        "Not durable": 1,
        "Suspicious": 1,
        "Alerts": 6,
        "Hosts without a figure": 1,
    }


def test_every_variable_of_the_dashboard_has_values(written: Path, prometheus: Prometheus) -> None:
    variables = json.loads((written / DASHBOARD).read_text())["templating"]["list"]
    found = {}
    for variable in variables:
        if variable["type"] == "query":
            asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
            assert asked is not None
            path = f"label/{asked[2]}/values"
            found[variable["name"]] = prometheus.ask(path, **{"match[]": substituted(asked[1])})
    measured = sorted(host.name for host in HOSTS if host.measurements)
    assert found == {"group": ["orders"], "instance": measured}


def test_the_panels_lie_side_by_side(written: Path) -> None:
    """Grafana's grid is 24 wide."""
    taken: set[tuple[int, int]] = set()
    for panel in panels(written):
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken
        taken |= cells
    numbers = [panel["id"] for panel in panels(written)]
    assert len(set(numbers)) == len(numbers)
