"""What a value risks, in order: each class accepts everything the classes before it do."""

from typing import Final, Literal, get_args

AdvisedDurability = Literal["durable", "loses-recent-on-power-loss", "loses-recent-on-crash"]
"""What a user may ask for."""

Durability = Literal[AdvisedDurability, "can-corrupt"]

CLASSES: Final[tuple[Durability, ...]] = get_args(Durability)

MEANING: Final[dict[Durability, str]] = {
    "durable": "an acknowledged commit survives a server crash and a power loss",
    "loses-recent-on-power-loss": "a power loss or kernel crash may lose the latest commits; "
    "a crash of the server process alone does not",
    "loses-recent-on-crash": "any crash may lose the latest commits; the rest stays consistent",
    "can-corrupt": "a power loss may destroy the database; never advised",
}


def risks_more(durability: Durability, other: Durability) -> bool:
    """Whether `durability` risks more than `other`."""
    return CLASSES.index(durability) > CLASSES.index(other)
