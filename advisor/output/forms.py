"""The forms in which settings are handed over: a file of the server's own, SQL, or YAML for whoever
runs the server. A form is a template, and how one setting is written in it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from advisor.advice import Advice, Recommendation
from advisor.errors import UsageError
from advisor.versions import VENDOR_NAMES, VENDORS, NumericVersion, Vendor, parse_version

FormName = Literal["conf", "sql", "patroni", "cloudnativepg", "compose"]

PERSISTS_SINCE: Final = (8, 0)
"""Since when MySQL has SET PERSIST. MariaDB has none."""

NOT_PERSISTED: Final = "MySQL calls it a non persistent variable"
FIXED_AT_START_SINCE: Final[Mapping[str, tuple[NumericVersion, str]]] = {
    "innodb_buffer_pool_size": (
        (11,),
        "a running MariaDB takes no more than innodb_buffer_pool_size_max, with which it started",
    )
}
"""Setting -> since when MariaDB changes it in name only while it runs, and why. Tried on 11.8,
where it does not grow, and on 10.11, where it does; what lies between is taken to be as 11.8."""

IO_CAPACITY: Final = ("innodb_io_capacity", "innodb_io_capacity_max")
"""A limit and what it limits. Of these MySQL cuts the one that is set down, or up, to the other as
that is then; when it starts it does so once more, in the order in which they were persisted."""

NOT_IN_CLOUDNATIVEPG: Final = {
    "full_page_writes": "the operator has it on, and some of its versions let nobody set it",
    "data_sync_retry": "the operator lets nobody set it",
}
"""Setting -> why. The operator's documentation once called the first fixed
(docs/src/postgresql_conf.md, 4e7bcbd); the second is the only one of ours among its
FixedConfigurationParameters (pkg/postgres/configuration.go, b122f63)."""

NEEDS_RESTART: Final = "Takes effect at the next restart."
NOT_KEPT: Final = "NOT KEPT: a restart takes it back, unless an option file has it, too."
TOGETHER: Final = "Both, and twice, for a running server changes one to fit the other."
TOGETHER_AT_START: Final = "Take both out of option files: MySQL does that at its start, too."
IN_A_FILE: Final = "it belongs into an option file (--format conf)"


@dataclass(frozen=True, slots=True)
class Written:
    """One setting as a form has it."""

    lines: Sequence[str] = ()
    notes: Sequence[str] = ()
    """What stands above the lines; why there are none."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way to hand settings over."""

    template: str
    write: Callable[[Advice, Recommendation], Written]
    placement: str = ""
    """What to do with it. Empty: what one does with the server's own files."""
    tried: str = ""
    """Who has read such a form in tests/servers/test_forms.py and tests/unit/test_forms.py."""
    mark: str = "#"
    """What opens a comment."""
    indent: str = ""


def form_of(name: FormName, vendor: Vendor, version: NumericVersion) -> Form:
    """Raises UsageError where the server is not run that way."""
    if (name, vendor) == ("sql", "mysql") and version < PERSISTS_SINCE:
        return SQL_BEFORE_PERSIST
    if form := FORMS.get((name, vendor)):
        return form
    others = " and ".join(VENDOR_NAMES[one] for one in VENDORS if (name, one) in FORMS)
    forms = ", ".join(one for one, other in FORMS if other == vendor)
    raise UsageError(
        f"--format {name} is for {others}, not for {VENDOR_NAMES[vendor]}",
        f"{VENDOR_NAMES[vendor]} has {forms} and json",
    )


def image_of(advice: Advice) -> str:
    """The official container image of the server's release series, as a YAML scalar."""
    version = parse_version(advice.engine_version)
    series = version[:1] if advice.engine == "postgresql" else version[:2]
    tag = "postgres" if advice.engine == "postgresql" else advice.engine
    return _quoted(f"{tag}:{'.'.join(map(str, series))}")


def program_of(advice: Advice) -> str:
    """The server's program in that image, as a YAML scalar."""
    programs = {"postgresql": "postgres", "mysql": "mysqld", "mariadb": "mariadbd"}
    return _quoted(programs[advice.engine])


def _conf(_: Advice, entry: Recommendation) -> Written:
    return Written([f"{entry.setting} = {entry.rendered}"])


def _alter_system(_: Advice, entry: Recommendation) -> Written:
    value = entry.rendered.replace("'", "''")
    return Written([f"ALTER SYSTEM SET {entry.setting} = '{value}';"], _restart(entry))


def _set_persist(advice: Advice, entry: Recommendation) -> Written:
    if not entry.persistable:
        return _left_out(entry, f"{NOT_PERSISTED}: {IN_A_FILE}")
    if entry.restart:
        return Written([_set("PERSIST_ONLY", entry)], [NEEDS_RESTART])
    together = _together(advice, entry)
    notes = [TOGETHER, TOGETHER_AT_START] if len(together) > 1 else []
    return Written([_set("PERSIST", one) for one in together], notes)


def _set_global(advice: Advice, entry: Recommendation) -> Written:
    if entry.restart:
        return _left_out(entry, f"it cannot be changed while this server runs: {IN_A_FILE}")
    since, why = FIXED_AT_START_SINCE.get(entry.setting, (None, ""))
    if advice.engine == "mariadb" and since and parse_version(advice.engine_version) >= since:
        return _left_out(entry, f"{why}: {IN_A_FILE}")
    together = _together(advice, entry)
    notes = [TOGETHER, NOT_KEPT] if len(together) > 1 else [NOT_KEPT]
    return Written([_set("GLOBAL", one) for one in together], notes)


