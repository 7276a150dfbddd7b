"""Advice -> an option file for MySQL or MariaDB, or a postgresql.conf fragment."""

from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from advisor.advice import Advice, Capacity, LowerDurability, Recommendation
from advisor.measurement import Unknown
from advisor.output.advice import (
    GROUP_TITLES,
    PLACEMENTS,
    SECTIONS,
    durability_text,
    loss_text,
    offer_brings,
    offer_settings,
    proof_text,
)
from advisor.output.text import NOTHING_FOUND, commit_line, one_line, serial_rows
from advisor.resources import resource_dir
from advisor.versions import VENDOR_NAMES

TEMPLATES: Final = {
    "mysql": "innodb.cnf.j2",
    "mariadb": "innodb.cnf.j2",
    "postgresql": "postgresql.conf.j2",
}


def render_fragment(advice: Advice, *, explain: bool = False) -> str:
    """The fragment. With `explain` also what was left at its default, and what was skipped."""
    environment = Environment(
        loader=FileSystemLoader(resource_dir("templates")),
        undefined=StrictUndefined,
        # No device model, path or label can smuggle a line into a configuration file.
        finalize=one_line,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    return environment.get_template(TEMPLATES[advice.engine]).render(_view(advice, explain=explain))


def _view(advice: Advice, *, explain: bool) -> dict[str, Any]:
    storage = advice.storage
    emitted = [entry for entry in advice.settings if entry.emitted]
    left = [entry for entry in advice.settings if not entry.emitted]
    return {
        "alarm": _alarm(advice),
        "title": f"fsync-advisor {advice.tool_version}: settings for "
        f"{VENDOR_NAMES[advice.engine]} {advice.engine_version} ({advice.version_source})",
        "measured": _measured(advice),
        "figures": [f"{what}: {figure}" for what, figure in advice.measured.figures.items()],
        "storage": f"{storage.storage_class} - {storage.name}",
        "trust": storage.trust,
        "evidence": [entry.text for entry in storage.evidence] or [NOTHING_FOUND],
        "durability": durability_text(advice),
        "proof": proof_text(advice),
        "placement": PLACEMENTS[advice.engine],
        "warnings": advice.warnings,
        "section": SECTIONS[advice.engine],
        "groups": _groups(emitted),
        "explained": [_setting(entry) for entry in left] if explain else [],
        "skipped": advice.skipped if explain else [],
        "offers": [_offer(offer) for offer in advice.lower_durability],
        "capacity": _capacity(advice.capacity, advice) if advice.capacity else None,
    }


def _alarm(advice: Advice) -> str:
    if advice.storage.trust != "not-durable":
        return ""
    return f"this drive is NOT DURABLE: {advice.storage.evidence[0].text}. Any data may be lost."


def _measured(advice: Advice) -> str:
    measured = advice.measured
    what = measured.source[:1].upper() + measured.source[1:]
    when = ""
    if not isinstance(measured.taken_at, Unknown):
        when = " " + measured.taken_at.strftime("%Y-%m-%d %H:%M %Z").strip()
    where = "" if isinstance(measured.directory, Unknown) else f" in {measured.directory}"
    parts = [
        " on ".join(
            part
            for part in (measured.filesystem, measured.devices)
            if not isinstance(part, Unknown)
        ),
        f"plan {measured.plan}" if measured.plan else "",
        f"label {measured.label}" if measured.label else "",
    ]
    details = ", ".join(part for part in parts if part)
    return f"{what}{when}{where}" + (f" ({details})" if details else "")


def _groups(settings: list[Recommendation]) -> list[dict[str, Any]]:
    return [
        {
            "title": title,
            "settings": [_setting(entry) for entry in settings if entry.group == group],
        }
        for group, title in GROUP_TITLES.items()
        if any(entry.group == group for entry in settings)
    ]


def _setting(entry: Recommendation) -> dict[str, str]:
    return {
        "name": entry.setting,
        "value": entry.rendered,
        "reason": entry.reason,
        "rule": entry.rule,
        "source": entry.sources[0],
    }


def _offer(offer: LowerDurability) -> dict[str, Any]:
    return {
        "durability": offer.durability,
        "settings": offer_settings(offer),
        "brings": offer_brings(offer),
        "costs": [loss_text(loss) for loss in offer.losses],
    }


def _capacity(capacity: Capacity, advice: Advice) -> dict[str, Any]:
    return {
        "rows": serial_rows(capacity.serial),
        "commit": commit_line(capacity),
        "command": f"fsync-advisor capacity --db {advice.engine}",
    }
