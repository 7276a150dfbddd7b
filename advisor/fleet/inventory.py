"""Which host belongs to which group: the tables that advisor/importers/groups_file.py reads.

Virtual machines have no drive model, and of a drive's model
nobody is responsible for anything: so the inventory says who belongs together.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Final, NamedTuple

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from advisor.errors import UsageError
from advisor.measurement import Measurement
from advisor.measurement_file import first_problem
from advisor.model import Model, Unknown
from advisor.roles import Role
from advisor.vendors.names import ClusterName

OF_ANSIBLE: Final = frozenset({"all", "ungrouped"})
"""Groups that every inventory has, and that nobody made: taken only by name."""
_META: Final = "_meta"

FORM: Final = 'a table for each group: [oltp], and below it hosts = ["db-01", "db-02"]'

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:-]{0,199}")


def _file_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"{text[:60]!r} cannot be the name of a file, and each group and host has one: take"
            " letters, digits and . _ - :"
        )
    return text


FileName = Annotated[str, AfterValidator(_file_name)]


class _Table(Model):
    """One group as it is written."""

    hosts: list[FileName] = Field(default_factory=list)
    children: list[str] = Field(default_factory=list)
    """Groups whose hosts are this one's, too."""
    db_version: str | None = Field(default=None, max_length=100)
    role: Role | None = None
    cluster: ClusterName | None = None


_TABLES: Final = TypeAdapter(dict[FileName, _Table])


class HostGroup(NamedTuple):
    """Hosts that shall have the same settings."""

    name: str
    hosts: tuple[str, ...]
    db_version: str | None = None
    """The version of their server, where the file says it; as all that follows."""
    role: Role | None = None
    """What each of them is to others with the same data."""
    cluster: ClusterName | None = None
    """Of which kind of cluster each is a part."""


class Inventory(NamedTuple):
    """The groups that count. No host is in two of them."""

    groups: tuple[HostGroup, ...]
    group_of: Mapping[str, str]
    """Host -> the name of its group."""
    elsewhere: frozenset[str] = frozenset()
    """Hosts of groups that were not wanted."""


def inventory_of(
    raw: Mapping[str, Any], name: str, wanted: Collection[str] = (), *, by_hand: bool
) -> Inventory:
    """The groups of a file, which messages call `name`; of these only the `wanted` ones, if any.

    Without `wanted` each group counts that has hosts itself; a group that is wanted has the hosts
    of its children, too. `by_hand`: what Ansible has besides is a slip. Raises UsageError.
    """
    tables = _tables(raw, name, by_hand=by_hand)
    for each in wanted:
        if each not in tables:
            known = ", ".join(sorted(tables)[:20])
            raise UsageError(f"{name} has no group {each!r}", f"it has {known}")
    usual = [each for each, table in tables.items() if table.hosts and each not in OF_ANSIBLE]
    chosen = list(dict.fromkeys(wanted)) or usual
    groups = tuple(_group(each, tables, name) for each in chosen)
    group_of = _group_of(groups, name)
    all_hosts = {host for each in usual for host in tables[each].hosts}
    return Inventory(groups, group_of, frozenset(all_hosts - group_of.keys()))


def _tables(raw: Mapping[str, Any], name: str, *, by_hand: bool) -> dict[str, _Table]:
    raw = {group: table for group, table in raw.items() if group != _META}
    try:
        tables = _TABLES.validate_python(raw)
    except ValidationError as error:
        raise UsageError(f"{name} is no groups file: {first_problem(error)}", FORM) from error
    for group, table in tables.items():
        if by_hand:
            strangers = raw[group].keys() - _Table.model_fields.keys()
            _require_no_slip(group, table, strangers, tables, name)
        host, times = next(iter(Counter(table.hosts).most_common(1)), ("", 0))
        if times > 1:
            raise UsageError(f"{name}: {host} stands twice in {group}", "name each host once")
    if not any(table.hosts for table in tables.values()):
        raise UsageError(f"{name} has no group with hosts", FORM)
    return tables


def _require_no_slip(
    group: str, table: _Table, strangers: Collection[str], groups: Collection[str], name: str
) -> None:
    """Ansible has more to say of a group, and leaves out those that are empty; by hand that is a
    slip. Raises UsageError."""
    if strangers:
        known = ", ".join(_Table.model_fields)
        raise UsageError(
            f"{name}: group {group} has a key {min(strangers)!r}", f"a group has {known}"
        )
    for child in table.children:
        if child not in groups:
            raise UsageError(f"{name}: {group} has {child!r} among its children, which is no group")


def _group(name: str, tables: Mapping[str, _Table], file: str) -> HostGroup:
    hosts = dict.fromkeys(_hosts_below(name, tables, set()))
    if not hosts:
        raise UsageError(f"{file}: {name} has no hosts", FORM)
    table = tables[name]
    return HostGroup(name, tuple(hosts), table.db_version, table.role, table.cluster)


def _hosts_below(name: str, tables: Mapping[str, _Table], seen: set[str]) -> Iterator[str]:
    if name in seen or name not in tables:
        return
    seen.add(name)
    yield from tables[name].hosts
    for child in tables[name].children:
        yield from _hosts_below(child, tables, seen)


def _group_of(groups: Collection[HostGroup], file: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for group in groups:
        for host in group.hosts:
            if host in found:
                raise UsageError(
                    f"{file}: {host} is in {found[host]} and in {group.name}",
                    "a host has one group: --group NAME takes only those that are named",
                )
            found[host] = group.name
    return found


def host_of(stem: str, measurement: Measurement, inventory: Inventory) -> str | None:
    """Which host of the inventory a result is of: by the name of its file without the ending, else
    by the host's own name. None: of none. Raises UsageError where the two are different hosts."""
    own = _own_name(measurement)
    if stem not in inventory.group_of:
        return own if own in inventory.group_of and stem not in inventory.elsewhere else None
    if own in inventory.group_of and own != stem:
        raise UsageError(f"the file is named after {stem}, and was measured on {own}")
    return stem


def is_elsewhere(stem: str, measurement: Measurement, inventory: Inventory) -> bool:
    """Whether a result that is of no host of the inventory is of one of another group."""
    return not inventory.elsewhere.isdisjoint({stem, _own_name(measurement) or ""})


def _own_name(measurement: Measurement) -> str | None:
    told = measurement.environment.host_name
    return None if isinstance(told, Unknown) else told
