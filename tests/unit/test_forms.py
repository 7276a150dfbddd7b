"""The forms besides the option file: what each consumer makes of them, and who has which."""

import copy
import json
import logging
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from patroni.collections import CaseInsensitiveSet
from patroni.config import Config
from patroni.ctl import apply_yaml_file
from patroni.file_perm import pg_perm
from patroni.postgresql.validator import (
    transform_postgresql_parameter_value,
)

from advisor.advice import Advice
from advisor.advise import advise
from advisor.commands.source import knowledge_for
from advisor.measurement import Measurement
from advisor.output.fragment import render_fragment
from advisor.request import Request
from advisor.rules.knowledge import Knowledge
from advisor.vendors.forms import FormName
from advisor.vendors.names import VendorName
from advisor.vendors.postgresql_forms import NOT_IN_CLOUDNATIVEPG
from advisor.vendors.registry import VENDORS
from advisor.versions import parse_version
from tests.support.cloudnativepg import ONCE_REFUSED, REFUSED, SCHEMA, violations
from tests.support.command_line import run
from tests.support.golden import stored
from tests.support.operators import RESOURCES
from tests.support.paths import MEASUREMENTS

os.umask(pg_perm.orig_umask)  # Patroni takes rights from all that its process makes, by its import

HDD = str(MEASUREMENTS / "hdd.json")
HOSTILE = "evil\nfsync: off\r\x1b[31m\x00\u2028- x\u0085\u202e\ufffe\n*/ ; DROP TABLE t; \\! ls"
FORMS = [(form, name) for name, vendor in VENDORS.items() for form in vendor.forms]
VERSIONS: dict[VendorName, str] = {"mysql": "9.7", "mariadb": "10.11", "postgresql": "17"}


knowledge_of: Callable[[VendorName], Knowledge] = cache(knowledge_for)


def advice_on(
    measurement: Measurement, vendor: VendorName, version: str | None = None, **request: Any
) -> Advice:
    asked = Request(vendor, parse_version(version or VERSIONS[vendor]), "as given", **request)
    return advise(measurement, asked, knowledge_of(vendor))


def emitted(advice: Advice) -> list[str]:
    return [entry.setting for entry in advice.settings if entry.emitted]


# Who has which


def test_every_form_is_offered() -> None:
    assert {name for name, _ in FORMS} == set(get_args(FormName))


