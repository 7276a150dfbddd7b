"""From a setting in force, and what is held against it, to the Finding. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from advisor.audit.change import how_to_change, needs_restart
from advisor.audit.findings import Finding, Severity
from advisor.audit.lines import SettingLine
from advisor.audit.windows import Rate, StatedWindows, at_risk
from advisor.rules.risks import RISKS
from advisor.server_state import ServerState
from advisor.units import Value
from advisor.vendors.registry import VENDORS


class FindingMaker(NamedTuple):
    """What all findings of one audit need."""

    state: ServerState
    values: Mapping[str, Value]
    """The settings in force."""
    rate: Rate
    stated: StatedWindows

    def make(
        self,
        line: SettingLine,
        value: Value | None,
        severity: Severity,
        reason: str,
        *,
        sources: tuple[str, ...] = (),
        price: str = "",
        at_risk_of: str | None = None,
        wanted: Value | None = None,
    ) -> Finding:
        """The finding that `line` should be otherwise; `value` is None where it cannot be read.

        `at_risk_of`: the setting whose loss window it widens, if not its own. `wanted`: the value
        to have, if that is neither the advice nor the default.
        """
        name = line.setting.name
        if wanted is None:
            wanted, rendered = line.wanted()
        else:
            rendered = line.spec.render(wanted)
        restart = (
            value is None
            or line.found.derived_from != ""
            or needs_restart(line.spec, value, wanted)
        )
        if restart and severity != "note":
            price = f"{price}; a restart" if price else "a restart"
        risked = at_risk_of or name
        return Finding(
            severity=severity,
            setting=name,
            current=shown(line),
            origin=line.found.origin,
            place=line.found.place,
            recommended=rendered,
            reason=f"{source} sets it. {reason}" if (source := line.found.derived_from) else reason,
            sources=sources or (line.advised.sources if line.advised else (line.spec.doc,)),
            price=price,
            at_risk=at_risk(risked, self.values, self.rate, self.stated)
            if risked in RISKS
            else None,
            durability=RISKS[name].of(value) if name in RISKS and value is not None else "durable",
            restart=restart,
            change=how_to_change(
                VENDORS[self.state.vendor],
                self.state.version,
                line.spec,
                line.found,
                wanted,
                rendered,
                restart=restart,
                main_file=self.state.main_file,
            ),
            rule=line.advised.rule if line.advised else None,
        )


def shown(line: SettingLine) -> str:
    """The value in force; where the server makes another of what is written, both."""
    if line.value is None:
        return line.found.value
    rendered = line.spec.render(line.value)
    return f"{line.found.value}, read as {rendered}" if line.is_read_otherwise else rendered
