"""PostgreSQL's settings in each form, and how SQL writes strings and names."""

from collections.abc import Mapping, Sequence
from typing import Final

from advisor.vendors.forms import (
    AdvisedSetting,
    Form,
    FormName,
    Written,
    assignment,
    compose_form,
    left_out,
    patch_use,
    restart_note,
    yaml_item,
    yaml_scalar,
)
from advisor.versions import NumericVersion

NOT_IN_CLOUDNATIVEPG: Final = {
    "full_page_writes": "the operator has it on, and some of its versions let nobody set it",
    "data_sync_retry": "the operator lets nobody set it",
}
"""Setting -> why. The operator's documentation once called the first fixed
(docs/src/postgresql_conf.md, 4e7bcbd); the second is the only one of ours among its
FixedConfigurationParameters (pkg/postgres/configuration.go, b122f63)."""


def quoted_string(text: str) -> str:
    """A string of SQL and of postgresql.conf."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def identifier(name: str) -> str:
    """A name in SQL; what a terminal or a line would not keep is escaped."""
    doubled = name.replace('"', '""')
    if doubled.isprintable():
        return f'"{doubled}"'
    escaped = (
        each if each.isprintable() and each != "\\" else f"\\+{ord(each):06x}" for each in doubled
    )
    return f'U&"{"".join(escaped)}"'


def _alter_system(
    entry: AdvisedSetting, _: Sequence[AdvisedSetting], __: NumericVersion
) -> Written:
    statement = f"ALTER SYSTEM SET {entry.setting} = {quoted_string(entry.rendered)};"
    return Written([statement], restart_note(entry))


def _patroni(entry: AdvisedSetting, _: Sequence[AdvisedSetting], __: NumericVersion) -> Written:
    """Numbers as numbers; the rest as strings, for YAML would make a truth value of on."""
    number = isinstance(entry.value, int | float) and not isinstance(entry.value, bool)
    plain = number and not entry.unit
    value = entry.rendered if plain else yaml_scalar(entry.rendered)
    return Written([f"{entry.setting}: {value}"], restart_note(entry))


def _cloudnativepg(
    entry: AdvisedSetting, _: Sequence[AdvisedSetting], __: NumericVersion
) -> Written:
    if why := NOT_IN_CLOUDNATIVEPG.get(entry.setting):
        return left_out(entry, why)
    return _strings(entry)


def _strings(entry: AdvisedSetting, *_: object) -> Written:
    """Strings, all of them."""
    return Written([f"{entry.setting}: {yaml_scalar(entry.rendered)}"], restart_note(entry))


def _arguments(entry: AdvisedSetting, _: Sequence[AdvisedSetting], __: NumericVersion) -> Written:
    return Written([yaml_item("-c"), yaml_item(f"{entry.setting}={entry.rendered}")])


FORMS: Final[Mapping[FormName, Form]] = {
    "conf": Form("postgresql.conf.j2", assignment),
    "sql": Form(
        "postgresql.sql.j2",
        _alter_system,
        "Use: psql -X -f THIS as a superuser, without -1. It goes into postgresql.auto.conf, which"
        " wins over postgresql.conf and what that includes.",
        "Such SQL was run on PostgreSQL 15 and 18.",
        mark="--",
    ),
    "patroni": Form(
        "patroni.yaml.j2",
        _patroni,
        "Use: patronictl edit-config --apply THIS CLUSTER; where a restart is needed, patronictl"
        " restart CLUSTER.",
        "Patroni 4.1 takes such parameters unchanged; no cluster was started.",
        indent="    ",
    ),
    "cloudnativepg": Form(
        "cloudnativepg.yaml.j2",
        _cloudnativepg,
        "Use: kubectl patch cluster NAME --type merge --patch-file THIS, or copy the parameters"
        " into your Cluster. The operator restarts instances where that is needed, and wants no"
        " less memory requested than shared_buffers takes.",
        "CloudNativePG's schema and its list of refused parameters allow this; none was started.",
        indent="      ",
    ),
    "zalando": Form(
        "zalando.yaml.j2",
        _strings,
        patch_use("postgresql", "parameters"),
        "The schema of Zalando's operator allows this; no cluster was started.",
        indent="      ",
    ),
    "crunchy": Form(
        "crunchy.yaml.j2",
        _patroni,
        patch_use("postgrescluster", "parameters"),
        "The schema of Crunchy's operator allows this, and Patroni, which it hands it to, takes it;"
        " none was started.",
        indent="          ",
    ),
    "percona": Form(
        "percona.postgresql.yaml.j2",
        _patroni,
        patch_use("perconapgcluster", "parameters"),
        "Percona's schema allows this, and Patroni, which it hands it to, takes it; none was"
        " started.",
        indent="          ",
    ),
    "compose": compose_form(_arguments),
}
