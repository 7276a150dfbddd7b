"""Which host is in which group: TOML by hand, JSON by Ansible, and what is no such file."""

import json

import pytest

from advisor.errors import UsageError
from advisor.fleet.inventory import Inventory, host_of, is_elsewhere
from advisor.importers.groups_file import parse_inventory
from tests.support.drives import UNKNOWN, measurement

TWO = """
[oltp]
hosts = ["db-01", "db-02"]
db_version = "17"

[olap]
hosts = ["db-03"]
"""

# Written by ansible-inventory 2.19 --list for an inventory of two groups below one, shortened.
OF_ANSIBLE = json.dumps(
    {
        "_meta": {"hostvars": {"db-01": {"ansible_host": "192.0.2.1"}}, "profile": "inventory"},
        "all": {"children": ["ungrouped", "databases"]},
        "databases": {"children": ["primaries", "replicas", "none_yet"]},
        "primaries": {"hosts": ["db-01", "db-02"]},
        "replicas": {"hosts": ["db-03"]},
        "ungrouped": {"hosts": ["jump"]},
    }
)


def groups(inventory: Inventory) -> dict[str, tuple[str, ...]]:
    return {group.name: group.hosts for group in inventory.groups}


def test_a_table_for_each_group() -> None:
    found = parse_inventory(TWO, "g.toml")
    assert groups(found) == {"oltp": ("db-01", "db-02"), "olap": ("db-03",)}
    assert [group.db_version for group in found.groups] == ["17", None]
    assert found.group_of == {"db-01": "oltp", "db-02": "oltp", "db-03": "olap"}


def test_only_the_groups_that_are_wanted() -> None:
    found = parse_inventory(TWO, "g.toml", ["olap"])
    assert groups(found) == {"olap": ("db-03",)}
    assert found.group_of == {"db-03": "olap"}


def test_of_ansible_every_group_with_hosts_but_the_ungrouped() -> None:
    found = parse_inventory(OF_ANSIBLE, "inventory.json")
    assert groups(found) == {"primaries": ("db-01", "db-02"), "replicas": ("db-03",)}


def test_a_group_that_is_wanted_has_its_childrens_hosts() -> None:
    found = parse_inventory(OF_ANSIBLE, "inventory.json", ["databases"])
    assert groups(found) == {"databases": ("db-01", "db-02", "db-03")}
    assert groups(parse_inventory(OF_ANSIBLE, "i", ["ungrouped"])) == {"ungrouped": ("jump",)}


def test_groups_that_are_each_others_children_end() -> None:
    text = json.dumps({"a": {"children": ["b"], "hosts": ["x"]}, "b": {"children": ["a"]}})
    assert groups(parse_inventory(text, "i", ["b"])) == {"b": ("x",)}


@pytest.mark.parametrize(
    ("text", "wanted", "told"),
    [
        ('[a]\nhosts = ["x"]\n[b]\nhosts = ["x"]', (), "g: x is in a and in b"),
        ('[a]\nhosts = ["x", "y", "x"]', (), "g: x stands twice in a"),
        ('[a]\nhost = ["x"]', (), "g: group a has a key 'host'"),
        ('[a]\nhosts = ["x"]\nchildren = ["b"]', (), "has 'b' among its children, which is no"),
        ('[a]\nhosts = "x"', (), "g is no groups file: a.hosts: Input should be a valid list"),
        ("[a]\nhosts = [5]", (), "g is no groups file: a.hosts.0: Input should be a valid string"),
        ('[a]\nhosts = ["../x"]', (), "'../x' cannot be the name of a file"),
        ('[a]\nhosts = [""]', (), "'' cannot be the name of a file"),
        ('["-a"]\nhosts = ["x"]', (), "'-a' cannot be the name of a file"),
        ("a = 5", (), "g is no groups file: a: Input should be a valid dictionary"),
        ("[a\n", (), "g is no TOML: "),
        ('{"a": ', (), "g is no JSON: "),
        ("[" * 100_000, (), "g is no TOML: "),
        ('{"a":' * 100_000, (), "g is no JSON: "),
        ('{"a": {"hosts": ["x"]}, "a": {}}', (), "g: 'a' stands twice in one object"),
        ("", (), "g has no group with hosts"),
        ("[a]\nhosts = []", (), "g has no group with hosts"),
        (TWO, ("oltp", "web"), "g has no group 'web'"),
        (OF_ANSIBLE, ("databases", "replicas"), "db-03 is in databases and in replicas"),
        ('{"a": {"hosts": ["x"]}, "b": {"children": []}}', ("b",), "g: b has no hosts"),
    ],
)
def test_what_is_refused(text: str, wanted: tuple[str, ...], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_inventory(text, "g", wanted)
    assert told in caught.value.message
    assert "\n" not in caught.value.message


# Which host a result is of

INVENTORY = parse_inventory(TWO, "g.toml")


@pytest.mark.parametrize(
    ("stem", "host_name", "host"),
    [
        ("db-01", None, "db-01"),
        ("db-01", "db-01", "db-01"),
        ("db-01", "some-other-name", "db-01"),
        ("drive", "db-02", "db-02"),
        ("drive", "elsewhere", None),
        ("drive", None, None),
    ],
)
def test_a_file_s_name_then_the_host_s_own(
    stem: str, host_name: str | None, host: str | None
) -> None:
    made = measurement()
    named = made.environment.model_copy(update={"host_name": host_name or UNKNOWN})
    result = made.model_copy(update={"environment": named})
    assert host_of(stem, result, INVENTORY) == host


def test_hosts_of_groups_that_are_not_wanted_are_elsewhere() -> None:
    """As the name of the file says, or else the host's own."""
    oltp = parse_inventory(TWO, "g.toml", ["oltp"])
    assert oltp.elsewhere == {"db-03"}
    assert parse_inventory(TWO, "g.toml").elsewhere == set()
    assert parse_inventory(OF_ANSIBLE, "i", ["replicas"]).elsewhere == {"db-01", "db-02"}
    made = measurement()
    named = made.environment.model_copy(update={"host_name": "db-01"})
    result = made.model_copy(update={"environment": named})
    assert host_of("db-03", result, oltp) is None
    assert is_elsewhere("db-03", result, oltp)
    assert is_elsewhere("drive", result, parse_inventory(TWO, "g.toml", ["olap"]))
    assert not is_elsewhere("drive", made, oltp)


def test_a_file_named_after_another_host_is_a_mistake() -> None:
    made = measurement()
    named = made.environment.model_copy(update={"host_name": "db-02"})
    with pytest.raises(UsageError, match="named after db-01, and was measured on db-02"):
        host_of("db-01", made.model_copy(update={"environment": named}), INVENTORY)
