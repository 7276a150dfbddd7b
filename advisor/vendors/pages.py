"""How a server keeps pages in memory and writes them to the drive. Data only."""

from typing import NamedTuple


class PageUse(NamedTuple):
    """A server's pages, beside its log."""

    page_bytes: int
    writes_per_page: int
    """2 where a page goes to the doublewrite buffer before its place."""
    cache_bytes: float | None
    """Memory that keeps pages; None where it is not known."""
    checkpoint_log_bytes: float | None
    """Log written between two checkpoints, in which a page that changes often is written once; None
    where it is not known."""
