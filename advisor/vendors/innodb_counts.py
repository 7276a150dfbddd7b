"""What InnoDB has counted of its log and its waits for memory, from SHOW GLOBAL STATUS.

https://dev.mysql.com/doc/refman/8.4/en/server-status-variables.html,
https://mariadb.com/docs/server/server-usage/storage-engines/innodb/innodb-status-variables.
"""

from operator import add, sub
from typing import Final

from advisor.model import Known, Unknown, computed
from advisor.server_activity import CountedSince, ServerCounts
from advisor.vendors.answers import Rows, count_of, texts

LOG_BLOCK_BYTES: Final = 512

POSITIONS: Final = ("innodb_redo_log_current_lsn", "innodb_lsn_current")
"""MySQL's from 8.0.30 on, and MariaDB's."""


def read(status: Known[Rows], log_size_bytes: int | None, *, in_blocks: bool) -> ServerCounts:
    """The counts in those rows. `log_size_bytes`: of the whole log, by the settings. `in_blocks`:
    whether the bytes written to the log are those of whole blocks."""
    if isinstance(status, Unknown):
        return ServerCounts(*[status] * len(ServerCounts._fields))
    shown = {name.lower(): value for name, value in texts(status, 2)}

    def count(name: str) -> Known[int]:
        if name not in shown:
            return Unknown(unknown=f"the server does not show {name.capitalize()}")
        return count_of(shown[name])

    position = next((count(name) for name in POSITIONS if name in shown), count(POSITIONS[0]))
    uptime = count("uptime")
    since = computed(lambda seconds: CountedSince(seconds, "the server's start"), uptime)
    written = count("innodb_os_log_written")
    if in_blocks:
        written = computed(_without_rewritten, written, count("innodb_log_writes"))
    return ServerCounts(
        log_position_bytes=position,
        log_bytes=written,
        log_buffer_waits=count("innodb_log_waits"),
        log_since=since,
        checkpoints_since=since,
        page_waits=count("innodb_buffer_pool_wait_free"),
        pages_needed=computed(
            add, count("innodb_buffer_pool_reads"), count("innodb_pages_created")
        ),
        log_size_bytes=Unknown(unknown="the server does not show how large its log is")
        if log_size_bytes is None
        else log_size_bytes,
        checkpoint_age_bytes=computed(sub, position, count("innodb_redo_log_checkpoint_lsn"))
        if "innodb_redo_log_checkpoint_lsn" in shown
        else count("innodb_checkpoint_age"),
    )


def _without_rewritten(written: int, writes: int) -> int:
    """Each write begins with a block of which a part is in the file already: 20 bytes of a commit
    are counted as 512. So at least that many bytes were new."""
    return max(written - LOG_BLOCK_BYTES * writes, 0)
