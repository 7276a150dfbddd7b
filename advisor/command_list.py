"""The list of commands, as data, so that --help imports none of them."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class CommandEntry(NamedTuple):
    """A command, and where it is: the function in a module of the same name; or a group of some."""

    summary: str
    """The first line of its help."""
    module: str = ""
    commands: Mapping[str, "CommandEntry"] = {}
    for_paths: str = ""
    """Which of them is meant where a file or a directory stands in its place."""


RULES: Final = {
    "list": CommandEntry("List every rule by its id: ENGINE.SETTING.NAME.", "rules_list"),
    "show": CommandEntry(
        "Show a setting or one rule: versions, conditions, values, sources.", "rules_show"
    ),
    "check": CommandEntry(
        "Check profiles/: complete, reachable, legal, within the red lines.", "rules_check"
    ),
}
FLEET: Final = {
    "report": CommandEntry("Report on many measurements in one report.", "fleet_report"),
    "recommend": CommandEntry("Write one fragment for each group of hosts.", "fleet_recommend"),
    "init": CommandEntry("Write files for the engine that runs a fleet.", "fleet_init"),
    "waves": CommandEntry("Say which hosts may be measured at once.", "fleet_waves"),
}
COMMANDS: Final = {
    "measure": CommandEntry("Measure how fast the drive under DIR makes data durable.", "measure"),
    "recommend": CommandEntry(
        "Write a my.cnf or postgresql.conf fragment for DIR's drive.", "recommend"
    ),
    "capacity": CommandEntry(
        "Say how many transactions per second the drive sustains.", "capacity"
    ),
    "report": CommandEntry("Report what the drive sustains, and what would change it.", "report"),
    "compare": CommandEntry("Compare drives, each against the first.", "compare"),
    "import": CommandEntry("Convert another tool's report into a measurement file.", "import_"),
    "audit": CommandEntry("Compare a server's settings with the advice for its drive.", "audit"),
    "apply": CommandEntry("Put FRAGMENT where the server's configuration includes it.", "apply"),
    "verify": CommandEntry(
        "Start a throw-away server with FRAGMENT, read every line back.", "verify"
    ),
    "predict": CommandEntry(
        "Predict commits per second, then measure them on that server.", "predict"
    ),
    "trial": CommandEntry("Find out which configuration is faster on DIR's drive.", "trial"),
    "drift": CommandEntry("Compare a drive with an earlier measurement of it.", "drift"),
    "fleet": CommandEntry(
        "Report on many hosts, and advise groups of them.", commands=FLEET, for_paths="report"
    ),
    "rules": CommandEntry("List, show and check the rules.", commands=RULES),
    "completion": CommandEntry("Print shell completion for bash, zsh or fish.", "completion"),
    "man": CommandEntry("Print a manual page, or write all of them.", "man"),
}
MOVED: Final = {
    "verify": dict.fromkeys(("--predict", "--clients", "--seconds", "--dsn"), "predict"),
    "report": {"--fleet": "fleet report"},
    "compare": dict.fromkeys(("--baseline", "--tolerance"), "drift"),
}
"""What was an option, and is a command of its own now."""
WITHOUT_SERVER: Final = frozenset({"capacity", "report", "compare", "drift"})
"""What can be asked without a server in mind."""
OF_SERVERS: Final = frozenset(
    {"db_version", "durability", "memory", "recovery_time", "expected_tps"}
    | {"log_bytes_per_commit", "build"}
)
"""The options that mean nothing then."""
