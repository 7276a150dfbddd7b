"""What is said of the figures of a modelled host: what they leave out, and take for granted."""

from collections.abc import Iterable, Iterator

from advisor.capacity.host import SINGLE_ROW_PAGES, ModelledHost
from advisor.capacity.page_load import PageLoad
from advisor.capacity.results import PagesLeftOut


def pages_left_out(host: ModelledHost) -> tuple[PagesLeftOut, ...]:
    """What the data size asks for and was not measured."""
    pages, speed, data = host.storage.pages, host.storage.speed, host.storage.data
    if data is None or pages is None:
        return ()
    left_out: list[PagesLeftOut] = []
    if PageLoad(SINGLE_ROW_PAGES, pages, data).read > 0 and speed.page_reads_per_s is None:
        left_out.append("page reads")
    if speed.pages_per_s(pages) is None:
        left_out.append("page writes")
    return tuple(left_out)


def page_notes(host: ModelledHost, left_out: Iterable[PagesLeftOut]) -> Iterator[str]:
    """What the figures leave out of page writes and reads."""
    pages = host.storage.pages
    if host.storage.data is None:
        option = "--data-size adds it" if pages else "--db and --data-size add it"
        yield f"data that outgrows memory is not in these figures: {option}"
        return
    if pages is None or pages.cache_bytes is None:
        yield "the server's memory is not known, so page reads are not in these figures"
    if what := " and ".join(left_out):
        why = "were not measured and are not in these figures: measure again, without --quick"
        yield f"{what} {why}"


def binary_log_notes(host: ModelledHost, *, has_binary_log: bool) -> Iterator[str]:
    """That a sync of the binary log is assumed."""
    if has_binary_log and host.drive.append is None:
        yield "the cost of a growing binary log was not measured; one sync of the log is assumed"
