"""What each product says of a host: once, with the command, and without a change of its exit."""

import json
from pathlib import Path

import pytest

from advisor.advice import Advice
from advisor.advise import advise
from advisor.analysis.host_findings import evaluate
from advisor.analysis.verdict import judge
from advisor.audit.findings import Audit
from advisor.audit.run import run_audit
from advisor.commands.auditing import require_nothing
from advisor.commands.source import knowledge_for
from advisor.errors import FindingsError, NotTrustedError
from advisor.knowledge import load_host_checks, load_storage_knowledge
from advisor.measurement import Layer, Measurement
from advisor.measurement_file import to_json
from advisor.output.audit import audit_document
from advisor.output.fragment import render_fragment
from advisor.output.json_text import json_text
from advisor.output.measurement import measurement_document
from advisor.output.renderers.text import render_text
from advisor.output.report.document import report_document
from advisor.output.summary import summary_document
from advisor.output.verdict_line import advice_verdict, audit_verdict
from advisor.request import Request
from advisor.server_state import ServerState
from tests.support.command_line import run
from tests.support.drives import device, measurement
from tests.unit.test_report import MYSQL, POSTGRESQL, reported

LOOP = Layer(kind="loop", name="loop0", details={"direct_io": "no"})
SOFT = Layer(kind="nfs4", name="/srv", details={"hard": "soft"})
ZFS = Layer(kind="zfs", name="tank/db", details={"sync": "disabled"})

SLOW = measurement(layers=(LOOP,))
HARMFUL = measurement(layers=(LOOP, SOFT))
NO_BARRIERS = measurement(mount_options=("rw", "nobarrier"))
WHOLE_PAGES = measurement(
    devices=(device().model_copy(update={"atomic_write_bytes": 16384}),),
)

SEEN = "loop0 writes its file through the kernel's memory (no direct I/O)"
CHANGE = "losetup --direct-io=on /dev/loop0"
SOFT_SEEN = "NFS is mounted soft: a request that times out fails"
NO_BARRIERS_SEEN = "mounted with nobarrier: a sync does not reach the drive"
NO_BARRIERS_CHANGE = "mount -o remount,barrier /var/lib  # and in /etc/fstab"


def plain(text: str) -> str:
    """On one line, however it was wrapped."""
    return " ".join(text.split())


# measure


def measured(drive: Measurement) -> str:
    verdict = judge(drive, load_storage_knowledge())
    return render_text(measurement_document(drive, verdict, evaluate(drive, load_host_checks())))


def test_measure_says_what_was_seen_why_and_what_changes_it() -> None:
    text = measured(SLOW)
    said = plain(text)
    assert f"host: performance: {SEEN}. Data lies in memory twice" in said
    assert f"change: {CHANGE}" in said
    assert "source: https://man7.org/linux/man-pages/man8/losetup.8.html" in said
    assert text.startswith("PASS")
    assert max(map(len, text.splitlines())) <= 80


def test_measure_says_nothing_of_a_plain_host() -> None:
    assert "host:" not in measured(measurement()).splitlines()


def test_measure_does_not_pass_what_costs_data() -> None:
    assert measured(HARMFUL).startswith(f"WARN: corruption-risk: {SOFT_SEEN}.")


@pytest.mark.parametrize(
    ("drive", "seen"),
    [
        (NO_BARRIERS, NO_BARRIERS_SEEN),
        (measurement(layers=(ZFS,)), "sync=disabled on tank/db: ZFS ignores syncs"),
    ],
)
def test_what_trust_says_is_not_said_again(drive: Measurement, seen: str) -> None:
    verdict, *rest = measured(drive).splitlines()
    assert verdict.startswith("FAIL: not durable")
    assert plain("\n".join(rest)).count(seen) == 1
    assert plain("\n".join(rest)).count("change: ") == 1


def test_the_command_prints_findings_as_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("advisor.commands.measure.measured", lambda *_, **__: HARMFUL)
    status, out, _ = run(capsys, "measure", tmp_path, "--format", "json")
    assert status == 0
    found = json.loads(out)["host_findings"]
    assert [(each["id"], each["severity"]) for each in found] == [
        ("nfs-soft", "corruption-risk"),
        ("loop-buffered", "performance"),
    ]
    status, out, _ = run(capsys, "measure", tmp_path)
    assert (status, CHANGE in out) == (0, True)


# recommend


def advised(drive: Measurement, *, accepted: bool = False) -> Advice:
    request = Request("mysql", (9, 7), "as given", accept_not_durable=accepted)
    return advise(drive, request, knowledge_for("mysql"))


