"""Aria's settings on a real MariaDB: found by an audit, and gone with the SQL that it prints."""

from typing import Final

import pytest

from tests.servers.auditing import audited, dsn_of, shown
from tests.servers.checks import Expected, faults
from tests.servers.harness import server_named

RELAXED: Final = (
    "[mariadb]\naria_group_commit = soft\naria_sync_log_dir = NEVER\nskip_aria_page_checksum\n"
)


@pytest.mark.parametrize("name", ["mariadb-10.11", "mariadb-11.8"])
def test_arias_settings_are_found_and_put_right(name: str) -> None:
    server = server_named(name)
    with server.running(RELAXED) as instance:
        asked = ("--dsn", dsn_of(server, instance))
        found = audited(server, instance, *asked)
        assert shown(found) == (
            ("corruption-risk", "aria_page_checksum", "OFF", "ON"),
            ("data-loss", "aria_group_commit", "soft", "none"),
            ("data-loss", "aria_sync_log_dir", "NEVER", "NEWFILE"),
        )
        for finding in found["findings"]:
            statement, _, _ = finding["change"].partition(";")
            assert statement.startswith("SET GLOBAL aria_")
            instance.query(statement)
        assert shown(audited(server, instance, *asked)) == ()


@pytest.mark.parametrize("name", ["mariadb-10.11", "mariadb-11.8", "mysql-9.7"])
def test_the_servers_defaults_are_no_finding(name: str) -> None:
    server = server_named(name)
    with server.running("[mysqld]\n") as instance:
        assert shown(audited(server, instance)) == ()


@pytest.mark.parametrize("name", ["mariadb-10.11", "mariadb-11.8"])
@pytest.mark.parametrize(
    ("setting", "value"), [("aria_group_commit", "sotf"), ("aria_sync_log_dir", "3")]
)
def test_a_word_that_an_audit_says_is_refused_is(name: str, setting: str, value: str) -> None:
    """tests/unit/test_other_engines.py has what is said of these."""
    line = f"[mariadb]\n{setting} = {value}\n"
    found = faults(server_named(name), line, [Expected(setting, value)])
    assert {fault.caught for fault in found} == {"start"}
