"""What a server is among others that have the same data."""

from typing import Final, Literal, NamedTuple, get_args

Role = Literal["standalone", "primary", "replica"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)


class Replication(NamedTuple):
    """What a server is, and how that is known."""

    role: Role | None
    """None: it is not known. A replica that has replicas itself is a replica."""
    how: str
    """What shows it, or why it is not known; a sentence without its end."""
    uses_gtid: bool | None = None
    """Whether a replica of MySQL or MariaDB asks its source by GTID; None: it is not known, or no
    affair of the server's."""


NOT_ASKED: Final = Replication(None, "configuration files do not say it")
