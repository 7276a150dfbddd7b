"""What a value risks, in order: each class accepts everything the classes before it do."""

from typing import Final, Literal

Durability = Literal[
    "durable", "loses-recent-on-power-loss", "loses-recent-on-crash", "can-corrupt"
]

CLASSES: Final[tuple[Durability, ...]] = (
    "durable",
    "loses-recent-on-power-loss",
    "loses-recent-on-crash",
    "can-corrupt",
)

MEANING: Final[dict[Durability, str]] = {
    "durable": "an acknowledged commit survives a server crash and a power loss",
    "loses-recent-on-power-loss": "a power loss or kernel crash may lose the latest commits; "
    "a crash of the server process alone does not",
    "loses-recent-on-crash": "any crash may lose the latest commits; the rest stays consistent",
    "can-corrupt": "a power loss may destroy the database; never advised",
}


def risks_more(one: Durability, other: Durability) -> bool:
    """Whether `one` risks more than `other`."""
    return CLASSES.index(one) > CLASSES.index(other)
