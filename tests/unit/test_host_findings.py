"""Findings about a host: the order, several drives, commands to copy, files that are wrong.

tests/host/ has the cases of each finding.
"""

from pathlib import Path
from typing import Any

import pytest

from advisor import knowledge
from advisor.analysis.drive_host import HOST_FACTS, drive_host
from advisor.analysis.host_findings import HostCheck, HostFinding, evaluate
from advisor.analysis.judged_measurement import with_findings
from advisor.errors import KnowledgeError, UsageError
from advisor.knowledge import find_host_check, load_host_checks
from advisor.measurement import Layer, Measurement
from advisor.measurement_file import from_json, to_json
from advisor.model import Unknown
from advisor.resources import resource_dir
from advisor.vendors.names import VendorName
from tests.support.drives import device, measurement

CHECKS = load_host_checks()
FOLDER = resource_dir("profiles") / "host"

THIN = Layer(kind="dm-thin", name="dm-4")
LOOP = Layer(kind="loop", name="loop0", details={"direct_io": "no"})
DRBD = Layer(kind="drbd", name="drbd0", details={"protocol": "A"})
SOFT = Layer(kind="nfs4", name="/srv", details={"hard": "soft"})


def found(drive: Measurement, vendor: VendorName | None = None) -> tuple[HostFinding, ...]:
    return evaluate(drive, CHECKS, vendor)


def ids(drive: Measurement, vendor: VendorName | None = None) -> list[str]:
    return [each.id for each in found(drive, vendor)]


def at(directory: str, drive: Measurement, **others: Measurement) -> Measurement:
    target = drive.target.model_copy(update={"directory": directory})
    return drive.model_copy(update={"target": target, **others})


def atomic(**drives: Any) -> Measurement:
    whole = device().model_copy(update={"atomic_write_bytes": 16384})
    return measurement(devices=(whole,), **drives)


def test_a_plain_host_gets_no_finding() -> None:
    assert found(measurement()) == ()
    assert found(measurement(devices=Unknown(unknown="no"), filesystem=Unknown(unknown="no"))) == ()


def test_the_most_severe_comes_first() -> None:
    drive = atomic(layers=(LOOP, DRBD, SOFT))
    assert [(each.id, each.severity) for each in found(drive, "mysql")] == [
        ("nfs-soft", "corruption-risk"),
        ("drbd-protocol-a", "data-loss"),
        ("loop-buffered", "performance"),
        ("atomic-writes-innodb", "good-news"),
    ]


def test_only_what_costs_data_is_harm() -> None:
    drive = atomic(layers=(LOOP, DRBD, SOFT))
    assert [each.harm for each in found(drive, "mysql")] == [
        *("corruption-risk", "data-loss", None, None),
    ]


def test_what_matters_to_one_server_is_told_of_that_alone() -> None:
    assert ids(atomic()) == []
    assert ids(atomic(), "mysql") == ["atomic-writes-innodb"]
    assert ids(atomic(), "mariadb") == ["atomic-writes-innodb"]
    assert ids(atomic(), "postgresql") == ["atomic-writes-postgresql"]


def test_each_of_a_servers_drives_is_asked_what_it_is_there_for() -> None:
    """The log on a loop device, the data on a thin volume that writes whole pages."""
    log = measurement(layers=(LOOP,))
    data = at("/data", atomic(layers=(THIN,)))
    both = at("/log", log, data_files=data)
    assert [each.text[:6] for each in found(both, "mysql")] == ["/log: ", "/data:"]
    assert ids(both, "mysql") == ["loop-buffered", "atomic-writes-innodb"]
    assert ids(at("/log", measurement(layers=(THIN,)), data_files=at("/data", log))) == [
        *("thin-log", "loop-buffered"),
    ]
    assert ids(measurement(layers=(THIN,))) == ["thin-log"]
    assert ids(at("/log", atomic(), data_files=at("/data", measurement())), "mysql") == []


def test_the_drive_of_the_binary_log_is_one_of_a_log() -> None:
    thin = at("/binlog", atomic(layers=(THIN,)))
    (finding,) = found(at("/data", measurement(), binary_log=thin), "mysql")
    assert finding.text == "/binlog: the log lies on dm-4, which is thinly provisioned"


def test_one_finding_for_all_devices_that_are_alike() -> None:
    slow = {"scheduler": "bfq"}
    disks = tuple(device(name).model_copy(update=slow) for name in ("nvme0n1", "nvme1n1"))
    (finding,) = found(measurement(devices=disks))
    assert finding.subject == "nvme0n1, nvme1n1"
    assert finding.text == "nvme0n1 is no hard disk, and its scheduler is bfq (likewise nvme1n1)"
    assert finding.change == (
        "echo none > /sys/block/nvme0n1/queue/scheduler;"
        " echo none > /sys/block/nvme1n1/queue/scheduler  # and in a udev rule"
    )


def test_a_layer_that_is_met_twice_is_named_once() -> None:
    (finding,) = found(measurement(layers=(LOOP, LOOP)))
    assert finding.subject == "loop0"
    assert "likewise" not in finding.text


def test_a_name_in_a_command_is_quoted_for_the_shell() -> None:
    drive = measurement(mount_options=("nobarrier",))
    target = drive.target.model_copy(update={"mount_point": "/a b; reboot"})
    (finding,) = found(drive.model_copy(update={"target": target}))
    assert finding.change == "mount -o remount,barrier '/a b; reboot'  # and in /etc/fstab"
    assert finding.subject == "/a b; reboot"


