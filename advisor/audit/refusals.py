"""Lines of files with which the server does not start, as findings. Pure."""

from advisor.audit.change import pasteable
from advisor.audit.findings import Finding
from advisor.audit.lines import SettingLine
from advisor.server_state import RefusedLine
from advisor.vendors.base import RESTART


def refusal(refused: RefusedLine, line: SettingLine | None) -> Finding:
    """The finding; `line` is what we know of the setting, where it is one of ours."""
    # A default is no advice: whoever mistyped a buffer pool does not want its 128 MB.
    wanted, rendered = (None, "") if line is None or line.advised is None else line.wanted()
    place = pasteable(refused.place)
    put_right = f"in {place} write {refused.name} = {rendered}"
    put_away = f"take the line out of {place}, or correct it"
    return Finding(
        severity="prevents-start",
        setting=refused.name,
        current=refused.shown,
        origin="file",
        place=refused.place,
        recommended=rendered or "a line that the server accepts",
        reason=f"The server does not start with this line: {refused.why}.",
        sources=() if line is None else (line.spec.doc,),
        durability="durable",
        restart=True,
        change=f"{put_away if wanted is None else put_right}, {RESTART}",
    )
