"""Thousands of questions to the advisor, each answer held against the catalogue. No server starts.

Rules are tested one by one in test_cases.py. Here all of them speak at once, for every version in
which a setting changes, and what is held against them is written down again: what must be in a
fragment, and which two settings must fit together.
"""

import re
from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Final

import pytest

from advisor.advice import Advice
from advisor.advise import advise
from advisor.commands.source import knowledge_for
from advisor.durability import Durability
from advisor.measurement import Measurement
from advisor.request import Request
from advisor.rules.knowledge import Knowledge
from advisor.units import Value
from advisor.vendors.names import VENDOR_NAMES, VendorName
from advisor.versions import parse_version
from tests.support.golden import stored

KB, MB, GB = 1024, 1024**2, 1024**3

# Each release in which a setting comes, goes or changes, and the last one before it.
VERSIONS: Final[Mapping[VendorName, tuple[str, ...]]] = {
    "postgresql": ("13.23", "14.23", "15.20", "16.14", "17.10", "18.4", "19.0"),
    "mysql": ("5.7.44", "8.0.25", "8.0.29", "8.0.30", "8.0.33", "8.0.40", "8.4.8", "9.7.4", "26.7"),
    "mariadb": ("10.6.22", "10.8.2", "10.8.4", "10.11.7", "10.11.19", "11.0.5", "11.4.5", "11.8.6"),
}
DRIVES: Final = (
    "hdd",
    "hdd-journal",
    "sata-ssd-consumer",
    "sata-ssd-plp",
    "nvme-consumer",
    "nvme-plp",
    "cloud-quick",
    "raid-cache",
)
DURABILITIES: Final[tuple[Durability, ...]] = (
    "durable",
    "loses-recent-on-power-loss",
    "loses-recent-on-crash",
)
MEMORY_BYTES: Final = (GB // 4, GB, 24 * GB, 256 * GB)
RECOVERY_TIMES_S: Final = (10.0, 600.0, 86400.0)
SEGMENT_MB: Final = 16

MARIADB_11: Final = (
    "innodb_data_file_buffering",
    "innodb_data_file_write_through",
    "innodb_log_file_write_through",
)
MARIADB_ONLY: Final = (
    *MARIADB_11,
    "innodb_log_file_buffering",
    "binlog_commit_wait_count",
    "binlog_commit_wait_usec",
)
MYSQL_ONLY: Final = (
    "innodb_redo_log_capacity",
    "innodb_use_fdatasync",
    "binlog_group_commit_sync_delay",
    "innodb_buffer_pool_instances",
)

OLD_WORKERS: Final = ("slave_parallel_workers", "slave_preserve_commit_order")
NEW_WORKERS: Final = ("replica_parallel_workers", "replica_preserve_commit_order")

STOPS_THE_START: Final[tuple[tuple[VendorName, str, str, tuple[str, ...]], ...]] = (
    ("mysql", "0", "99", MARIADB_ONLY),
    ("mysql", "0", "8.0.26", ("innodb_use_fdatasync",)),
    ("mysql", "0", "8.0.30", ("innodb_redo_log_capacity",)),
    ("mysql", "8.0.30", "99", ("innodb_log_file_size",)),  # deprecated at first, gone in 9.7
    ("mariadb", "0", "99", MYSQL_ONLY),
    ("mariadb", "0", "10.8.4", ("innodb_log_file_buffering",)),
    ("mariadb", "0", "11.0", MARIADB_11),
    ("mariadb", "11.0", "99", ("innodb_flush_method",)),  # deprecated
    ("mysql", "0", "8.0.26", NEW_WORKERS),
    ("mysql", "8.0.27", "99", OLD_WORKERS),  # deprecated
    ("mysql", "8.0", "99", ("relay_log_info_repository",)),  # deprecated, then gone
    ("mysql", "0", "99", ("slave_parallel_threads", "slave_parallel_mode")),
    ("mariadb", "0", "99", (*OLD_WORKERS, *NEW_WORKERS, "relay_log_info_repository")),
    ("postgresql", "0", "15", ("recovery_prefetch",)),
)
"""VendorName, since, until (not included): what no fragment may name there."""

SUFFIXES: Final[Mapping[VendorName, Mapping[str, int]]] = {
    "postgresql": {"kB": KB, "MB": MB, "GB": GB, "B": 1},
    "mysql": {"K": KB, "M": MB, "G": GB},
    "mariadb": {"K": KB, "M": MB, "G": GB},
}
UNIT_BYTES: Final = {"B": 1, "kB": KB, "8kB": 8 * KB, "MB": MB}
UNIT_US: Final = {"us": 1, "ms": 10**3, "s": 10**6}
TIMES_US: Final = {"ms": 10**3, "s": 10**6, "min": 60 * 10**6}

every_version = pytest.mark.parametrize(
    ("vendor", "version"),
    [
        pytest.param(vendor, version, id=f"{vendor}-{version}")
        for vendor in VENDOR_NAMES
        for version in VERSIONS[vendor]
    ],
)


@cache
def measurement(drive: str) -> Measurement:
    return stored(drive)


@cache
def knowledge_of(vendor: VendorName) -> Knowledge:
    return knowledge_for(vendor)


def questions(vendor: VendorName, version: str) -> list[tuple[str, Request]]:
    combinations = product(DRIVES, DURABILITIES, MEMORY_BYTES, RECOVERY_TIMES_S)
    return [
        (
            drive,
            Request(
                vendor=vendor,
                version=parse_version(version),
                version_source="given",
                durability=durability,
                memory_bytes=memory_bytes,
                recovery_time_s=recovery_time_s,
            ),
        )
        for drive, durability, memory_bytes, recovery_time_s in combinations
    ]


@every_version
def test_every_answer_is_what_the_version_takes(vendor: VendorName, version: str) -> None:
    wrong = []
    for drive, request in questions(vendor, version):
        advice = advise(measurement(drive), request, knowledge_of(vendor))
        wrong += [(drive, request, problem) for problem in problems(advice, request)]
    assert wrong == []


@every_version
@pytest.mark.parametrize("durability", DURABILITIES)
def test_every_answer_to_a_replica_is_what_the_version_takes(
    vendor: VendorName, version: str, durability: Durability
) -> None:
    asked = Request(vendor, parse_version(version), "given", durability=durability, role="replica")
    advice = advise(measurement("nvme-consumer"), asked, knowledge_of(vendor))
    assert problems(advice, asked) == []
    assert len([entry for entry in advice.settings if entry.group == "replication"]) >= 2


def test_there_are_at_least_1500_combinations() -> None:
    every = [
        question
        for vendor in VENDOR_NAMES
        for version in VERSIONS[vendor]
        for question in questions(vendor, version)
    ]
    assert len(every) >= 1500


def problems(advice: Advice, request: Request) -> list[str]:
    """What is wrong with an answer."""
    specs = {
        setting.name: spec
        for setting in knowledge_of(request.vendor).settings
        if (spec := setting.spec_for(request.vendor, request.version))
    }
    named = {entry.setting for entry in advice.settings}
    found = [
        f"{name} is unknown or deprecated there"
        for vendor, since, until, names in STOPS_THE_START
        for name in names
        if vendor == request.vendor
        and parse_version(since) <= request.version < parse_version(until)
        and name in named
    ]
    for entry in advice.settings:
        spec = specs.get(entry.setting)
        if spec is None:
            found.append(f"{entry.setting} is not known to this version")
        elif entry.emitted and entry.value is None:
            found.append(f"{entry.setting} is printed without a value")
        elif entry.value is not None and (problem := spec.problem_with(entry.value)):
            found.append(f"{entry.setting}: {problem}")
        elif entry.emitted and not means(entry.rendered, entry.value, entry.unit, request.vendor):
            found.append(f"{entry.setting} = {entry.rendered} is not {entry.value} {entry.unit}")
    return [*found, *conflicts(request, {e.setting: e.value for e in advice.settings})]


def means(text: str, value: Value | None, unit: str, vendor: VendorName) -> bool:
    """Whether a server reads the text as that value; its reading is written down here again."""
    if isinstance(value, bool):
        return text.lower() == ("on" if value else "off")
    if isinstance(value, str):
        return text == value
    amount = re.fullmatch(r"(-?[\d.]+)([A-Za-z]*)", text)
    if amount is None or value is None:
        return False
    if not amount[2]:
        return float(amount[1]) == value
    if unit in UNIT_US:
        # Only PostgreSQL takes a time with its unit.
        factor = TIMES_US.get(amount[2], 0) if vendor == "postgresql" else 0
        return int(amount[1]) * factor == value * UNIT_US[unit]
    return int(amount[1]) * SUFFIXES[vendor].get(amount[2], 0) == value * UNIT_BYTES.get(unit, 0)


def conflicts(request: Request, values: Mapping[str, Value | None]) -> list[str]:
    """Settings that do not fit together, or that no answer may lack."""

    def value(name: str) -> float:
        found = values[name]
        assert isinstance(found, int | float)
        return found

    if request.vendor == "postgresql":
        rules = {
            "min_wal_size is at least two segments": value("min_wal_size") >= 2 * SEGMENT_MB,
            "max_wal_size is not below min_wal_size": value("max_wal_size")
            >= value("min_wal_size"),
            "fsync is on": values["fsync"] is True,
            "full_page_writes is on": values["full_page_writes"] is True,
            "wal_level is left alone": "wal_level" not in values,
        }
    else:
        relaxed = value("innodb_flush_log_at_trx_commit") != 1
        if request.vendor == "mysql" and request.role == "replica":
            assert not relaxed  # its binary log alone is: tests/powercut/README.md
            relaxed = request.durability != "durable"
        capacities = ("innodb_io_capacity", "innodb_io_capacity_max")
        both = all(values.get(name) is not None for name in capacities)
        rules = {
            "both relaxed or none": relaxed == (value("sync_binlog") != 1),
            "never 0": value("innodb_flush_log_at_trx_commit") in (1, 2),
            "io_capacity_max is not below io_capacity": not both
            or value(capacities[1]) >= value(capacities[0]),
            "doublewrite is on": values["innodb_doublewrite"] in (True, "ON"),
            "one way to size the redo log": ("innodb_redo_log_capacity" in values)
            != ("innodb_log_file_size" in values),
        }
    return [name for name, holds in rules.items() if not holds]
