"""The forms in which settings are handed over: what a vendor says of each."""

import json
from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple, Protocol

from advisor.units import Value
from advisor.versions import NumericVersion

FormName = Literal[
    "conf",
    "sql",
    "patroni",
    "cloudnativepg",
    "zalando",
    "crunchy",
    "percona",
    "mariadb-operator",
    "compose",
]
ServiceFormName = Literal["terraform", "parameter-group"]
"""For servers that others run."""
OPERATORS: Final = ("cloudnativepg", "zalando", "crunchy", "percona", "mariadb-operator")
"""Those of them that operators of Kubernetes take."""
IN_CONTAINERS: Final = (*OPERATORS, "compose")
"""Those for servers that have less memory than their host."""

NEEDS_RESTART: Final = "Takes effect at the next restart."
IN_A_FILE: Final = "it belongs into an option file (--format conf)"
OF_A_PLUGIN: Final = f"only a server that has loaded its plugin takes it: {IN_A_FILE}"


class AdvisedSetting(Protocol):
    """One recommendation, as far as a form reads it."""

    @property
    def setting(self) -> str: ...
    @property
    def option(self) -> str: ...
    @property
    def of_plugin(self) -> bool: ...
    @property
    def value(self) -> Value | None: ...
    @property
    def unit(self) -> str: ...
    @property
    def rendered(self) -> str: ...
    @property
    def default(self) -> Value | None: ...
    @property
    def emitted(self) -> bool: ...
    @property
    def restart(self) -> bool: ...
    @property
    def persistable(self) -> bool: ...


class Written(NamedTuple):
    """One setting as a form has it."""

    lines: Sequence[str] = ()
    notes: Sequence[str] = ()
    """What stands above the lines; why there are none."""


Writer = Callable[[AdvisedSetting, Sequence[AdvisedSetting], NumericVersion], Written]
"""Writes one setting; the others of its advice and the server's version may matter."""


class Form(NamedTuple):
    """One way to hand settings over."""

    template: str
    write: Writer
    placement: str = ""
    """What to do with it. Empty: what one does with the server's own files."""
    tried: str = ""
    """Who has read such a form in tests/servers/test_forms.py and tests/unit/test_forms.py."""
    mark: str = "#"
    """What opens a comment."""
    indent: str = ""
    before: Sequence[str] = ()
    """Lines above the settings."""
    after: Sequence[str] = ()


def assignment(entry: AdvisedSetting, _: Sequence[AdvisedSetting], __: NumericVersion) -> Written:
    """A line of the server's own configuration file."""
    return Written([f"{entry.option} = {entry.rendered}"])


def restart_note(entry: AdvisedSetting) -> list[str]:
    return [NEEDS_RESTART] if entry.restart else []


def left_out(entry: AdvisedSetting, why: str) -> Written:
    return Written(notes=[f"NOT SET HERE: {entry.setting} = {entry.rendered}; {why}."])


def yaml_scalar(text: str) -> str:
    """JSON's strings are YAML's, too."""
    return json.dumps(text, ensure_ascii=False)


def yaml_item(text: str) -> str:
    """An item of a YAML list; Compose would put a variable where a single $ stands."""
    return f"- {yaml_scalar(text.replace('$', '$$'))}"


def patch_use(resource: str, what: str) -> str:
    """How a form is given to an operator of Kubernetes; `what` of it a server's settings are."""
    return (
        f"Use: kubectl patch {resource} NAME --type merge --patch-file THIS, or copy the {what}"
        " into your manifest. Give --memory what the pod has, not the host."
    )


def option_file_form(template: str, resource: str, what: str, schema: str) -> Form:
    """An option file in one string of a manifest. Its reasons stand above it: an operator may take
    that string for a template, and what a drive is called must not be a part of one."""
    return Form(
        template,
        lambda entry, _, __: Written(notes=[f"{entry.option} = {entry.rendered}"]),
        f"{patch_use(resource, what)} It replaces the {what} that is there.",
        f"{schema} allows this; none was started.",
    )


def compose_form(write: Writer) -> Form:
    return Form(
        "compose.yaml.j2",
        write,
        "Use: name the service as yours is, then docker compose -f YOURS -f THIS up -d. Its command"
        " replaces the one you have; arguments win over every file.",
        "Such arguments were given to PostgreSQL 15, MySQL 9.7 and MariaDB 11.8, in no container.",
        indent="      ",
    )
