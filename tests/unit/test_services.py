"""Managed services: how a server is told to be one, what is left of the advice there, and the forms
in which it is handed over.

The values are typed by hand. Units: Amazon's user guide ("Amazon RDS uses the default PostgreSQL
units", 8 KB for shared_buffers, MB for max_wal_size), and PostgreSQL's pg_settings.unit.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import hcl2
import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from pydantic import ValidationError

from advisor.advice import Advice
from advisor.commands.source import knowledge_for
from advisor.durability import Durability
from advisor.errors import KnowledgeError
from advisor.knowledge import load_service, load_services
from advisor.managed_service import advise_for_service
from advisor.measurement import Measurement
from advisor.output.fragment import render_fragment
from advisor.output.service_forms import hcl_string, how_to_call, parameter_group, terraform_form
from advisor.request import Request
from advisor.rules.catalogue import GROUPS, SettingGroup
from advisor.rules.services import Service, recognise
from advisor.server_state import EffectiveSetting, ServerState
from advisor.vendors.names import ServiceName, VendorName
from advisor.versions import parse_version
from tests.support.command_line import run
from tests.support.golden import stored
from tests.support.paths import MEASUREMENTS

GB: Final = 1024**3
NVME: Final = str(MEASUREMENTS / "nvme-consumer.json")
HOSTILE: Final = 'evil"\n}\r\n${file("/etc/passwd")} %{ if true }\n*/ # x\u2028y'

RUN: Final[list[tuple[ServiceName, VendorName, str]]] = [
    ("rds", "postgresql", "17"),
    ("rds", "mysql", "8.0.36"),
    ("rds", "mysql", "8.4"),
    ("aurora", "postgresql", "16"),
    ("aurora", "mysql", "8.0.36"),
    ("aurora", "mysql", "5.7"),
    ("cloud-sql", "postgresql", "16"),
    ("cloud-sql", "mysql", "8.4"),
    ("azure", "postgresql", "17"),
    ("azure", "mysql", "8.0.36"),
]


def advice_of(
    name: ServiceName | Service,
    vendor: VendorName,
    version: str,
    *,
    measured: Measurement | None = None,
    memory_bytes: int | None = 16 * GB,
    groups: tuple[SettingGroup, ...] = GROUPS,
    **request: Any,
) -> Advice:
    asked = Request(
        vendor, parse_version(version), "as given", memory_bytes=memory_bytes, **request
    )
    service = load_service(name) if isinstance(name, str) else name
    return advise_for_service(
        *(measured or stored("nvme-consumer"), asked, knowledge_for(vendor), service, groups),
        knows_memory=memory_bytes is not None,
    )


def values_of(name: ServiceName, advice: Advice) -> dict[str, str]:
    service = load_service(name)
    return {
        entry.setting: service.text_of(entry.value)
        for entry in advice.settings
        if entry.emitted and entry.value is not None
    }


# Who runs it


@pytest.mark.parametrize(
    ("vendor", "settings", "name", "shown_by"),
    [
        ("postgresql", {"rds.extensions": "hstore", "fsync": "on"}, "rds", "rds.extensions"),
        # Aurora has RDS's, too.
        (
            "postgresql",
            {"rds.extensions": "x", "apg_ccm_enabled": "off"},
            "aurora",
            "apg_ccm_enabled",
        ),
        (
            "postgresql",
            {"cloudsql.iam_authentication": "on"},
            "cloud-sql",
            "cloudsql.iam_authentication",
        ),
        ("postgresql", {"azure.extensions": ""}, "azure", "azure.extensions"),
        ("mysql", {"basedir": "/rdsdbbin/mysql-8.0.36.R1/"}, "rds", "basedir"),
        ("mariadb", {"basedir": "/rdsdbbin/mariadb/"}, "rds", "basedir"),
        (
            "mysql",
            {"basedir": "/rdsdbbin/oscar/", "aurora_version": "3.05.2"},
            "aurora",
            "aurora_version",
        ),
        (
            "mysql",
            {"cloudsql_iam_authentication": "OFF"},
            "cloud-sql",
            "cloudsql_iam_authentication",
        ),
        ("mysql", {"aad_auth_only": "OFF"}, "azure", "aad_auth_only"),
    ],
)
def test_a_service_is_told_by_the_servers_own_settings(
    vendor: VendorName, settings: dict[str, str], name: str, shown_by: str
) -> None:
    found = recognise(load_services(), state_of(vendor, settings))
    assert found is not None
    assert (found[0].name, found[1]) == (name, shown_by)


@pytest.mark.parametrize(
    ("vendor", "settings"),
    [
        ("postgresql", {"shared_buffers": "16384", "pg_stat_statements.max": "5000"}),
        ("postgresql", {"basedir": "/rdsdbbin/mysql/", "words.rds.x": "1", "apg": "1"}),
        ("mysql", {"basedir": "/usr/", "datadir": "/rdsdbbin/"}),
        ("mysql", {"basedir": "/opt/rdsdbbin/mysql/", "rds.extensions": "x"}),
        ("mariadb", {"aurora_version": "3", "cloudsql_x": "1", "aad_auth_only": "ON"}),
    ],
)
def test_a_server_of_ones_own_is_none(vendor: VendorName, settings: dict[str, str]) -> None:
    assert recognise(load_services(), state_of(vendor, settings)) is None


def state_of(vendor: VendorName, settings: dict[str, str]) -> ServerState:
    shown = {name: EffectiveSetting(name, value) for name, value in settings.items()}
    return ServerState(vendor, parse_version("17" if vendor == "postgresql" else "8.0.36"), shown)


# What is left of the advice


def test_rds_for_postgresql_takes_plain_numbers_in_the_servers_units() -> None:
    assert values_of("rds", advice_of("rds", "postgresql", "17")) == {
        "synchronous_commit": "on",
        "max_wal_size": "65536",  # 64 GB in MB
        "checkpoint_completion_target": "0.9",
        "checkpoint_timeout": "300",  # 5 min in s
        "effective_io_concurrency": "64",
        "effective_cache_size": "1048576",  # 8 GB in pages of 8 KB
        "shared_buffers": "524288",  # 4 GB in pages of 8 KB
    }


def test_rds_for_mysql_takes_bytes() -> None:
    assert values_of("rds", advice_of("rds", "mysql", "8.0.36")) == {
        "innodb_flush_log_at_trx_commit": "1",
        "sync_binlog": "1",
        "innodb_flush_neighbors": "0",
        "innodb_io_capacity": "12000",
        "innodb_io_capacity_max": "25000",
        "innodb_buffer_pool_size": "12884901888",  # 12 GB
    }


@pytest.mark.parametrize(
    ("name", "vendor", "version", "left_out"),
    [
        ("rds", "postgresql", "17", {"fsync", "full_page_writes"}),
        (
            *("rds", "mysql", "8.0.36"),
            {
                *("innodb_redo_log_capacity", "innodb_doublewrite", "innodb_flush_method"),
                "innodb_use_fdatasync",
            },
        ),
        ("cloud-sql", "postgresql", "16", {"fsync", "full_page_writes"}),
        ("azure", "postgresql", "17", {"fsync", "full_page_writes", "synchronous_commit"}),
    ],
)
def test_what_nobody_can_change_there_is_left_out_and_named(
    name: ServiceName, vendor: VendorName, version: str, left_out: set[str]
) -> None:
    advice = advice_of(name, vendor, version)
    assert advice.service == name
    assert left_out & values_of(name, advice).keys() == set()
    named = " ".join(warning for warning in advice.warnings if warning.startswith("not set: "))
    assert set(re.findall(r"(\w+) = ", named)) == left_out
    reasons = {skip.rule.setting for skip in advice.skipped if load_service(name).title in skip.why}
    assert reasons == left_out


@pytest.mark.parametrize(
    ("vendor", "version", "left"),
    [
        ("postgresql", "16", {"synchronous_commit": "on"}),
        ("mysql", "8.0.36", {"innodb_flush_log_at_trx_commit": "1"}),
        ("mysql", "5.7", {"innodb_flush_log_at_trx_commit": "1"}),
    ],
)
def test_on_aurora_most_does_not_apply(
    vendor: VendorName, version: str, left: dict[str, str]
) -> None:
    advice = advice_of("aurora", vendor, version)
    assert values_of("aurora", advice) == left
    assert "most of this advice does not apply" in advice.warnings[0]
    assert (advice.capacity, advice.lower_durability) == (None, ())


def test_the_redo_log_of_rds_has_the_parameter_of_its_release() -> None:
    """Amazon's "Configuring buffer pool size and redo log capacity in MySQL 8.4": either can be set
    in a custom parameter group. Of 8.0 nothing says so. Optimized Writes are of 8.0 and later."""
    assert "innodb_redo_log_capacity" in values_of("rds", advice_of("rds", "mysql", "8.4"))
    older = advice_of("rds", "mysql", "8.0.36")
    assert "innodb_redo_log_capacity" not in values_of("rds", older)
    written = {
        version: next(
            warning
            for warning in advice_of("rds", "mysql", version).warnings
            if warning.startswith("not set: ") and "innodb_doublewrite = " in warning
        )
        for version in ("5.7", "8.0.36", "8.4")
    }
    assert {name for name, said in written.items() if "rds.optimized_writes" in said} == {
        "8.0.36",
        "8.4",
    }
    assert "its documentation does not say" in written["5.7"]


@pytest.mark.parametrize(
    ("name", "vendor", "version", "asked", "syncs"),
    [
        ("azure", "postgresql", "15", "loses-recent-on-crash", 1),
        ("azure", "mysql", "8.0.36", "loses-recent-on-power-loss", 2),
        ("aurora", "mysql", "8.0.36", "loses-recent-on-crash", None),
    ],
)
def test_what_cannot_be_relaxed_is_durable(
    name: ServiceName, vendor: VendorName, version: str, asked: Durability, syncs: int | None
) -> None:
    """A commit of PostgreSQL waits for one sync, of MySQL with a binary log for two."""
    advice = advice_of(name, vendor, version, durability=asked)
    assert {entry.durability for entry in advice.settings} == {"durable"}
    assert advice.durability == asked
    assert (advice.capacity.commit_syncs if advice.capacity else None) == syncs
    head = terraform_of(name, advice).split("\n\n")[0]
    assert "# Durability: durable - " in head
    assert f"({asked} was accepted)" in head
    named = "synchronous_commit = off" if vendor == "postgresql" else "sync_binlog = "
    assert any(each.startswith("not set: ") and named in each for each in advice.warnings)


def test_what_can_be_relaxed_is() -> None:
    advice = advice_of("rds", "postgresql", "17", durability="loses-recent-on-crash")
    assert values_of("rds", advice)["synchronous_commit"] == "off"
    assert advice.capacity is not None
    assert advice.capacity.commit_syncs == 0


@pytest.mark.parametrize(("asked", "count"), [("durable", 0), ("loses-recent-on-power-loss", 1)])
def test_googles_own_warning_is_passed_on(asked: Durability, count: int) -> None:
    advice = advice_of("cloud-sql", "mysql", "8.4", durability=asked)
    assert sum("operational guidelines" in each for each in advice.warnings) == count


@pytest.mark.parametrize("name", ["rds", "azure", "cloud-sql"])
def test_a_standby_makes_a_commit_slower_than_the_volume(name: ServiceName) -> None:
    assert "may be slower" in load_service(name).measured


def test_notes_are_of_the_groups_asked_for() -> None:
    advice = advice_of("rds", "postgresql", "17", groups=("memory",))
    assert not any("fsync = " in each for each in advice.warnings)
    assert values_of("rds", advice).keys() == {"effective_cache_size", "shared_buffers"}


def test_a_server_has_the_command_that_lists_its_parameters() -> None:
    (left,) = {
        warning.partition("(az ")[2]
        for warning in advice_of("azure", "mysql", "8.0.36").warnings
        if "does not say" in warning
    }
    assert left.startswith("mysql flexible-server parameter list")
    assert "postgres" not in left


def test_memory_of_this_host_is_not_the_instances() -> None:
    advice = advice_of("rds", "postgresql", "17", memory_bytes=None)
    assert {"shared_buffers", "effective_cache_size"} & values_of("rds", advice).keys() == set()
    assert any("shared_buffers = " in each and "--memory SIZE" in each for each in advice.warnings)


def changed(name: ServiceName, engine: int, **update: Any) -> Service:
    service = load_service(name)
    engines = list(service.engine)
    engines[engine] = engines[engine].model_copy(update=update)
    return service.model_copy(update={"engine": tuple(engines)})


def settable_without(name: ServiceName, engine: int, setting: str) -> Service:
    settable = load_service(name).engine[engine].settable
    return changed(name, engine, settable=tuple(each for each in settable if each != setting))


@pytest.mark.parametrize("missing", ["sync_binlog", "innodb_flush_log_at_trx_commit"])
def test_one_of_the_pair_is_not_relaxed_alone(missing: str) -> None:
    service = settable_without("rds", 1, missing)
    relaxed = advice_of(service, "mysql", "8.0.36", durability="loses-recent-on-crash")
    (left,) = {"sync_binlog", "innodb_flush_log_at_trx_commit"} - {missing}
    assert values_of("rds", relaxed)[left] == "1"
    assert missing not in values_of("rds", relaxed)
    assert any(f"relaxed only together with {missing}" in each for each in relaxed.warnings)
    durable = advice_of(service, "mysql", "8.0.36")
    assert {"sync_binlog", "innodb_flush_log_at_trx_commit"} - {missing} <= values_of(
        "rds", durable
    ).keys()
    assert durable.lower_durability == ()


def test_a_default_that_nobody_can_change_is_not_set() -> None:
    """5 min is PostgreSQL's own default, so there is nothing to name, either."""
    service = settable_without("rds", 0, "checkpoint_timeout")
    advice = advice_of(service, "postgresql", "17")
    assert "checkpoint_timeout" not in values_of("rds", advice)
    assert not any("checkpoint_timeout" in warning for warning in advice.warnings)


