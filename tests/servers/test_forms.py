"""Settings as SQL, as YAML and as arguments, run by the real servers and read back."""

import re
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pymysql
import pytest
import yaml

from advisor.advice import Advice
from advisor.output.fragment import render_fragment
from advisor.vendors.forms import FormName
from advisor.vendors.postgresql_forms import NOT_IN_CLOUDNATIVEPG
from tests.servers.checks import Expected, differences
from tests.servers.harness import Instance, Server, server_named, version_of
from tests.servers.scenarios import GB, Scenario, advice_for, knowledge_of

SLOW: Final = Scenario("hdd", memory_bytes=GB)
FAST: Final = Scenario("nvme-plp", "loses-recent-on-power-loss", memory_bytes=GB)

LITTLE_IO: Final = "innodb_io_capacity = 1000\ninnodb_io_capacity_max = 1500\n"
OTHERWISE: Final = {
    "postgresql": "shared_buffers = 16MB\nmax_wal_size = 99MB\nsynchronous_commit = local\n",
    "mysql": "[mysqld]\nsync_binlog = 7\ninnodb_flush_log_at_trx_commit = 0\n",
    "mariadb": "[mysqld]\nsync_binlog = 7\ninnodb_flush_log_at_trx_commit = 0\n",
}
"""What the server has in its file before."""


def advice_on(server: Server, scenario: Scenario) -> Advice:
    return advice_for(server.vendor, version_of(server), scenario)


def statements(sql: str) -> Iterator[str]:
    """As psql -f, mysql < FILE and the like send them, one after another."""
    lines = (line for line in sql.splitlines() if line and not line.startswith("--"))
    for line in lines:
        assert line.endswith(";"), line
        yield line


def meant(advice: Advice, *, but: Sequence[str] = ()) -> list[Expected]:
    return [
        Expected(entry.setting, entry.value, entry.unit, from_file=False)
        for entry in advice.settings
        if entry.emitted and entry.setting not in but
    ]


def wrong(instance: Instance, expected: Sequence[Expected]) -> list[str]:
    return [fault.text for fault in differences(instance, expected)]


