"""What smartctl says of drives: by texts as it writes them, in parts."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from advisor.model import Known, Unknown
from advisor.probe.drive_health import read_health
from advisor.servers.installed.host_programs import ask_host
from advisor.soak import HealthReading
from tests.support.drives import device

# smartctl 7.3 of an NVMe drive (--json --all), without what is not read.
NVME = {
    "json_format_version": [1, 0],
    "smartctl": {"version": [7, 3], "exit_status": 0},
    "device": {"name": "/dev/nvme0n1", "type": "nvme", "protocol": "NVMe"},
    "nvme_smart_health_information_log": {
        "critical_warning": 0,
        "temperature": 41,
        "available_spare": 100,
        "percentage_used": 3,
        "data_units_written": 62786553,
        "warning_temp_time": 12,
        "critical_comp_time": 0,
    },
    "temperature": {"current": 41},
}
# smartctl 7.5 of a SATA SSD: attributes are each maker's own, endurance_used is common.
SATA = {
    "device": {"name": "/dev/sda", "type": "sat", "protocol": "ATA"},
    "ata_smart_attributes": {"table": [{"id": 177, "name": "Wear_Leveling_Count", "value": 97}]},
    "endurance_used": {"current_percent": 7},
    "temperature": {"current": 33},
}
SAS = {"scsi_percentage_used_endurance_indicator": 11, "temperature": {"current": 21}}
OLD_SATA = {
    "ata_smart_attributes": {"table": [{"id": 177, "name": "Wear_Leveling_Count", "value": 97}]},
    "temperature": {"current": 35},
}

Ask = Callable[[tuple[str, ...]], Known[str]]


def answering(**answers: object) -> Ask:
    def ask(command: tuple[str, ...]) -> Known[str]:
        assert command[:3] == ("smartctl", "--json", "--all")
        said = answers[command[3].removeprefix("/dev/")]
        return said if isinstance(said, Unknown) else json.dumps(said)

    return ask


@pytest.mark.parametrize(
    ("answer", "percent_used", "temperature_c", "hot_minutes"),
    [(NVME, 3, 41, 12), (SATA, 7, 33, None), (SAS, 11, 21, None), (OLD_SATA, None, 35, None)],
)
def test_each_kind_of_drive(
    answer: object, percent_used: int | None, temperature_c: int, hot_minutes: int | None
) -> None:
    found = read_health((device("sda"),), 60.0, answering(sda=answer))
    assert found == HealthReading(
        at_s=60.0,
        percent_used=percent_used,
        temperature_c=temperature_c,
        hot_minutes=hot_minutes,
    )


def test_of_several_drives_the_worst_counts() -> None:
    drives = (device("nvme0n1"), device("sda"))
    found = read_health(drives, 0.0, answering(nvme0n1=NVME, sda=SATA))
    assert found == HealthReading(at_s=0.0, percent_used=7, temperature_c=41, hot_minutes=12)


def test_why_nothing_is_known() -> None:
    drives = (device("sda"),)
    absent = Unknown(unknown="smartctl is not installed")
    assert read_health(drives, 0.0, answering(sda=absent)) == absent
    nothing = Unknown(unknown="smartctl tells neither wear nor temperature")
    assert read_health(drives, 0.0, answering(sda={})) == nothing
    unseen = Unknown(unknown="not looked at")
    assert read_health(unseen, 0.0, answering()) == unseen


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[1, 2]",
        '{"temperature": 41}',
        '{"temperature": {"current": "hot"}}',
        '{"temperature": {"current": -5}}',
        '{"temperature": {"current": 1e300}}',
        '{"endurance_used": {"current_percent": true}}',
        "[" * 100_000,
    ],
)
def test_what_is_no_answer_is_none(text: str) -> None:
    found = read_health((device("sda"),), 0.0, lambda command: text)
    assert found == Unknown(unknown="smartctl tells neither wear nor temperature")


def test_a_program_is_asked_as_the_others_are(tmp_path: Path) -> None:
    """A smartctl of the test's own, in a folder that stands for the system's."""
    program = tmp_path / "smartctl"
    program.write_text(f"#!/bin/sh\n[ \"$3\" = /dev/nvme0n1 ] && echo '{json.dumps(NVME)}'\n")
    program.chmod(0o755)
    ask = partial(ask_host, folders=(str(tmp_path),))
    found = read_health((device("nvme0n1"),), 5.0, ask)
    assert found == HealthReading(at_s=5.0, percent_used=3, temperature_c=41, hot_minutes=12)
