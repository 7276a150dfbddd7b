"""Clusters of three servers that write to one another: Group Replication and Galera."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Protocol

from tests.powercut.server import Running
from tests.servers import galera, group_replication
from tests.servers.copies import BOTH_RELAXED, RELAXED, Case

CASES: Final = (
    Case(group_replication.SERVER, "group-replication"),
    Case(group_replication.SERVER, "group-replication", RELAXED),
    Case(group_replication.SERVER, "group-replication", "durable", BOTH_RELAXED),
    Case(galera.SERVER, "galera"),
    Case(galera.SERVER, "galera", RELAXED),
)


class Members(Protocol):
    """The three."""

    def running(self) -> AbstractContextManager[list[Running]]:
        """For the first time, all of them taking part."""

    def primary(self, members: Sequence[Running]) -> int:
        """Which one takes writes."""

    def rejoining(self, index: int) -> AbstractContextManager[Running]:
        """One that was killed, and that comes back by itself."""

    def reunited(
        self, folders: Sequence[Path]
    ) -> AbstractContextManager[tuple[int, list[Running | str]]]:
        """All of them after all have stopped, begun on the one that has the most, as the cluster's
        profile says: which one that is, and the members, or why one could not join."""


def members_of(case: Case, room: Path, folders: Sequence[Path] = ()) -> Members:
    """A case's, none of which runs, in folders of the room or in others."""
    if case.cluster == "galera":
        return galera.Nodes(room, folders, case)
    return group_replication.Group(room, folders, case)
