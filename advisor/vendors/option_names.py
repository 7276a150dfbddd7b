"""Which option of MySQL or MariaDB a line names, as my_getopt finds it.

Prefixes are taken off one by one until the rest is the name of an option, and the last of them says
what it does: enable-skip-x switches x off. tests/servers/test_spellings.py asks the servers.
https://dev.mysql.com/doc/refman/8.4/en/option-modifiers.html

What is known need not be all that the server knows. A beginning that fits one known name is taken
for that, although the server may know a second and refuse it; one that fits several is ambiguous to
the server as well, if it knows them all. Whoever looks for danger looks at all the candidates.
"""

from collections.abc import Collection
from typing import Final

from advisor.vendors.option_values import Dialect
from advisor.vendors.syntax import Option, Unresolved
from advisor.vendors.values import lower

OWN_NAMES: Final = frozenset(
    {
        "innodb",  # the engine, and not a beginning of innodb_...
        "enable_cascade_triggers",
        "enable_secondary_engine_statistics",
        "skip_external_locking",
        "skip_grant_tables",
        "skip_host_cache",
        "skip_name_resolve",
        "skip_networking",
        "skip_new",
        "skip_replica_start",
        "skip_show_database",
        "skip_slave_start",
        "skip_stack_trace",
    }
)
"""Options that are called so, whatever they begin with: 5.7 to 9.7, 10.6 to 11.8."""

OFF: Final = "0"
ON: Final = "1"

_PREFIXES: Final = ("skip_", "disable_", "enable_", "maximum_", "loose_")
_ENGINE: Final = "innodb_"
"""What belongs to the engine goes by its name with plugin- before it, too. It is set by maximum-,
where the server's own options refuse that or get another limit."""


def resolve(
    name: str, text: str | None, known: Collection[str], dialect: Dialect
) -> Option | Unresolved:
    """What a line of an option file sets.

    `name` as it is written, - or _, loose- included; `text` without quotes, None where there is no
    =. `known`: names with underscores, of that version if beginnings of names are to be told apart.
    """
    rest = lower(name) if dialect.any_case else name
    rest = rest.replace("-", "_")
    if dialect.drops_component and "." in rest[1:-1]:
        rest = rest[rest.index(".", 1) + 1 :]
    prefixes = [*_PREFIXES, "autoset_"] if dialect.autoset else [*_PREFIXES]
    names = OWN_NAMES.union(known)
    last, loose = "", False
    while not (found := _named(rest, names, dialect)):
        prefix = next((prefix for prefix in prefixes if rest.startswith(prefix)), None)
        if prefix is None or rest == prefix:
            break
        rest, last, loose = rest.removeprefix(prefix), prefix, loose or prefix == "loose_"
    if len(found) > 1:
        return Unresolved(f"may be {' or '.join(found)}", found, loose)
    if not found:
        bare = f"{last}{rest}" if last == "maximum_" else rest
        return _switched(Option(bare, text, loose, known=False), last)
    (full,) = found
    if last == "maximum_" and not full.startswith(_ENGINE):
        return Unresolved("the server does not let a maximum of it be set", found, loose)
    if last == "autoset_":
        return Unresolved("few options can be set automatically", found, loose)
    return _switched(Option(full, text, loose, shortened=full not in _spellings(rest)), last)


def _named(written: str, names: Collection[str], dialect: Dialect) -> tuple[str, ...]:
    """The name that is written, or all that begin so."""
    for spelling in _spellings(written):
        if spelling in names:
            return (spelling,)
    if not dialect.prefixes:
        return ()
    begun = {name for name in names for part in _spellings(written) if name.startswith(part)}
    if "plugin_".startswith(written):
        begun |= {name for name in names if name.startswith(_ENGINE)}
    return tuple(sorted(begun))


def _spellings(written: str) -> tuple[str, ...]:
    """What is written, and without plugin_ if an option of the engine may follow."""
    bare = written.removeprefix("plugin_")
    of_the_engine = bare != written and (bare.startswith(_ENGINE) or _ENGINE.startswith(bare))
    return (written, bare) if of_the_engine else (written,)


def _switched(option: Option, prefix: str) -> Option:
    """What the prefix makes of the value: it looks at nothing but whether that is 0."""
    if prefix not in ("skip_", "disable_", "enable_"):
        return option
    on = (prefix == "enable_") is not (option.text == OFF)
    return Option(option.name, ON if on else OFF, option.loose, on, option.shortened, option.known)
