"""How each command's help and manual page end: examples, and what the exit status means."""

from collections.abc import Mapping
from typing import Any, Final

PROGRAM: Final = "fsync-advisor"

EXAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "": (
        "fsync-advisor measure /var/lib/mysql",
        "fsync-advisor recommend --db mysql /var/lib/mysql",
        "fsync-advisor recommend --db postgresql --output 99-fsync.conf",
        "fsync-advisor audit --dsn postgresql:///postgres",
    ),
    "measure": (
        "fsync-advisor measure /var/lib/mysql",
        "fsync-advisor measure --thorough --output drive.json /var/lib/postgresql",
        "fsync-advisor measure --under-load --log-dir /srv/log /var/lib/mysql",
        "fsync-advisor measure --soak 30min --output drive.json /var/lib/mysql",
        "fsync-advisor measure --format json | gzip > drive.json.gz",
        "fsync-advisor measure --passive --dsn postgresql:///postgres -o seen.json",
    ),
    "recommend": (
        "fsync-advisor recommend --db mysql /var/lib/mysql",
        "fsync-advisor recommend --db mariadb --db-version 10.11 --output zz-fsync.cnf",
        "fsync-advisor recommend --db postgresql --from drive.json --format sql",
        "fsync-advisor recommend --db mysql --bulk-load --output load.cnf",
        "fsync-advisor recommend --role replica --db mysql --from drive.json",
        "fsync-advisor recommend --cluster semi-sync --db mysql /var/lib/mysql",
        "fsync-advisor recommend --service rds --db mysql --db-version 8.4 /srv",
    ),
    "capacity": (
        "fsync-advisor capacity --db postgresql --from drive.json",
        "fsync-advisor capacity --db mysql --target-tps 2500 --p99-ms 60 /var/lib/mysql",
        "fsync-advisor capacity --db mysql --source-tps 3000 --from drive.json",
    ),
    "report": (
        "fsync-advisor report --db mysql --output report.html /var/lib/mysql",
        "fsync-advisor report --db postgresql --from drive.json --format markdown",
        "fsync-advisor report --db mysql --role replica --from drive.json",
    ),
    "compare": (
        "fsync-advisor compare old.json new.json",
        "fsync-advisor compare --db postgresql drive.json ref:7a",
    ),
    "import": (
        "fsync-advisor import fio.json --output drive.json",
        "pg_test_fsync | fsync-advisor import - --output drive.json",
    ),
    "audit": (
        "fsync-advisor audit --dsn postgresql:///postgres",
        "fsync-advisor audit --config /etc/mysql/my.cnf --db mysql --from drive.json",
        "fsync-advisor audit --db mariadb --fail-on data-loss --format json",
    ),
    "apply": (
        "fsync-advisor apply --db mysql --dry-run zz-fsync.cnf",
        "fsync-advisor apply --db postgresql 99-fsync.conf",
        "fsync-advisor apply --db postgresql --undo",
    ),
    "verify": (
        "fsync-advisor verify --db mysql zz-fsync.cnf",
        "fsync-advisor verify --db postgresql - < 99-fsync.conf",
    ),
    "predict": ("fsync-advisor predict --db postgresql zz-fsync.conf",),
    "trial": ("fsync-advisor trial --db mysql ours old.cnf /var/lib/mysql",),
    "drift": (
        "fsync-advisor drift drive.json",
        "fsync-advisor drift --tolerance 20 --from today.json drive.json",
        "fsync-advisor drift --passive --dsn postgresql:///postgres seen.json",
    ),
    "fleet": ("fsync-advisor fleet report measurements/",),
    "fleet report": ("fsync-advisor fleet report --output fleet.html measurements/",),
    "fleet recommend": (
        "fsync-advisor fleet recommend --db mysql --groups g.toml -o new r/",
        "fsync-advisor fleet recommend --db mysql --groups g.toml --keep old -o new r/",
    ),
    "fleet init": (
        "fsync-advisor fleet init --ansible fleet/",
        "fsync-advisor fleet init --kubernetes deploy/ --storage-class gp3,io2",
        "fsync-advisor fleet init --prometheus monitoring/",
    ),
    "fleet waves": ("fsync-advisor fleet waves backends.json",),
    "rules": (
        "fsync-advisor rules list --db mysql",
        "fsync-advisor rules show innodb.sync_binlog",
    ),
    "rules list": (
        "fsync-advisor rules list --db mysql",
        "fsync-advisor rules list --engine postgresql --format json",
    ),
    "rules show": (
        "fsync-advisor rules show innodb.sync_binlog",
        "fsync-advisor rules show postgresql.max_wal_size.room-for-the-recovery-time",
    ),
    "rules check": ("fsync-advisor rules check",),
    "completion": (
        "fsync-advisor completion bash > /etc/bash_completion.d/fsync-advisor",
        "fsync-advisor completion zsh > ~/.zfunc/_fsync-advisor",
        "fsync-advisor completion fish > ~/.config/fish/completions/fsync-advisor.fish",
    ),
    "man": (
        "fsync-advisor man recommend | man -l -",
        "fsync-advisor man --output /usr/local/share/man/man1",
    ),
}
"""Command -> what one would type; "" is the program."""

