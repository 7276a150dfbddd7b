"""MySQL's settings as SQL and as arguments; MariaDB has some of them, too."""

from collections.abc import Sequence
from typing import Final

from advisor.units import Value
from advisor.vendors.forms import (
    IN_A_FILE,
    NEEDS_RESTART,
    OF_A_PLUGIN,
    AdvisedSetting,
    Form,
    Written,
    left_out,
    yaml_item,
)

IO_CAPACITY: Final = ("innodb_io_capacity", "innodb_io_capacity_max")
"""A limit and what it limits. Of these MySQL cuts the one that is set down, or up, to the other as
that is then; when it starts it does so once more, in the order in which they were persisted."""

NOT_PERSISTED: Final = "MySQL calls it a non persistent variable"
NOT_KEPT: Final = "NOT KEPT: a restart takes it back, unless an option file has it, too."
TOGETHER: Final = "Both are set twice, because a running server changes one to fit the other."
TOGETHER_AT_START: Final = "Take both out of option files: MySQL does that at its start, too."


def sql_literal(value: Value) -> str:
    """A value in SQL, which has no K, M and G: in the server's own unit."""
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _set(scope: str, entry: AdvisedSetting) -> str:
    value = entry.rendered if entry.value is None else entry.value
    return f"SET {scope} {entry.setting} = {sql_literal(value)};"


def set_persist(entry: AdvisedSetting, settings: Sequence[AdvisedSetting]) -> Written:
    """A setting changed for good, by SQL."""
    if entry.of_plugin:
        return left_out(entry, OF_A_PLUGIN)
    if not entry.persistable:
        return left_out(entry, f"{NOT_PERSISTED}: {IN_A_FILE}")
    if entry.restart:
        return Written([_set("PERSIST_ONLY", entry)], [NEEDS_RESTART])
    together = _together(entry, settings)
    notes = [TOGETHER, TOGETHER_AT_START] if len(together) > 1 else []
    return Written([_set("PERSIST", each) for each in together], notes)


def set_global(entry: AdvisedSetting, settings: Sequence[AdvisedSetting]) -> Written:
    """A setting changed until the next restart."""
    if entry.of_plugin:
        return left_out(entry, OF_A_PLUGIN)
    if entry.restart:
        return left_out(entry, f"it cannot be changed while this server runs: {IN_A_FILE}")
    together = _together(entry, settings)
    notes = [TOGETHER, NOT_KEPT] if len(together) > 1 else [NOT_KEPT]
    return Written([_set("GLOBAL", each) for each in together], notes)


def _together(
    entry: AdvisedSetting, settings: Sequence[AdvisedSetting]
) -> Sequence[AdvisedSetting]:
    """A setting alone, or both of IO_CAPACITY in the order that works from the defaults; with each
    of the two, so twice, it works for a running server from whatever it has."""
    both = [each for each in settings if each.emitted and each.setting in IO_CAPACITY]
    if entry not in both or len(both) == 1:
        return [entry]
    capacity, limit = both
    below = isinstance(limit.value, int) and limit.value < int(capacity.default or 0)
    return [capacity, limit] if below else [limit, capacity]


def argument(entry: AdvisedSetting) -> Written:
    """A setting on a command line."""
    return Written([yaml_item(f"--{entry.option.replace('_', '-')}={entry.rendered}")])


SQL_BEFORE_PERSIST: Final = Form(
    "innodb.sql.j2",
    lambda entry, settings, _: set_global(entry, settings),
    "Use: mysql < THIS, AND an option file (--format conf): SET PERSIST came with MySQL 8.0, so"
    " NOTHING OF THIS SURVIVES A RESTART.",
    "Such SQL was not run.",
    mark="--",
)
