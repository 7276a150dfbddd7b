"""The fragment's text: valid comments whatever the drive is called, and nothing hidden."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.advice import Advice
from advisor.advise import advise
from advisor.analysis.trust import Trust
from advisor.commands.source import knowledge_for
from advisor.durability import Durability
from advisor.measurement import Measurement
from advisor.output.advice import durability_text
from advisor.output.fragment import render_fragment
from advisor.output.text import one_line
from advisor.request import Request
from advisor.vendors.names import VendorName
from advisor.versions import parse_version
from tests.support.golden import stored

SETTING_LINE = re.compile(r"[a-z_]+ = [A-Za-z0-9_.]+")

HOSTILE = "evil\ninnodb_doublewrite = OFF\r\x1b[31m\x00\u2028fsync = off\u0085\u202e"


def advice_on(
    measurement: Measurement, vendor: VendorName = "mysql", version: str = "9.7", **request: Any
) -> Advice:
    asked = Request(vendor, parse_version(version), "as given", **request)
    return advise(measurement, asked, knowledge_for(vendor))


def lines_that_act(fragment: str) -> list[str]:
    """Everything a server would read."""
    return [line for line in fragment.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize(("vendor", "version"), [("mysql", "9.7"), ("postgresql", "15")])
def test_a_hostile_drive_cannot_leave_its_comment(vendor: VendorName, version: str) -> None:
    tame = stored("nvme-consumer")
    device = tame.target.devices[0].model_copy(update={"name": HOSTILE, "model": HOSTILE})  # type: ignore[index]
    target = tame.target.model_copy(
        update={"directory": HOSTILE, "filesystem": HOSTILE, "devices": (device,)}
    )
    warning = {"code": "x", "text": HOSTILE}
    hostile = Measurement.model_validate(
        {
            **tame.model_dump(),
            "label": HOSTILE,
            "source": HOSTILE,
            "tool_version": HOSTILE,
            "target": target.model_dump(),
            "warnings": [warning],
        }
    )
    expected = lines_that_act(render_fragment(advice_on(tame, vendor, version), explain=True))
    fragment = render_fragment(advice_on(hostile, vendor, version), explain=True)
    assert lines_that_act(fragment) == expected
    assert "evil" in fragment
    assert fragment.isprintable() is False  # newlines
    assert fragment.replace("\n", "").isprintable()


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    assert len(f"# {one_line(text)}".splitlines()) == 1


def test_one_line_keeps_ordinary_text() -> None:
    assert one_line("Samsung SSD 990 PRO (µs, 中文)") == "Samsung SSD 990 PRO (µs, 中文)"


@pytest.mark.parametrize(
    ("vendor", "section"), [("mysql", "[mysqld]"), ("mariadb", "[mariadb]"), ("postgresql", None)]
)
def test_only_settings_and_the_option_group_act(vendor: VendorName, section: str | None) -> None:
    version = {"mysql": "8.4", "mariadb": "11.4", "postgresql": "17"}[vendor]
    acting = lines_that_act(render_fragment(advice_on(stored("hdd"), vendor, version)))
    settings = acting[1:] if section else acting
    assert acting[:1] == [section] if section else True
    assert len(settings) >= 5
    assert [line for line in settings if not SETTING_LINE.fullmatch(line)] == []


def test_every_setting_has_its_reason_rule_and_source_above_it() -> None:
    lines = render_fragment(advice_on(stored("hdd"), "postgresql", "15")).splitlines()
    settings = [index for index, line in enumerate(lines) if SETTING_LINE.fullmatch(line)]
    assert len(settings) >= 5
    for index in settings:
        name = lines[index].split(" = ")[0]
        assert re.match(
            rf"# postgresql\.{name}\.[a-z0-9-]+; (https://|measured: )", lines[index - 1]
        )
        assert re.match(r"# [A-Z0-9]", lines[index - 2])
        assert lines[index - 3] == ""


def test_a_drive_that_keeps_nothing_is_named_in_the_first_line() -> None:
    advice = advice_on(stored("tmpfs"), accept_not_durable=True)
    first = render_fragment(advice).splitlines()[0]
    assert first.startswith("# WARNING: this drive is NOT DURABLE: tmpfs keeps files in memory")


def test_a_suspicious_drive_is_named_in_the_head() -> None:
    head = render_fragment(advice_on(stored("raid-cache"))).split("[mysqld]")[0]
    assert "# Trust: suspicious\n#   sda rotates, but synced one block at 10,310/s" in head


@pytest.mark.parametrize(
    ("version", "line"),
    [
        ("9.7", "# Proof: our tests start MySQL 9.7 with such fragments and read all values back."),
        ("8.0.36", "# Proof: this version was not started here; MySQL 9.7 was."),
    ],
)
def test_the_head_says_what_is_proven(version: str, line: str) -> None:
    assert line in render_fragment(advice_on(stored("hdd"), version=version))


@pytest.mark.parametrize(
    ("accepted", "head"),
    [
        ("durable", "durable - an acknowledged commit survives a server crash and a power loss"),
        ("loses-recent-on-power-loss", "loses-recent-on-power-loss - a power loss or kernel crash"),
        # InnoDB's rules never need more than loses-recent-on-power-loss.
        ("loses-recent-on-crash", "loses-recent-on-power-loss - a power loss or kernel crash"),
    ],
)
def test_the_head_says_what_the_lines_risk(accepted: Durability, head: str) -> None:
    fragment = render_fragment(advice_on(stored("hdd"), durability=accepted))
    assert f"# Durability: {head}" in fragment


def test_the_price_of_a_lower_durability_is_this_drives_own() -> None:
    # hdd.json: 12.2 ms a sync; PostgreSQL's off loses 3 x 200 ms: 600 / 12.2 = 49.2 commits.
    fragment = render_fragment(advice_on(stored("hdd"), "postgresql", "15"))
    assert (
        "# --durability loses-recent-on-crash: synchronous_commit = off\n"
        "#   saves: a commit no longer waits for 1 sync, 12.2 ms\n"
        "#   can lose: synchronous_commit: up to 600 ms of acknowledged commits: "
        "49.2 at the rate one connection has now, 600 at an assumed 1,000/s\n"
    ) in fragment


def test_explain_shows_what_was_left_and_what_was_skipped() -> None:
    advice = advice_on(stored("cloud-quick"), "postgresql", "15")
    short, long = render_fragment(advice), render_fragment(advice, explain=True)
    assert "wal_buffers" not in short
    assert "# wal_buffers (default -1): " in long
    assert "# postgresql.wal_compression.lz4: build_lz4 is unknown: neither --build" in long
    assert lines_that_act(short) == lines_that_act(long)


@pytest.mark.parametrize(
    ("trust", "said"),
    [
        ("plausible", "durable - an acknowledged commit survives a server crash and a power loss"),
        (
            "unverifiable",
            "power loss, as far as the settings go; whether this drive keeps it is not known",
        ),
        (
            "suspicious",
            "power loss, as far as the settings go; whether this drive keeps it is doubtful",
        ),
        ("not-durable", "power loss, as far as the settings go; this drive does not keep it"),
    ],
)
def test_the_head_promises_no_more_than_the_drive_keeps(trust: Trust, said: str) -> None:
    advice = advice_on(stored("nvme-plp"))
    storage = advice.storage.model_copy(update={"trust": trust})
    text = durability_text(advice.model_copy(update={"storage": storage}))
    assert text.endswith(said)
    assert ("as far as the settings go" in text) == (trust != "plausible")
