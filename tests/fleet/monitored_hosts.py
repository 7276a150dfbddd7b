"""Hosts with injected figures, each with a real node_exporter, and a real Prometheus that scrapes
them: what their files say now, and the 14 days before that, backfilled."""

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import accumulate
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from advisor.cli import main
from advisor.measurement import Measurement
from advisor.measurement_file import to_json
from tests.fleet.monitoring import Monitoring

HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S
PAST_S: Final = 14 * DAY_S
LOOK_BACK_S: Final = 300
"""Prometheus takes no older sample for the present one."""
STEP_S: Final = 240
"""Between two backfilled samples."""
FLUSHES_PER_S: Final = 10

MEAN: Final = "fsync_advisor_sync_latency_mean_seconds"
TAKEN: Final = "fsync_advisor_measurement_timestamp_seconds"
FLUSHES: Final = "node_disk_flush_requests_total"
FLUSH_TIME: Final = "node_disk_flush_requests_time_seconds_total"

Figure = Callable[[float], float]
"""What it was so many seconds ago."""


@dataclass(frozen=True)
class Host:
    """What one host's files say."""

    name: str
    measurements: Sequence[Measurement] = ()
    """As they are now. The first has a past, of a run a day."""
    age_s: float = HOUR_S
    """How long ago the last run was."""
    mean_s: Figure = lambda _: 0.001
    """What a run found."""
    flush_s: Figure = lambda _: 0.0
    """What the kernel counted for a flush; 0: it counted none."""