def test_what_must_not_exceed_another_goes_with_it() -> None:
    service = settable_without("rds", 1, "innodb_io_capacity_max")
    values = values_of("rds", advice_of(service, "mysql", "8.0.36"))
    assert "innodb_io_capacity" not in values
    assert "innodb_flush_neighbors" in values


@pytest.mark.parametrize(
    ("update", "name", "said"),
    [
        ({"between": {"max_wal_size": (32, 34815)}}, "max_wal_size", "takes 32 to 34815"),
        ({"between": {"max_wal_size": (34817, 99999)}}, "max_wal_size", "takes 34817 to 99999"),
        ({"choices": {"wal_compression": ("on",)}}, "wal_compression", "takes on"),
    ],
)
def test_a_value_that_the_service_does_not_take_is_left_out(
    update: dict[str, Any], name: str, said: str
) -> None:
    service = changed("azure", 0, **update)
    assert name in values_of("azure", advice_of("azure", "postgresql", "17", build={"lz4": True}))
    advice = advice_of(service, "postgresql", "17", build={"lz4": True})
    assert name not in values_of("azure", advice)
    assert any(f"not set: {name} = " in each and said in each for each in advice.warnings)


# The files


@pytest.mark.parametrize(
    ("update", "said"),
    [
        ({"at_restart": ["fsync"]}, "not among the settable: fsync"),
        ({"between": {"fsync": [0, 1]}}, "not among the settable: fsync"),
        (
            {"decided": [{"settings": ["wal_buffers"], "why": "x", "source": "https://a"}]},
            "settable and decided: wal_buffers",
        ),
        ({"others": "It is so."}, "without its end"),
        ({"sources": []}, "at least 1"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(update: dict[str, Any], said: str) -> None:
    raw = load_service("rds").model_dump(mode="json")
    raw["engine"][0] |= update
    with pytest.raises(ValidationError, match=said):
        Service.model_validate(raw)


def test_a_setting_that_nobody_knows_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (Path("profiles") / "services" / "rds.toml").read_text()
    (tmp_path / "services").mkdir()
    for folder in ("innodb", "postgresql"):
        (tmp_path / folder).symlink_to(Path("profiles").resolve() / folder)
    (tmp_path / "services" / "rds.toml").write_text(
        text.replace('"commit_delay"', '"commit_dealy"')
    )
    monkeypatch.setattr("advisor.knowledge.resource_dir", lambda _: tmp_path)
    with pytest.raises(KnowledgeError, match=r"rds\.toml: .*commit_dealy"):
        load_service("rds")


# Calls of the AWS CLI, by the model that it reads them with


@cache
def rds_model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("rds", "service-2"))


def complaints(operation: str, call: dict[str, Any]) -> str:
    shape = rds_model().operation_model(operation).input_shape
    found: str = ParamValidator().validate(call, shape).generate_report()
    methods = rds_model().shape_for("ApplyMethod").enum  # which the validator leaves to the service
    found += "".join(
        f"{each['ApplyMethod']}?"
        for each in call["Parameters"]
        if each["ApplyMethod"] not in methods
    )
    return found


@pytest.mark.parametrize(
    ("name", "vendor", "version", "operation"),
    [
        ("rds", "postgresql", "17", "ModifyDBParameterGroup"),
        ("rds", "mysql", "8.0.36", "ModifyDBParameterGroup"),
        ("rds", "mysql", "8.4", "ModifyDBParameterGroup"),
        ("aurora", "postgresql", "16", "ModifyDBClusterParameterGroup"),
    ],
)
def test_botocore_takes_every_call(
    name: ServiceName, vendor: VendorName, version: str, operation: str
) -> None:
    advice = advice_of(name, vendor, version)
    calls = [json.loads(line) for line in parameter_group(load_service(name), advice).splitlines()]
    assert [complaints(operation, call) for call in calls] == [""]
    (call,) = calls
    given = {each["ParameterName"]: each["ParameterValue"] for each in call["Parameters"]}
    assert given == values_of(name, advice)
    changed_by = load_service(name).changed_by
    assert changed_by is not None
    assert operation.lower() == changed_by.call.replace("-", "")


@pytest.mark.parametrize(
    ("name", "group", "said"),
    [
        (
            "rds",
            "mine",
            [
                "create-db-parameter-group --db-parameter-group-name mine"
                " --db-parameter-group-family mysql8.0 --description fsync-advisor",
                "modify-db-instance --db-instance-identifier NAME --db-parameter-group-name mine",
                "describe-db-engine-versions --engine mysql",
            ],
        ),
        (
            "aurora",
            "fsync-advisor",
            [
                "create-db-cluster-parameter-group --db-cluster-parameter-group-name fsync-advisor"
                " --db-parameter-group-family aurora-mysql8.0 --description fsync-advisor",
                "modify-db-cluster --db-cluster-identifier NAME --db-cluster-parameter-group-name"
                " fsync-advisor",
                "describe-db-engine-versions --engine aurora-mysql",
            ],
        ),
    ],
)
def test_the_group_is_made_first_and_used_afterwards(
    name: ServiceName, group: str, said: list[str]
) -> None:
    told = how_to_call(load_service(name), advice_of(name, "mysql", "8.0.36"), group)
    assert [each for each in said if f"aws rds {each}" not in " ".join(told)] == []
    assert "made up from the version" in told[-1]
    model = rds_model()
    for command in said:
        operation, *given = command.split(" --")
        words = operation.title().replace("-", "").replace("Db", "DB")
        members = model.operation_model(words).input_shape.members
        options = {each.split()[0].title().replace("-", "").replace("Db", "DB") for each in given}
        assert options <= members.keys()


def test_botocore_refuses_what_is_wrong() -> None:
    """What the test above rests on."""
    wrong = {"DBParameterGroupName": 7, "Parameters": [{"ParameterValue": 1, "ApplyMethod": "now"}]}
    said = complaints("ModifyDBParameterGroup", wrong)
    assert "Invalid type for parameter DBParameterGroupName" in said
    assert "Parameters[0].ParameterValue" in said
    assert said.endswith("now?")


def test_what_is_static_waits_for_a_reboot() -> None:
    text = parameter_group(load_service("rds"), advice_of("rds", "postgresql", "17"))
    methods = {
        each["ParameterName"]: each["ApplyMethod"] for each in json.loads(text)["Parameters"]
    }
    assert methods["shared_buffers"] == "pending-reboot"  # "Static" in Amazon's guide
    assert methods["max_wal_size"] == "immediate"  # "Dynamic"
    text = parameter_group(load_service("rds"), advice_of("rds", "mysql", "8.0.36"))
    # Dynamic in MySQL; whether RDS calls them so is not published.
    assert {each["ApplyMethod"] for each in json.loads(text)["Parameters"]} == {"pending-reboot"}


def test_twenty_parameters_are_the_most_of_a_call() -> None:
    """As the API's reference says of Parameters."""
    advice = advice_of("rds", "postgresql", "17")
    one = next(entry for entry in advice.settings if entry.emitted)
    many = [one.model_copy(update={"setting": f"s{number}"}) for number in range(45)]
    text = parameter_group(load_service("rds"), advice.model_copy(update={"settings": tuple(many)}))
    calls = [json.loads(line)["Parameters"] for line in text.splitlines()]
    assert [len(call) for call in calls] == [20, 20, 5]
    assert [each["ParameterName"] for call in calls for each in call] == [
        f"s{number}" for number in range(45)
    ]


# Terraform, by a parser of HCL


def unquoted(value: Any) -> Any:
    """python-hcl2's tree without the quotes and the marks that it keeps."""
    if isinstance(value, dict):
        return {
            unquoted(key): unquoted(one)
            for key, one in value.items()
            if key not in ("__is_block__", "__comments__")
        }
    if isinstance(value, list):
        return [unquoted(one) for one in value]
    return value[1:-1] if isinstance(value, str) and value[:1] == '"' else value


def resources_of(text: str) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (kind, name, body)
        for block in unquoted(hcl2.loads(text)).get("resource", [])
        for kind, named in block.items()
        for name, body in named.items()
    ]


def terraform_of(name: ServiceName, advice: Advice) -> str:
    return render_fragment(advice, explain=True, form=terraform_form(load_service(name), advice))


@pytest.mark.parametrize(("name", "vendor", "version"), RUN)
def test_terraform_has_every_setting(name: ServiceName, vendor: VendorName, version: str) -> None:
    advice = advice_of(name, vendor, version)
    found = resources_of(terraform_of(name, advice))
    if name == "azure":
        given = {body["name"]: body["value"] for _, _, body in found}
    else:
        ((_, _, body),) = found
        blocks = (
            body["settings"][0]["database_flags"]
            if name == "cloud-sql"
            else body.get("parameter", [])
        )
        given = {block["name"]: block["value"] for block in blocks}
    assert given == values_of(name, advice)


@pytest.mark.parametrize(
    ("name", "vendor", "version", "kind", "family"),
    [
        ("rds", "postgresql", "17", "aws_db_parameter_group", "postgres17"),
        ("rds", "mysql", "8.0.36", "aws_db_parameter_group", "mysql8.0"),
        ("rds", "mysql", "8.4", "aws_db_parameter_group", "mysql8.4"),
        ("aurora", "postgresql", "16", "aws_rds_cluster_parameter_group", "aurora-postgresql16"),
        ("aurora", "mysql", "8.0.36", "aws_rds_cluster_parameter_group", "aurora-mysql8.0"),
        ("aurora", "mysql", "5.7", "aws_rds_cluster_parameter_group", "aurora-mysql5.7"),
    ],
)
def test_a_group_has_its_family(
    name: ServiceName, vendor: VendorName, version: str, kind: str, family: str
) -> None:
    """The arguments of both resources in the provider's documentation."""
    ((found, label, body),) = resources_of(terraform_of(name, advice_of(name, vendor, version)))
    assert (found, label) == (kind, "fsync_advisor")
    assert (body["name"], body["family"]) == ("fsync-advisor", family)
    assert body.keys() <= {"name", "family", "parameter"}
    for block in body.get("parameter", []):
        assert block.keys() == {"name", "value", "apply_method"}


@pytest.mark.parametrize(
    ("vendor", "version", "kind", "arguments"),
    [
        (
            *("postgresql", "17", "azurerm_postgresql_flexible_server_configuration"),
            {"name", "server_id", "value"},
        ),
        (
            *("mysql", "8.0.36", "azurerm_mysql_flexible_server_configuration"),
            {"name", "resource_group_name", "server_name", "value"},
        ),
    ],
)
def test_azure_has_a_resource_for_each_setting(
    vendor: VendorName, version: str, kind: str, arguments: set[str]
) -> None:
    found = resources_of(terraform_of("azure", advice_of("azure", vendor, version)))
    assert len(found) >= 1
    for one, label, body in found:
        assert (one, label) == (kind, body["name"])
        assert body.keys() == arguments


def test_cloud_sql_and_azure_write_on_and_off() -> None:
    """Of Google's API, DatabaseFlags: "Boolean flags are set to on for true and off for false"."""
    assert load_service("cloud-sql").text_of(True) == "on"
    assert load_service("azure").text_of(False) == "off"
    assert load_service("rds").text_of(True) == "1"  # AllowedValues "0,1"


def test_a_hostile_drive_cannot_leave_its_comment() -> None:
    tame = stored("nvme-consumer")
    changed = {"label": HOSTILE, "source": HOSTILE, "warnings": [{"code": "x", "text": HOSTILE}]}
    hostile = Measurement.model_validate({**tame.model_dump(), **changed})
    for name, vendor, version in RUN:
        wanted = terraform_of(name, advice_of(name, vendor, version))
        got = terraform_of(name, advice_of(name, vendor, version, measured=hostile))
        assert "evil" in got
        assert resources_of(got) == resources_of(wanted)


@pytest.mark.parametrize(
    ("text", "hcl"),
    [("on", '"on"'), ('a"b\\', '"a\\"b\\\\"'), ("${x}", '"$${x}"'), ("%{ if }", '"%%{ if }"')],
)
def test_a_string_of_hcl_begins_no_template(text: str, hcl: str) -> None:
    assert hcl_string(text) == hcl


# The command line


ASKED: Final = ("recommend", "--db", "postgresql", "--db-version", "17", "--from", NVME)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ((*ASKED, "--format", "terraform"), "--format terraform is for a managed service"),
        ((*ASKED, "--service", "rds", "--format", "sql"), "is nothing that Amazon RDS takes"),
        (
            (*ASKED, "--service", "azure", "--format", "parameter-group"),
            "with --service azure: terraform or json",
        ),
        (
            (
                *("recommend", "--db", "mariadb", "--db-version", "11.8", "--from", NVME),
                *("--service", "aurora"),
            ),
            "no list of ours says what Amazon Aurora lets one change of MariaDB",
        ),
        (
            (
                *("recommend", "--db", "mariadb", "--db-version", "11.8", "--from", NVME),
                *("--service", "rds"),
            ),
            "no list of ours says what Amazon RDS lets one change of MariaDB",
        ),
        (
            (*ASKED, "--service", "rds", "--parameter-group", "two--hyphens"),
            "is no name of a parameter group",
        ),
        ((*ASKED, "--parameter-group", "mine"), "what a group of RDS or Aurora is called"),
        (
            (*ASKED, "--service", "azure", "--parameter-group", "mine"),
            "what a group of RDS or Aurora is called",
        ),
        ((*ASKED, "--service", "rds", "--output", "a.cnf"), "no ending that names a format"),
        ((*ASKED, "--service", "rds", "--output", "a.sh"), "a format that is not written here"),
        (("recommend", "--db", "mysql", "--from", NVME, "--service", "rds"), "needs --db-version"),
        (
            ("recommend", "--db", "mysql", "--db-version", "8.4", "--service", "rds"),
            "--service needs a drive like that of the service",
        ),
        ((*ASKED, "--service", "heroku"), "'heroku' is not one of"),
    ],
)
def test_what_makes_no_sense_is_told(
    asked: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, *asked)
    assert (status, out) == (2, "")
    assert said in err


