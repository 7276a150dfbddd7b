"""What we know, as text: the rules by their ids, and a setting with its rules.

Not a Document: a line stays a line, however long, for grep.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from advisor.analysis.host_findings import HostCheck
from advisor.rules.catalogue import Setting, Spec
from advisor.rules.clusters import ClusterSetting
from advisor.vendors.registry import VENDORS
from advisor.versions import format_version

PLACE: Final = re.compile(r"\{(\w+)(?::[^}]*)?\}")
"""Where a reason takes a fact, or what its rule comes to."""


def rules_text(settings: Iterable[Setting]) -> str:
    """Every rule's id, under its setting's summary."""
    lines = []
    for setting in settings:
        lines.append(f"{setting.engine}.{setting.name}: {setting.summary}")
        lines += [f"  {setting.rule_id(rule)}" for rule in setting.rule]
    return "".join(f"{line}\n" for line in lines)


def setting_text(setting: Setting, rule_name: str | None) -> str:
    """One setting: what versions take, and its rules, or only the one named."""
    lines = [f"{setting.engine}.{setting.name}: {setting.summary}"]
    lines += [f"  {_spec_line(spec)}" for spec in setting.spec]
    for rule in setting.rule:
        if rule_name in (None, rule.name):
            shown = rule.model_dump(
                mode="json", by_alias=True, exclude_unset=True, exclude={"name"}
            )
            lines += ["", str(setting.rule_id(rule)), *_indented(shown)]
    return "".join(f"{line}\n" for line in lines)


def cluster_setting_text(rule_id: str, setting: ClusterSetting) -> str:
    """What a cluster needs, why, and what versions take."""
    shown = setting.model_dump(mode="json", exclude={"name", "spec"})
    lines = [rule_id, *(f"  {_spec_line(spec)}" for spec in setting.spec), *_indented(shown)]
    return "".join(f"{line}\n" for line in lines)


def host_checks_text(checks: Iterable[HostCheck]) -> str:
    """What may be found on a host, by its id."""
    lines = (f"host.{each.id}: {each.severity}: {_template(each.says)}" for each in checks)
    return "".join(f"{line}\n" for line in lines)


def host_check_text(check: HostCheck) -> str:
    """When it is found, what is said, and why."""
    shown = check.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"id"})
    lines = (_template(line) for line in _indented(shown))
    return "".join(f"{line}\n" for line in (f"host.{check.id}", *lines))


def _template(text: str) -> str:
    return PLACE.sub(r"<\1>", text)


def _indented(shown: dict[str, Any], depth: int = 1) -> Iterator[str]:
    """Nested data as indented lines."""
    margin = "  " * depth
    for name, value in shown.items():
        if isinstance(value, dict):
            yield f"{margin}{name}:"
            yield from _indented(value, depth + 1)
        elif isinstance(value, list):
            yield f"{margin}{name}:"
            yield from (f"{margin}  {item}" for item in value)
        elif name == "reason":
            yield f"{margin}{name}: {_template(value)}"
        else:
            yield f"{margin}{name}: {value}"


def _spec_line(spec: Spec) -> str:
    """Like "mysql 8.0.30 to 8.4: integer, 8M to 512G, default 100M, restart"."""
    until = "" if spec.until is None else f" until {format_version(spec.until)}"
    versions = f"{spec.vendor} {format_version(spec.since or ())}{until}"
    built = [f"{choice} (built with {needed})" for choice, needed in spec.build_choices.items()]
    takes = ", ".join([*spec.choices, *built]) or spec.type
    if spec.min is not None and spec.max is not None:
        low, high = (
            VENDORS[spec.vendor].render_value(limit, spec.unit) for limit in (spec.min, spec.max)
        )
        takes = f"{takes}, {low} to {high}"
    default = spec.default_note
    if spec.default is not None:
        default = VENDORS[spec.vendor].render_value(spec.default, spec.unit)
    change = "restart" if spec.restart else "no restart"
    return f"{versions}: {takes}; default {default}; {change}"
