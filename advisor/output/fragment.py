"""Advice -> an option file, a postgresql.conf fragment, or the same settings in another form."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from advisor.advice import Advice, Capacity, LowerDurability, Recommendation
from advisor.analysis.description import Measured
from advisor.analysis.host_findings import HostFinding
from advisor.cluster import ClusterDurability
from advisor.errors import AdvisorError
from advisor.model import Unknown
from advisor.output.advice import (
    GROUP_TITLES,
    about_role,
    cost_text,
    durability_text,
    loss_text,
    offer_brings,
    offer_settings,
    proof_text,
)
from advisor.output.cluster import cluster_lines
from advisor.output.forms import form_of, image_of, program_of, written
from advisor.output.host_text import host_comments
from advisor.output.text import NOTHING_FOUND, commit_line, limit_text, one_line, serial_rows
from advisor.resources import resource_dir
from advisor.units import counted
from advisor.vendors.forms import IN_CONTAINERS, Form, FormName
from advisor.vendors.registry import VENDORS

MAX_LINE_BYTES: Final = 1000
"""A quarter of what MariaDB and older MySQL read of a line before they take the rest for another
(advisor.vendors.option_files.CUT_BYTES)."""


def render_fragment(
    advice: Advice, *, explain: bool = False, form: FormName | Form = "conf"
) -> str:
    """The fragment. With `explain` also what was left at its default, and what was skipped.

    Raises UsageError for a form that the server does not have.
    """
    in_container = form in IN_CONTAINERS
    name: FormName = "conf" if isinstance(form, Form) else form
    chosen = form if isinstance(form, Form) else form_of(form, advice.engine, advice.engine_version)
    view = _view(advice, chosen, name, explain=explain, in_container=in_container)
    return render_template(chosen.template, view, chosen.mark)


def render_template(template: str, view: Mapping[str, Any], mark: str) -> str:
    """A template of lines and comments, which it writes as an option file has them; in the text
    they begin with `mark`."""
    text = _environment().get_template(template).render(view)
    if mark != "#":
        text = re.sub("(?m)^#", mark, text)
    return "\n".join(_cut(line, mark) for line in text.split("\n"))


@cache
def _environment() -> Environment:
    """One for all fragments of a fleet: it keeps the templates that it has compiled."""
    return Environment(
        loader=FileSystemLoader(resource_dir("templates")),
        undefined=StrictUndefined,
        # No device model, path or label can smuggle a line into a configuration file.
        finalize=one_line,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def _cut(line: str, mark: str) -> str:
    """A line that every server reads at once: a label or a path makes a comment of any length."""
    if len(raw := line.encode("utf-8", "surrogateescape")) <= MAX_LINE_BYTES:
        return line
    if not line.lstrip().startswith(mark):
        raise AdvisorError(f"a line of the fragment has {len(raw)} bytes: {line[:80]}...")
    return raw[: MAX_LINE_BYTES - 4].decode("utf-8", "ignore") + " ..."


def _view(
    advice: Advice, form: Form, name: FormName, *, explain: bool, in_container: bool
) -> dict[str, Any]:
    storage = advice.storage
    emitted = [entry for entry in advice.settings if entry.emitted]
    left = [entry for entry in advice.settings if not entry.emitted]
    return {
        "alarm": _alarm(advice),
        "title": f"fsync-advisor {advice.tool_version}: settings for "
        f"{VENDORS[advice.engine].title} {advice.engine_version} ({advice.version_source})",
        "measured": measured_text(advice.measured),
        "figures": [f"{what}: {figure}" for what, figure in advice.measured.figures.items()],
        "storage": f"{storage.storage_class} - {storage.name}",
        "trust": storage.trust,
        "evidence": [entry.text for entry in storage.evidence] or [NOTHING_FOUND],
        "durability": durability_text(advice),
        "role": "" if advice.role == "standalone" else advice.role,
        "about_role": about_role(advice),
        "cluster": _cluster(advice, name),
        "proof": f"{proof_text(advice)} {form.tried}".rstrip(),
        "placement": form.placement or VENDORS[advice.engine].placement,
        "host": _host(advice.host_findings, in_container=in_container),
        "warnings": advice.warnings,
        "section": VENDORS[advice.engine].fragment_group,
        "indent": form.indent,
        "before": form.before,
        "after": form.after,
        "image": image_of(advice),
        "program": program_of(advice),
        "groups": _groups(advice, emitted, form),
        "explained": [_setting(entry) for entry in left] if explain else [],
        "skipped": advice.skipped if explain else [],
        "offers": [_offer(offer, advice.cluster) for offer in advice.lower_durability],
        "capacity": _capacity(advice.capacity, advice) if advice.capacity else None,
    }


def _host(findings: Sequence[HostFinding], *, in_container: bool) -> list[str]:
    """Of a node that runs containers only what costs data: nothing else of it is changed by whoever
    writes a manifest."""
    said = [each for each in findings if each.harm or not in_container]
    comments = host_comments(said)
    if left := len(findings) - len(said):
        comments.append(f"{counted(left, 'remark')} on the node measured: fsync-advisor report")
    return comments


def _cluster(advice: Advice, form: FormName) -> list[str]:
    return list(cluster_lines(advice.cluster, advice.durability, form)) if advice.cluster else []


def _alarm(advice: Advice) -> str:
    if advice.storage.trust != "not-durable":
        return ""
    return f"this drive is NOT DURABLE: {advice.storage.evidence[0].text}. Any data may be lost."


def measured_text(measured: Measured) -> str:
    """What was measured, where and when, in a line."""
    what = f"{measured.source[:1].upper()}{measured.source[1:]} {measured.observed}".rstrip()
    when = ""
    if not isinstance(measured.taken_at, Unknown):
        when = " " + measured.taken_at.strftime("%Y-%m-%d %H:%M %Z").strip()
    where = "" if isinstance(measured.directory, Unknown) else f" in {measured.directory}"
    parts = [
        measured.place,
        f"plan {measured.plan}" if measured.plan else "",
        f"label {measured.label}" if measured.label else "",
    ]
    details = ", ".join(part for part in parts if part)
    return f"{what}{when}{where}" + (f" ({details})" if details else "")


def _groups(advice: Advice, settings: list[Recommendation], form: Form) -> list[dict[str, Any]]:
    return [
        {
            "title": title,
            "settings": [
                {**_setting(entry), "written": written(form, advice, entry)}
                for entry in settings
                if entry.group == group
            ],
        }
        for group, title in GROUP_TITLES.items()
        if any(entry.group == group for entry in settings)
    ]


def _setting(entry: Recommendation) -> dict[str, Any]:
    return {
        "name": entry.option,
        "value": entry.rendered,
        "reason": entry.reason,
        "rule": entry.rule,
        "source": entry.sources[0],
    }


def _offer(offer: LowerDurability, cluster: ClusterDurability | None) -> dict[str, Any]:
    return {
        "durability": offer.durability,
        "settings": offer_settings(offer),
        "saves": offer_brings(offer),
        "losses": [loss_text(loss) for loss in offer.losses],
        "role_costs": [cost_text(cost) for cost in offer.role_costs],
        "cluster": [cluster.lost_when_relaxed(offer.durability)] if cluster else [],
    }


def _capacity(capacity: Capacity, advice: Advice) -> dict[str, Any]:
    return {
        "limit": limit_text(capacity),
        "rows": serial_rows(capacity.serial),
        "commit": commit_line(capacity),
        "command": f"fsync-advisor capacity --db {advice.engine}",
    }
