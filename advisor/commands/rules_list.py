"""fsync-advisor rules list: every rule by its id."""

from typing import Annotated

import typer

from advisor.commands import options as shared
from advisor.commands.console import write_output
from advisor.commands.parameters import options_class, takes_options
from advisor.errors import UsageError
from advisor.knowledge import load_all_settings, load_host_checks, load_settings, settings_json
from advisor.output.rules import host_checks_text, rules_text
from advisor.vendors.names import Engine, VendorName
from advisor.vendors.registry import VENDORS


@options_class
class RulesListOptions:
    """The options of `rules list`."""

    engine: Annotated[Engine | None, typer.Option(help="Only this engine's.")] = None
    db: Annotated[VendorName | None, shared.database_option("Only this server's.")] = None
    format_: shared.TextOrJson = "text"


@takes_options
def rules_list(options: RulesListOptions) -> None:
    """List every rule by its id: ENGINE.SETTING.NAME.

    As text and for all engines, what may be found on a host follows: host.NAME.
    """
    if options.engine and options.db:
        raise UsageError("both --engine and --db are given", "choose one")
    engine = VENDORS[options.db].engine if options.db else options.engine
    settings = load_settings(engine) if engine else load_all_settings()
    if options.db:
        settings = tuple(filter(None, (each.for_vendor(options.db) for each in settings)))
    text = settings_json(settings) if options.format_ == "json" else rules_text(settings)
    if engine is None and options.format_ == "text":
        text += host_checks_text(load_host_checks())
    write_output(text)
