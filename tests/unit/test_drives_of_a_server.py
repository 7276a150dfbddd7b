"""A server whose log, binary log and data lie on drives of their own: which decides what."""

import json
from array import array
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from advisor.advise import advise, only_groups
from advisor.analysis.description import notes_on
from advisor.analysis.verdict import judge
from advisor.audit.expected import CommitWait, commit_waits
from advisor.audit.proposals import proposals
from advisor.capacity.host import CapacityRequest, ServerUse, modelled_host
from advisor.capacity.page_load import DataSet
from advisor.commands import measuring
from advisor.commands.source import knowledge_for
from advisor.errors import AdvisorError
from advisor.instance import Drives
from advisor.measurement import Measurement, Round, summarised
from advisor.measurement_file import from_json, to_json, without_latencies
from advisor.model import Unknown
from advisor.planning import plan_capacity
from advisor.probe import MeasuringPlan, UnderLoad
from advisor.request import Request
from advisor.server_state import EffectiveSetting, ServerState, WrittenValue
from advisor.vendors.commits import ONE_SHARED_SYNC
from advisor.vendors.names import VendorName
from tests.support.drives import under_load
from tests.support.golden import stored

PLACES = ("/data", "/log", "/binlog")
FAST, SLOW, MEMORY = stored("nvme-plp"), stored("hdd"), stored("tmpfs")


def with_data(log: Measurement, data: Measurement) -> Measurement:
    return log.model_copy(update={"data_files": summarised(data)})


def advised(measurement: Measurement, vendor: VendorName = "postgresql") -> dict[str, str]:
    version = (15, 8) if vendor == "postgresql" else (10, 11, 6)
    request = Request(vendor, version, "a test", memory_bytes=8 << 30)
    advice = advise(measurement, request, knowledge_for(vendor))
    return {entry.setting: entry.rendered for entry in advice.settings}


def test_the_logs_drive_decides_the_log_and_the_other_input_and_output() -> None:
    """The log is as large as a recovery may take time for, and that waits for the data's drive: 333
    pages/s of 8192 bytes are 1544 MB in ten minutes; else 64 GB are the most that is advised."""
    assert advised(FAST)["effective_io_concurrency"] == "64"
    assert advised(with_data(FAST, SLOW))["effective_io_concurrency"] == "1"
    assert advised(with_data(SLOW, FAST))["effective_io_concurrency"] == "64"
    for log, data, capacity, neighbours in (
        (FAST, FAST, "16000", "0"),
        (FAST, SLOW, "100", "1"),
        (SLOW, FAST, "16000", "0"),
    ):
        found = advised(with_data(log, data), "mariadb")
        assert (found["innodb_io_capacity"], found["innodb_flush_neighbors"]) == (
            capacity,
            neighbours,
        )
    assert advised(FAST)["max_wal_size"] == "64GB"
    assert advised(with_data(FAST, SLOW))["max_wal_size"] == "1536MB"
    assert advised(with_data(SLOW, FAST))["max_wal_size"] == "64GB"


def test_trust_is_that_of_the_worst_drive() -> None:
    storage = knowledge_for(None).storage
    assert judge(FAST, storage).trust == "plausible"
    verdict = judge(with_data(FAST, MEMORY), storage)
    assert verdict.trust == "not-durable"
    assert verdict.evidence[0].text.startswith(f"{MEMORY.target.directory}: ")
    with pytest.raises(AdvisorError, match="is not durable"):
        advised(with_data(FAST, MEMORY))


IN_MEMORY = MEMORY.model_copy(
    update={"target": MEMORY.target.model_copy(update={"directory": "/in/memory"})}
)


@pytest.mark.parametrize(("log", "data"), [(FAST, IN_MEMORY), (IN_MEMORY, FAST)])
def test_the_drive_that_is_not_durable_is_named_once(log: Measurement, data: Measurement) -> None:
    with pytest.raises(AdvisorError) as refusal:
        advised(with_data(log, data))
    assert refusal.value.message == (
        "/in/memory is not durable: tmpfs keeps files in memory: a power loss"
        " erases everything, synced or not"
    )


def test_a_binary_logs_syncs_are_those_of_its_drive() -> None:
    append = SLOW.append
    assert append is not None
    measured = FAST.model_copy(update={"binary_log": SLOW})
    assert measured.append == append
    assert measured.primary == FAST.primary
    beside = SLOW.model_copy(update={"under_load": LOADED})
    assert FAST.model_copy(update={"binary_log": beside}).append_beside_pages == LOADED[1]
    own = FAST.model_copy(update={"binary_log": SLOW, "under_load": LOADED})
    assert own.append_beside_pages is None


