"""Configuration files read offline, held against what the servers themselves make of the same.

MySQL and MariaDB say it with --print-defaults, PostgreSQL in pg_file_settings.
"""

import os
import subprocess
from pathlib import Path

import pytest

from advisor.servers.config import FilesRead, read_settings
from advisor.vendors.registry import VENDORS
from tests.servers.account import private_folder, reachable
from tests.servers.config_trees import (
    OPTION_FILES,
    POSTGRESQL_FILES,
    POSTGRESQL_REFUSES,
    write_tree,
)
from tests.servers.engines import ENGINES
from tests.servers.harness import Server, server_named, version_of


def program_of(server: Server, folder: Path) -> Path:
    """The server's program, where its account can reach it."""
    programs = server.installed.programs
    return reachable(server.installed.tree, folder) / programs[ENGINES[server.vendor].server]


def options_of_the_server(program: Path, file: Path) -> list[tuple[str, str | None]]:
    """What the server takes from an option file, in its order; names as ours are spelt."""
    command: list[str | Path] = [program, f"--defaults-file={file}", "--print-defaults"]
    done = subprocess.run(command, capture_output=True, cwd="/", check=True)
    taken = os.fsdecode(done.stdout).split("following arguments:\n")[1].removesuffix(" \n")
    options = []
    for argument in f" {taken}".split(" --")[1:]:
        name, equals, value = argument.partition("=")
        name = name.replace("-", "_")
        options.append((name, value if equals else None))
    return options


def options_read(found: FilesRead, server: Server) -> list[tuple[str, str | None]]:
    groups = VENDORS[server.vendor].groups_read(version_of(server))
    lines = (line for tree in found.trees for _, line in tree.lines())
    return [(line.name, line.value) for line in lines if line.group in groups]


@pytest.mark.parametrize("name", ["mysql-9.7", "mariadb-10.11", "mariadb-11.8"])
def test_option_files_are_read_as_the_server_reads_them(name: str) -> None:
    server = server_named(name)
    with private_folder() as folder:
        write_tree(folder, OPTION_FILES)
        found = read_settings(server.vendor, [folder / "main.cnf"], version_of(server))
        taken = options_of_the_server(program_of(server, folder), folder / "main.cnf")
    assert options_read(found, server) == taken
    assert len(taken) > 40
    last = {name: value for name, value in taken if name in ("order", "c3", "twice", "x_y")}
    assert {name: found.settings[name].value for name in last} == last
    assert any("missing.cnf is missing; the server goes on without it" in n for n in found.notes)
    assert any("writable.cnf is writable by everybody" in note for note in found.notes)


@pytest.mark.parametrize("name", ["mysql-9.7", "mariadb-10.11"])
def test_option_files_in_a_circle_are_read_as_often_as_the_server_reads_them(name: str) -> None:
    server = server_named(name)
    with private_folder() as folder:
        write_tree(folder, OPTION_FILES)
        found = read_settings(server.vendor, [folder / "circle.cnf"], version_of(server))
        taken = options_of_the_server(program_of(server, folder), folder / "circle.cnf")
    assert options_read(found, server) == taken
    assert [note.partition(": ")[2] for note in found.notes if "deep" in note] == [
        f"{folder}/circle.cnf is more than 10 deep; the server skips it"
    ]


@pytest.mark.parametrize("name", ["postgresql-15", "postgresql-18"])
def test_postgresql_files_are_read_as_the_server_reads_them(name: str) -> None:
    """pg_file_settings reads the files when it is asked, so the server need not start with them."""
    server = server_named(name)
    with server.running("") as instance:
        write_tree(instance.place.fragments, POSTGRESQL_FILES)
        instance.query("ALTER SYSTEM SET max_wal_size = '4GB'")
        rows = instance.query(
            "SELECT sourcefile || ':' || sourceline, lower(name), setting, applied, error"
            " FROM pg_file_settings ORDER BY seqno"
        )
        found = read_settings("postgresql", [instance.place.data / "postgresql.conf"])
    theirs = [(place, name, value) for place, name, value, _, _ in rows if name]
    lines = [pair for tree in found.trees for pair in tree.lines()]
    ours = [(f"{file.path}:{line.number}", line.name, line.value) for file, line in lines]
    auto = f"{instance.place.data}/postgresql.auto.conf:3"
    assert [*ours, (auto, "max_wal_size", "4GB")] == theirs
    assert len([name for _, name, _ in ours if name.startswith("my.")]) > 15
    wins = {name: place for place, name, _, applied, _ in rows if applied}
    assert {name: found.settings[name].place for name in wins} == wins
    assert found.settings["max_wal_size"].origin == "persisted"
    assert found.settings["max_wal_size"].value == "4GB"
    assert found.settings["order.x"].value == "b"
    assert found.version == version_of(server)[:1]


def test_what_alter_system_writes_to_may_include_files_and_have_unreadable_lines() -> None:
    server = server_named("postgresql-15")
    with server.running("") as instance:
        data = instance.place.data
        auto, extra = data / "postgresql.auto.conf", data / "extra.conf"
        extra.write_text("commit_delay = '3'\n")
        auto.write_text("commit_delay = '2'\ninclude 'extra.conf'\nwal_level minimal replica\n")
        rows = instance.query(
            "SELECT sourcefile, sourceline, setting, error FROM pg_file_settings"
            " WHERE name = 'commit_delay' OR error IS NOT NULL ORDER BY seqno"
        )
        found = read_settings("postgresql", [data / "postgresql.conf"])
    assert rows == [
        (str(auto), 1, "2", None),
        (str(extra), 1, "3", None),
        (str(auto), 3, None, "syntax error"),
    ]
    entry = found.settings["commit_delay"]
    assert (entry.place, entry.value, entry.origin) == (f"{extra}:1", "3", "persisted")
    assert [note for note in found.notes if note.startswith(f"{auto}:3: the server cannot read")]


def test_postgresql_refuses_the_lines_that_are_called_unreadable() -> None:
    server = server_named("postgresql-15")
    with server.running("") as instance:
        file = instance.place.fragments / "refused.conf"
        for line in POSTGRESQL_REFUSES:
            file.write_bytes(b"# first\n" + line + b"\n")
            ((number, error),) = instance.query(
                "SELECT sourceline, error FROM pg_file_settings WHERE sourcefile = %s", [str(file)]
            )
            assert (number, error) == (2, "syntax error"), line
            found = read_settings("postgresql", [instance.place.data / "postgresql.conf"])
            assert f"{file}:2: the server cannot read this line" in found.notes[0], line
