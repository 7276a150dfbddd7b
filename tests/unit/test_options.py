"""Options are data: dataclasses become parameters, and the list of commands is right."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import pytest
import typer

from advisor.command_list import COMMANDS, CommandEntry
from advisor.commands.parameters import Only, takes_options
from advisor.lazy_commands import load_command
from advisor.variables import OPTIONS, variable
from tests.support.command_line import run, run_process


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    size: Annotated[int, typer.Option(help="How large.")] = 1
    colour: Annotated[str, typer.Option(help="Which colour.")] = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    name: Annotated[str, typer.Argument(metavar="NAME")]
    whole: Inner
    loud: Annotated[bool, typer.Option("--loud")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Some:
    part: Annotated[Inner, Only("colour")] = field(default_factory=Inner)


def test_fields_become_parameters_and_the_command_gets_one_object() -> None:
    seen: list[Outer] = []

    def command(options: Outer) -> None:
        """What it does."""
        seen.append(options)

    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.command()(takes_options(command))
    app(["x", "--size", "3", "--loud"], standalone_mode=False)
    assert seen == [Outer(name="x", whole=Inner(size=3, colour="red"), loud=True)]


def test_of_a_group_only_the_named_fields_are_shown() -> None:
    seen: list[Some] = []

    def command(options: Some) -> None:
        seen.append(options)

    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.command()(takes_options(command))
    app(["--colour", "blue"], standalone_mode=False)
    assert seen == [Some(part=Inner(size=1, colour="blue"))]
    with pytest.raises(SystemExit):
        app(["--size", "3"])


def leaves(
    entries: Mapping[str, CommandEntry], *before: str
) -> Iterator[tuple[tuple[str, ...], CommandEntry]]:
    for name, entry in entries.items():
        if entry.commands:
            yield from leaves(entry.commands, *before, name)
        else:
            yield (*before, name), entry


LEAVES = dict(leaves(COMMANDS))


def test_the_commands_are_these() -> None:
    assert {" ".join(path) for path in LEAVES} == {
        *("measure", "recommend", "capacity", "report", "compare", "import", "audit", "apply"),
        *(
            "verify",
            "predict",
            "trial",
            "drift",
            "fleet report",
            "fleet recommend",
            "fleet init",
            "fleet waves",
            "rules list",
            "rules show",
            "rules check",
            "completion",
            "man",
        ),
    }


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_the_list_has_the_first_line_of_each_help(path: tuple[str, ...]) -> None:
    command = load_command(path[-1], LEAVES[path])
    assert command.help.splitlines()[0] == LEAVES[path].summary


@pytest.mark.parametrize("path", [(), ("rules",), ("fleet",)], ids=" ".join)
def test_each_command_is_listed_in_one_uncut_line(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = run(capsys, *path, "--help")[1]
    listed = text.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    entries: Mapping[str, CommandEntry] = COMMANDS
    for name in path:
        entries = entries[name].commands
    assert [line.split(maxsplit=1) for line in listed] == [
        [name, entry.summary] for name, entry in entries.items()
    ]
    assert max(map(len, listed)) <= 80


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_help_fits_80_columns(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, *path, "--help")
    assert status == 0
    assert max(map(len, out.splitlines())) <= 80
    assert "strict" not in out


def test_every_variable_is_an_options() -> None:
    commands = [load_command(path[-1], entry) for path, entry in LEAVES.items()]
    named = {each.envvar for command in commands for each in command.params} - {None}
    assert named == set(map(variable, OPTIONS))


def test_help_imports_no_command() -> None:
    done = run_process("--help", environment={"PYTHONPROFILEIMPORTTIME": "1"})
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "advisor.cli" in imported
    assert [name for name in imported if name.startswith("advisor.commands")] == []


@pytest.mark.parametrize(
    ("arguments", "now"),
    [
        (
            ("verify", "--predict", "--db", "mysql"),
            "verify --predict is now: fsync-advisor predict",
        ),
        (
            ("verify", "--db", "mysql", "--clients", "1"),
            "verify --clients is now: fsync-advisor pr",
        ),
        (("report", "--fleet", "a"), "report --fleet is now: fsync-advisor fleet report"),
        (("compare", "--baseline=a", "b"), "compare --baseline is now: fsync-advisor drift"),
    ],
)
def test_where_an_option_has_gone_is_said(
    arguments: tuple[str, ...], now: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert f"fsync-advisor: {now}" in err
    assert "\n  hint: fsync-advisor " in err
