"""fsync-advisor audit of configuration files, and what it refuses before it looks anywhere."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import run
from tests.support.paths import MEASUREMENTS

NVME = str(MEASUREMENTS / "nvme-consumer.json")
TMPFS = str(MEASUREMENTS / "tmpfs.json")


def words(text: str) -> str:
    """Without the breaks of its lines."""
    return " ".join(text.split())


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with an inclusion, in which the last line counts."""
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "a.conf").write_text(
        "full_page_writes = off\nsynchronous_commit = off\n"
    )
    file = tmp_path / "postgresql.conf"
    file.write_text("fsync = off\ninclude_dir = 'conf.d'\nfull_page_writes = on\n")
    return file


def asked(config: Path, *more: str) -> tuple[str, ...]:
    return ("audit", "--db", "postgresql", "--db-version", "15", "--config", str(config), *more)


def test_files_are_read_with_what_they_include(
    capsys: pytest.CaptureFixture[str], config: Path
) -> None:
    status, out, err = run(capsys, *asked(config, "--format", "json", "--quiet"))
    found = json.loads(out)
    assert [(one["setting"], one["place"]) for one in found["findings"]] == [
        ("fsync", f"{config}:1"),
        ("synchronous_commit", f"{config.parent / 'conf.d' / 'a.conf'}:2"),
    ]
    assert (found["schema_version"], found["engine"], found["engine_version"]) == (
        1,
        "postgresql",
        "15",
    )
    assert (found["measured"], found["activity"], found["headroom"]) == (None, None, None)
    assert status == 3
    assert err == ("fsync-advisor: 2 findings\n  exit status 3: findings\n")


def test_a_value_that_the_server_clamps_is_shown_as_it_is_written_and_as_it_is_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """MySQL 9.7 reads 3 as 2 (spellings.toml)."""
    file = tmp_path / "my.cnf"
    file.write_text("[mysqld]\ninnodb_flush_log_at_trx_commit = 3\n")
    target = ("--db", "mysql", "--db-version", "9.7", "--config", file)
    _, out, _ = run(capsys, "audit", *target, "--format", "json")
    (finding,) = json.loads(out)["findings"]
    assert (finding["current"], finding["recommended"]) == ("3, read as 2", "1")


def test_a_file_whose_only_line_is_ignored_is_read_all_the_same(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "my.cnf"
    file.write_text("[mysqld]\ninnodb_doublewrite = maybe\n")
    target = ("--db", "mariadb", "--db-version", "10.11", "--config", file)
    status, out, _ = run(capsys, "audit", *target)
    assert status == 0
    assert "the server ignores this line: 'maybe' is no value of innodb_doublewrite" in words(out)


def test_a_shortened_word_is_what_the_server_takes_it_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """PostgreSQL reads `of` as off (spellings.toml); this was a note, and the status 0."""
    file = tmp_path / "postgresql.conf"
    file.write_text("fsync = of\n")
    asking = asked(file, "--format", "json", "--quiet", "--fail-on", "data-loss")
    status, out, _ = run(capsys, *asking)
    (finding,) = json.loads(out)["findings"]
    assert (finding["severity"], finding["setting"], finding["current"]) == (
        "corruption-risk",
        "fsync",
        "off",
    )
    assert status == 3


@pytest.mark.parametrize(
    ("size", "status"), [("8192", 0), ("16kB", 0), ("4kB", 3), ("much", 2), ("-1", 2)]
)
def test_the_user_may_say_that_no_page_is_torn(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, size: str, status: int
) -> None:
    file = tmp_path / "postgresql.conf"
    file.write_text("full_page_writes = off\n")
    found, out, err = run(capsys, *asked(file, "--atomic-writes", size))
    assert found == status
    if status == 0:
        assert "nothing to change" in words(out)
        assert "full_page_writes = off: no page of 8 kB can be half written" in words(out + err)
    if status == 2:
        assert "--atomic-writes" in err


@pytest.mark.parametrize(
    ("level", "status"),
    [("corruption-risk", 3), ("data-loss", 3), ("performance", 3), ("note", 3)],
)
def test_what_corrupts_fails_at_every_level(
    capsys: pytest.CaptureFixture[str], config: Path, level: str, status: int
) -> None:
    assert run(capsys, *asked(config, "--fail-on", level))[0] == status


def test_what_is_less_grave_than_asked_for_is_shown_and_does_not_fail(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "postgresql.conf"
    config.write_text("commit_delay = 100\n")
    status, out, _ = run(capsys, *asked(config, "--fail-on", "data-loss"))
    assert status == 0
    assert "commit_delay" in out
    assert run(capsys, *asked(config, "--fail-on", "performance"))[0] == 3


def test_nothing_to_change_is_a_result_of_its_own(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "postgresql.conf"
    config.write_text("# as it comes\n")
    status, out, _ = run(capsys, *asked(config))
    assert status == 0
    assert "23 settings compared, without a measured drive: nothing to change note: " in words(out)


def test_with_a_drive_more_is_compared(
    capsys: pytest.CaptureFixture[str], config: Path, tmp_path: Path
) -> None:
    file = tmp_path / "audit.md"
    said = (
        *("--expected-tps", "1000", "--recovery-time", "10min"),
        *("--log-bytes-per-commit", "8336", "--memory", "8GB"),
    )
    more = ("--from", NVME, *said, "--format", "markdown", "--output", str(file))
    status, out, err = run(capsys, *asked(config, *more))
    assert (status, out) == (3, "")
    assert "no drive is measured" not in err
    # An hour of 1000 commits/s of 8336 bytes: 30,009,600,000 bytes.
    assert "| 3 | performance | max_wal_size | 1GB | 27GB |" in file.read_text()
    status, _, err = run(capsys, *asked(config, *more))
    assert (status, "exists" in err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("--config", "x"), 2, "Which server is --config for?"),
        (("--config", "x", "--db", "mysql", "--dsn", "mysql://x"), 2, "both --dsn and --config"),
        (("--dsn", "mysql://x", "--db-version", "8.0"), 2, "--db-version goes with --config"),
        (("--dsn", "mysql://x", "--require-trust", "plausible"), 2, "need a drive: DIR or --from"),
        (("--dsn", "mysql://x", "--quick"), 2, "need a drive: DIR or --from"),
        (("--dsn", "oracle://x"), 2, "--dsn does not say which server it is"),
        (("--dsn", "localhost"), 2, "--dsn does not say which server it is"),
        (("--dsn", "mysql://x", "--interval", "-1"), 2, "--interval"),
        (("--dsn", "mysql://x", "--fail-on", "everything"), 2, "--fail-on"),
        (("--dsn", "mysql://x", "--output", "/nowhere/x"), 1, "/nowhere does not exist"),
        (("--db", "mysql", "--config", "/nowhere/my.cnf"), 1, "/nowhere/my.cnf cannot be read"),
    ],
)
def test_bad_input_is_one_clear_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], status: int, message: str
) -> None:
    found, out, err = run(capsys, "audit", *arguments)
    assert (found, out) == (status, "")
    assert message in words(err)
    assert "Traceback" not in err


