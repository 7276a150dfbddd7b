"""A bulk load's two halves, on and off, as option files or postgresql.conf fragments, or as SQL."""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from advisor.bulk_load import BulkLoad, LoadedSetting, SwitchStatement
from advisor.durability import MEANING
from advisor.output.fragment import measured_text, render_template
from advisor.output.text import sentence
from advisor.units import format_span
from advisor.vendors.registry import VENDORS
from advisor.versions import format_version

LoadForm = Literal["conf", "sql"]
Half = Literal["on", "off"]

MARKS: Final[dict[LoadForm, str]] = {"conf": "#", "sql": "--"}
SIGNS: Final[dict[Half, str]] = {
    "on": "BULK LOAD ON: for the time of a load or a restore, and no longer.",
    "off": "BULK LOAD OFF: the way back from BULK LOAD ON.",
}
"""advisor/servers/config/fragment.py knows the first by how it begins."""
NOT_KEPT: Final = "nothing that is on the server survives a crash of any kind"
BY_SQL: Final[dict[Half, str]] = {
    "on": "---- By SQL, when the server runs with this; no file can set it ----",
    "off": "---- By SQL, before all else; no file can set it ----",
}


class _Part(NamedTuple):
    """Lines, and the comments above them."""

    comments: list[str]
    lines: list[str]


def render_bulk_load(load: BulkLoad, half: Half, form: LoadForm) -> str:
    """One half in one form."""
    vendor, is_on = VENDORS[load.engine], half == "on"
    parts = [*_statements(load, half, form)] if form == "sql" and not is_on else []
    parts += [_setting(load, each, half, form) for each in load.settings]
    if form == "sql" and load.settings and vendor.reload_sql:
        parts.append(_Part([], [vendor.reload_sql]))
    if form == "sql" and is_on:
        parts += _statements(load, half, form)
    view = {
        "alarm": _alarm(load),
        "title": f"fsync-advisor {load.tool_version}: settings for {vendor.title}"
        f" {format_version(load.engine_version)} ({load.version_source})",
        "state": SIGNS[half],
        "measured": measured_text(load.measured),
        "head": [*(_head_on(load, form) if is_on else _head_off(load, form))],
        "section": vendor.fragment_group if form == "conf" else None,
        "parts": parts,
        "tail": [*_tail(load, half, form)],
    }
    return render_template("bulk_load.j2", view, MARKS[form])


def _alarm(load: BulkLoad) -> str:
    if load.storage.trust != "not-durable":
        return ""
    return f"this drive is NOT DURABLE: {load.storage.evidence[0].text}. Any data may be lost."


def _head_on(load: BulkLoad, form: LoadForm) -> Iterator[str]:
    yield f"If it crashes meanwhile: {load.crash}"
    if load.recovery_s is not None:
        span = format_span(load.recovery_s)
        yield f"Recovery of all of the log takes about {span} on this drive."
    risk = NOT_KEPT if load.statements else MEANING[load.durability]
    yield f"Durability: {load.durability}: {risk}"
    for each in load.at_risk_already:
        yield f"At risk already, as the server's own files have it: {each.setting}: {each.why}"
    if load.new_instance:
        yield "Only for an instance that holds nothing worth keeping (--new-instance)."
    yield _use(load, form, "on")
    for each in load.left_out:
        yield f"Left out: {each.setting}: {sentence(each.why)}"
    for each in load.never:
        yield f"Never relaxed: {each.setting}: {each.why}"
    for note in load.warnings:
        yield f"Note: {note}"


def _head_off(load: BulkLoad, form: LoadForm) -> Iterator[str]:
    yield _use(load, form, "off")
    if any(_is_reset(load, each, form) for each in load.settings):
        yield (
            "RESET also takes away what ALTER SYSTEM had set before BULK LOAD ON, unless --config"
            " FILE or the server found here showed that: then it is set again."
        )
    if any(each.off_from == "advice" for each in load.settings):
        yield (
            "The server's files were not seen: these are the values advised for this drive."
            " --config FILE takes those that it has."
        )
    for each in load.after:
        yield f"Then: {each}"


