"""What is rehearsed: which server with which settings, and what we claim that they may lose."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from advisor.durability import CLASSES, Durability
from advisor.knowledge import find_setting
from advisor.output.fragment import render_fragment
from advisor.rules.catalogue import Rule
from advisor.units import parse_duration_us
from advisor.vendors.names import VendorName
from tests.powercut.binary_log import OPTIONS
from tests.servers.harness import server_named, version_of
from tests.servers.provision import SERVERS
from tests.servers.scenarios import GB, Scenario, advice_for

DRIVE: Final = "nvme-consumer"
"""The stored measurement from which the fragments are recommended."""

TRX: Final = "innodb_flush_log_at_trx_commit"
SYNC_BINLOG: Final = "sync_binlog"
DELAY: Final = "wal_writer_delay"
DEFAULT_DELAY: Final = "200ms"

FLUSHES_MS: Final = 300
"""What the flushes themselves may take on a busy drive; it counts where the delays are shorter."""


@dataclass(frozen=True)
class Claim:
    """What we say that a power cut may take at most."""

    tables_ms: int
    """How old the oldest lost commit may be; 0: nothing is lost."""
    log_ms: int
    """The same of the binary log."""
    log_groups: int | None
    """Commit groups, if they come sooner."""
    at_a_kill: bool
    """Whether a kill -9 may take as much from the tables."""
    flushes_ms: int = 0
    """What the time of the flushes may add to `tables_ms`."""


@dataclass(frozen=True)
class Configuration:
    """A server with the fragment of a durability class, and settings changed after it."""

    server: str
    durability: Durability = "durable"
    changed: Mapping[str, str] = field(default_factory=dict)
    lying: bool = False
    """Whether what should make data durable does nothing."""

    @property
    def name(self) -> str:
        """Short, and the same in every run."""
        changes = [f"{name}={value}" for name, value in self.changed.items()]
        drive = ["on a drive that lies"] if self.lying else []
        return " ".join([self.server, self.durability, *changes, *drive])

    @property
    def vendor(self) -> VendorName:
        (row,) = (row for row in SERVERS if row.name == self.server)
        return row.vendor

    def fragment(self) -> str:
        """What the server is started with: as `recommend` writes it, then what is changed."""
        server = server_named(self.server)
        scenario = Scenario(DRIVE, self.durability, memory_bytes=GB)
        advised = render_fragment(advice_for(server.vendor, version_of(server), scenario))
        lines = "".join(f"{name} = {value}\n" for name, value in self.changed.items())
        return f"{advised}\n{OPTIONS.get(server.vendor, '')}{lines}"


def stated(rule_id: str) -> Rule:
    """The rule of that id, as profiles/ has it."""
    setting, name = find_setting(rule_id)
    (rule,) = (one for one in setting.rule if one.name == name)
    return rule


def claim(one: Configuration) -> Claim:
    """What profiles/ say of these settings."""
    if one.vendor == "postgresql":
        return _postgresql_claim(one)
    relaxed = one.durability != "durable"
    trx = one.changed.get(TRX, "2" if relaxed else "1")
    sync_binlog = one.changed.get(SYNC_BINLOG, "100" if relaxed else "1")
    tables, log = stated(f"innodb.{TRX}.relaxed"), stated(f"innodb.{SYNC_BINLOG}.relaxed")
    if trx == sync_binlog == "1":
        return Claim(0, 0, None, at_a_kill=False)
    return Claim(
        # InnoDB flushes its log once a second, whoever waits for it.
        tables_ms=tables.loss_window_ms or 0,
        log_ms=0 if sync_binlog == "1" else log.loss_window_ms or 0,
        log_groups=log.loss_groups_max if sync_binlog == "100" else None,
        at_a_kill=trx == "0",
    )


def _postgresql_claim(one: Configuration) -> Claim:
    off = one.durability == "loses-recent-on-crash"
    if not off and one.changed.get("synchronous_commit") != "off":
        return Claim(0, 0, None, at_a_kill=False)
    stated_ms = stated("postgresql.synchronous_commit.do-not-wait").loss_window_ms or 0
    delay_us = parse_duration_us(one.changed.get(DELAY, DEFAULT_DELAY))
    window_ms = stated_ms * delay_us // parse_duration_us(DEFAULT_DELAY)
    flushes_ms = FLUSHES_MS if window_ms < FLUSHES_MS else 0
    return Claim(window_ms, 0, None, at_a_kill=True, flushes_ms=flushes_ms)


DELAYS: Final = ("10ms", "200ms", "2s")


def _postgresql(server: str) -> list[Configuration]:
    off = [{"synchronous_commit": "off", DELAY: delay} for delay in DELAYS]
    return [Configuration(server, changed=changed) for changed in off]


def _innodb(server: str) -> list[Configuration]:
    values = [(trx, sync) for trx in ("1", "2", "0") for sync in ("1", "0", "100")]
    changes = [
        {name: value for name, value in ((TRX, trx), (SYNC_BINLOG, sync)) if value != "1"}
        for trx, sync in values
    ]
    return [Configuration(server, changed=changed) for changed in changes if changed]


STARTED: Final = ("postgresql-15", "postgresql-19", "mysql-9.7", "mariadb-10.11")

CONFIGURATIONS: Final = (
    *(Configuration(server, one) for one in CLASSES[:-1] for server in STARTED),
    *_postgresql("postgresql-15"),
    *_postgresql("postgresql-19"),
    *_innodb("mysql-9.7"),
    *_innodb("mariadb-10.11"),
    *(Configuration(server, lying=True) for server in STARTED),
)
"""Every durability class, then single settings relaxed, the others as in the strict fragment."""
