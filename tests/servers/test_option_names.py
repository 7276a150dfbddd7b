"""profiles/option_names/ held against the servers: what it lists they take, and a stranger they do
not."""

import subprocess

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
def test_option_files(name: str, series: str) -> None:
    """Behind loose- a server says which it does not know. It ends where a value is wrong, so none
    is given, and what must have one is left out by the server with another complaint."""
    server = server_named(name)
    listed = load_option_names(server.vendor)[series]
    with private_folder() as folder:
        program = reachable(server.installed.tree, folder)
        program /= server.installed.programs[ENGINES[server.vendor].server]
        done = subprocess.run(
            [program, "--no-defaults", "--verbose", "--help", "--user=nobody"],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    begins = [line.split(" ")[0] for line in done.stdout.splitlines()]
    shown = (
        {word.replace("-", "_") for word in begins[begins.index("--------") :]}
        if ("--------" in begins)
        else {word.replace("-", "_") for word in begins if word.islower() and "-" in word[1:]}
    )
    variables = {word for word in shown if word.replace("_", "").isalnum()}
    assert len(variables) > 300
    assert {word for word in variables if word in listed} >= {"sync_binlog", "innodb_io_capacity"}
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