@pytest.mark.parametrize("vendor", ["mysql", "mariadb"])
@pytest.mark.parametrize("form", ["patroni", "cloudnativepg", "zalando", "crunchy"])
def test_what_only_postgresql_has_is_refused_before_anything_is_measured(
    vendor: VendorName, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = {"mysql": "MySQL", "mariadb": "MariaDB"}[vendor]
    has = {"mysql": "percona, compose", "mariadb": "compose, mariadb-operator"}[vendor]
    asked = ("--db", vendor, "--db-version", VERSIONS[vendor], "--format", form, "/nowhere")
    assert run(capsys, "recommend", *asked) == (
        2,
        "",
        f"fsync-advisor: --format {form} is for PostgreSQL, not for {name}\n"
        f"  hint: {name} has conf, sql, {has} and json\n",
    )


def test_an_operator_for_two_servers_is_for_both(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--db", "mariadb", "--db-version", "11.8", "--format", "percona", "/nowhere")
    status, _, err = run(capsys, "recommend", *asked)
    assert status == 2
    assert "--format percona is for MySQL and PostgreSQL, not for MariaDB\n" in err


def test_the_first_name_of_the_option_file_still_works(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--db", "mysql", "--db-version", "9.7", "--from", HDD)
    default = run(capsys, "recommend", *asked)
    assert default[0] == 0
    assert run(capsys, "recommend", *asked, "--format", "fragment") == default
    assert run(capsys, "recommend", *asked, "--format", "conf") == default


# What comes from the host stays in its comment


def acting(text: str, mark: str) -> list[str]:
    return [
        line for line in text.splitlines() if line.strip() and not line.strip().startswith(mark)
    ]


@pytest.mark.parametrize(("form", "vendor"), FORMS)
def test_a_hostile_drive_cannot_leave_its_comment(form: FormName, vendor: VendorName) -> None:
    tame = stored("nvme-consumer")
    device = tame.target.devices[0].model_copy(update={"name": HOSTILE, "model": HOSTILE})  # type: ignore[index]
    target = tame.target.model_copy(
        update={"directory": HOSTILE, "filesystem": HOSTILE, "devices": (device,)}
    )
    changed = {"label": HOSTILE, "source": HOSTILE, "tool_version": HOSTILE}
    warnings = [{"code": "x", "text": HOSTILE}]
    hostile = Measurement.model_validate(
        {**tame.model_dump(), **changed, "target": target.model_dump(), "warnings": warnings}
    )
    mark = VENDORS[vendor].forms[form].mark
    wanted = render_fragment(advice_on(tame, vendor), explain=True, form=form)
    got = render_fragment(advice_on(hostile, vendor), explain=True, form=form)
    assert "evil" in got
    assert acting(got, mark) == acting(wanted, mark)
    assert got.replace("\n", "").isprintable()
    if form not in ("conf", "sql"):
        assert yaml.safe_load(got) == yaml.safe_load(wanted)


@pytest.mark.parametrize(("form", "vendor"), FORMS)
def test_the_head_is_the_option_files(form: FormName, vendor: VendorName) -> None:
    """An alarm first; what was measured, the trust and the durability; and each reason."""
    advice = advice_on(stored("tmpfs"), vendor, accept_not_durable=True)
    mark = VENDORS[vendor].forms[form].mark
    text = render_fragment(advice, form=form)
    option_file = render_fragment(advice)
    said = {line.strip().removeprefix(mark) for line in text.splitlines() if mark in line}
    assert text.startswith(f"{mark} WARNING: this drive is NOT DURABLE: ")
    missing = [
        line
        for line in option_file.splitlines()
        if line.startswith("#") and line.removeprefix("#") not in said
    ]
    assert {line.split(":")[0] for line in missing} <= {"# Use", "# Proof"}
    assert f"{mark} Proof: our tests start " in text
    assert sum(line.startswith(f"{mark} Use: ") for line in text.splitlines()) == 1


@pytest.mark.parametrize(("form", "vendor"), FORMS)
def test_what_a_manifest_says_of_the_node(form: FormName, vendor: VendorName) -> None:
    """Nobody who writes a manifest mounts the node's file system anew; what costs data is said."""
    advice = advice_on(stored("hdd-journal"), vendor)
    (finding,) = advice.host_findings
    harmful = finding.model_copy(update={"severity": "data-loss", "text": "a barrier is off"})
    both = advice.model_copy(update={"host_findings": (harmful, finding)})
    text = render_fragment(both, form=form)
    assert "Host: data-loss: a barrier is off" in text
    is_of_a_host = form in ("conf", "sql", "patroni")
    assert ("mounted with data=journal" in text) == is_of_a_host
    left_out = "Host: 1 remark on the node measured: fsync-advisor report"
    assert (left_out in text) == (not is_of_a_host)


# SQL


def lines_of(advice: Advice, form: FormName = "sql") -> list[str]:
    return acting(render_fragment(advice, form=form), "--" if form == "sql" else "#")


def test_sql_for_mysql_has_plain_numbers() -> None:
    lines = lines_of(advice_on(stored("hdd"), "mysql"))
    assert lines[:3] == [
        "SET PERSIST innodb_flush_log_at_trx_commit = 1;",
        "SET PERSIST sync_binlog = 1;",
        "SET PERSIST innodb_redo_log_capacity = 555745280;",  # 536 MB
    ]
    # From the default 10000 down: first what is limited, and both twice.
    io = [line for line in lines if "innodb_io_capacity" in line]
    assert (
        io
        == [
            "SET PERSIST innodb_io_capacity = 100;",
            "SET PERSIST innodb_io_capacity_max = 200;",
        ]
        * 2
    )
    # From the default 200 up: first the limit.
    io = [
        line
        for line in lines_of(advice_on(stored("nvme-plp"), "mysql", "8.0.36"))
        if "_io_" in line
    ]
    assert (
        io
        == [
            "SET PERSIST innodb_io_capacity_max = 33000;",
            "SET PERSIST innodb_io_capacity = 16000;",
        ]
        * 2
    )


def test_sql_for_mysql_leaves_out_what_is_not_persisted() -> None:
    text = render_fragment(advice_on(stored("hdd"), "mysql"), form="sql")
    assert (
        "-- NOT SET HERE: innodb_doublewrite = ON; MySQL calls it a non persistent variable:"
        " it belongs into an option file (--format conf).\n"
    ) in text


def test_sql_for_mysql_persists_what_waits_for_a_restart() -> None:
    lines = render_fragment(advice_on(stored("hdd"), "mysql", "8.0.29"), form="sql").splitlines()
    (at,) = (index for index, line in enumerate(lines) if "innodb_log_file_size =" in line)
    assert lines[at].startswith("SET PERSIST_ONLY innodb_log_file_size = ")
    assert lines[at - 1] == "-- Takes effect at the next restart."


@pytest.mark.parametrize(("vendor", "version"), [("mariadb", "10.11"), ("mysql", "5.7")])
def test_who_cannot_persist_is_told_so_at_every_line(vendor: VendorName, version: str) -> None:
    text = render_fragment(advice_on(stored("hdd"), vendor, version), form="sql")
    assert "NOTHING OF THIS SURVIVES A RESTART." in text
    blocks = [block for block in text.split("\n\n") if "\nSET " in block]
    assert len(blocks) >= 5
    kept = "-- NOT KEPT: a restart takes it back, unless an option file has it, too.\nSET GLOBAL "
    assert [block for block in blocks if kept not in block] == []
    assert "PERSIST " not in "".join(acting(text, "--"))


def test_sql_for_postgresql_is_quoted_and_reloads() -> None:
    lines = lines_of(advice_on(stored("hdd"), "postgresql"))
    assert lines[0] == "ALTER SYSTEM SET fsync = 'on';"
    assert "ALTER SYSTEM SET max_wal_size = '1536MB';" in lines
    assert "ALTER SYSTEM SET shared_buffers = '1GB';" in lines
    assert lines[-1] == "SELECT pg_reload_conf();"


# Values that none of ours has yet


def with_value(advice: Advice, setting: str, rendered: str) -> Advice:
    changed = [
        entry.model_copy(update={"value": rendered, "rendered": rendered})
        if entry.setting == setting
        else entry
        for entry in advice.settings
    ]
    return advice.model_copy(update={"settings": tuple(changed)})


ODD = "a'b\\c\"d$e: #f"


def test_odd_values_are_quoted() -> None:
    mysql = with_value(advice_on(stored("hdd"), "mysql"), "sync_binlog", ODD)
    assert "SET PERSIST sync_binlog = 'a''b\\\\c\"d$e: #f';" in lines_of(mysql)
    postgresql = with_value(advice_on(stored("hdd"), "postgresql"), "fsync", ODD)
    assert "ALTER SYSTEM SET fsync = 'a''b\\c\"d$e: #f';" in lines_of(postgresql)
    for form in ("patroni", "cloudnativepg"):
        assert parameters_of(postgresql, form)["fsync"] == ODD
    command = compose_of(mysql)["command"]
    assert "--sync-binlog=a'b\\c\"d$$e: #f" in command


# YAML


def parameters_of(advice: Advice, form: FormName) -> dict[str, Any]:
    document = yaml.safe_load(render_fragment(advice, explain=True, form=form))
    found: dict[str, Any] = document.get("spec", document)["postgresql"]["parameters"]
    return found


def compose_of(advice: Advice) -> dict[str, Any]:
    document = yaml.safe_load(render_fragment(advice, explain=True, form="compose"))
    assert list(document) == ["services"]
    (service,) = document["services"].values()
    assert isinstance(service, dict)
    return service


@pytest.mark.parametrize(
    ("vendor", "version", "image", "start"),
    [
        ("postgresql", "15.20", "postgres:15", ["postgres", "-c", "fsync=on"]),
        ("mysql", "8.0.36", "mysql:8.0", ["mysqld", "--innodb-flush-log-at-trx-commit=1"]),
        ("mariadb", "11.4", "mariadb:11.4", ["mariadbd", "--innodb-flush-log-at-trx-commit=1"]),
    ],
)
def test_compose_has_strings_alone(
    vendor: VendorName, version: str, image: str, start: list[str]
) -> None:
    advice = advice_on(stored("hdd"), vendor, version)
    service = compose_of(advice)
    assert service["image"] == image
    command = service["command"]
    assert command[: len(start)] == start
    assert {type(word) for word in command} == {str}
    assert len([word for word in command if "=" in word]) == len(emitted(advice))


PATRONI_VERSIONS = {"13": 130000, "15": 150000, "17": 170000, "18": 180000, "19": 190000}


@pytest.mark.parametrize("version", PATRONI_VERSIONS)
@pytest.mark.parametrize("drive", ["hdd", "nvme-plp", "sata-ssd-plp"])
@pytest.mark.parametrize("durability", ["durable", "loses-recent-on-crash"])
def test_patroni_takes_every_parameter_unchanged(
    version: str, drive: str, durability: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """patronictl edit-config --apply, the dynamic configuration, and what is written at the end."""
    advice = advice_on(stored(drive), "postgresql", version, durability=durability)
    path = tmp_path / "patroni.yaml"
    path.write_text(render_fragment(advice, explain=True, form="patroni"))
    there = {"ttl": 30, "postgresql": {"parameters": {"max_connections": 57, "fsync": "off"}}}
    with caplog.at_level(logging.WARNING):
        _, applied = apply_yaml_file(copy.deepcopy(there), str(path))
        parameters = Config._process_postgresql_parameters(applied["postgresql"]["parameters"])
        written = {
            name: transform_postgresql_parameter_value(
                PATRONI_VERSIONS[version], name, value, CaseInsensitiveSet()
            )
            for name, value in parameters.items()
        }
    assert caplog.messages == []
    assert written == {"max_connections": 57, **parameters_of(advice, "patroni")}
    assert {name: str(value) for name, value in written.items() if name != "max_connections"} == {
        entry.setting: entry.rendered for entry in advice.settings if entry.emitted
    }
    assert applied["ttl"] == 30


def test_patroni_would_take_back_what_is_wrong(caplog: pytest.LogCaptureFixture) -> None:
    """What the test above rests on."""
    judge = transform_postgresql_parameter_value
    assert judge(150000, "max_wal_size", "4 gigabytes", CaseInsensitiveSet()) is None
    assert judge(150000, "shared_buffers", "1kB", CaseInsensitiveSet()) != "1kB"
    assert judge(150000, "innodb_io_capacity", 1, CaseInsensitiveSet()) is None
    assert len(caplog.messages) == 3


MANIFEST: dict[str, Any] = {
    "apiVersion": "postgresql.cnpg.io/v1",
    "kind": "Cluster",
    "metadata": {"name": "orders"},
    "spec": {"instances": 3, "storage": {"size": "10Gi"}},
}


def patched(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """kubectl patch --type merge, without deletions (RFC 7386)."""
    merged = dict(target)
    for name, value in patch.items():
        below = merged.get(name)
        merged[name] = patched(below or {}, value) if isinstance(value, dict) else value
    return merged


@pytest.mark.parametrize("version", ["13", "15", "18"])
@pytest.mark.parametrize("drive", ["hdd", "nvme-plp"])
def test_cloudnativepg_accepts_the_patched_cluster(version: str, drive: str) -> None:
    advice = advice_on(stored(drive), "postgresql", version)
    patch = yaml.safe_load(render_fragment(advice, explain=True, form="cloudnativepg"))
    cluster = patched(MANIFEST, patch)
    assert list(violations(cluster, SCHEMA)) == []
    assert cluster["metadata"] == {"name": "orders"}
    parameters = cluster["spec"]["postgresql"]["parameters"]
    assert parameters.keys() & (REFUSED | ONCE_REFUSED) == set()
    assert set(emitted(advice)) - parameters.keys() == {"full_page_writes"}


def test_no_setting_of_ours_is_one_that_cloudnativepg_refuses() -> None:
    """Whichever the advice emits one day."""
    ours = {setting.name for setting in knowledge_of("postgresql").settings}
    assert ours & (REFUSED | ONCE_REFUSED) == NOT_IN_CLOUDNATIVEPG.keys()


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"fsync": True}, ".spec.postgresql.parameters.fsync is no string"),
        ({"commit_delay": 5}, ".spec.postgresql.parameters.commit_delay is no string"),
        ([], ".spec.postgresql.parameters is no object"),
    ],
)
def test_the_schema_refuses_what_kubernetes_would(parameters: Any, said: str) -> None:
    cluster = patched(MANIFEST, {"spec": {"postgresql": {"parameters": parameters}}})
    assert list(violations(cluster, SCHEMA)) == [said]
    unknown = patched(MANIFEST, {"spec": {"postgres": {}}})
    assert list(violations(unknown, SCHEMA)) == [".spec.postgres is unknown"]


@pytest.mark.parametrize(("form", "vendor"), RESOURCES)
@pytest.mark.parametrize("drive", ["hdd", "nvme-plp"])
def test_an_operator_accepts_the_patched_resource(
    form: FormName, vendor: VendorName, drive: str
) -> None:
    resource = RESOURCES[form, vendor]
    advice = advice_on(stored(drive), vendor)
    patch = yaml.safe_load(render_fragment(advice, explain=True, form=form))
    assert (patch["apiVersion"], patch["kind"]) == (resource.api_version, resource.kind)
    assert list(violations(resource.manifest, resource.schema)) == []
    assert list(violations(patched(resource.manifest, patch), resource.schema)) == []
    wrong = patched(resource.manifest, {"spec": {"parameters": {}}})
    assert list(violations(wrong, resource.schema)) == [".spec.parameters is unknown"]


@pytest.mark.parametrize("form", ["zalando", "crunchy", "percona"])
def test_an_operator_for_postgresql_gets_every_parameter(form: FormName) -> None:
    """Zalando's as strings; the others' as Patroni takes them, to which they are handed on."""
    advice = advice_on(stored("nvme-plp"), "postgresql", "17")
    resource = RESOURCES[form, "postgresql"]
    patch = yaml.safe_load(render_fragment(advice, explain=True, form=form))
    spec = patched(resource.manifest, patch)["spec"]
    spec = spec if form == "zalando" else spec["patroni"]["dynamicConfiguration"]
    parameters = spec["postgresql"]["parameters"]
    if form != "zalando":
        kept = {"synchronous_mode": True} if form == "crunchy" else {}  # what was there before
        assert {name: spec[name] for name in spec if name != "postgresql"} == kept
        assert parameters == parameters_of(advice, "patroni")
        return
    assert parameters.pop("work_mem") == "8MB"
    assert parameters == {
        entry.setting: entry.rendered for entry in advice.settings if entry.emitted
    }


@pytest.mark.parametrize(
    ("form", "vendor", "section"),
    [("percona", "mysql", "[mysqld]"), ("mariadb-operator", "mariadb", "[mariadb]")],
)
def test_an_operator_for_mysql_gets_the_lines_of_the_option_file_alone(
    form: FormName, vendor: VendorName, section: str
) -> None:
    """Percona's renders its string as a template, in which a comment could act:
    ExecuteConfigurationTemplate in pkg/mysql/config.go."""
    advice = with_value(advice_on(stored("hdd"), vendor), "sync_binlog", ODD)
    text = option_file_of(advice, form)
    assert text.splitlines() == acting(render_fragment(advice), "#")
    assert text.startswith(f"{section}\n")
    assert f"sync_binlog = {ODD}\n" in text


def option_file_of(advice: Advice, form: FormName) -> str:
    spec = yaml.safe_load(render_fragment(advice, explain=True, form=form))["spec"]
    found: str = spec["mysql"]["configuration"] if form == "percona" else spec["myCnf"]
    return found


def test_json_is_what_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--db", "postgresql", "--db-version", "17", "--from", HDD, "--format", "json")
    status, out, _ = run(capsys, "recommend", *asked)
    assert (status, json.loads(out)["schema_version"]) == (0, 1)


@pytest.mark.parametrize(
    ("asked", "is_said"),
    [
        (("--format", "cloudnativepg"), True),
        (("--format", "compose"), True),
        (("--format", "zalando", "--memory", "4GB"), False),
        (("--format", "patroni"), False),
        (("--format", "conf"), False),
    ],
)
def test_a_container_does_not_have_its_hosts_memory(
    asked: tuple[str, ...], is_said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    drive = str(MEASUREMENTS / "nvme-consumer.json")
    status, _, err = run(capsys, "recommend", "--db", "postgresql", "--from", drive, *asked)
    assert status == 0
    assert ("all of the host's memory; --memory SIZE says what the container has" in err) == is_said
