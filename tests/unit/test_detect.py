"""Which server is installed: by what the program says of itself, never by its name."""

import os
from pathlib import Path

import pytest

from advisor.errors import AdvisorError, UsageError
from advisor.servers.installed import detect
from advisor.servers.installed.detect import (
    Installed,
    find_installed,
    find_relative,
    none_installed,
    require_server,
)
from advisor.vendors.names import VendorName
from advisor.vendors.registry import vendor_of_banner
from advisor.versions import NumericVersion


@pytest.mark.parametrize(
    "banner",
    [
        "",
        "GNU bash, version 5.2.15(1)-release",
        "mysqld: unknown option '--version'",
        "mysqld Version 8.0.36",
        "Ver eight",
        "postgres (EnterpriseDB) 15.4",
        "pg_ctl PostgreSQL 15.10",
    ],
)
def test_a_banner_that_is_none_of_ours(banner: str) -> None:
    assert vendor_of_banner(banner) is None


@pytest.mark.parametrize(
    ("banner", "vendor", "version"),
    [
        (
            "mysqld  Ver 5.7.44 for Linux on x86_64 (MySQL Community Server (GPL))\n",
            "mysql",
            (5, 7, 44),
        ),
        (
            "/usr/sbin/mysqld  Ver 8.0.36-0ubuntu0.22.04.1 for Linux on x86_64 ((Ubuntu))\n",
            "mysql",
            (8, 0, 36),
        ),
        ("/usr/sbin/mysqld  Ver 9.7.4 for Linux on x86_64 (Debian)\n", "mysql", (9, 7, 4)),
        # The folder's name says nothing.
        ("/opt/mariadb/bin/mysqld  Ver 9.7.0 for Linux on x86_64 (Source)\n", "mysql", (9, 7, 0)),
        (
            "mysqld  Ver 8.0.35-27 for Linux on x86_64 (Percona Server (GPL), Release 27)\n",
            "mysql",
            (8, 0, 35),
        ),
        (
            "mysqld  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)\n",
            "mariadb",
            (10, 11, 19),
        ),
        (
            "/usr/sbin/mariadbd  Ver 11.8.3-MariaDB-0+deb13u1 for debian-linux-gnu on x86_64\n",
            "mariadb",
            (11, 8, 3),
        ),
        (
            "mysqld  Ver 5.5.5-10.11.6-MariaDB for Linux on x86_64 (MariaDB Server)\n",
            "mariadb",
            (10, 11, 6),
        ),
        (
            "postgres (PostgreSQL) 15.10 (Debian 15.10-0+deb12u1)\n",
            "postgresql",
            (15, 10),
        ),
        ("postgres (PostgreSQL) 18beta2\n", "postgresql", (18,)),
    ],
)
def test_a_banner_names_vendor_and_version(
    banner: str, vendor: VendorName, version: NumericVersion
) -> None:
    assert vendor_of_banner(banner) == (vendor, version)


# A host made by hand

MARIADB = "echo 'mysqld  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64'"
MYSQL = "echo 'mysqld  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)'"
NEWER_MYSQL = "echo 'mysqld  Ver 8.4.3 for Linux on x86_64 (MySQL Community Server - GPL)'"


