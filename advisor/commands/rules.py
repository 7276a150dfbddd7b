"""fsync-advisor rules: what we know, and whether it holds together."""

from typing import Annotated, Literal

import typer

from advisor.commands import options
from advisor.vendors.names import Engine

app = typer.Typer(help="Look at the rules, and check them.", no_args_is_help=True)

Format = Annotated[Literal["text", "json"], typer.Option("--format", help="What to print.")]


@app.command("list")
def list_(
    engine: Annotated[Engine | None, typer.Option(help="Only this engine's.")] = None,
    format_: Format = "text",
) -> None:
    """List every rule by its id: ENGINE.SETTING.NAME."""
    from advisor.commands.steps import hand_over
    from advisor.knowledge import load_all_settings, load_settings, settings_json
    from advisor.output.rules import rules_text

    settings = load_settings(engine) if engine else load_all_settings()
    hand_over(settings_json(settings) if format_ == "json" else rules_text(settings))


@app.command()
def show(
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="ENGINE.SETTING or a rule's id.")],
    format_: Format = "text",
) -> None:
    """Show a setting or one rule: versions, conditions, values, reasons, sources."""
    from advisor.commands.steps import hand_over
    from advisor.knowledge import find_setting, settings_json
    from advisor.output.rules import setting_text

    setting, rule = find_setting(rule_id)
    hand_over(settings_json([setting]) if format_ == "json" else setting_text(setting, rule))


@app.command()
def check(quiet: options.Quiet = False) -> None:
    """Check every file under profiles/: complete, reachable, legal, within the red lines."""
    from advisor.commands.steps import say
    from advisor.errors import KnowledgeError
    from advisor.knowledge import (
        load_all_settings,
        load_assumptions,
        load_storage_knowledge,
        load_workloads,
    )
    from advisor.rules.check import problems

    load_storage_knowledge()
    load_assumptions()
    load_workloads()
    settings = load_all_settings()
    if found := problems(settings):
        raise KnowledgeError("\n".join(found))
    rule_count = sum(len(setting.rule) for setting in settings)
    say(f"{len(settings)} settings, {rule_count} rules: nothing wrong", quiet=quiet)
