"""How a replica applies what its source has committed. Data only."""

from typing import NamedTuple


class Appliers(NamedTuple):
    """Threads that apply transactions side by side, and commit them in the source's order."""

    setting: str
    """Says how many they are; 0 and 1: one transaction after another."""
    default_count: int
    needs: tuple[str, ...] = ()
    """What the replica must be given, for it is not the default, before several of them apply
    transactions of one database side by side and a crash leaves no gap."""
    needs_binary_log: bool = False
    """Whether several commit in the source's order only where the replica logs what it applies."""
    log_setting: str = "log_slave_updates"
    """Says whether the replica writes what it applies into a binary log of its own."""
    lifted_by: str = ""
    """Where they apply together no more than what the source committed together: what lifts that;
    "" where they need not."""


class Replaying(NamedTuple):
    """What applies on a release of a server."""

    appliers: Appliers | None
    """None: one process replays the log."""
    reads_ahead: bool = False
    """Whether that process has pages read before it comes to them."""