def postgres(version: str) -> str:
    return f"echo 'postgres (PostgreSQL) {version}'"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root without programs, and an empty PATH."""
    (tmp_path / "path").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    return tmp_path


def install(root: Path, path: str, does: str, mode: int = 0o755) -> Path:
    """A program that is a shell script."""
    program = root / path
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\n{does}\n")
    program.chmod(mode)
    return program


@pytest.mark.parametrize("vendor", ["mysql", "mariadb", "postgresql"])
def test_an_empty_host_has_no_server(root: Path, vendor: VendorName) -> None:
    assert find_installed(vendor, root) is None


@pytest.mark.parametrize(
    "does",
    [
        "echo something else",
        "exit 1",
        "echo 'mysqld  Ver 8.0.36 for Linux' >&2",
        "kill -9 $$",
        "printf '\\377\\376'",
    ],
)
def test_a_program_that_names_no_server_is_none(root: Path, does: str) -> None:
    install(root, "usr/sbin/mysqld", does)
    assert find_installed("mysql", root) is None


def test_the_newest_of_one_series_can_be_asked_for(root: Path) -> None:
    for version in ("15.9", "15.10", "16.2"):
        install(root, f"usr/lib/postgresql/{version}/bin/postgres", postgres(version))
    found = find_installed("postgresql", root, series=(15,))
    assert found is not None
    assert found.version == (15, 10)
    assert find_installed("postgresql", root, series=(17,)) is None


def test_a_program_that_cannot_be_started_is_none(root: Path) -> None:
    install(root, "usr/sbin/mysqld", MYSQL, mode=0o644)
    (root / "usr/libexec").mkdir()
    (root / "usr/libexec/mysqld").write_bytes(b"\0\0 no program")
    (root / "usr/libexec/mysqld").chmod(0o755)
    (root / "usr/local/bin/mysqld").mkdir(parents=True)
    assert find_installed("mysql", root) is None


def test_a_program_that_hangs_is_none(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detect, "BANNER_TIMEOUT_S", 0.1)
    install(root, "usr/sbin/mysqld", f"{MYSQL}; exec /bin/sleep 60")
    assert find_installed("mysql", root) is None


def test_a_program_is_not_given_our_standard_input(root: Path) -> None:
    program = install(root, "usr/sbin/mysqld", f"read line || {MYSQL}")
    ours, (reader, writer) = os.dup(0), os.pipe()
    os.write(writer, b"a measurement\n")
    os.dup2(reader, 0)
    try:
        found = find_installed("mysql", root)
    finally:
        os.dup2(ours, 0)
        for descriptor in (ours, reader, writer):
            os.close(descriptor)
    assert found == Installed("mysql", (8, 0, 36), program)


# Debian installs mysqld as a link to mariadbd.
def test_mysqld_may_be_mariadb(root: Path) -> None:
    mariadbd = install(root, "usr/sbin/mariadbd", MARIADB)
    (root / "usr/sbin/mysqld").symlink_to("mariadbd")
    assert find_installed("mysql", root) is None
    assert find_installed("mariadb", root) == Installed("mariadb", (10, 11, 19), mariadbd)


def test_a_mariadb_of_old_is_called_mysqld(root: Path) -> None:
    program = install(root, "usr/sbin/mysqld", MARIADB)
    assert find_installed("mariadb", root) == Installed("mariadb", (10, 11, 19), program)


def test_a_program_is_asked_once_however_many_names_it_has(root: Path) -> None:
    install(root, "usr/sbin/mariadbd", f"echo >>{root}/asked; {MARIADB}")
    (root / "usr/sbin/mysqld").symlink_to("mariadbd")
    (root / "path/mariadbd").symlink_to(root / "usr/sbin/mysqld")
    assert find_installed("mariadb", root) is not None
    assert (root / "asked").read_text() == "\n"


def test_a_server_on_the_path_is_found(root: Path) -> None:
    program = install(root, "path/mysqld", MYSQL)
    assert find_installed("mysql", root) == Installed("mysql", (8, 0, 36), program)


def test_of_several_the_newest_by_number(root: Path) -> None:
    install(root, "usr/lib/postgresql/9/bin/postgres", postgres("9.6.24"))
    install(root, "usr/lib/postgresql/15/bin/postgres", postgres("15.9"))
    newest = install(root, "usr/pgsql-15/bin/postgres", postgres("15.10"))
    install(root, "path/postgres", postgres("13.1"))
    assert find_installed("postgresql", root) == Installed("postgresql", (15, 10), newest)


def test_a_newer_server_in_a_folder_goes_before_the_one_on_the_path(root: Path) -> None:
    install(root, "path/mysqld", MYSQL)
    newer = install(root, "usr/local/mysql/bin/mysqld", NEWER_MYSQL)
    assert find_installed("mysql", root) == Installed("mysql", (8, 4, 3), newer)


def test_vendors_are_not_mixed_up(root: Path) -> None:
    install(root, "usr/sbin/mysqld", MYSQL)
    install(root, "usr/sbin/mariadbd", MARIADB)
    install(root, "usr/lib/postgresql/15/bin/postgres", postgres("15.10"))
    vendors: tuple[VendorName, ...] = ("mysql", "mariadb", "postgresql")
    found = [find_installed(vendor, root) for vendor in vendors]
    assert [one.version for one in found if one] == [(8, 0, 36), (10, 11, 19), (15, 10)]


# Which other server would read the same files


def test_a_mysqld_that_is_mariadb_would_read_mysqls_files(root: Path) -> None:
    """As Debian's mariadb-server-core has it."""
    mariadbd = install(root, "usr/sbin/mariadbd", MARIADB)
    (root / "usr/sbin/mysqld").symlink_to("mariadbd")
    assert find_relative("mysql", root) == Installed("mariadb", (10, 11, 19), mariadbd)
    assert find_relative("mariadb", root) is None