def test_a_drive_that_keeps_nothing_is_an_argument_for_nothing(
    capsys: pytest.CaptureFixture[str], config: Path
) -> None:
    """What can lose data is found all the same, and the exit status is 3 without it, too."""
    without = run(capsys, *asked(config))[1]
    status, out, err = run(capsys, *asked(config, "--from", TMPFS))
    assert status == 3
    found = [text[text.index("severity") : text.index("1. ")] for text in (without, out)]
    assert found[0] == found[1]
    assert "trust is not-durable" in err
    why = "the drive is not durable and its speed does not count"
    assert f"{why}, so these are not compared" in words(out)
    config.write_text("")
    status, out, err = run(capsys, *asked(config, "--from", TMPFS))
    assert (status, "is not durable" in err) == (3, True)


def test_the_statements_are_shown_without_a_server(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "audit", "--show-statements", "--db", "mariadb")
    assert (status, err) == (0, "")
    comments = [line for line in out.splitlines() if line.startswith("--")]
    assert all(len(line) <= 80 for line in comments)
    assert "-- Privileges: Any account that can connect. With FILE" in out
    assert [line for line in out.splitlines() if line and line not in comments] == [
        "SELECT version();",
        "SET SESSION max_statement_time = 10;",
        "SET SESSION lock_wait_timeout = 10;",
        "START TRANSACTION READ ONLY;",
        "SHOW GLOBAL VARIABLES;",
        "SELECT lower(variable_name), global_value_origin, coalesce(global_value_path, '')"
        " FROM information_schema.system_variables;",
        "SHOW ALL SLAVES STATUS;",
        "SHOW SLAVE HOSTS;",
        "SHOW GLOBAL STATUS WHERE variable_name LIKE 'rpl\\_semi\\_sync%'"
        " OR variable_name LIKE 'wsrep\\_cluster%';",
        "SHOW GLOBAL STATUS;",
        "SELECT event_name, count_misc, sum_timer_misc DIV 1000000"
        " FROM performance_schema.file_summary_by_event_name"
        " WHERE event_name IN"
        " ('wait/io/file/sql/binlog', 'wait/io/file/innodb/innodb_log_file');",
        "ROLLBACK;",
    ]


@pytest.mark.parametrize(
    ("arguments", "servers"),
    [
        ((), ["mysql", "mariadb", "postgresql"]),
        (("--dsn", "postgresql://me@nowhere/"), ["postgresql"]),
        (("--dsn", "mysql://me@nowhere/"), ["mysql", "mariadb"]),
        (("--db", "mysql", "--dsn", "mysql://me@nowhere/"), ["mysql"]),
    ],
)
def test_whose_statements_are_shown(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], servers: list[str]
) -> None:
    asked = ("audit", "--show-statements", "--format", "json", *arguments)
    status, out, err = run(capsys, *asked)
    assert (status, err) == (0, "")
    shown = json.loads(out)["servers"]
    assert [one["db"] for one in shown] == servers
    assert all(one["statements"][-1] == "ROLLBACK" for one in shown)
    assert all(one["privileges"].startswith("Any account that can connect.") for one in shown)
    assert [one["sent_by_driver"] for one in shown] == [
        None if name == "postgresql" else "SET NAMES utf8mb4" for name in servers
    ]


@pytest.mark.parametrize("more", [("/tmp",), ("--from", NVME), ("--config", "my.cnf")])
def test_statements_are_not_shown_beside_an_audit(
    capsys: pytest.CaptureFixture[str], more: tuple[str, ...]
) -> None:
    status, out, err = run(capsys, "audit", "--show-statements", "--db", "mysql", *more)
    assert (status, out) == (2, "")
    assert "--show-statements audits nothing" in err