def _use(load: BulkLoad, form: LoadForm, half: Half) -> str:
    """What to do with it."""
    vendor = VENDORS[load.engine]
    if form == "sql":
        restart = any(each.restart for each in load.settings)
        ends = "" if vendor.reload_sql else " A restart takes the SET GLOBAL back, too."
        return f"Use: run it as an administrator{', then restart' * restart}.{ends}"
    name = f"zz-fsync-bulk-load{vendor.config_suffix}"
    if half == "off":
        return (
            f"Use: put it in the place of BULK LOAD ON; or take that away: fsync-advisor apply --db"
            f" {load.engine} --to FOLDER/{name} --undo"
        )
    risk = load.settings_durability
    accepts = "" if risk == "durable" else f" --durability {risk}"
    return (
        "Use: as a file of its own, so that taking it away restores every value: fsync-advisor"
        f" apply --db {load.engine} --to FOLDER/{name}{accepts} THIS"
    )


def _setting(load: BulkLoad, each: LoadedSetting, half: Half, form: LoadForm) -> _Part:
    if half == "on":
        comments = [each.reason, f"Cost: {sentence(each.cost)}", each.sources[0]]
    else:
        comments = [_comes_from(load, each, form)]
    if each.restart:
        comments.append("Takes effect at the next restart.")
    line = _sql(load, each, half) if form == "sql" else _assignment(each, half)
    if not line:
        comments.append(f"NOT SET HERE: {each.setting}; {_why_not(load, each, form)}.")
    return _Part(comments, [line] if line else [])


def _comes_from(load: BulkLoad, each: LoadedSetting, form: LoadForm) -> str:
    if each.off is None or _is_reset(load, each, form):
        return (
            f"{each.setting}: as the server's other files have it; the default is {each.default}."
        )
    if each.off_from == "advice":
        return "As advised for this drive."
    return "As the server's files have it, else its default."


def _is_reset(load: BulkLoad, each: LoadedSetting, form: LoadForm) -> bool:
    """Whether the way back is to what files say, and not to a value."""
    if form != "sql" or not VENDORS[load.engine].reload_sql:
        return False
    return not (each.off_is_persisted or each.off_from == "advice")


def _assignment(each: LoadedSetting, half: Half) -> str:
    value = each.on if half == "on" else each.off
    return "" if value is None else f"{each.setting} = {value}"


def _sql(load: BulkLoad, each: LoadedSetting, half: Half) -> str:
    vendor = VENDORS[load.engine]
    on = vendor.set_for_a_time(each.setting, each.on_value, each.on, restart=each.restart)
    if half == "on" or not on:
        return on
    is_reset = _is_reset(load, each, "sql")
    if each.off is None and not is_reset:
        return ""  # what the server's files say, only a restart brings back
    before = each.on_value if each.off_value is None else each.off_value
    return vendor.set_back(each.setting, before, each.off or each.on, is_persisted=not is_reset)


def _why_not(load: BulkLoad, each: LoadedSetting, form: LoadForm) -> str:
    vendor = VENDORS[load.engine]
    if form == "sql":
        if vendor.set_for_a_time(each.setting, each.on_value, each.on, restart=each.restart):
            return "what it was is not known: a restart restores it"
        return "it cannot be changed while this server runs: it belongs into a file (--format conf)"
    return "taking the line away restores it"


def _statements(load: BulkLoad, half: Half, form: LoadForm) -> Iterator[_Part]:
    for each in load.statements:
        yield _Part(_about(each, half), [each.on if half == "on" else each.off, each.check])


def _about(each: SwitchStatement, half: Half) -> list[str]:
    privilege = f"Needs the privilege {each.privilege}."
    if half == "off":
        return [f"Before the server is used for anything else. {privilege}"]
    return [each.reason, f"Cost: {sentence(each.cost)} {privilege}", each.sources[0]]


def _tail(load: BulkLoad, half: Half, form: LoadForm) -> Iterator[str]:
    """What no file can set."""
    if form == "conf":
        for part in _statements(load, half, form):
            yield BY_SQL[half]
            yield from part.comments
            yield from (f"  {line}" for line in part.lines)
    if half == "on" and load.sessions:
        yield "---- In each session that loads; it ends with the session ----"
        for each in load.sessions:
            yield f"  {each.statement}"
            yield f"{each.reason} Cost: {sentence(each.cost)} {each.sources[0]}"
