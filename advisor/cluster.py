"""What the copies of a cluster make of durability, as an advice and an audit tell it."""

from advisor.model import Model
from advisor.vendors.names import ClusterName


class ClusterStatement(Model):
    """One statement, and where it comes from."""

    about: str
    """The setting, or the class of durability; "" where it is about the cluster."""
    says: str
    """Within a sentence, without its end."""
    sources: tuple[str, ...]
    forms: tuple[str, ...] = ()
    """The forms of an advice that it is about alone; none: all."""


class ClusterDurability(Model):
    """Durability by copies: what it survives, and what not."""

    name: ClusterName
    title: str
    known_by: str
    """"--cluster", or the setting of the server that shows it, with its value."""
    no_copies: tuple[str, ...] = ()
    """What shows that no commit waits for one now, as "log_bin = OFF"; then nothing is said of
    when a commit is answered, and of what copies survive. None: nothing shows it."""
    acknowledged: tuple[ClusterStatement, ...]
    """When a commit is answered."""
    survives: tuple[ClusterStatement, ...]
    does_not_survive: tuple[ClusterStatement, ...]
    afterwards: tuple[ClusterStatement, ...]
    """What is to be done by hand when more is lost than survives."""
    relaxed: tuple[ClusterStatement, ...]
    """What a lower durability class loses there."""
    never_relaxed: tuple[ClusterStatement, ...]
    left_to_you: tuple[ClusterStatement, ...]
    """What decides, too, and is not set."""

    def lost_when_relaxed(self, durability: str) -> str:
        """What that class of durability loses there; "" where nothing is said of it."""
        told = (each.says for each in self.relaxed if each.about in ("", durability))
        return next(told, "")