def head(drive: Measurement, *, accepted: bool = False) -> list[str]:
    fragment = render_fragment(advised(drive, accepted=accepted))
    return [line for line in fragment.splitlines() if line.startswith("# Host:")]


def test_the_fragment_has_a_line_for_each_finding() -> None:
    assert head(measurement()) == []
    assert head(SLOW) == [f"# Host: performance: {SEEN}; change: {CHANGE}"]
    assert head(WHOLE_PAGES) == [
        "# Host: good-news: no page of 16 kB is half written: nvme0n1: /sys shows that up to 16 kB"
        " are written at once (atomic_write_unit_max_bytes); change: innodb_doublewrite = OFF in"
        " the option file, then restart; never set by this tool"
    ]


def test_good_news_changes_no_setting() -> None:
    plainly = [entry.rendered for entry in advised(measurement()).settings]
    assert [entry.rendered for entry in advised(WHOLE_PAGES).settings] == plainly


def test_the_line_of_a_finding_says_what_was_seen_though_trust_says_it_too() -> None:
    assert head(NO_BARRIERS, accepted=True) == [
        f"# Host: corruption-risk: {NO_BARRIERS_SEEN}; change: {NO_BARRIERS_CHANGE}"
    ]


def test_a_drive_that_is_refused_is_told_the_command_that_changes_it() -> None:
    with pytest.raises(NotTrustedError) as refusal:
        advised(NO_BARRIERS)
    assert refusal.value.hint == f"change it and measure again: {NO_BARRIERS_CHANGE}"
    summary = reported(NO_BARRIERS, MYSQL).summary
    assert summary[2] == f"Change it and measure again: {NO_BARRIERS_CHANGE}."


@pytest.mark.parametrize("command", [["recommend", "--db", "mysql"], ["capacity"], ["report"]])
def test_every_command_that_refuses_a_drive_tells_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: list[str]
) -> None:
    file = tmp_path / "drive.json"
    file.write_text(to_json(NO_BARRIERS))
    status, _, err = run(capsys, *command, "--from", file)
    assert status == 3
    assert NO_BARRIERS_CHANGE in err


def test_the_json_of_advice_has_all_of_it() -> None:
    (found,) = json.loads(json_text(advised(SLOW)))["host_findings"]
    assert found["text"] == SEEN
    assert found["change"] == CHANGE
    assert found["why"].startswith("Data lies in memory twice")
    assert found["sources"][0] == "https://git.kernel.org/torvalds/c/bc07c10a3603"


def test_advice_does_not_pass_a_host_that_costs_data() -> None:
    assert advice_verdict(advised(SLOW)).level == "PASS"
    line = advice_verdict(advised(HARMFUL))
    assert line.level == "WARN"
    assert line.reason.endswith(f" settings for MySQL 9.7; corruption-risk: {SOFT_SEEN}.")


def test_a_terminal_shows_the_worst_and_counts_the_others() -> None:
    summary = plain(render_text(summary_document(advised(HARMFUL), "fsync-advisor recommend")))
    assert f"host: corruption-risk: {SOFT_SEEN}; change: umount" in summary
    assert "(1 more: --show-config)" in summary
    assert CHANGE not in summary
    alone = plain(render_text(summary_document(advised(SLOW), "fsync-advisor recommend")))
    assert f"host: performance: {SEEN}; change: {CHANGE}" in alone
    assert "more: --show-config" not in alone
    assert "host:" not in plain(
        render_text(summary_document(advised(measurement()), "fsync-advisor recommend"))
    )


# report


def test_a_report_has_a_section_where_there_is_something_to_say() -> None:
    titles = [section.title for section in report_document(reported()).sections]
    assert "The host" not in titles
    titles = [section.title for section in report_document(reported(SLOW)).sections]
    assert titles.index("The host") == 1
    text = plain(render_text(report_document(reported(SLOW))))
    assert f"{SEEN}. Data lies" in text
    assert f"Change: {CHANGE}" in text


def test_a_report_on_two_servers_says_each_thing_once_in_one_order() -> None:
    plainly = measurement(layers=(LOOP, SOFT), filesystem="zfs")
    target = plainly.target.model_copy(update={"record_bytes": 131072})
    drive = plainly.model_copy(update={"target": target})
    assert [each.id for each in reported(drive, MYSQL, POSTGRESQL).host_findings] == [
        "nfs-soft",
        "loop-buffered",
        "zfs-recordsize-innodb",
        "zfs-recordsize-postgresql",
        "atomic-writes-innodb",
        "atomic-writes-postgresql",
    ]
    assert [each.id for each in reported(drive).host_findings] == ["nfs-soft", "loop-buffered"]


