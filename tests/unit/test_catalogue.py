"""profiles/: an incomplete or contradictory file is fatal, and the error names file and field."""

import json
from pathlib import Path

import pytest

from advisor import knowledge
from advisor.advice import RuleId
from advisor.errors import KnowledgeError, UsageError
from advisor.knowledge import (
    find_setting,
    load_all_settings,
    load_assumptions,
    load_settings,
    load_storage_knowledge,
    settings_json,
)
from advisor.resources import resource_dir
from advisor.rules.catalogue import Setting

SETTING = """
summary = "How much may be lost."
group = "commit"
in_a_group = "agreed"
states_durability = true

[[spec]]
vendor = "mysql"
since = "5.7"
until = "8.0"
type = "integer"
unit = "kB"
min = "1MB"
max = 10240
multiple_of = 4
default = "4MB"
restart = true
doc = "https://example.org/mysql"

[[spec]]
vendor = "mariadb"
type = "enum"
choices = ["a", "b"]
default_note = "as the weather is"
restart = false
doc = "https://example.org/mariadb"

[[rule]]
name = "relaxed"
when = { durability = { is = "loses-recent-on-crash" }, cpu_count = { between = [1, 5] } }
value = "8MB"
durability = "loses-recent-on-crash"
loss_window_ms = 1000
reason = "With {cpu_count} processors {value} beats {default}."
sources = ["https://example.org/relaxed"]

[[rule]]
name = "share"
vendor = "mysql"
since = "5.7"
formula = { name = "share", fact = "memory_bytes", percent = 5 }
reason = "A share of {memory_bytes}."
sources = ["measured: by hand"]

[[rule]]
name = "default"
leave_default = true
reason = "Nothing better is known."
sources = ["https://example.org/default"]
"""


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A profiles folder of its own, with our storage knowledge and one setting of InnoDB."""
    profiles = tmp_path / "profiles"
    (profiles / "innodb").mkdir(parents=True)
    (profiles / "postgresql").mkdir()
    (profiles / "storage").mkdir()
    (profiles / "innodb" / "loss.toml").write_text(SETTING)
    ours = resource_dir("profiles")
    for name in ("storage/classes", "storage/trust", "storage/references", "assumptions"):
        (profiles / f"{name}.toml").write_text((ours / f"{name}.toml").read_text())
    monkeypatch.setattr(knowledge, "resource_dir", lambda name: tmp_path / name)
    return profiles


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, old
    path.write_text(text.replace(old, new, 1))


def test_the_file_below_is_complete(profiles: Path) -> None:
    (setting,) = load_settings("innodb")
    assert (setting.name, setting.engine) == ("loss", "innodb")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        # the file
        ("summary", "sum mary", "Expected '=' after a key"),
        ('summary = "How much may be lost."\n', "", "summary: Field required"),
        ("How much may be lost.", "Loss.", "summary: String should have at least 10 characters"),
        ('group = "commit"', 'group = "odd"', "group: Input should be 'commit', 'replication',"),
        ('group = "commit"', "", "group: Field required"),
        ('in_a_group = "agreed"', "", "in_a_group: Field required"),
        ('in_a_group = "agreed"', 'in_a_group = "most"', "in_a_group: Input should be 'agreed'"),
        ('group = "commit"', 'group = "commit"\ncolour = 5', "colour: Extra inputs are not permit"),
        # a spec
        ('vendor = "mysql"\nsince', 'vendor = "oracle"\nsince', "spec.0.vendor: Input should be"),
        (
            'vendor = "mysql"\nsince',
            'vendor = "postgresql"\nsince',
            "postgresql does not belong to",
        ),
        ('vendor = "mariadb"', 'vendor = "mysql"', "two spec entries of mysql overlap"),
        (
            'since = "5.7"\nuntil = "8.0"',
            'since = "8.0"\nuntil = "8.0"',
            "spec.0: since",
        ),
        ('type = "integer"', 'type = "number"', "spec.0.type: Input should be 'integer'"),
        ('unit = "kB"', 'unit = "GB"', "to 'GB'"),
        ('min = "1MB"\n', "", "spec.0: a number needs min and max"),
        ("max = 10240\n", "", "spec.0: a number needs min and max"),
        ("max = 10240", "max = 1023", "spec.0: min 1024 is above max 1023"),
        ('min = "1MB"', 'min = "1MX"', "'1MX' is not a size"),
        ('min = "1MB"', 'min = "1500B"', "'1500B' is not a whole number of kB"),
        (
            'default = "4MB"',
            "default = 4098",
            "spec.0: the default 4098 is not a mult",
        ),
        (
            'default = "4MB"',
            'default = "11MB"',
            "spec.0: the default 11264 is outside",
        ),
        (
            'default = "4MB"',
            "default = 1020",
            "spec.0: the default 1020 is outside 1024",
        ),
        (
            'default = "4MB"',
            "default = true",
            "spec.0: the default True is not of type",
        ),
        ('default = "4MB"\n', "", "spec.0: without a default, default_note must say"),
        ('choices = ["a", "b"]', "", "spec.1: an enum needs choices"),
        (
            'default_note = "as the weather is"',
            'default = "c"',
            "the default 'c' is not one of a, b",
        ),
        ("restart = true\n", "", "spec.0.restart: Field required"),
        ('doc = "https://example.org/mysql"\n', "", "spec.0.doc: Field required"),
        (
            "https://example.org/mysql",
            "the manual",
            "spec.0.doc: a source is an https",
        ),
        (
            "restart = true",
            "restart = true\ncolour = 5",
            "spec.0.colour: Extra inputs are not perm",
        ),
        # a rule
        ('name = "relaxed"\n', "", "rule.0.name: Field required"),
        ('name = "relaxed"', 'name = "Relaxed"', "rule.0.name: String should match pattern"),
        ('name = "share"\nvendor', 'name = "default"\nvendor', "two rules are called default"),
        (
            'value = "8MB"\n',
            "",
            "rule.0: a rule has exactly one of value, formula and",
        ),
        (
            "leave_default = true",
            "leave_default = true\nvalue = 5",
            "rule.2: a rule has",
        ),
        (
            "leave_default = true",
            "leave_default = false",
            "rule.2: a rule has exactly",
        ),
        (
            'vendor = "mysql"\nsince = "5.7"\nformula',
            'since = "5.7"\nformula',
            "since and until need",
        ),
        (
            'since = "5.7"\nformula',
            'since = "5.7"\nuntil = "5.6"\nformula',
            "since 5.7 is not before",
        ),
        ('since = "5.7"\nformula', 'since = "new"\nformula', "'new' is not a version"),
        (
            "loss_window_ms = 1000\n",
            "",
            "rule.0: loss_window_ms goes with a durability",
        ),
        (
            "loss_window_ms = 1000",
            "loss_window_ms = 0",
            "rule.0.loss_window_ms: Input should be gre",
        ),
        (
            'durability = "loses-recent-on-crash"\n',
            "",
            "rule.0: loss_window_ms goes with a durability",
        ),
        (
            'durability = "loses-recent-on-crash"\n',
            'durability = "careless"\n',
            "rule.0.durability: Input should be 'durable',",
        ),
        (
            "leave_default = true",
            "leave_default = true\nloss_groups_max = 5",
            "loss_groups_max goes",
        ),
        ("cpu_count = {", "cpus = {", "rule.0: no such fact: cpus"),
        ("{ between = [1, 5] }", "{ between = [5, 1] }", "rule.0.when: between takes"),
        ("{ between = [1, 5] }", "{}", "rule.0.when.cpu_count: a condition needs"),
        ("{ between = [1, 5] }", '{ is = "many" }', "cpu_count is a number, it cannot be 'many'"),
        ("{ between = [1, 5] }", "{ is = true }", "cpu_count is a number, it cannot be True"),
        ('{ is = "loses-recent-on-crash" }', '{ is = "strict" }', "durability is one of durable,"),
        (
            '{ is = "loses-recent-on-crash" }',
            "{ below = 5 }",
            "durability is a text; at_least, bel",
        ),
        ('{ is = "loses-recent-on-crash" }', "{ at_least = 5 }", "durability is a text; at_least,"),
        ("memory_bytes", "memory_size", "rule.1: no such fact: memory_size"),
        ('fact = "memory_bytes"', 'fact = "filesystem"', "filesystem is a text, a formula needs"),
        ('name = "share", ', 'name = "guess", ', "rule.1.formula: Input tag 'guess'"),
        ("percent = 5", "percent = -5", "rule.1.formula.share.percent: Input should be greater"),
        ("{cpu_count} proc", "{cpus} proc", "rule.0: the reason shows {cpus}, which"),
        ("{cpu_count} proc", "{} proc", "rule.0: the reason shows {}, which nothing"),
        ("{cpu_count} proc", "{cpu_count proc", "rule.0: "),
        ("Nothing better is known.", "Why not.", "rule.2.reason: String should have at least 10"),
        ('sources = ["measured: by hand"]', "sources = []", "rule.1.sources: Tuple should have at"),
        ('sources = ["measured: by hand"]', "", "rule.1.sources: Field required"),
        (
            "measured: by hand",
            "http://example.org",
            "rule.1.sources.0: a source is an",
        ),
        (
            "leave_default = true",
            "leave_default = true\nprice = 5",
            "rule.2.price: Extra inputs are",
        ),
    ],
)
def test_a_setting_that_is_incomplete_or_contradicts_itself_is_fatal(
    profiles: Path, old: str, new: str, message: str
) -> None:
    path = profiles / "innodb" / "loss.toml"
    change(path, old, new)
    with pytest.raises(KnowledgeError) as fatal:
        load_settings("innodb")
    assert fatal.value.message.startswith(f"{path}: ")
    assert message in fatal.value.message


def test_a_setting_without_specs_or_rules_is_fatal(profiles: Path) -> None:
    path = profiles / "innodb" / "loss.toml"
    whole = path.read_text()
    path.write_text(whole.split("[[rule]]")[0])
    with pytest.raises(KnowledgeError, match=r"loss.toml: rule: Field required"):
        load_settings("innodb")
    path.write_text(whole.split("[[spec]]")[0] + "[[rule]]" + whole.split("[[rule]]")[3])
    with pytest.raises(KnowledgeError, match=r"loss.toml: spec: Field required"):
        load_settings("innodb")


def test_an_engine_without_settings_is_fatal(profiles: Path) -> None:
    with pytest.raises(KnowledgeError) as fatal:
        load_settings("postgresql")
    assert fatal.value.message == f"{profiles / 'postgresql'} holds no settings"


def test_one_bad_file_among_good_ones_is_fatal(profiles: Path) -> None:
    (profiles / "innodb" / "zz.toml").write_text("group = 5")
    with pytest.raises(KnowledgeError, match=r"zz\.toml: "):
        load_settings("innodb")


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("storage/classes", 'id = "memory"\n', "", "class.0.id: Field required"),
        (
            "storage/classes",
            "rotational =",
            "spinning =",
            "class.4: no such fact of a",
        ),
        ("storage/classes", 'medium = "hdd"', 'medium = "tape"', "class.4.medium: Input should be"),
        ("storage/classes", "virtual_models", "models", "virtual_models: Field required"),
        (
            "storage/classes",
            'id = "unknown-slow"',
            'id = "unknown-slow"\nwhen = { sync_us = { at_least = 3000 } }',
            "the last class must fit every drive",
        ),
        (
            "storage/classes",
            "typical_sync_us = [25, 100]",
            "typical_sync_us = [100, 25]",
            "typical_sync_us: at best, then at worst",
        ),
        (
            "storage/classes",
            "typical_sync_us = [25, 100]",
            "typical_sync_us = [0, 100]",
            "typical_sync_us.0: Input should be greater than 0",
        ),
        ("storage/trust", 'id = "ratio"', 'id = "feeling"', "there is no check 'feeling'"),
        ("storage/trust", 'id = "ratio"', 'id = "rotation"', "rotation takes the limits"),
        ("storage/trust", 'id = "no-device"', 'id = "virtual-disk"', "cannot show ['why']"),
        ("storage/trust", "[[check]]", "[[Check]]", "Check: Extra inputs are not permitted"),
        (
            "storage/trust",
            'id = "remote-file-system"',
            'id = "memory-file-system"',
            "is needed once",
        ),
        (
            "storage/references",
            'cpu = "Intel Xeon E-2276G"\n',
            "",
            "reference.0.cpu: Field required",
        ),
        (
            "storage/references",
            "= 40473.06",
            '= "fast"',
            "reference.0.classic_4k_per_s: Input should",
        ),
        ("assumptions", "value = 1000\n", "", "expected_commits_per_s.value: Field required"),
        (
            "assumptions",
            "value = 1000",
            "value = 0",
            "expected_commits_per_s.value: Input should be",
        ),
        (
            "assumptions",
            "[recovery_time_s]",
            "[recovery_time]",
            "it must hold just cores, cpu_us_per_txn, expected_commits",
        ),
    ],
)
def test_other_knowledge_that_is_incomplete_or_contradicts_itself_is_fatal(
    profiles: Path, name: str, old: str, new: str, message: str
) -> None:
    path = profiles / f"{name}.toml"
    change(path, old, new)
    with pytest.raises(KnowledgeError) as fatal:
        load_assumptions() if name == "assumptions" else load_storage_knowledge()
    assert fatal.value.message.startswith(f"{path}: ")
    assert message in fatal.value.message


@pytest.mark.parametrize(
    "name", ["storage/classes", "storage/trust", "storage/references", "assumptions"]
)
def test_a_file_that_is_missing_or_no_text_is_fatal(profiles: Path, name: str) -> None:
    path = profiles / f"{name}.toml"
    load = load_assumptions if name == "assumptions" else load_storage_knowledge
    path.write_bytes(b"\xff")
    with pytest.raises(KnowledgeError) as fatal:
        load()
    assert fatal.value.message.startswith(f"{path}: ")
    path.unlink()
    with pytest.raises(KnowledgeError) as fatal:
        load()
    assert fatal.value.message == f"{path} cannot be read: No such file or directory"


# What a file says is what is known of it


def test_sizes_are_converted_to_the_servers_unit(profiles: Path) -> None:
    mysql, mariadb = load_settings("innodb")[0].spec
    assert (mysql.min, mysql.max, mysql.default) == (1024, 10240, 4096)
    assert (mysql.since, mysql.until) == ((5, 7), (8, 0))
    assert mariadb.default is None
    assert mysql.in_server_unit(1_048_576) == 1024
    assert mysql.in_server_unit(2047) == 1
    assert mariadb.in_server_unit(2047) == 2047  # without a unit


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (1023, "1023 is outside 1024 to 10240"),
        (10241, "10241 is outside 1024 to 10240"),
        (1025, "1025 is not a multiple of 4"),
        (True, "True is not of type integer"),
        ("1024", "'1024' is not of type integer"),
        (1024.0, "1024.0 is not of type integer"),
        (1024, None),
        (10240, None),
    ],
)
def test_what_the_server_would_not_take(
    profiles: Path, value: int | str | float, problem: str | None
) -> None:
    assert load_settings("innodb")[0].spec[0].problem_with(value) == problem


@pytest.mark.parametrize(
    ("vendor", "version", "found"),
    [
        ("mysql", (5, 6, 51), None),
        ("mysql", (5, 7), "mysql"),
        ("mysql", (7, 9), "mysql"),
        ("mysql", (8, 0), None),
        ("mariadb", (1,), "mariadb"),
        ("mariadb", (99,), "mariadb"),
        ("postgresql", (15,), None),
    ],
)
def test_a_version_has_the_spec_of_its_vendor_and_range(
    profiles: Path, vendor: str, version: tuple[int, ...], found: str | None
) -> None:
    spec = load_settings("innodb")[0].spec_for(vendor, version)  # type: ignore[arg-type]
    assert (spec.vendor if spec else None) == found


def test_defaults_differ_only_among_one_vendors_versions(profiles: Path) -> None:
    (setting,) = load_settings("innodb")
    assert not setting.defaults_differ("mysql")
    change(
        profiles / "innodb" / "loss.toml",
        "[[rule]]",
        '[[spec]]\nvendor = "mysql"\nsince = "8.0"\ntype = "integer"\nmin = 1\nmax = 9\n'
        'default = 5\nrestart = true\ndoc = "https://example.org"\n[[rule]]',
    )
    (setting,) = load_settings("innodb")
    assert setting.defaults_differ("mysql")
    assert not setting.defaults_differ("mariadb")


@pytest.mark.parametrize("newer_first", [False, True])
def test_ranges_that_touch_do_not_overlap(profiles: Path, newer_first: bool) -> None:
    head, mysql, rest = SETTING.split("[[spec]]")
    older = mysql.replace('until = "8.0"', 'until = "5.9"')
    newer = mysql.replace('since = "5.7"', 'since = "5.9"')
    specs = [newer, older] if newer_first else [older, newer]
    path = profiles / "innodb" / "loss.toml"
    path.write_text("[[spec]]".join([head, *specs, rest]))
    assert len(load_settings("innodb")[0].spec) == 3
    overlapping = path.read_text().replace('until = "5.9"', 'until = "5.9.1"')
    path.write_text(overlapping)
    with pytest.raises(KnowledgeError, match="two spec entries of mysql overlap"):
        load_settings("innodb")


def test_a_rule_needs_what_it_asks_computes_and_shows(profiles: Path) -> None:
    relaxed, share, default = load_settings("innodb")[0].rule
    assert relaxed.needed_facts == {"durability", "cpu_count"}
    assert share.needed_facts == {"memory_bytes"}
    assert default.needed_facts == frozenset()


def test_a_rules_id_says_where_it_stands(profiles: Path) -> None:
    (setting,) = load_settings("innodb")
    assert str(setting.rule_id(setting.rule[0])) == "innodb.loss.relaxed"
    assert setting.rule_of(RuleId("innodb", "loss", "relaxed")) is setting.rule[0]


def test_as_json_a_setting_stands_as_in_its_file(profiles: Path) -> None:
    text = settings_json(load_settings("innodb"))
    assert text.endswith("]\n")
    (setting,) = json.loads(text)
    assert (setting["engine"], setting["name"], setting["group"]) == ("innodb", "loss", "commit")
    assert (setting["spec"][0]["since"], setting["spec"][1]["since"]) == ("5.7", None)
    relaxed = setting["rule"][0]
    assert relaxed["when"]["durability"]["is"] == "loses-recent-on-crash"
    assert relaxed["when"]["cpu_count"]["at_least"] == 1


# Our own files


def test_settings_come_by_group_and_name() -> None:
    order = ["commit", "replication", "log", "checkpoint", "io", "memory"]
    for engine in ("innodb", "postgresql"):
        names = [(order.index(setting.group), setting.name) for setting in load_settings(engine)]
        assert names == sorted(names)
        assert len(names) > 15


def test_all_settings_are_those_of_both_engines() -> None:
    assert load_all_settings() == (*load_settings("innodb"), *load_settings("postgresql"))


RULES_LIST = "see: fsync-advisor rules list"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("", RULES_LIST),
        ("fsync_method", "did you mean postgresql.wal_sync_method?"),
        ("postgresql.sync_binlog", "did you mean postgresql.fsync?"),
        ("mysql.sync_binlog", "did you mean innodb.sync_binlog?"),
        (
            "innodb.sync_binlog.careless",
            "did you mean innodb.sync_binlog.relaxed or innodb.sync_binlog?",
        ),
        ("innodb.sync_binlog.relaxed.more", "did you mean innodb.sync_binlog.relaxed?"),
        ("sync_binlog.careless", "did you mean innodb.sync_binlog.relaxed?"),
        ("innodb", RULES_LIST),
        ("innodb.", RULES_LIST),
    ],
)
def test_a_setting_or_rule_we_do_not_have_is_refused_by_name(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as refusal:
        find_setting(name)
    assert refusal.value.message == f"there is no rule or setting {name!r}"
    assert refusal.value.hint == hint


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("sync_binlog", None),
        ("innodb.sync_binlog", None),
        ("innodb.sync_binlog.relaxed", "relaxed"),
        ("sync_binlog.relaxed", "relaxed"),
    ],
)
def test_a_setting_or_rule_is_found_by_name(name: str, rule: str | None) -> None:
    setting, rule_name = find_setting(name)
    assert isinstance(setting, Setting)
    assert (setting.engine, setting.name, rule_name) == ("innodb", "sync_binlog", rule)
