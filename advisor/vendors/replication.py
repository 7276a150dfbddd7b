"""What a server is among others that have the same data, from what it shows of them. Pure."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from advisor.errors import AdvisorError
from advisor.model import Known, Unknown
from advisor.roles import Replication
from advisor.units import counted
from advisor.vendors.answers import Rows

Answer = TypeVar("Answer")


class Channels(NamedTuple):
    """By how many ways a server follows sources."""

    number: int
    use_gtid: bool | None
    """Whether all of them ask by GTID; None: that is no affair of the server's."""


class Following(NamedTuple):
    """How a replica follows its source, as far as its settings tell."""

    logs_what_it_applies: Known[bool] = False
    """Whether it writes its source's transactions into a binary log of its own."""
    applies_by_workers: Known[bool] = False
    """Whether workers apply them, each of which notes how far it is."""
    keeps_place_in_tables: Known[bool] = True
    """Whether its place in its source's log is committed with each of them."""
    uses_gtid: Known[bool] = Unknown(unknown="that is no affair of the server's")
    """Whether it asks its source by GTID."""
    told_by: str = ""
    """What its settings say of that, a clause; "": nothing."""


def as_shown(
    ask: Callable[..., list[Rows]], statement: str, read: Callable[[Rows], Answer]
) -> Known[Answer]:
    """What `read` makes of the rows; Unknown with the server's words where it refuses them."""
    try:
        (rows,) = ask(statement)
    except AdvisorError as error:
        return Unknown(unknown=error.message)
    return read(rows)


def replication_of(sources: Known[Channels], replicas: Known[int]) -> Replication:
    """The role, and how it is known; `replicas`: how many are attached now."""
    if isinstance(sources, Unknown):
        return Replication(None, f"whether it follows a source is not shown: {sources.unknown}")
    if sources.number:
        how = f"it follows a source by {counted(sources.number, 'channel')}"
        return Replication("replica", how, sources.use_gtid)
    if isinstance(replicas, Unknown):
        why = f"whether replicas are attached is not shown: {replicas.unknown}"
        return Replication(None, f"it follows no source, and {why}")
    if replicas:
        are = "is" if replicas == 1 else "are"
        return Replication("primary", f"{counted(replicas, 'replica')} {are} attached")
    return Replication("standalone", "it follows no source, and no replica is attached now")