def test_braces_in_a_name_are_shown_as_they_are() -> None:
    layer = LOOP.model_copy(update={"name": "{kind}{0}"})
    (finding,) = found(measurement(layers=(layer,)))
    assert finding.text.startswith("{kind}{0} writes its file")
    assert finding.change == "losetup --direct-io=on /dev/'{kind}{0}'"


def test_what_is_not_known_is_left_for_the_reader_to_fill_in() -> None:
    drive = measurement(mount_options=("nobarrier",))
    target = drive.target.model_copy(update={"mount_point": Unknown(unknown="no")})
    (finding,) = found(drive.model_copy(update={"target": target}))
    assert finding.change == "mount -o remount,barrier MOUNT_POINT  # and in /etc/fstab"


def test_details_do_not_overrule_what_a_layer_is() -> None:
    layer = Layer(kind="loop", name="loop0", details={"direct_io": "yes", "kind": "dm-thin"})
    assert found(measurement(layers=(layer,))) == ()
    told = {"bitmap": "internal", "rotational": "no"}
    array = Layer(kind="md", name="md0", details=told)
    assert ids(measurement(layers=(array,), devices=(device(rotational=True),))) == [
        "md-bitmap-on-disks"
    ]


def test_every_declared_fact_is_there() -> None:
    assert set(drive_host(measurement())) == HOST_FACTS


def test_hard_disks_beside_flash_are_hard_disks() -> None:
    flash, disk = device("a"), device("b", rotational=True)
    silent = device("c", rotational=Unknown(unknown="no"))
    for devices, rotational in (
        ((flash, flash), False),
        ((flash, disk), True),
        ((silent, disk), True),
    ):
        assert drive_host(measurement(devices=devices))["rotational"] is rotational
    for unclear in ((flash, silent), (device(transport="xen"),), ()):
        assert isinstance(drive_host(measurement(devices=unclear))["rotational"], Unknown)


def test_the_json_of_a_measurement_with_findings_is_still_a_measurement() -> None:
    drive = measurement(layers=(LOOP,))
    text = to_json(with_findings(drive, found(drive)))
    assert '"host_findings":[{"id":"loop-buffered","severity":"performance"' in text
    assert from_json(text, "a test") == drive


# The files

COMPLETE: dict[str, Any] = {
    "id": "mine",
    "about": "layer",
    "severity": "performance",
    "when": {"kind": {"is": "loop"}},
    "says": "{layer} is there",
    "why": "Because {filesystem}.",
    "change": "losetup {layer}",
    "sources": ["https://example.org"],
    "tried": "loop",
}


def test_a_complete_one_is_taken() -> None:
    assert HostCheck.model_validate(COMPLETE).id == "mine"
    untried = {"tried": "", "why": "Not tried on a real one."}
    assert HostCheck.model_validate({**COMPLETE, **untried}).tried == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"about": "disk"}, "'mount', 'layer', 'device' or 'host'"),
        ({"severity": "note"}, "'corruption-risk', 'data-loss', 'performance' or 'good-news'"),
        ({"db": ["oracle"]}, "'mysql', 'mariadb' or 'postgresql'"),
        ({"drive": "wal"}, "'any', 'log' or 'data'"),
        ({"when": {}}, "at least 1 item"),
        ({"when": {"kind": {}}}, "a condition needs is, in"),
        ({"when": {"kind": {"is": "md"}, "levle": {"is": "raid1"}}}, "a layer has no levle"),
        ({"when": {"kind": {"is": "md"}, "option": {"is": "ro"}}}, "a layer has no option"),
        ({"when": {"level": {"is": "raid1"}}}, "says of which kind"),
        ({"about": "host", "when": {"kind": {"is": "md"}}}, "a host has no kind"),
        ({"says": "{device} is there"}, "a layer cannot show device"),
        ({"why": "Because {price}."}, "a layer cannot show price"),
        ({"change": "rm {option}"}, "a layer cannot show option"),
        ({"says": ""}, "at least 1 character"),
        ({"sources": []}, "at least 1 item"),
        ({"sources": ["man nfs"]}, "a source is an https:// address, not 'man nfs'"),
        ({"tried": ""}, 'says "not tried" in its why'),
        ({"also_trust": "barriers"}, "there is no check 'barriers' of trust"),
        ({"tires": "md"}, "Extra inputs"),
    ],
)
def test_one_that_is_wrong_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="validation error") as refusal:
        HostCheck.model_validate({**COMPLETE, **change})
    assert message in str(refusal.value)


def test_a_file_that_is_wrong_is_fatal_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knowledge, "resource_dir", lambda name: tmp_path / name)
    folder = tmp_path / "profiles" / "host"
    folder.mkdir(parents=True)
    with pytest.raises(KnowledgeError, match="holds no findings"):
        load_host_checks()
    good = (FOLDER / "nfs-soft.toml").read_text()
    (folder / "good.toml").write_text(good)
    assert [check.id for check in load_host_checks()] == ["good"]
    (folder / "bad.toml").write_text(good.replace(", hard = {", ", hrad = {"))
    with pytest.raises(KnowledgeError, match=r"bad\.toml: .*a layer has no hrad"):
        load_host_checks()


def test_a_finding_is_found_by_its_id() -> None:
    assert find_host_check("host.nfs-soft").severity == "corruption-risk"
    with pytest.raises(UsageError, match=r"no finding 'host\.nfs-sofd'") as near:
        find_host_check("host.nfs-sofd")
    assert near.value.hint == "did you mean host.nfs-soft?"
    with pytest.raises(UsageError) as far:
        find_host_check("host.qqqqqqqq")
    assert far.value.hint == "see: fsync-advisor rules list"