def test_which_drive_decided_what_is_said() -> None:
    said = notes_on(with_data(FAST, SLOW).model_copy(update={"binary_log": SLOW}))
    assert said[0].startswith("the log has its own drive: settings of commits and of the log rest")
    assert said[1].startswith("the binary log's syncs are those of ")


def test_two_file_systems_on_one_disk_are_no_two_drives() -> None:
    shared = with_data(FAST, FAST)
    assert notes_on(shared)[0].startswith(
        "the log has no drive of its own, both are on nvme0n1, nvme1n1:"
    )
    unknown = FAST.target.model_copy(update={"devices": Unknown(unknown="a test")})
    nobody_knows = with_data(FAST, FAST.model_copy(update={"target": unknown}))
    assert notes_on(nobody_knows)[0].startswith("the log has its own drive:")


def test_of_two_file_systems_on_one_disk_none_is_a_separate_log() -> None:
    request = Request("mysql", (8, 4), "a test", log_bin=True, memory_bytes=1 << 30)
    wanted = CapacityRequest(client_counts=(4,), data=DataSet(100 << 30))
    knowledge = knowledge_for("mysql")
    for drive, is_apart in ((with_data(FAST, FAST), False), (with_data(FAST, SLOW), True)):
        _, plan, _ = plan_capacity(drive, request, None, knowledge, wanted, lambda _: None)
        assert plan.separate_log is not None
        assert plan.separate_log.is_apart is is_apart


def test_a_log_on_the_file_system_of_the_data_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(measuring, "_measure", lambda *_, **__: FAST)
    (log := tmp_path / "log").mkdir()
    drives = Drives(tmp_path, log)
    found = measuring.measure_drives(drives, "quick", why="", seed=None, label=None, quiet=False)
    assert found == FAST
    assert capsys.readouterr().err == (
        f"fsync-advisor: note: {log} is on the same file system as {tmp_path}, which is measured"
        " once\n"
    )


def test_it_is_one_file() -> None:
    taken = Round(
        latencies_ns=array("q", [1000, 2000]),
        warmup_count=1,
        elapsed_ns=3000,
        written_bytes=16384,
        flush_requests=2,
        device_written_bytes=16384,
    )
    series = (SLOW.series[0].model_copy(update={"rounds": (taken,)}), *SLOW.series[1:])
    mixed = with_data(FAST, SLOW.model_copy(update={"series": series}))
    text = to_json(mixed)
    assert from_json(text, "x") == mixed
    (kept,) = json.loads(text)["data_files"]["series"][0]["rounds"]
    assert (kept["latencies_ns"], kept["flush_requests"]) == ([], 2)
    light = from_json(without_latencies(text.encode()).decode(), "x")
    assert advised(light) == advised(mixed)
    with pytest.raises(ValidationError, match="not nested deeper"):
        Measurement.model_validate(
            {**json.loads(to_json(FAST)), "data_files": json.loads(to_json(mixed))}
        )


# Under load


LOADED = (under_load("overwrite", 5000), under_load("append", 6000))


