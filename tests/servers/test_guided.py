"""fsync-advisor alone, on a terminal, on hosts as Debian's packages leave them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.debian_host import DebianHost, debian_host
from tests.servers.guided_runs import RUNS, TRANSCRIPTS, questions
from tests.support.terminal import Conversation


@pytest.fixture
def host() -> Iterator[DebianHost]:
    with debian_host() as found:
        yield found


def left_behind(host: DebianHost) -> list[Path]:
    """Files of ours, whatever they are called, and throw-away servers."""
    return [*host.folder.rglob("*fsync-advisor*"), *(host.folder / "t").iterdir()]


@pytest.mark.parametrize("name", RUNS)
def test_a_whole_run(name: str, host: DebianHost) -> None:
    status, text = RUNS[name](host)
    assert status == 0, text
    assert questions(text) == questions((TRANSCRIPTS / f"{name}.txt").read_text())
    (written,) = left_behind(host)
    lines = [line for line in written.read_text().splitlines() if line and line[0] not in "#["]
    undo = re.search(r"To undo\n-+\n((?:.*\\\n)*.*)", text)
    assert undo is not None
    if name == "postgresql-15":
        assert written == host.etc("postgresql/15/main/conf.d/zz-fsync-advisor.conf")
        assert {"max_wal_size", "shared_buffers"} <= {line.split(" = ")[0] for line in lines}
        assert written.stat().st_uid == 117
        assert "PostgreSQL 15.20 in /var/lib/postgresql/15/main, running" in text
        assert "restart the server for: shared_buffers" in text
        assert "'yes' is not a durability class; keeping durable" in text
    else:
        assert written == host.etc("mysql/mariadb.conf.d/zz-fsync-advisor.cnf")
        assert {"innodb_flush_log_at_trx_commit = 2", "innodb_doublewrite = ON"} <= set(lines)
        assert "innodb_buffer_pool_size" not in written.read_text()
        assert "and for no sync with the advised ones." in " ".join(text.split())
        assert "--durability loses-recent-on-power-loss" in text
        assert "restart the server for: innodb_" in text
    assert re.search(r"^\d+ +\S+ .* ok$", text, re.MULTILINE)
    words = undo[1].replace("\\\n", " ").split()[1:]
    done = host.run(*words, "--yes")
    assert done.returncode == 0, done.stderr
    assert not written.exists()


def test_without_a_yes_nothing_happens(host: DebianHost) -> None:
    host.mariadb()
    talk = Conversation(host.command(), host.environment)
    talk.answer_all([(r"\[y/N\]", "")])
    assert talk.ended() == 0
    assert "nothing was measured; nothing was changed" in talk.text()
    assert left_behind(host) == []


@pytest.mark.parametrize("when", [r"Measure now\? \[y/N\]", "measuring /var/lib/mysql"])
def test_ctrl_c_ends_it(when: str, host: DebianHost) -> None:
    host.mariadb()
    talk = Conversation(host.command(), host.environment)
    if "now" not in when:
        talk.answer(r"Measure now\? \[y/N\]", "y")
    talk.expect(when)
    talk.interrupt()
    assert talk.ended() == 130
    assert "interrupted by SIGINT; nothing was left behind" in talk.text()
    assert left_behind(host) == []


def test_of_several_servers_one_is_chosen(host: DebianHost) -> None:
    host.mariadb()
    host.postgresql()
    host.postgresql("second")
    talk = Conversation(host.command(), host.environment)
    talk.answer(r"Which one\? \[1-3\]", "3")
    talk.answer_all([(r"\[y/N\]", "n")])
    assert talk.ended() == 0
    assert "Server: PostgreSQL 15.20 in /var/lib/postgresql/15/second" in talk.text()
    listed = host.run("measure", "--quick")
    assert (listed.returncode, listed.stdout) == (2, "")
    assert listed.stderr.splitlines() == [
        "There are several database servers on this host:",
        "  1. MariaDB 10.11.19 in /var/lib/mysql",
        "     fsync-advisor measure /var/lib/mysql",
        "  2. PostgreSQL 15.20 in /var/lib/postgresql/15/main",
        "     fsync-advisor measure /var/lib/postgresql/15/main",
        "  3. PostgreSQL 15.20 in /var/lib/postgresql/15/second",
        "     fsync-advisor measure /var/lib/postgresql/15/second",
        "fsync-advisor: which of these servers?",
        "  hint: type one of the commands above",
    ]
    named = host.run("recommend", "--db", "postgresql", "--quick")
    assert named.returncode == 2
    assert "  1. PostgreSQL 15.20 in /var/lib/postgresql/15/main\n" in named.stderr
    assert "fsync-advisor recommend --db postgresql /var/lib/postgresql/15/main\n" in named.stderr
    assert "MariaDB" not in named.stderr


def test_without_servers_and_without_a_terminal(host: DebianHost) -> None:
    talk = Conversation(host.command(), host.environment)
    assert talk.ended() == 1
    assert "no database server was found on this host" in talk.text()
    done = host.run()
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: fsync-advisor [OPTIONS] COMMAND" in done.stderr


@pytest.mark.parametrize("name", RUNS)
def test_a_server_of_apt_in_a_fresh_root_is_asked_about_in_the_same_way(name: str) -> None:
    """Written by `python -m tests.package.fresh_host`."""
    fresh = (TRANSCRIPTS / f"fresh-{name}.txt").read_text()
    assert questions(fresh) == questions((TRANSCRIPTS / f"{name}.txt").read_text())
    assert "fsync-advisor: restart the server for: " in fresh


# Values of MariaDB 10.11: server_id 1 is the default, so only a line says that somebody set it.
def test_a_replica_that_answers_its_source_is_advised_as_one(host: DebianHost) -> None:
    host.mariadb()
    (host.folder / "files/etc/mysql/mariadb.conf.d/60-replica.cnf").write_text(
        "[mysqld]\nserver_id = 2\nrpl_semi_sync_slave_enabled = ON\n"
    )
    talk = Conversation(host.command(), host.environment)
    talk.answer_all(
        [(r"Role\?[^:]*:", "replica"), (r"Durability\?[^:]*:", ""), (r"\[y/N\]", "y")],
    )
    assert talk.ended() == 0, talk.text()
    text = " ".join(talk.text().replace("\\\n", " ").split())
    assert "Cluster: semi-synchronous replication (as rpl_semi_sync_slave_enabled = ON" in text
    assert "server_id is set, so another server may have the same data." in text
    assert "Role? Enter for neither; else type replica or primary: replica" in text
    assert "--from drive.json --role replica --cluster semi-sync" in text
    assert "copies (semi-synchronous replication) survive" in text
    (written,) = left_behind(host)
    assert "# Role: replica\n#   " in written.read_text()  # and what a crash costs it
    assert "# Cluster: semi-synchronous replication" in written.read_text()