def test_a_mysql_would_read_mariadbs_files_and_postgresql_nobodys(root: Path) -> None:
    mysqld = install(root, "usr/sbin/mysqld", MYSQL)
    install(root, "usr/lib/postgresql/15/bin/postgres", postgres("15.10"))
    assert find_relative("mariadb", root) == Installed("mysql", (8, 0, 36), mysqld)
    assert find_relative("mysql", root) is None
    assert find_relative("postgresql", root) is None


@pytest.mark.parametrize(
    ("relative", "message", "hint"),
    [
        (
            Installed("mariadb", (11, 8, 9), Path("/usr/sbin/mysqld")),
            "the mysqld here is MariaDB 11.8.9",
            "did you mean --db mariadb?",
        ),
        (
            None,
            "no MySQL 8 server is installed here",
            "install Debian's package mysql-server-core (in sid; mysql-community-server-core"
            " elsewhere), or name a server with --server",
        ),
    ],
)
def test_what_is_told_who_has_no_server(
    monkeypatch: pytest.MonkeyPatch, relative: Installed | None, message: str, hint: str
) -> None:
    monkeypatch.setattr(detect, "find_installed", lambda *_: None)
    monkeypatch.setattr(detect, "find_relative", lambda *_: relative)
    error = none_installed("mysql", (8,))
    assert (error.message, error.hint) == (message, hint)


# The program that somebody names


def test_a_program_of_another_vendor_is_refused(tmp_path: Path) -> None:
    program = install(tmp_path, "mysqld", MARIADB)
    with pytest.raises(UsageError) as refusal:
        require_server("mysql", program)
    assert refusal.value.message == f"{program} is no MySQL server: it is MariaDB"
    assert refusal.value.hint == "did you mean --db mariadb?"


@pytest.mark.parametrize(
    ("does", "mode", "why"),
    [
        (None, 0, "cannot be started: No such file or directory"),
        (MYSQL, 0o644, "cannot be started: Permission denied"),
        ("", 0, "cannot be started: Permission denied"),
        (
            "echo 'libaio.so.1: missing' >&2; exit 127",
            0o755,
            "failed: libaio.so.1: missing",
        ),
        ("exit 3", 0o755, "--version failed: exit status 3"),
        ("exec sleep 60", 0o755, "did not answer --version within 0.2 s"),
    ],
    ids=["missing", "no program", "folder", "no library", "fails", "hangs"],
)
def test_a_program_that_does_not_start_is_named_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str | None, mode: int, why: str
) -> None:
    monkeypatch.setattr(detect, "BANNER_TIMEOUT_S", 0.2)
    program = tmp_path / "mysqld"
    if does:
        install(tmp_path, "mysqld", does, mode)
    elif does == "":
        program.mkdir()
    with pytest.raises(AdvisorError) as refusal:
        require_server("mysql", program)
    assert refusal.value.message.startswith(f"{program} ")
    assert why in refusal.value.message
    assert refusal.value.exit_status == 1
