"""What a command loads: no room that it has no use for, and no class that takes long to make."""

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any, Final, get_args

import pytest
from pydantic import BaseModel

from tests.support.modules import MODULES
from tests.support.paths import MEASUREMENTS

MEASUREMENT: Final = MEASUREMENTS / "nvme-consumer.json"
RECOMMEND: Final = ("recommend", "--db", "mysql", "--db-version", "9.7", "--from", str(MEASUREMENT))

PROGRAM: Final = """
import json, os, sys
from dataclasses import is_dataclass
from advisor.cli import main
kept = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
try:
    main(json.loads(sys.argv[1]))
except SystemExit as end:
    assert not end.code, end.code
os.dup2(kept, 1)
ours = {name: module for name, module in sys.modules.items() if name.startswith("advisor.")}
made = {
    each.__name__
    for name, module in ours.items()
    for each in vars(module).values()
    if isinstance(each, type) and each.__module__ == name and is_dataclass(each)
}
os.write(1, json.dumps([sorted(sys.modules), sorted(made)]).encode())
"""


@cache
def loaded(*arguments: str) -> tuple[list[str], list[str]]:
    """The modules that a command has loaded in the end, and the dataclasses in ours."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    modules, dataclasses = json.loads(done.stdout)
    return modules, dataclasses


@pytest.mark.parametrize(
    "package",
    [
        "advisor.audit",
        "advisor.comparison",
        "advisor.fleet",
        "advisor.importers",
        "advisor.output.charts",
        "advisor.output.renderers",
        "advisor.probe",
        "advisor.report",
        "advisor.servers",
        "psutil",
        "rich",
        "statistics",
    ],
)
def test_recommend_from_a_file_loads_no_room_that_it_has_no_use_for(package: str) -> None:
    modules, _ = loaded(*RECOMMEND)
    assert "advisor.rules.engine" in modules
    assert [name for name in modules if f"{name}.".startswith(f"{package}.")] == []


def test_the_help_loads_no_command() -> None:
    modules, _ = loaded("--help")
    ours = [name for name in modules if name.startswith("advisor.")]
    assert ours == [
        "advisor.cli",
        "advisor.command_list",
        "advisor.errors",
        "advisor.help_text",
        "advisor.interruption",
        "advisor.lazy_commands",
    ]


def test_records_that_recommend_loads_are_named_tuples() -> None:
    """A dataclass takes seven times as long to make. These check themselves, have groups of
    fields, remember what they found, are objects in JSON, or are changed by dataclasses.replace."""
    _, dataclasses = loaded(*RECOMMEND)
    assert dataclasses == [
        "DriveOptions",
        "KnownSettings",
        "OutputOptions",
        "PlanOptions",
        "RecommendOptions",
        "Request",
        "RequestOptions",
        "SeriesKind",
    ]


def named_tuples(annotation: Any) -> Iterator[type]:
    """Those in a field's type, however deep."""
    if isinstance(annotation, type) and hasattr(annotation, "_fields"):
        yield annotation
    for part in get_args(annotation):
        yield from named_tuples(part)


def models(base: type[BaseModel] = BaseModel) -> Iterator[type[BaseModel]]:
    for each in base.__subclasses__():
        yield each
        yield from models(each)


def test_no_model_holds_a_named_tuple_which_would_be_a_list_in_json() -> None:
    for name in MODULES.keys() - {"advisor.__main__"}:
        import_module(name)
    ours = [model for model in models() if model.__module__ in MODULES]
    assert len(ours) > 50
    fields = [field for model in ours for field in model.model_fields.values()]
    found = {each.__name__ for field in fields for each in named_tuples(field.annotation)}
    assert found == {"RuleId"}  # which is a string there
