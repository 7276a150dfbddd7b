"""How a server keeps pages in memory and writes them to the drive. Data only."""

from typing import NamedTuple


class PageUse(NamedTuple):
    """A server's pages, beside its log."""

    page_bytes: int
    doublewrite: bool
    """Whether pages go to a doublewrite buffer in batches, before each goes to its place."""
    cache_bytes: float | None
    """Memory that keeps pages; None where it is not known."""
    checkpoint_log_bytes: float | None
    """Log written between two checkpoints, in which a page that changes often is written once; None
    where it is not known."""
    logged_page_bytes: float = 0
    """What the log gets of a page when it first changes after a checkpoint; 0 where that is no more
    than of any other change."""
    compressed_share: float = 1
    """What compression leaves of that."""
