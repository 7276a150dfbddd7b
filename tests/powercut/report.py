"""The tables of README.md here, made from results.json and from what profiles/ claim.

python -m tests.powercut.report
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from advisor.vendors.registry import VENDORS
from tests.powercut.configurations import CONFIGURATIONS, Configuration, claim
from tests.powercut.results import BLOCK, README, Stored, load

SERVERS: Final = (("postgresql-15", "postgresql-19"), ("mysql-9.7", "mariadb-10.11"))
"""One table for those that have the same settings."""

CLASS_NAMES: Final = {
    "durable": "`durable`",
    "loses-recent-on-power-loss": "`loses-recent-on-power-loss`",
    "loses-recent-on-crash": "`loses-recent-on-crash`",
}


@dataclass(frozen=True)
class Tally:
    """Accidents of one kind, counted."""

    accidents: int
    losing: int
    oldest_ms: float
    """The oldest lost commit of all."""

    def __str__(self) -> str:
        if not self.losing:
            return f"none in {self.accidents}"
        return f"{milliseconds(self.oldest_ms)} ({self.losing} of {self.accidents})"


def tally(runs: Iterable[dict[str, Any]], accident: str, *, log: bool = False) -> Tally:
    """The accidents of all runs; `log`: what is missing of the binary log, not of the tables."""
    lost_key, oldest_key = ("log_lost", "log_oldest_ms") if log else ("lost", "oldest_ms")
    lost = [count for run in runs for count in run[accident][lost_key]]
    oldest_ms = [age_ms for run in runs for age_ms in run[accident][oldest_key]]
    losing = sum(count > 0 for count in lost)
    return Tally(len(lost), losing, max(oldest_ms, default=0.0))


def milliseconds(age_ms: float) -> str:
    """As short as it can be told: 3.2 ms, 412 ms, 1.03 s."""
    return f"{age_ms / 1000:.3g} s" if age_ms >= 1000 else f"{age_ms:.3g} ms"


def tables(stored: Stored) -> str:
    """What README.md here shows."""
    made = [*(_table(servers, stored) for servers in SERVERS), _volatile_table(stored)]
    return "\n".join(made)


def _volatile_table(stored: Stored) -> str:
    """What `durable` lost where a drive's own cache was lost, too."""
    heads = ["`durable`, and the drive's cache lost, too", "cuts", "with writes in the cache"]
    heads += ["commits lost", "of the binary log", "damage"]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for server in (server for servers in SERVERS for server in servers):
        runs = stored["volatile"].get(Configuration(server).name, [])
        held = [count for run in runs for count in run["held"]]
        cuts = [run["power cut"] for run in runs]
        counts = (
            len(held),
            sum(count > 0 for count in held),
            sum(count for cut in cuts for count in cut["lost"]),
            sum(count for cut in cuts for count in cut["log_lost"]),
            sum(len(cut["faults"]) for cut in cuts),
        )
        lines.append(f"| {shown(server)} | {' | '.join(map(str, counts))} |")
    return "".join(f"{line}\n" for line in lines)


def _table(servers: Sequence[str], stored: Stored) -> str:
    log = not servers[0].startswith("postgresql")
    heads = ["settings", "may lose, claimed"]
    for server in servers:
        heads += [f"{shown(server)} lost", f"{shown(server)} log"] if log else [shown(server)]
    heads.append("kill -9")
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for one in (one for one in CONFIGURATIONS if one.server == servers[0]):
        same = [Configuration(server, one.durability, one.changed, one.lying) for server in servers]
        runs = [stored["servers"].get(other.name, []) for other in same]
        cells = [_settings(one), _claimed(one)]
        for some in runs:
            cells.append(str(tally(some, "power cut")))
            if log:
                cells.append(str(tally(some, "power cut", log=True)))
        cells.append(str(tally([run for some in runs for run in some], "kill -9")))
        lines.append(f"| {' | '.join(cells)} |")
    return "".join(f"{line}\n" for line in lines)


def shown(server: str) -> str:
    """Its name as people write it."""
    vendor, _, version = server.partition("-")
    return f"{VENDORS[vendor].title} {version}"  # type: ignore[index]


def _settings(one: Configuration) -> str:
    if one.lying:
        return "`durable`, on a drive that lies"
    changes = [f"`{name} = {value}`" for name, value in one.changed.items()]
    return ", ".join(changes) or CLASS_NAMES[one.durability]


def _claimed(one: Configuration) -> str:
    if one.lying:
        return "-"
    claimed = claim(one)
    if not claimed.tables_ms:
        return "nothing"
    log = f"; log {milliseconds(claimed.log_ms)}" if claimed.log_ms else ""
    flushes = " and flushes" if claimed.flushes_ms else ""
    groups = f" or {claimed.log_groups} groups" if claimed.log_groups else ""
    return f"{milliseconds(claimed.tables_ms)}{flushes}{log}{groups}"


def main() -> None:
    """Writes the tables into README.md here."""
    made = tables(load())
    README.write_text(BLOCK.sub(lambda found: found[1] + made + found[2], README.read_text()))
    print(made, end="")


if __name__ == "__main__":
    main()
