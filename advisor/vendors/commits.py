"""How a commit reaches the drive: which syncs it waits for, and who shares them. Data only."""

from typing import Final, Literal, NamedTuple


class CommitPath(NamedTuple):
    """The syncs one commit waits for: of a preallocated log, and of a binary log that grows."""

    log_syncs: int
    binary_log_syncs: int

    @property
    def syncs(self) -> int:
        return self.log_syncs + self.binary_log_syncs

    def wait_us(self, sync_us: float, append_us: float | None) -> float | None:
        """What they take one after another; None where the binary log's latency is not known."""
        if not self.binary_log_syncs:
            return self.log_syncs * sync_us
        if append_us is None:
            return None
        return self.log_syncs * sync_us + self.binary_log_syncs * append_us


class CommitDelay(NamedTuple):
    """How long a leader waits for others before it begins its sync.

    PostgreSQL: commit_delay, if commit_siblings others are under way; at the log. MySQL:
    binlog_group_commit_sync_delay, or until sync_no_delay_count are there; MariaDB:
    binlog_commit_wait_usec, or until binlog_commit_wait_count are there; at the binary log.
    """

    us: float
    siblings: int = 0
    until: int | None = None


class SyncStage(NamedTuple):
    """One sync that a commit waits for."""

    file: Literal["log", "binary log", "file of its own"]
    enters: Literal["as a group", "one by one"] = "as a group"
    """How the transactions that the stage before has served enter this one."""
    lock_turns: int = 0
    """How often those who wait must queue for a lock before one of them leads the next sync."""
    delayed: bool = False
    """Whether the server's commit delay is spent here."""


class CommitSequence(NamedTuple):
    """The stages of one commit, in order."""

    kind: str
    """As JSON has it."""
    title: str
    log_title: str
    """What the log is called that every commit is written to."""
    stages: tuple[SyncStage, ...]

    @property
    def has_binary_log(self) -> bool:
        return any(stage.file == "binary log" for stage in self.stages)

    @property
    def shares_syncs(self) -> bool:
        """Whether one sync can serve several commits."""
        return all(stage.file != "file of its own" for stage in self.stages)


ASYNCHRONOUS: Final = CommitSequence("asynchronous", "commits that wait for no sync", "the log", ())
SEPARATE_FILES: Final = CommitSequence(
    "separate-files", "files of their own", "the files", (SyncStage("file of its own"),)
)
REPLACE_SYNCS: Final = 2
"""Of a file that durably takes the place of another: its own, and its directory's."""
ONE_SHARED_SYNC: Final = CommitSequence(
    "postgresql", "PostgreSQL", "the WAL", (SyncStage("log", delayed=True),)
)
"""What is assumed where nobody says which server it is. Source: PostgreSQL 18, XLogFlush and
LWLockAcquireOrWait; that no two syncs of a log overlap was traced."""
