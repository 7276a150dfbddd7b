"""fsync-advisor rules check: whether what we know holds together."""

from advisor.commands import options as shared
from advisor.commands.console import notify
from advisor.commands.parameters import options_class, takes_options
from advisor.errors import KnowledgeError
from advisor.knowledge import (
    load_all_settings,
    load_assumptions,
    load_bulk_load,
    load_clusters,
    load_counter_checks,
    load_host_checks,
    load_other_engines,
    load_replay,
    load_replica_accuracy,
    load_services,
    load_storage_knowledge,
    load_workloads,
)
from advisor.rules.check import problems
from advisor.vendors.names import VENDOR_NAMES


@options_class
class RulesCheckOptions:
    """The options of `rules check`."""

    quiet: shared.Quiet = False


@takes_options
def rules_check(options: RulesCheckOptions) -> None:
    """Check profiles/: complete, reachable, legal, within the red lines."""
    load_storage_knowledge()
    load_assumptions()
    load_replay()
    load_replica_accuracy()
    load_workloads()
    load_host_checks()
    load_counter_checks()
    for vendor in VENDOR_NAMES:
        load_bulk_load(vendor)
    load_other_engines()
    load_services()
    load_clusters()
    settings = load_all_settings()
    if found := problems(settings):
        *others, last = found
        for line in others:
            notify(line)
        raise KnowledgeError(last)
    rule_count = sum(len(setting.rule) for setting in settings)
    notify(f"{len(settings)} settings, {rule_count} rules: no problems", quiet=options.quiet)