def wrong_in_the_end(instance: Instance, expected: Sequence[Expected]) -> list[str]:
    """Without what takes the server a while: a reload, a resized buffer pool."""
    deadline = time.monotonic() + 20
    while (found := wrong(instance, expected)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def left_out_of(text: str) -> list[str]:
    """What a text says that it does not set."""
    return re.findall(r"^ *(?:--|#) NOT SET HERE: (\w+) = ", text, re.MULTILINE)


# SQL


@pytest.mark.parametrize(
    ("name", "scenario", "file"),
    [
        ("postgresql-15", SLOW, ""),
        ("postgresql-18", FAST, ""),
        ("mysql-9.7", SLOW, "innodb_doublewrite = OFF\n"),
        ("mysql-9.7", FAST, LITTLE_IO),
    ],
)
def test_what_sql_persists_is_there_after_a_restart(
    name: str, scenario: Scenario, file: str
) -> None:
    """From the defaults of innodb_io_capacity (10000) it goes down, and from little it goes up."""
    server = server_named(name)
    advice = advice_on(server, scenario)
    sql = render_fragment(advice, explain=True, form="sql")
    left_out = left_out_of(sql)
    assert left_out == (["innodb_doublewrite"] if server.vendor == "mysql" else [])
    with server.configured(OTHERWISE[server.vendor] + file, None) as (place, programs):
        with server.started(place, programs) as instance:
            assert len(wrong(instance, meant(advice))) >= 3
            if file == LITTLE_IO:  # and while it runs it has too much, which is in the way, too
                instance.query("SET GLOBAL innodb_io_capacity_max = 60000")
                instance.query("SET GLOBAL innodb_io_capacity = 50000")
            for statement in statements(sql):
                instance.query(statement)
            waiting = [entry.setting for entry in advice.settings if entry.restart]
            at_once = meant(advice, but=[*left_out, *waiting])
            assert wrong_in_the_end(instance, at_once) == []
        with server.started(place, programs) as instance:
            assert wrong(instance, meant(advice, but=left_out)) == []


@pytest.mark.parametrize(
    ("name", "scenario", "left_out"),
    [
        ("mariadb-10.11", SLOW, ["innodb_doublewrite"]),
        ("mariadb-11.8", FAST, ["innodb_buffer_pool_size"]),
    ],
)
def test_what_mariadb_takes_while_it_runs_is_gone_after_a_restart(
    name: str, scenario: Scenario, left_out: list[str]
) -> None:
    server = server_named(name)
    advice = advice_on(server, scenario)
    sql = render_fragment(advice, form="sql")
    assert left_out_of(sql) == left_out
    with server.configured(OTHERWISE[server.vendor] + LITTLE_IO, None) as (place, programs):
        with server.started(place, programs) as instance:
            for statement in statements(sql):
                instance.query(statement)
            assert wrong_in_the_end(instance, meant(advice, but=left_out)) == []
        with server.started(place, programs) as instance:
            assert instance.read("sync_binlog").value == "7"


def test_mysql_persists_all_of_ours_but_what_we_leave_out() -> None:
    server = server_named("mysql-9.7")
    ours = [
        setting.name
        for setting in knowledge_of("mysql").settings
        if setting.spec_for("mysql", version_of(server))
    ]
    refused = []
    with server.running("") as instance:
        for name, setting in instance.read_all(ours).items():
            value = (
                setting.value if re.fullmatch(r"[\d.]+", setting.value) else f"'{setting.value}'"
            )
            try:
                instance.query(f"SET PERSIST_ONLY {name} = {value}")
            except pymysql.err.OperationalError as error:
                refused.append((name, error.args[1]))
    why = "Variable 'innodb_doublewrite' is a non persistent variable"
    assert refused == [("innodb_doublewrite", why)]
    kept_out = [
        setting.name
        for setting in knowledge_of("mysql").settings
        if (spec := setting.spec_for("mysql", version_of(server))) and not spec.persistable
    ]
    assert kept_out == ["innodb_doublewrite"]
    assert len(ours) >= 15


# Arguments, as a container gets them


def command_of(text: str) -> list[str]:
    """What docker compose starts: $$ is its way to write $."""
    (service,) = yaml.safe_load(text)["services"].values()
    command: list[str] = [word.replace("$$", "$") for word in service["command"]]
    return command


@pytest.mark.parametrize(
    ("name", "image", "program"),
    [
        ("postgresql-15", "postgres:15", "postgres"),
        ("mysql-9.7", "mysql:9.7", "mysqld"),
        ("mariadb-11.8", "mariadb:11.8", "mariadbd"),
    ],
)
def test_a_server_takes_the_arguments_of_compose(name: str, image: str, program: str) -> None:
    server = server_named(name)
    advice = advice_on(server, FAST)
    text = render_fragment(advice, explain=True, form="compose")
    (service,) = yaml.safe_load(text)["services"].values()
    assert service["image"] == image
    command = command_of(text)
    assert command[0] == program
    with server.running(OTHERWISE[server.vendor], arguments=command[1:]) as instance:
        assert wrong(instance, meant(advice)) == []


# An option file in a manifest


@pytest.mark.parametrize(
    ("name", "form", "path"),
    [
        ("mysql-9.7", "percona", ("mysql", "configuration")),
        ("mariadb-11.8", "mariadb-operator", ("myCnf",)),
    ],
)
def test_a_server_takes_the_option_file_of_a_manifest(
    name: str, form: FormName, path: Sequence[str]
) -> None:
    server = server_named(name)
    advice = advice_on(server, FAST)
    found = yaml.safe_load(render_fragment(advice, explain=True, form=form))["spec"]
    for part in path:
        found = found[part]
    expected = [
        Expected(entry.setting, entry.value, entry.unit)
        for entry in advice.settings
        if entry.emitted
    ]
    with server.running(found) as instance:
        assert wrong(instance, expected) == []


# What Patroni and CloudNativePG write into postgresql.conf


def parameters_of(advice: Advice, form: FormName) -> dict[str, Any]:
    document = yaml.safe_load(render_fragment(advice, explain=True, form=form))
    found: dict[str, Any] = document.get("spec", document)["postgresql"]["parameters"]
    return found


@pytest.mark.parametrize("form", ["patroni", "cloudnativepg"])
def test_a_server_takes_the_parameters_of_yaml(form: FormName) -> None:
    """Both write name = 'value' for each parameter, whatever its type in YAML."""
    server = server_named("postgresql-19")
    advice = advice_on(server, FAST)
    parameters = parameters_of(advice, form)
    fragment = "".join(f"{setting} = '{value}'\n" for setting, value in parameters.items())
    with server.running(fragment) as instance:
        assert instance.file_errors() == []
        left_out = NOT_IN_CLOUDNATIVEPG if form == "cloudnativepg" else ()
        expected = [
            Expected(entry.setting, entry.value, entry.unit)
            for entry in advice.settings
            if entry.emitted and entry.setting not in left_out
        ]
        assert wrong(instance, expected) == []
        assert len(expected) == len(parameters)
