"""Settings for a server that others run: Terraform, and the calls that change a parameter group."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from advisor.advice import Advice
from advisor.errors import AdvisorError, UsageError
from advisor.output.text import sentence
from advisor.rules.services import Service, ServiceEngine
from advisor.vendors.forms import (
    AdvisedSetting,
    Form,
    ServiceFormName,
    Writer,
    Written,
    restart_note,
)
from advisor.vendors.registry import VENDORS
from advisor.versions import NumericVersion, format_version

GROUP: Final = "fsync-advisor"
"""What the parameter group is called, unless one calls it otherwise."""
GROUP_NAME: Final = re.compile(r"(?=.{1,255}$)[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*")
"""API_CreateDBParameterGroup: 1 to 255 letters, digits and hyphens; a letter first, and no hyphen
last, nor two in a row."""
RESOURCE: Final = "fsync_advisor"
IN_TERRAFORM: Final = "python-hcl2 reads this; no such server was changed."


def forms_of(service: Service) -> tuple[ServiceFormName, ...]:
    """The forms that the service takes."""
    return ("terraform", "parameter-group") if service.changed_by else ("terraform",)


def check_service_form(name: str, service: Service | None) -> None:
    """Raises UsageError for a form that the service does not take, or that only a service does."""
    if service is None:
        if name in ("terraform", "parameter-group"):
            raise UsageError(
                f"--format {name} is for a managed service",
                "--service rds, aurora, cloud-sql or azure says which",
            )
    elif name not in (*forms_of(service), "json"):
        raise UsageError(
            f"--format {name} is nothing that {service.title} takes",
            f"with --service {service.name}: {', '.join(forms_of(service))} or json",
        )


def check_group_name(name: str, service: Service | None) -> None:
    """Raises UsageError for a name that no parameter group has, and where there is none."""
    if service is None or service.changed_by is None:
        raise UsageError(
            "--parameter-group is what a group of RDS or Aurora is called",
            "add --service rds or aurora, or leave it out",
        )
    if GROUP_NAME.fullmatch(name) is None:
        raise UsageError(
            f"--parameter-group {name!r} is no name of a parameter group",
            "letters, digits and single hyphens, a letter first: fsync-advisor",
        )


def hcl_string(text: str) -> str:
    """A string of HCL: JSON's, in which ${ and %{ would begin a template."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def terraform_form(service: Service, advice: Advice, group: str = GROUP) -> Form:
    """Terraform's resource for the settings of such a server. Raises AdvisorError where there is
    nothing to set."""
    engine = service.engine_of(advice.engine, advice.engine_version)
    _require_settings(service, advice)
    kind = engine.terraform
    if engine.family:
        return Form(
            "terraform.tf.j2",
            _blocks("parameter", service, {"apply_method": _apply_method}),
            "Use: add it to your configuration, and name it where your instance or cluster names"
            " its parameter group. If a plan shows a parameter again and again, its value is the"
            " group's default and only its apply_method differs: take that block out."
            f" {sentence(_family_note(engine, advice))}",
            IN_TERRAFORM,
            indent="  ",
            before=[
                f'resource "{kind}" "{RESOURCE}" {{',
                f"  name   = {hcl_string(group)}",
                f"  family = {hcl_string(_family(engine, advice))}",
            ],
            after=["}"],
        )
    if not engine.server_arguments:
        return Form(
            "terraform.tf.j2",
            _blocks("database_flags", service, {}),
            "Use: copy the database_flags into the settings of your instance's resource, which has"
            " a version and a tier, too, beside the flags that are there: what is missing goes back"
            " to its default.",
            IN_TERRAFORM,
            indent="    ",
            before=[f'resource "{kind}" "{RESOURCE}" {{', "  settings {"],
            after=["  }", "}"],
        )
    return Form(
        "terraform.tf.j2",
        _resources(engine, service),
        "Use: add it to your configuration with the names of your server. Where a restart is"
        " needed, restart the server after it was applied.",
        IN_TERRAFORM,
    )