@pytest.mark.parametrize(
    ("drives", "expected"),
    [
        (Drives(Path("/data")), ["/data default beside /data"]),
        (
            Drives(Path("/data"), Path("/log")),
            ["/log default beside /data", "/data default beside /data"],
        ),
        (
            Drives(Path("/data"), Path("/log"), Path("/data")),
            ["/log default beside /data", "/data default beside /data"],
        ),
        (
            Drives(Path("/data"), None, Path("/binlog")),
            ["/data default beside /data", "/binlog commit beside /data"],
        ),
    ],
)
def test_the_load_is_where_the_data_files_are(
    drives: Drives,
    expected: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    taken = []

    def measure(
        directory: Path, plan: MeasuringPlan, *, under_load: UnderLoad | None, **_: object
    ) -> Measurement:
        beside = f" beside {under_load.directory}" if under_load else ""
        taken.append(f"{directory} {plan.name}{beside}")
        return FAST.model_copy(update={"under_load": LOADED if under_load else ()})

    monkeypatch.setattr(measuring, "measure", measure)
    monkeypatch.setattr(measuring, "_device", {path: path for path in map(Path, PLACES)}.get)
    wanted: dict[str, Any] = {
        "plan": "default",
        "why": "",
        "seed": None,
        "label": None,
        "quiet": False,
    }
    found = measuring.measure_drives(drives, **wanted, under_load=True)
    assert taken == expected
    said = capsys.readouterr().err
    load = "then under load: about 6 s more (24 s on a disk that rotates), and at most 4 GB written"
    assert said.count(load) == len(expected)
    elsewhere = [line for line in expected if not line.startswith("/data")]
    assert said.count("written, most to /data\n") == len(elsewhere)
    assert found.primary_beside_pages == LOADED[0]
    assert found.append_beside_pages == LOADED[1]
    if drives.log and drives.binary_log:  # the binary log beside the data: no more than its own
        assert found.binary_log is not None
        assert found.binary_log.under_load == LOADED[1:]
    taken.clear()
    measuring.measure_drives(drives, **wanted)
    assert taken == [line.split(" beside")[0] for line in expected]
    assert "under load" not in capsys.readouterr().err


# Some of the settings


def test_without_commits_nothing_is_said_of_what_a_commit_waits_for() -> None:
    request = Request("mariadb", (10, 11, 6), "a test", memory_bytes=8 << 30)
    advice = advise(FAST, request, knowledge_for("mariadb"))
    commits = only_groups(advice, ["commit"])
    assert {entry.group for entry in commits.settings} == {"commit"}
    assert commits.capacity == advice.capacity
    others = only_groups(advice, ["io", "memory"])
    assert {entry.group for entry in others.settings} == {"io", "memory"}
    assert (others.capacity, others.lower_durability) == (None, ())


# What a server has now, beside them


def state(**values: str) -> ServerState:
    found = {
        name: EffectiveSetting(
            name, value, origin="file", place=f"/etc/my.cnf:{line}", written=WrittenValue(value)
        )
        for line, (name, value) in enumerate(values.items(), 1)
    }
    return ServerState("mariadb", (10, 11, 6), found)


def proposed(now: ServerState) -> dict[str, tuple[str, bool, str]]:
    request = Request("mariadb", (10, 11, 6), "a test", memory_bytes=8 << 30)
    knowledge = knowledge_for("mariadb")
    advice = advise(FAST, request, knowledge)
    return {
        each.advised.setting: (each.now, each.is_better, each.place)
        for each in proposals(now, knowledge.settings, advice.settings)
    }


def test_what_is_now_and_whether_the_advice_is_better() -> None:
    found = proposed(state(innodb_flush_log_at_trx_commit="2", innodb_doublewrite="1"))
    assert found["innodb_flush_log_at_trx_commit"] == ("2", True, "/etc/my.cnf:1")
    assert found["innodb_doublewrite"] == ("1", False, "/etc/my.cnf:2")
    assert found["innodb_io_capacity"] == ("200", False, "")  # less is as good, says its rule
    assert found["innodb_io_capacity_max"] == ("twice innodb_io_capacity, at least 2000", True, "")
    assert found["sync_binlog"] == ("0", False, "")  # no binary log is written
    with_log = proposed(state(log_bin="binlog"))
    assert with_log["sync_binlog"] == ("0", True, "")


def test_how_long_a_commit_waits_now_and_then() -> None:
    """Of the redo log, which MariaDB syncs with fdatasync, and of the binary log."""
    request = Request("mariadb", (10, 11, 6), "a test", log_bin=True, memory_bytes=8 << 30)
    knowledge = knowledge_for("mariadb")
    advice = advise(FAST, request, knowledge)
    assert FAST.primary is not None
    assert FAST.append is not None
    log_us, append_us = FAST.primary.summary.mean_us, FAST.append.summary.mean_us
    relaxed = state(log_bin="binlog", innodb_flush_log_at_trx_commit="2")
    waits = commit_waits(relaxed, knowledge.settings, advice.settings, FAST)
    assert waits == (CommitWait(0, 0.0), CommitWait(2, log_us + append_us))
    without = state(innodb_flush_log_at_trx_commit="1")
    waits = commit_waits(without, knowledge.settings, advice.settings, FAST)
    assert waits == (CommitWait(1, log_us), CommitWait(1, log_us))


def test_pages_are_written_to_the_datas_drive() -> None:
    """333 pages/s, as the hard disk was measured, beside a fast log."""
    host = modelled_host(
        with_data(FAST, SLOW),
        ServerUse(ONE_SHARED_SYNC),
        knowledge_for("postgresql"),
        CapacityRequest(),
        lambda _: None,
    )
    assert host.storage.speed.page_writes_per_s == pytest.approx(333, abs=1)
    assert host.drive.log.mean_us < 100