@pytest.mark.parametrize("form", ["terraform", "parameter-group"])
def test_a_group_without_a_setting_is_not_written(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("recommend", "--db", "mysql", "--db-version", "8.0.36", "--from", NVME)
    on_aurora = ("--service", "aurora", "--group", "memory", "--format", form)
    status, out, err = run(capsys, *asked, *on_aurora)
    assert (status, out) == (1, "")
    assert "nothing of this advice can be set on Amazon Aurora" in err


def test_a_form_without_comments_has_all_notes_beside_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = ("recommend", "--db", "mysql", "--db-version", "8.0.36", "--from")
    named = ("innodb_doublewrite", "innodb_redo_log_capacity", "innodb_buffer_pool_size")
    for drive in ("nvme-consumer", "hdd"):
        form = ("--service", "rds", "--format", "parameter-group")
        _, _, err = run(capsys, *asked, str(MEASUREMENTS / f"{drive}.json"), *form)
        assert [name for name in named if f"{name} = " not in err] == []


def test_the_group_is_called_as_one_says(capsys: pytest.CaptureFixture[str]) -> None:
    named = (*ASKED, "--service", "rds", "--parameter-group", "mine")
    _, out, _ = run(capsys, *named, "--format", "parameter-group", "--quiet")
    assert json.loads(out)["DBParameterGroupName"] == "mine"
    ((_, _, body),) = resources_of(run(capsys, *named, "--quiet")[1])
    assert body["name"] == "mine"


def test_terraform_is_what_a_service_gets_unasked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    unasked = run(capsys, *ASKED, "--service", "rds")
    assert unasked[0] == 0
    assert unasked[1] == run(capsys, *ASKED, "--service", "rds", "--format", "terraform")[1]
    target = tmp_path / "db.tf"
    assert run(capsys, *ASKED, "--service", "rds", "--output", str(target))[0] == 0
    assert target.read_text() == unasked[1]


def test_the_cli_is_told_how_to_read_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(
        capsys, *ASKED, "--service", "rds", "--format", "parameter-group", "--memory", "16GB"
    )
    assert (status, json.loads(out)["DBParameterGroupName"]) == (0, "fsync-advisor")
    assert 'aws rds modify-db-parameter-group --cli-input-json "$call"' in err


def test_json_names_the_service(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, *ASKED, "--service", "rds", "--format", "json")
    assert (status, json.loads(out)["service"]) == (0, "rds")
    assert json.loads(run(capsys, *ASKED, "--format", "json")[1])["service"] is None


# An audit


def audited(
    capsys: pytest.CaptureFixture[str], path: Path, vendor: str, version: str, text: str, *more: str
) -> Any:
    path.write_text(text)
    asked = ("audit", "--db", vendor, "--db-version", version, "--config", str(path))
    _, out, err = run(capsys, *asked, "--format", "json", *more)
    assert "Traceback" not in err
    return json.loads(out)


def test_an_audit_says_how_a_setting_is_changed_there(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = "rds.extensions = 'x'\nfsync = off\nsynchronous_commit = off\nshared_buffers = 8MB\n"
    found = audited(
        *(capsys, tmp_path / "x.conf", "postgresql", "17", text),
        *("--from", NVME, "--memory", "16GB"),
    )
    assert found["service"] == "rds"
    assert "(as rds.extensions shows)" in found["notes"][0]
    change = {each["setting"]: (each["change"], each["restart"]) for each in found["findings"]}
    assert change["synchronous_commit"] == (
        "in its DB parameter group set synchronous_commit = on, which needs no restart",
        False,
    )
    assert change["shared_buffers"] == (
        "in its DB parameter group set shared_buffers = 524288, then restart it",
        True,
    )
    assert "may not let one change it" in change["fsync"][0]
    assert found["findings"][0]["severity"] == "corruption-risk"


def test_what_a_service_decides_is_noted_and_not_judged(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = "[mysqld]\nbasedir = /rdsdbbin/mysql/\ninnodb_doublewrite = OFF\nsync_binlog = 0\n"
    found = audited(capsys, tmp_path / "x.cnf", "mysql", "8.0.36", text)
    assert [each["setting"] for each in found["findings"]] == ["sync_binlog"]
    assert any(each.startswith("not judged: innodb_doublewrite = OFF; ") for each in found["notes"])
    aurora = audited(capsys, tmp_path / "x.cnf", "mysql", "8.0.36", text, "--service", "aurora")
    assert (aurora["service"], aurora["findings"]) == ("aurora", [])
    assert "(as --service says)" in aurora["notes"][0]


@pytest.mark.parametrize(
    ("version", "value", "accepted", "severity"),
    [
        ("8.0", "0", "durable", "data-loss"),
        ("8.0", "2", "durable", None),  # version 3 waits with 1 and with 2
        ("8.0", "1", "durable", None),
        ("8.0", "0", "loses-recent-on-crash", None),
        ("5.7", "2", "durable", "data-loss"),
        ("5.7", "2", "loses-recent-on-power-loss", "data-loss"),  # and 2 with 1 alone
        ("5.7", "1", "durable", None),
    ],
)
def test_auroras_flush_is_what_its_storage_confirms(
    version: str,
    value: str,
    accepted: str,
    severity: str | None,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """As AuroraMySQL.BestPractices.FeatureRecommendations has it: a failover or a restart loses
    what was not confirmed."""
    text = f"[mysqld]\ninnodb_flush_log_at_trx_commit = {value}\n"
    asked = ("--service", "aurora", "--durability", accepted)
    found = audited(capsys, tmp_path / "x.cnf", "mysql", version, text, *asked)["findings"]
    assert [each["severity"] for each in found] == ([severity] if severity else [])
    for each in found:
        assert each["durability"] == "loses-recent-on-crash"
        assert "failover" in each["reason"]
        assert each["change"].startswith(
            "in its DB cluster parameter group set innodb_flush_log_at_trx_commit = 1"
        )


def test_a_line_that_no_server_takes_stays_a_finding_on_aurora(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = "[mysqld]\ninnodb_flush_log_at_trx_commit = abc\n"
    found = audited(capsys, tmp_path / "x.cnf", "mysql", "8.0", text, "--service", "aurora")
    assert [each["severity"] for each in found["findings"]] == ["prevents-start"]


def test_a_server_of_ones_own_is_audited_as_before(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    found = audited(capsys, tmp_path / "x.conf", "postgresql", "17", "fsync = off\n")
    assert found["service"] is None
    assert found["findings"][0]["change"].startswith("in ")
    assert not any("runs this server" in note for note in found["notes"])


def test_a_server_of_which_a_services_list_is_not_known_is_audited_all_the_same(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Amazon RDS has MariaDB, too."""
    text = "[mariadb]\nbasedir = /rdsdbbin/mariadb/\ninnodb_flush_log_at_trx_commit = 0\n"
    found = audited(capsys, tmp_path / "x.cnf", "mariadb", "10.11.9", text)
    (risk,) = (
        each for each in found["findings"] if each["setting"] == "innodb_flush_log_at_trx_commit"
    )
    assert risk["change"].startswith("Amazon RDS may not let one change it")
    assert "aws rds describe-db-parameters" in risk["change"]
