"""What copies make of durability, in lines."""

from collections.abc import Iterable, Iterator

from advisor.cluster import ClusterDurability, ClusterStatement
from advisor.durability import Durability
from advisor.vendors.forms import FormName


def cluster_lines(
    told: ClusterDurability, durability: Durability, form: FormName = "conf"
) -> Iterator[str]:
    """A line for each statement that is about that form, with its source; the first says which
    cluster it is. What a lower durability class loses there is said to those who have chosen
    one."""
    yield f"Cluster: {told.title} (as {told.known_by} says)"
    for what, statements in (
        ("acknowledged", told.acknowledged),
        ("survives", told.survives),
        ("does not survive", told.does_not_survive),
        ("afterwards", told.afterwards),
        ("relaxed", _about(told.relaxed, durability)),
        ("never relaxed", told.never_relaxed),
        ("left to you", told.left_to_you),
    ):
        for each in statements:
            if each.forms and form not in each.forms:
                continue
            about = f"{each.about}: " if each.about else ""
            yield f"  {what}: {about}{each.says}; {each.sources[0]}"


def _about(
    relaxed: Iterable[ClusterStatement], durability: Durability
) -> tuple[ClusterStatement, ...]:
    if durability == "durable":
        return ()
    return tuple(each for each in relaxed if each.about in ("", durability))


def cluster_summary(told: ClusterDurability, durability: Durability) -> Iterator[str]:
    """What it survives and what not, the first of each, for a screen; where something is relaxed,
    what that loses; where no commit
    waits for a copy, that alone."""
    copies = f"copies ({told.title})"
    if told.no_copies:
        yield f"no commit waits for a copy ({told.title}): {', '.join(told.no_copies)}"
        return
    for each in told.survives[:1]:
        yield f"{copies} survive {each.says}"
    lost = told.lost_when_relaxed(durability) if durability != "durable" else ""
    if lost:
        yield f"{copies}, relaxed: {lost}"
    else:
        yield f"they do not survive {told.does_not_survive[0].says}"