class Prometheus:
    """A running one, by its HTTP API."""

    def __init__(self, address: str) -> None:
        self._url = f"http://{address}/api/v1"
        self._opener = build_opener(ProxyHandler({}))  # none between this host and itself

    def ask(self, path: str, **asked: str) -> Any:
        """The data of an answer."""
        with self._opener.open(f"{self._url}/{path}?{urlencode(asked)}", timeout=60) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The elements of an instant vector."""
        found: list[dict[str, Any]] = self.ask("query", query=expression)["result"]
        return found

    def alerts(self) -> dict[tuple[str, str], str]:
        """Those that fire: alert and host -> what is said of it."""
        return {
            (each["labels"]["alertname"], each["labels"]["instance"]): each["annotations"][
                "description"
            ]
            for each in self.ask("alerts")["alerts"]
            if each["state"] == "firing"
        }

    def answers(self) -> bool:
        try:
            return bool(self.ask("query", query="1"))
        except (URLError, ConnectionError):
            return False


def wait_for(done: Callable[[], bool], seconds: float) -> bool:
    """Whether it came true within that time."""
    end = time.monotonic() + seconds
    while not (is_done := done()) and time.monotonic() < end:
        time.sleep(0.2)
    return is_done


@contextmanager
def monitored(
    programs: Monitoring, hosts: Sequence[Host], rules: Path, work: Path
) -> Iterator[Prometheus]:
    """All of it on 127.0.0.1 until the block ends. `rules` are evaluated every second."""
    now = time.time()
    past: list[str] = []
    targets = []
    with ExitStack() as stack:
        for host in hosts:
            labels = {"instance": host.name, "job": "node", "group": "orders"}
            folder = work / host.name
            past += _files_of(host, folder, labels, now)
            past += _flushes_of(host, folder, labels, now)
            targets.append({"targets": [_exporter(stack, programs, folder)], "labels": labels})
        (work / "past.txt").write_text("".join([*past, "# EOF\n"]))
        backfill = ("tsdb", "create-blocks-from", "--max-block-duration=720h", "openmetrics")
        files = [work / "past.txt", work / "data"]
        subprocess.run([programs.promtool, *backfill, *files], check=True, capture_output=True)
        (work / "rules.yml").write_text(rules.read_text().replace("interval: 5m", "interval: 1s"))
        configuration = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(work / "rules.yml")],
            "scrape_configs": [{"job_name": "node", "static_configs": targets}],
        }
        (work / "prometheus.yml").write_text(yaml.safe_dump(configuration))
        address = _free_address()
        options = {
            "config.file": work / "prometheus.yml",
            "storage.tsdb.path": work / "data",
            "storage.tsdb.retention.time": "30d",
            "web.listen-address": address,
        }
        _start(stack, programs.prometheus, options, work / "prometheus.log")
        running = Prometheus(address)
        assert wait_for(running.answers, 60), (work / "prometheus.log").read_text()
        yield running


def _files_of(host: Host, folder: Path, labels: Mapping[str, str], now: float) -> Iterator[str]:
    """Writes what node_exporter reads, as a user would; the past of the first."""
    (folder / "textfiles").mkdir(parents=True)
    for number, measurement in enumerate(host.measurements):
        taken_at = datetime.fromtimestamp(now - host.age_s, timezone.utc)
        saved, product = folder / f"{number}.json", folder / f"textfiles/{number}.prom"
        saved.write_text(to_json(measurement.model_copy(update={"taken_at": taken_at})))
        asked = ("report", "--format", "prometheus", "--quiet", "--from", saved)
        with pytest.raises(SystemExit):
            main([*map(str, asked), "--output", str(product)])
        if number == 0:
            yield from _past_of(host, product.read_text(), labels, now)


def _past_of(host: Host, text: str, labels: Mapping[str, str], now: float) -> Iterator[str]:
    of_runs: dict[str, Figure] = {
        MEAN: host.mean_s,
        TAKEN: lambda ago_s: now - host.age_s - _whole_days(ago_s - host.age_s),
    }
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            is_watched = sample.labels.get("series", "") in ("", "overwrite-fdatasync-8k")
            if sample.name in of_runs and is_watched:
                figure = of_runs[sample.name]
                yield from _backfilled(sample.name, {**sample.labels, **labels}, figure, now)


def _whole_days(seconds: float) -> float:
    """From the last run back to the one that was the last then."""
    return max(0, -(-seconds // DAY_S)) * DAY_S


def _flushes_of(host: Host, folder: Path, labels: Mapping[str, str], now: float) -> Iterator[str]:
    """A /proc with one disk, sda, as the kernel writes it; and what it counted before."""
    flushes, flushed_s = 0, 0.0
    if host.flush_s(0):
        flushes = FLUSHES_PER_S * PAST_S
        steps = [
            FLUSHES_PER_S * STEP_S * host.flush_s(ago_s)
            for ago_s in range(STEP_S, PAST_S + 1, STEP_S)
        ]
        sums_s = accumulate(reversed(steps), initial=0.0)
        until = dict(zip(range(PAST_S, -1, -STEP_S), sums_s, strict=True))
        flushed_s = until[0]
        of = {"device": "sda", **labels}
        yield from _backfilled(FLUSHES, of, lambda ago_s: FLUSHES_PER_S * (PAST_S - ago_s), now)
        yield from _backfilled(FLUSH_TIME, of, lambda ago_s: until[int(ago_s)], now)
    (folder / "proc").mkdir()
    line = f"8 0 sda {'0 ' * 15}{flushes} {round(1000 * flushed_s)}\n"
    (folder / "proc/diskstats").write_text(line)


def _backfilled(name: str, labels: Mapping[str, str], figure: Figure, now: float) -> Iterator[str]:
    """In the OpenMetrics text format. It ends before what is now is looked for: that is scraped."""
    of = ",".join(f"{label}={json.dumps(value)}" for label, value in labels.items())
    for ago_s in range(PAST_S, LOOK_BACK_S, -STEP_S):
        yield f"{name}{{{of}}} {figure(ago_s)!r} {now - ago_s:.3f}\n"


def _exporter(stack: ExitStack, programs: Monitoring, folder: Path) -> str:
    address = _free_address()
    options = {
        "web.listen-address": address,
        "path.procfs": folder / "proc",
        "collector.textfile.directory": folder / "textfiles",
    }
    collectors = ("disable-defaults", "diskstats", "textfile")
    flags = [f"--collector.{name}" for name in collectors]
    _start(stack, programs.node_exporter, options, folder / "log", *flags)
    return address


def _start(
    stack: ExitStack, program: Path, options: Mapping[str, object], log: Path, *flags: str
) -> None:
    """Starts it; it is stopped with the stack."""
    named = [f"--{name}={value}" for name, value in options.items()]
    output = stack.enter_context(log.open("w"))
    process = subprocess.Popen([program, *flags, *named], stdout=output, stderr=subprocess.STDOUT)
    stack.callback(process.wait, 30)
    stack.callback(process.terminate)


def _free_address() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{found.getsockname()[1]}"
