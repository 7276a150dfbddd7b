"""profiles/option_names/ held against the servers: what it lists they take, and a stranger they do
not."""

import re
import subprocess
from pathlib import Path

import pytest

from advisor.knowledge import load_option_names
from tests.servers.account import private_folder, reachable
from tests.servers.engines import ENGINES
from tests.servers.harness import server_named

STRANGER = "no_such_option_of_any_server"


@pytest.mark.parametrize(
    ("name", "series"),
    [("mysql-9.7", "9.7"), ("mariadb-10.11", "10.11"), ("mariadb-11.8", "11.8")],
)
def test_all_that_the_server_shows_is_listed(name: str, series: str) -> None:
    server = server_named(name)
    listed = load_option_names(server.vendor)[series]
    with private_folder() as folder:
        program = reachable(server.installed.tree, folder)
        program /= server.installed.programs[ENGINES[server.vendor].server]
        command: list[str | Path] = [
            program,
            "--no-defaults",
            "--verbose",
            "--help",
            "--user=nobody",
        ]
        done = subprocess.run(command, capture_output=True, errors="replace", check=True)
    shown = {
        name.replace("-", "_") for name in re.findall(r"(?m)^([a-z][a-z0-9-]+)  ", done.stdout)
    }
    assert len(shown) > 600
    assert shown - listed == set()
    assert STRANGER not in listed


@pytest.mark.parametrize("series", ["13", "15", "18", "19"])
def test_postgresql(series: str) -> None:
    server = server_named(f"postgresql-{series}")
    listed = load_option_names("postgresql")[series]
    with server.running("") as instance:
        file = instance.place.fragments / "all.conf"
        file.write_text("".join(f"{name} = 1\n" for name in sorted({*listed, STRANGER})))
        rows = instance.query(
            "SELECT lower(name) FROM pg_file_settings"
            " WHERE error = 'unrecognized configuration parameter'"
        )
        shown = {name.lower() for (name,) in instance.query("SELECT name FROM pg_settings")}
    assert rows == [(STRANGER,)]
    assert shown - listed == set()
