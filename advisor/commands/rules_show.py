"""fsync-advisor rules show: a setting, or one rule."""

from typing import Annotated

import typer

from advisor.commands import options as shared
from advisor.commands.console import write_output
from advisor.commands.parameters import options_class, takes_options
from advisor.knowledge import (
    HOST_PREFIX,
    find_cluster_setting,
    find_host_check,
    find_setting,
    settings_json,
)
from advisor.output.json_text import json_text
from advisor.output.rules import cluster_setting_text, host_check_text, setting_text


@options_class
class RulesShowOptions:
    """The options of `rules show`."""

    rule_id: Annotated[
        str, typer.Argument(metavar="ID", help="ENGINE.SETTING, a rule's id or host.FINDING.")
    ]
    format_: shared.TextOrJson = "text"


@takes_options
def rules_show(options: RulesShowOptions) -> None:
    """Show a setting or one rule: versions, conditions, values, sources."""
    if options.rule_id.startswith(HOST_PREFIX):
        check = find_host_check(options.rule_id)
        write_output(json_text(check) if options.format_ == "json" else host_check_text(check))
        return
    if (needed := find_cluster_setting(options.rule_id)) is not None:
        text = cluster_setting_text(options.rule_id, needed)
        write_output(json_text(needed) if options.format_ == "json" else text)
        return
    setting, rule = find_setting(options.rule_id)
    text = settings_json([setting]) if options.format_ == "json" else setting_text(setting, rule)
    write_output(text)
