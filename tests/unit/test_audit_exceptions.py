"""Values that can corrupt elsewhere: where they are right, and what they risk at worst."""

import pytest

from advisor.analysis.atomic_writes import atomic_write
from advisor.audit.findings import Audit
from advisor.audit.run import run_audit
from advisor.commands.source import knowledge_for
from advisor.measurement import Measurement
from advisor.model import Known, Unknown
from advisor.request import Request
from advisor.server_state import EffectiveSetting, ServerState
from advisor.vendors.names import VendorName
from advisor.versions import parse_version
from tests.support.drives import device, measurement

KIB = 1024
NO_DOUBLEWRITE = {"innodb_doublewrite": "OFF"}
NO_FULL_PAGES = {"full_page_writes": "off"}


def audit_of(
    vendor: VendorName,
    version: str,
    settings: dict[str, str],
    drive: Measurement | None = None,
    atomic_write_bytes: int | None = None,
) -> Audit:
    number = parse_version(version)
    found = {
        name: EffectiveSetting(name, value, origin="file", place="/my.cnf:3")
        for name, value in settings.items()
    }
    state, request = ServerState(vendor, number, found), Request(vendor, number, "as given")
    return run_audit(state, request, knowledge_for(vendor), drive, atomic_write_bytes)[0]


def severities(found: Audit) -> list[tuple[str, str]]:
    return [(each.severity, each.setting) for each in found.findings if each.setting in RISKY]


RISKY = {"innodb_doublewrite", "full_page_writes", "innodb_flush_method"}


def on_zfs(record_bytes: Known[int]) -> Measurement:
    found = measurement(filesystem="zfs", devices=Unknown(unknown="ZFS has its own"))
    target = found.target.model_copy(update={"record_bytes": record_bytes})
    return found.model_copy(update={"target": target})


def on_drives(*sizes_bytes: Known[int]) -> Measurement:
    drives = [
        device(f"nvme{number}n1").model_copy(update={"atomic_write_bytes": size})
        for number, size in enumerate(sizes_bytes)
    ]
    return measurement(devices=tuple(drives))


@pytest.mark.parametrize(
    ("vendor", "version", "settings", "page"),
    [
        ("postgresql", "17", NO_FULL_PAGES, "8 kB"),
        ("mysql", "9.7", NO_DOUBLEWRITE, "16 kB"),
        ("mysql", "9.7", {"innodb_doublewrite": "DETECT_ONLY"}, "16 kB"),
        ("mysql", "5.7", NO_DOUBLEWRITE, "16 kB"),
        ("mariadb", "10.11", NO_DOUBLEWRITE, "16 kB"),
        ("mariadb", "11.8", {**NO_DOUBLEWRITE, "innodb_page_size": "32k"}, "32 kB"),
        ("postgresql", "17", {**NO_FULL_PAGES, "block_size": "32768"}, "32 kB"),
    ],
)
def test_without_evidence_the_alarm_stays_and_names_the_cases(
    vendor: VendorName, version: str, settings: dict[str, str], page: str
) -> None:
    for drive in (None, measurement()):
        found = audit_of(vendor, version, settings, drive)
        (finding,) = (each for each in found.findings if each.setting in RISKY)
        assert finding.severity == "corruption-risk"
        assert f"no page of {page} can be half written" in finding.reason
        for case in ("ZFS", "torn-write prevention", "atomic_write_unit_max_bytes"):
            assert case in finding.reason
        assert finding.reason.endswith(f"say --atomic-writes {page.replace(' ', '')}.")


@pytest.mark.parametrize(
    ("vendor", "settings", "page_bytes"),
    [("postgresql", NO_FULL_PAGES, 8 * KIB), ("mysql", NO_DOUBLEWRITE, 16 * KIB)],
)
def test_with_evidence_it_is_a_note(
    vendor: VendorName, settings: dict[str, str], page_bytes: int
) -> None:
    version = {"postgresql": "17", "mysql": "9.7"}[vendor]
    for drive in (on_zfs(page_bytes), on_zfs(128 * KIB), on_drives(page_bytes, 64 * KIB)):
        found = audit_of(vendor, version, settings, drive)
        assert severities(found) == []
        (note,) = (note for note in found.notes if "half written" in note)
        assert note.startswith(next(iter(settings)))
    found = audit_of(vendor, version, settings, None, page_bytes)
    assert severities(found) == []
    assert any("as --atomic-writes says" in note for note in found.notes)
    # One byte less, a drive that does not say, or one of two that promises nothing
    for drive in (
        on_zfs(page_bytes - 1),
        on_zfs(Unknown(unknown="not asked")),
        on_drives(page_bytes - 1),
        on_drives(page_bytes, 0),
        on_drives(page_bytes, Unknown(unknown="an old kernel")),
    ):
        found = audit_of(vendor, version, settings, drive)
        assert severities(found) == [("corruption-risk", next(iter(settings)))]
    found = audit_of(vendor, version, settings, None, page_bytes - 1)
    assert severities(found) == [("corruption-risk", next(iter(settings)))]
    assert "which is less than a page" in found.findings[0].reason


def test_what_the_drive_says_holds_for_what_reaches_it_unsplit() -> None:
    found = audit_of("postgresql", "17", NO_FULL_PAGES, on_drives(8 * KIB))
    (note,) = (note for note in found.notes if "half written" in note)
    assert "does not split" in note
    assert atomic_write(measurement()) is None


def test_fast_keeps_a_copy_and_atomic_writes_do_not_make_it_safe() -> None:
    fast = {"innodb_doublewrite": "fast"}
    found = audit_of("mariadb", "11.8", fast, None, 64 * KIB)
    assert severities(found) == [("corruption-risk", "innodb_doublewrite")]


NO_FSYNC = {"innodb_flush_method": "O_DIRECT_NO_FSYNC"}
ELSEWHERE = {**NO_FSYNC, "innodb_log_group_home_dir": "/log"}


@pytest.mark.parametrize("version", ["8.0.14", "8.0.36", "8.4", "9.7"])
def test_no_fsync_since_8_0_14_is_no_corruption(version: str) -> None:
    """The manual of 8.0: it syncs after create, extend and close since 8.0.14."""
    found = audit_of("mysql", version, NO_FSYNC)
    assert severities(found) == []
    (note,) = (note for note in found.notes if note.startswith("innodb_flush_method"))
    assert "on different devices" in note
    assert "volatile cache" in note
    (finding,) = audit_of("mysql", version, ELSEWHERE).findings
    assert (finding.severity, finding.durability) == ("data-loss", "loses-recent-on-power-loss")
    assert "corrupt" not in finding.reason


def test_a_drive_without_a_volatile_cache_has_nothing_to_lose() -> None:
    through = measurement(devices=(device(write_cache="write through"),))
    assert severities(audit_of("mysql", "8.4", ELSEWHERE, through)) == []
    assert severities(audit_of("mysql", "8.4", ELSEWHERE, measurement())) == [
        ("data-loss", "innodb_flush_method")
    ]
    virtual = replace_model(through, "Amazon Elastic Block Store")
    assert severities(audit_of("mysql", "8.4", ELSEWHERE, virtual)) == [
        ("data-loss", "innodb_flush_method")
    ]


def replace_model(found: Measurement, model: str) -> Measurement:
    drive = device(model=model, write_cache="write through")
    target = found.target.model_copy(update={"devices": (drive,)})
    return found.model_copy(update={"target": target})