def test_a_report_does_not_pass_what_costs_data() -> None:
    verdict = report_document(reported(HARMFUL)).verdict
    assert verdict is not None
    assert verdict.level == "WARN"


# audit


def audited(drive: Measurement | None) -> Audit:
    state = ServerState("postgresql", (18,), {})
    request = Request("postgresql", (18,), "as given")
    return run_audit(state, request, knowledge_for("postgresql"), drive)[0]


def test_an_audit_shows_what_costs_time_and_does_not_count_it() -> None:
    plainly, found = audited(measurement()), audited(SLOW)
    assert [each.id for each in found.host_findings] == ["loop-buffered"]
    assert found.counted == plainly.counted
    assert audit_verdict(found) == audit_verdict(plainly)
    text = plain(render_text(audit_document(found)))
    assert f"host: performance: {SEEN}. Data" in text
    assert f"change: {CHANGE}" in text
    assert "host:" not in plain(render_text(audit_document(plainly)))


def test_an_audit_counts_what_costs_data() -> None:
    found = audited(HARMFUL)
    assert found.findings == ()
    assert found.counted == ("corruption-risk",)
    line = audit_verdict(found)
    assert line.level == "FAIL"
    assert line.reason == f"1 finding: {SOFT_SEEN} (corruption-risk)."
    assert "compared: 1 finding" in plain(render_text(audit_document(found)))
    for level in ("corruption-risk", "note"):
        with pytest.raises(FindingsError, match="1 finding"):
            require_nothing(found, level)
    require_nothing(audited(SLOW), "note")


def test_an_audit_fails_only_on_what_was_asked_for() -> None:
    drbd = Layer(kind="drbd", name="drbd0", details={"protocol": "B"})
    found = audited(measurement(layers=(drbd,)))
    assert found.counted == ("data-loss",)
    require_nothing(found, "corruption-risk")
    with pytest.raises(FindingsError, match="1 finding of severity data-loss or higher"):
        require_nothing(found, "data-loss")


def test_an_audit_of_a_drive_without_barriers_says_so_once() -> None:
    found = audited(NO_BARRIERS)
    assert [each.id for each in found.host_findings] == ["barriers-off"]
    text = plain(render_text(audit_document(found)).partition("\n")[2])
    assert text.count("a sync does not reach the drive") == 1
    assert "note: trust is not-durable; settings alone do not make data durable" in text
    suspicious = audited(measurement(3.0))
    assert "trust is suspicious: a write with its sync takes 3 us" in " ".join(suspicious.notes)


def test_an_audit_counts_what_is_about_the_host_and_says_why_it_did_not_compare() -> None:
    found = audited(NO_BARRIERS)
    text = plain(render_text(audit_document(found)))
    assert len(found.counted) == len(found.findings) + 1
    assert ", 1 of them about the host" in text
    assert "the drive is not durable and its speed does not count, so these are not" in text
    assert "DIR or --from adds them" not in text
    without = plain(render_text(audit_document(audited(None))))
    assert "DIR or --from adds them" in without
    assert "about the host" not in without


def test_measure_tells_the_command_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("advisor.commands.measure.measured", lambda *_, **__: NO_BARRIERS)
    status, _, err = run(capsys, "measure", tmp_path)
    assert status == 3
    assert err.count("is not durable") == 1
    assert f"change it and measure again: {NO_BARRIERS_CHANGE}" in err


def test_an_audit_without_a_drive_has_nothing_to_say_of_a_host() -> None:
    assert audited(None).host_findings == ()


# rules


def test_rules_show_and_list_them(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "rules", "show", "host.loop-buffered")
    assert status == 0
    assert out.startswith("host.loop-buffered\n  about: layer\n  severity: performance\n")
    assert "  says: <layer> writes its file" in out
    status, out, _ = run(capsys, "rules", "show", "host.loop-buffered", "--format", "json")
    assert (status, json.loads(out)["tried"]) == (0, "loop")
    status, out, err = run(capsys, "rules", "show", "host.loop-bufferd")
    assert (status, out, "did you mean host.loop-buffered?" in err) == (2, "", True)
    _, out, _ = run(capsys, "rules", "list")
    assert "\nhost.loop-buffered: performance: <layer> writes its file" in out
    for arguments in (("--engine", "innodb"), ("--db", "mysql"), ("--format", "json")):
        assert "host." not in run(capsys, "rules", "list", *arguments)[1]


def test_rules_check_reads_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    monkeypatch.setattr("advisor.commands.rules_check.load_host_checks", lambda: read.append(1))
    assert run(capsys, "rules", "check")[0] == 0
    assert read == [1]


def test_a_stored_measurement_without_findings_is_read_as_ever() -> None:
    assert "host_findings" not in to_json(HARMFUL)
