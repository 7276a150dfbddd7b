"""Guided runs on real servers, as somebody at a terminal has them.

    python -m tests.servers.guided_runs

writes what the terminal showed into tests/servers/guided/. Times and rates are those of the machine
that ran it; a test holds the questions against those of a run of its own.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.servers.debian_host import DebianHost, debian_host
from tests.support.terminal import Conversation

TRANSCRIPTS: Final = Path(__file__).parent / "guided"

QUESTION: Final = re.compile(r"^.*(?:\[y/N\]|Durability\?.*?:)", re.MULTILINE)


ANSWERS: Final[Mapping[str, Sequence[tuple[str, str]]]] = {
    "postgresql-15": ((r"Durability\?[^:]*:", "yes"), (r"\[y/N\]", "y")),
    "mariadb-10.11": (
        (r"Durability\?[^:]*:", "loses-recent-on-power-loss"),
        (r"Memory: from the host[^?]*\? \[y/N\]", "n"),
        (r"\[y/N\]", "y"),
    ),
}
"""What a question looks like -> what is typed."""


def on_postgresql(host: DebianHost) -> tuple[int, str]:
    """A cluster that runs; yes to all, which is no class of durability."""
    data = host.postgresql()
    config = "config_file=/etc/postgresql/15/main/postgresql.conf"
    host.start("postgresql", "/usr/lib/postgresql/15/bin/postgres", "-D", str(data), "-c", config)
    talk = Conversation(host.command(), host.environment)
    talk.answer_all(ANSWERS["postgresql-15"])
    return talk.ended(), talk.text()


def on_mariadb(host: DebianHost) -> tuple[int, str]:
    """A server that is stopped; a lower durability in so many words, and memory left as it is."""
    host.mariadb()
    talk = Conversation(host.command(), host.environment)
    talk.answer_all(ANSWERS["mariadb-10.11"])
    return talk.ended(), talk.text()


RUNS: Final[Mapping[str, Callable[[DebianHost], tuple[int, str]]]] = {
    "postgresql-15": on_postgresql,
    "mariadb-10.11": on_mariadb,
}


def questions(text: str) -> list[str]:
    """What was asked, in its order, without the answers: how many groups and settings there are is
    for the drive to say."""
    found = [
        re.sub(r"th(is setting|ese \d+ settings)", "these", each) for each in QUESTION.findall(text)
    ]
    return list(dict.fromkeys(found))


def main() -> None:
    """Runs them, and stores what was shown."""
    TRANSCRIPTS.mkdir(exist_ok=True)
    for name, run in RUNS.items():
        with debian_host() as host:
            status, text = run(host)
            text = text.replace(str(host.folder), "/var/tmp/HOST")
        assert status == 0, text
        lines = (line.rstrip() for line in text.splitlines())
        transcript = "\n".join(["$ fsync-advisor", *lines]) + "\n"
        (TRANSCRIPTS / f"{name}.txt").write_text(transcript)
        print(f"{name}: {len(transcript.splitlines())} lines")


if __name__ == "__main__":
    main()