def parameter_group(service: Service, advice: Advice, group: str = GROUP) -> str:
    """A call for every 20 settings, each a line of JSON for --cli-input-json of the AWS CLI.

    Raises AdvisorError where there is nothing to set.
    """
    changed_by = service.changed_by
    assert changed_by is not None
    _require_settings(service, advice)
    parameters = [
        {
            "ParameterName": entry.setting,
            "ParameterValue": service.text_of(entry.value),
            "ApplyMethod": _apply_method(entry),
        }
        for entry in advice.settings
        if entry.emitted and entry.value is not None
    ]
    calls = [
        {changed_by.group: group, "Parameters": parameters[at : at + changed_by.at_most]}
        for at in range(0, len(parameters), changed_by.at_most)
    ]
    return "".join(f"{json.dumps(call)}\n" for call in calls)


def how_to_call(service: Service, advice: Advice, group: str = GROUP) -> tuple[str, ...]:
    """What to do with these lines, and what must be there before."""
    changed_by = service.changed_by
    assert changed_by is not None
    engine = service.engine_of(advice.engine, advice.engine_version)
    call = f"aws rds {changed_by.call} --cli-input-json"
    return (
        f"the group must be there: aws rds {changed_by.create} {group}"
        f" --db-parameter-group-family {_family(engine, advice)} --description {GROUP}",
        f'each line is one call: while read -r call; do {call} "$call"; done < FILE',
        f"a server has it only after: aws rds {changed_by.attach} {group}",
        _family_note(engine, advice),
    )


def _require_settings(service: Service, advice: Advice) -> None:
    if not any(entry.emitted and entry.value is not None for entry in advice.settings):
        raise AdvisorError(
            f"nothing of this advice can be set on {service.title}", "--format json has the reasons"
        )


def _family(engine: ServiceEngine, advice: Advice) -> str:
    return engine.family + _series(advice)


def _family_note(engine: ServiceEngine, advice: Advice) -> str:
    """Nobody has told us which there are: the version may be newer than the service."""
    there_are = f"aws rds describe-db-engine-versions --engine {engine.family}"
    return (
        f"the family {_family(engine, advice)} is made up from the version; {there_are} lists"
        " those that there are"
    )


def _apply_method(entry: AdvisedSetting) -> str:
    return "pending-reboot" if entry.restart else "immediate"


def _series(advice: Advice) -> str:
    length = VENDORS[advice.engine].series_length
    return format_version(advice.engine_version[:length])


def _text(entry: AdvisedSetting, service: Service) -> str:
    assert entry.value is not None  # else it is left out
    return hcl_string(service.text_of(entry.value))


def _blocks(
    name: str, service: Service, more: Mapping[str, Callable[[AdvisedSetting], str]]
) -> Writer:
    """A block of that name for each setting."""

    def write(entry: AdvisedSetting, _: Sequence[AdvisedSetting], __: NumericVersion) -> Written:
        given = {
            "name": hcl_string(entry.setting),
            "value": _text(entry, service),
            **{key: hcl_string(make(entry)) for key, make in more.items()},
        }
        return Written([f"{name} {{", *_aligned(given), "}"], restart_note(entry))

    return write


def _resources(engine: ServiceEngine, service: Service) -> Writer:
    """A resource for each setting."""
    kind = engine.terraform
    server = f"{kind.removesuffix('_configuration')}.NAME"
    place = {name: f"{server}.{taken}" for name, taken in engine.server_arguments.items()}

    def write(entry: AdvisedSetting, _: Sequence[AdvisedSetting], __: NumericVersion) -> Written:
        given = {"name": hcl_string(entry.setting), **place, "value": _text(entry, service)}
        head = f'resource "{kind}" "{entry.setting}" {{'
        return Written([head, *_aligned(given), "}"], restart_note(entry))

    return write


def _aligned(given: Mapping[str, str]) -> list[str]:
    """Arguments as terraform fmt writes them."""
    width = max(map(len, given))
    return [f"  {name:{width}} = {value}" for name, value in given.items()]