DONE: Final = (0, "done")
FAILED: Final = (1, "failed; one line on stderr says why")
USAGE: Final = (2, "the command line, or a value in it, makes no sense")
NOT_TRUSTED: Final = (3, "measured, but the drive is not to be trusted")
FAULT: Final = (70, "a fault of fsync-advisor; it says what to report")
INTERRUPTED: Final = (130, "interrupted; nothing is left behind")

MEASURES: Final = (DONE, FAILED, USAGE, NOT_TRUSTED, FAULT, INTERRUPTED)
OTHERS: Final = (DONE, FAILED, USAGE, FAULT, INTERRUPTED)
STATUSES: Final[Mapping[str, tuple[tuple[int, str], ...]]] = {
    **dict.fromkeys(
        ("", "measure", "recommend", "capacity", "report", "predict", "trial"), MEASURES
    ),
    "audit": (
        (0, "nothing to change"),
        FAILED,
        USAGE,
        (3, "findings, or a drive that is not to be trusted"),
        FAULT,
        INTERRUPTED,
    ),
    "drift": (
        (0, "as fast as before, or faster"),
        (1, "failed, or noise hides what counts"),
        USAGE,
        (3, "slower than before, or no longer to be trusted"),
        FAULT,
        INTERRUPTED,
    ),
    "fleet report": (
        DONE,
        (1, "failed, a result could not be read, or nothing was compared"),
        USAGE,
        (3, "a host is not durable, or slower than before"),
        FAULT,
        INTERRUPTED,
    ),
    "fleet recommend": (
        DONE,
        (1, "failed, or a result could not be read"),
        USAGE,
        (3, "a group of which no host is fit to decide"),
        FAULT,
        INTERRUPTED,
    ),
    "verify": (
        (0, "the server accepted every line as written"),
        (1, "failed, or a line was not accepted as written"),
        USAGE,
        FAULT,
        INTERRUPTED,
    ),
}
"""Command -> its exit statuses; OTHERS where it is not named."""

ENVIRONMENT: Final = (
    "An option with [env var: FSYNC_ADVISOR_...] takes its default from that variable.",
    "NO_COLOR or TERM=dumb: no colours.",
)


def command_name(command_path: str) -> str:
    """What stands behind the program's name: "rules list"."""
    return " ".join(command_path.split()[1:])


def statuses_of(name: str) -> tuple[tuple[int, str], ...]:
    """The exit statuses of a command."""
    return STATUSES.get(name, OTHERS)


def write_epilog(command_path: str, formatter: Any) -> None:
    """Writes examples and exit statuses with Click's formatter."""
    name = command_name(command_path)
    with formatter.section("Examples"):
        for example in EXAMPLES.get(name, ()):
            formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
    with formatter.section("Exit status"):
        formatter.write_dl([(str(status), meaning) for status, meaning in statuses_of(name)])
