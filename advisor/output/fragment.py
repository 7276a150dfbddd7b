"""Advice -> an option file, a postgresql.conf fragment, or the same settings in another form."""

from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from advisor.advice import Advice, Capacity, Loss, LowerDurability, Recommendation
from advisor.durability import CLASSES, MEANING
from advisor.measurement import Unknown
from advisor.output.forms import Form, FormName, form_of, image_of, program_of
from advisor.output.text import NOTHING_FOUND, commit_line, one_line, serial_rows, syncs_text
from advisor.resources import resource_dir
from advisor.units import format_count, format_latency
from advisor.versions import VENDOR_NAMES, parse_version, started_here, started_series

SECTIONS: Final = {"mysql": "mysqld", "mariadb": "mariadb", "postgresql": ""}
"""The option group: [mariadb] is never read by MySQL."""

PLACEMENTS: Final = {
    "mysql": "Use: a file of its own that sorts last in the server's !includedir, then restart.",
    "mariadb": "Use: a file of its own that sorts last in the server's !includedir, then restart.",
    "postgresql": "Use: a file of its own in the server's include_dir, then restart; "
    "ALTER SYSTEM settings win over it.",
}

GROUP_TITLES: Final = {
    "commit": "Commit: what an acknowledged transaction survives",
    "log": "Log: how much room and how it is written",
    "checkpoint": "Checkpoints",
    "io": "Background input and output",
    "memory": "Memory: from the host, not from the drive",
}


def render_fragment(advice: Advice, *, explain: bool = False, form: FormName = "conf") -> str:
    """The fragment. With `explain` also what was left at its default, and what was skipped.

    Raises UsageError for a form that the server does not have.
    """
    chosen = form_of(form, advice.engine, parse_version(advice.engine_version))
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
    view = _view(advice, chosen, explain=explain)
    return environment.get_template(chosen.template).render(view)


def _view(advice: Advice, form: Form, *, explain: bool) -> dict[str, Any]:
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
        "durability": _durability(advice),
        "proof": f"{_proof(advice)} {form.tried}".rstrip(),
        "placement": form.placement or PLACEMENTS[advice.engine],
        "warnings": advice.warnings,
        "section": SECTIONS[advice.engine],
        "mark": form.mark,
        "indent": form.indent,
        "image": image_of(advice),
        "program": program_of(advice),
        "groups": _groups(advice, emitted, form),
        "explained": [_setting(entry) for entry in left] if explain else [],
        "skipped": advice.skipped if explain else [],
        "offers": [_offer(offer) for offer in advice.lower_durability],
        "capacity": _capacity(advice.capacity, advice) if advice.capacity else None,
    }


def _alarm(advice: Advice) -> str:
    if advice.storage.trust != "not-durable":
        return ""
    return f"this drive is NOT DURABLE: {advice.storage.evidence[0].text}. Any data may be lost."


def _durability(advice: Advice) -> str:
    """What these lines risk, which may be less than what was accepted."""
    risked = max((entry.durability for entry in advice.settings), key=CLASSES.index)
    accepted = "" if risked == advice.durability else f" ({advice.durability} was accepted)"
    return f"{risked} - {MEANING[risked]}{accepted}"


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


def _proof(advice: Advice) -> str:
    started = f"{VENDOR_NAMES[advice.engine]} {started_series(advice.engine)}"
    if started_here(advice.engine, parse_version(advice.engine_version)):
        return f"Proof: our tests start {started} with such fragments and read all values back."
    return (
        f"Proof: this version was not started here; {started} was. The rest is from documentation."
    )


def _groups(advice: Advice, settings: list[Recommendation], form: Form) -> list[dict[str, Any]]:
    return [
        {
            "title": title,
            "settings": [
                {**_setting(entry), "written": form.write(advice, entry)}
                for entry in settings
                if entry.group == group
            ],
        }
        for group, title in GROUP_TITLES.items()
        if any(entry.group == group for entry in settings)
    ]


def _setting(entry: Recommendation) -> dict[str, Any]:
    return {
        "name": entry.setting,
        "value": entry.rendered,
        "reason": entry.reason,
        "rule": entry.rule,
        "source": entry.sources[0],
    }


def _offer(offer: LowerDurability) -> dict[str, Any]:
    saved = "" if offer.commit_us_saved is None else f", {format_latency(offer.commit_us_saved)}"
    return {
        "durability": offer.durability,
        "settings": ", ".join(f"{name} = {value}" for name, value in offer.settings.items()),
        "brings": f"a commit no longer waits for {syncs_text(offer.syncs_saved)}{saved}",
        "costs": [_loss(loss) for loss in offer.losses],
    }


def _loss(loss: Loss) -> str:
    window = format_latency(loss.window_ms * 1000)
    at_risk = format_count(loss.transactions_at_risk)
    if loss.expected_transactions_at_risk is None:
        groups = f"the last {loss.groups_max} commit groups or {window}, whichever is less"
        where = "of the binary log, where one is written"
        return f"{loss.setting}: {groups}, {where}: {at_risk} commits of one connection"
    rates = f"{at_risk} at the rate one connection has now"
    expected = f"{format_count(loss.expected_transactions_at_risk)} at the expected rate"
    return f"{loss.setting}: up to {window} of acknowledged commits: {rates}, {expected}"


def _capacity(capacity: Capacity, advice: Advice) -> dict[str, Any]:
    return {
        "rows": serial_rows(capacity.serial),
        "commit": commit_line(capacity),
        "command": f"fsync-advisor capacity --db {advice.engine}",
    }
