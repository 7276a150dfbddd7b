"""What copies make of durability, in lines."""

from collections.abc import Iterator

from advisor.cluster import ClusterDurability
from advisor.durability import Durability


def cluster_lines(told: ClusterDurability, durability: Durability) -> Iterator[str]:
    """A line for each statement, with its source; the first says which cluster it is. What a lower
    durability class loses there is said to those who have chosen one."""
    yield f"Cluster: {told.title} (as {told.known_by} says)"
    for what, statements in (
        ("acknowledged", told.acknowledged),
        ("survives", told.survives),
        ("does not survive", told.does_not_survive),
        ("afterwards", told.afterwards),
        ("relaxed", told.relaxed if durability != "durable" else ()),
        ("never relaxed", told.never_relaxed),
        ("left to you", told.left_to_you),
    ):
        for each in statements:
            about = f"{each.about}: " if each.about else ""
            yield f"  {what}: {about}{each.says}; {each.sources[0]}"


def cluster_summary(told: ClusterDurability) -> Iterator[str]:
    """What it survives and what not, the first of each, for a screen."""
    yield f"{told.title} survives {told.survives[0].says}"
    yield f"it does not survive {told.does_not_survive[0].says}"
