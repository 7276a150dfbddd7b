"""Where a value that can corrupt elsewhere is right, or risks less. Pure.

Torn pages: https://dev.mysql.com/doc/refman/8.4/en/innodb-doublewrite-buffer.html,
https://www.postgresql.org/docs/current/wal-reliability.html, and advisor/analysis/atomic_writes.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from advisor.analysis.atomic_writes import AtomicWrite
from advisor.durability import Durability
from advisor.server_state import EffectiveSetting, ServerState
from advisor.units import Value, format_size
from advisor.vendors.registry import VENDORS
from advisor.vendors.values import Parsed, PlainSpec

TORN_PAGES: Final[Mapping[str, tuple[Value, ...]]] = {
    "full_page_writes": (False,),
    "innodb_doublewrite": (False, "OFF", "DETECT_ONLY"),
}
"""Setting -> the values at which a page that is half written cannot be repaired."""

LOG_ELSEWHERE: Final = ("innodb_log_group_home_dir", "innodb_data_home_dir")
"""Where one of these is set, the log and the data may lie on different devices."""


@dataclass(frozen=True, slots=True)
class Mitigations:
    """What is known of the drive that matters here."""

    atomic_write: AtomicWrite | None = None
    has_volatile_cache: bool = True
    """False only where the kernel says that the drive has none."""


@dataclass(frozen=True, slots=True)
class ValueRisk:
    """What a value risks here, and why; as a note where that is nothing to act on."""

    durability: Durability
    why: str
    only_a_note: bool = False


def judge_value(
    name: str,
    value: Value,
    durability: Durability,
    why: str,
    state: ServerState,
    known: Mitigations,
) -> ValueRisk:
    """What a value risks on this server and drive, where `durability` is what it risks at worst."""
    if durability == "can-corrupt" and value in TORN_PAGES.get(name, ()):
        return _torn_page(why, state, known.atomic_write)
    vendor = VENDORS[state.vendor]
    if name == "innodb_flush_method" and value == "O_DIRECT_NO_FSYNC":
        since = vendor.no_fsync_flushes_metadata_since
        if since is not None and state.version >= since:
            return _no_fsync(state, known)
    return ValueRisk(durability, why)


def page_bytes(state: ServerState) -> int:
    """How large a page is that must not be torn."""
    vendor = VENDORS[state.vendor]
    found = state.settings.get(vendor.page_size_setting)
    if found is None:
        return vendor.page_bytes
    result = vendor.parse_value(found.text, PlainSpec("integer", unit="B"), version=state.version)
    whole = isinstance(result, Parsed) and type(result.value) is int and result.value > 0
    return int(result.value) if isinstance(result, Parsed) and whole else vendor.page_bytes


def _torn_page(why: str, state: ServerState, atomic: AtomicWrite | None) -> ValueRisk:
    page = page_bytes(state)
    size = format_size(page)
    if atomic is None or atomic.bytes < page:
        less = "" if atomic is None else f" Here {atomic.evidence}, which is less than a page."
        return ValueRisk(
            "can-corrupt",
            f"{why} It is right where no page of {size} can be half written: on ZFS with a record"
            " size of at least that, on a volume with torn-write prevention, on a drive whose"
            f" atomic_write_unit_max_bytes is at least that.{less} If so, say --atomic-writes"
            f" {size.replace(' ', '')}.",
        )
    split = "; that holds for writes that the kernel does not split" if atomic.if_unsplit else ""
    return ValueRisk(
        "durable", f"no page of {size} can be half written: {atomic.evidence}{split}", True
    )


def _no_fsync(state: ServerState, known: Mitigations) -> ValueRisk:
    """https://dev.mysql.com/doc/refman/8.0/en/innodb-parameters.html#sysvar_innodb_flush_method"""
    remains = (
        "Data files are flushed when they are created, extended or closed, but not after each"
        " write: where log and data are on different devices, and that of the data has a volatile"
        " cache, a power loss can lose data."
    )
    elsewhere = [name for name in LOG_ELSEWHERE if _is_given(state.settings.get(name))]
    if not known.has_volatile_cache:
        return ValueRisk("durable", f"{remains} This drive says that it has no such cache.", True)
    if not elsewhere:
        return ValueRisk("durable", f"{remains} No setting puts them on different devices.", True)
    return ValueRisk("loses-recent-on-power-loss", f"{remains} {elsewhere[0]} is set here.")


def _is_given(found: EffectiveSetting | None) -> bool:
    return found is not None and found.is_given