def _together(advice: Advice, entry: Recommendation) -> list[Recommendation]:
    """A setting alone, or both of IO_CAPACITY in the order that works from the defaults; with each
    of the two, so twice, it works for a running server from whatever it has."""
    both = [one for one in advice.settings if one.emitted and one.setting in IO_CAPACITY]
    if entry not in both or len(both) == 1:
        return [entry]
    capacity, limit = both
    below = isinstance(limit.value, int) and limit.value < int(capacity.default or 0)
    return [capacity, limit] if below else [limit, capacity]


def _set(scope: str, entry: Recommendation) -> str:
    return f"SET {scope} {entry.setting} = {_literal(entry)};"


def _literal(entry: Recommendation) -> str:
    """A value in the SQL of MySQL and MariaDB, which has no K, M and G."""
    value = entry.value
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    if isinstance(value, int):
        return str(value)  # in the server's own unit, as SQL has it
    if isinstance(value, float):
        return repr(value)
    escaped = entry.rendered.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _patroni(_: Advice, entry: Recommendation) -> Written:
    """Numbers as numbers; the rest as strings, for YAML would make a truth value of on."""
    number = isinstance(entry.value, int | float) and not isinstance(entry.value, bool)
    plain = number and not entry.unit
    value = entry.rendered if plain else _quoted(entry.rendered)
    return Written([f"{entry.setting}: {value}"], _restart(entry))


def _cloudnativepg(_: Advice, entry: Recommendation) -> Written:
    """Strings, all of them."""
    if why := NOT_IN_CLOUDNATIVEPG.get(entry.setting):
        return _left_out(entry, why)
    return Written([f"{entry.setting}: {_quoted(entry.rendered)}"], _restart(entry))


def _argument(_: Advice, entry: Recommendation) -> Written:
    """For mysqld and mariadbd."""
    return Written([_item(f"--{entry.setting.replace('_', '-')}={entry.rendered}")])


def _two_arguments(_: Advice, entry: Recommendation) -> Written:
    """For postgres."""
    return Written([_item("-c"), _item(f"{entry.setting}={entry.rendered}")])


def _restart(entry: Recommendation) -> list[str]:
    return [NEEDS_RESTART] if entry.restart else []


def _left_out(entry: Recommendation, why: str) -> Written:
    return Written(notes=[f"NOT SET HERE: {entry.setting} = {entry.rendered}; {why}."])


def _item(text: str) -> str:
    """An item of a YAML list; Compose would put a variable where a single $ stands."""
    return f"- {_quoted(text.replace('$', '$$'))}"


def _quoted(text: str) -> str:
    """A YAML scalar: JSON's strings are YAML's, too."""
    return json.dumps(text, ensure_ascii=False)


def _compose(write: Callable[[Advice, Recommendation], Written]) -> Form:
    return Form(
        "compose.yaml.j2",
        write,
        "Use: name the service as yours is, then docker compose -f YOURS -f THIS up -d. Its command"
        " replaces the one you have; arguments win over every file.",
        "Such arguments were given to PostgreSQL 15, MySQL 9.7 and MariaDB 11.8, in no container.",
        indent="      ",
    )


SQL_BEFORE_PERSIST: Final = Form(
    "innodb.sql.j2",
    _set_global,
    "Use: mysql < THIS, AND an option file (--format conf): SET PERSIST came with MySQL 8.0, so"
    " NOTHING OF THIS SURVIVES A RESTART.",
    "Such SQL was not run.",
    mark="--",
)

FORMS: Final[Mapping[tuple[FormName, Vendor], Form]] = {
    ("conf", "mysql"): Form("innodb.cnf.j2", _conf),
    ("conf", "mariadb"): Form("innodb.cnf.j2", _conf),
    ("conf", "postgresql"): Form("postgresql.conf.j2", _conf),
    ("sql", "mysql"): Form(
        "innodb.sql.j2",
        _set_persist,
        "Use: mysql < THIS, with SYSTEM_VARIABLES_ADMIN and PERSIST_RO_VARIABLES_ADMIN. It goes"
        " into mysqld-auto.cnf, which wins over every option file.",
        "Such SQL was run on MySQL 9.7.",
        mark="--",
    ),
    ("sql", "mariadb"): Form(
        "innodb.sql.j2",
        _set_global,
        "Use: mariadb < THIS, AND an option file (--format conf): MariaDB has no SET PERSIST, so"
        " NOTHING OF THIS SURVIVES A RESTART.",
        "Such SQL was run on MariaDB 10.11 and 11.8.",
        mark="--",
    ),
    ("sql", "postgresql"): Form(
        "postgresql.sql.j2",
        _alter_system,
        "Use: psql -X -f THIS as a superuser, without -1. It goes into postgresql.auto.conf, which"
        " wins over postgresql.conf and what that includes.",
        "Such SQL was run on PostgreSQL 15 and 18.",
        mark="--",
    ),
    ("patroni", "postgresql"): Form(
        "patroni.yaml.j2",
        _patroni,
        "Use: patronictl edit-config --apply THIS CLUSTER; where a restart is needed, patronictl"
        " restart CLUSTER.",
        "Patroni 4.1 takes such parameters unchanged; no cluster was started.",
        indent="    ",
    ),
    ("cloudnativepg", "postgresql"): Form(
        "cloudnativepg.yaml.j2",
        _cloudnativepg,
        "Use: kubectl patch cluster NAME --type merge --patch-file THIS, or copy the parameters"
        " into your Cluster. The operator restarts instances where that is needed, and wants no"
        " less memory requested than shared_buffers takes.",
        "CloudNativePG's schema and its list of refused parameters allow this; none was started.",
        indent="      ",
    ),
    ("compose", "postgresql"): _compose(_two_arguments),
    ("compose", "mysql"): _compose(_argument),
    ("compose", "mariadb"): _compose(_argument),
}
