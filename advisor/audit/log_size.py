"""How large a log should be at the rate at which a server was seen to write it. Pure."""

from typing import Final, NamedTuple

from advisor.audit.lines import SettingLine
from advisor.audit.values import is_less
from advisor.measurement import Known, Unknown
from advisor.rules.formulas import LOAD_S, LogCapacity
from advisor.units import UNIT_BYTES, Value, format_size, format_span
from advisor.vendors.names import VendorName
from advisor.versions import NumericVersion

LASTS_S: Final = 600
"""Six times an hour from end to end, as profiles/counters.toml has it."""
SPARE: Final = 1.1
"""So that rounding down leaves enough."""


class WantedValue(NamedTuple):
    """A value to have, and what is to be said of it."""

    value: Value | None
    """None: nothing says which."""
    about: str
    """In sentences, where it is more than the present one."""
    why_not_more: str
    """In sentences, where it is not."""


class LogLoad(NamedTuple):
    """What decides the size of one server's log."""

    bytes_per_s: float | None
    """As observed; None where that is not known."""
    lasts_s: Known[float] = Unknown(unknown="nobody watched")
    """How long the log has to last so that no checkpoint comes before it is due."""
    recovery_time_s: float | None = None
    """As the user asks for it."""
    is_said: bool = False
    """Whether the advice is for a load that the user said."""
    replay_bytes_per_s: Known[float] = Unknown(unknown="no drive is measured")

    def size(self, line: SettingLine, vendor: VendorName, version: NumericVersion) -> WantedValue:
        """For the setting that says how large the log is.

        Where a drive is measured, what the rule says of it, for no more than an hour of what was
        observed, unless the user said the load. Else the least that would do.
        """
        formula = _formula(line, vendor, version)
        if self.bytes_per_s is None or formula is None:
            return WantedValue(None, "", "How large it should be, a longer --interval tells.")
        limit = line.advised.value if line.advised else None
        if self.is_said and limit is not None:
            by_load: Value = limit
        else:
            seconds = self._least_s * SPARE if limit is None else LOAD_S
            by_load = line.spec.in_server_unit(formula.for_load(self.bytes_per_s, seconds))
        bursts = self._lasts(line, line.value, formula) >= self._least_s
        if limit is not None and not is_less(by_load, limit):
            assert line.advised is not None
            more = f"More is not advised: {line.advised.reason}"
            return WantedValue(limit, self._about(line, limit, formula, bursts), more)
        about = self._about(line, by_load, formula, bursts)
        return WantedValue(by_load, about, self._said_of_bursts)

    @property
    def _least_s(self) -> float:
        """How long a log has to last at the least."""
        if not isinstance(self.lasts_s, Unknown):
            return self.lasts_s
        return self.recovery_time_s or LASTS_S

    @property
    def _said_of_bursts(self) -> str:
        rate = format_size(self.bytes_per_s or 0)
        return (
            f"At {rate}/s, the most that was observed, the present size would do: the load comes in"
            " bursts, of which an --interval at a busy hour tells more."
        )

    def _lasts(self, line: SettingLine, value: Value | None, formula: LogCapacity) -> float:
        """Seconds until so much is written; without end on a server that writes nothing."""
        size_bytes = _bytes(line, value, formula)
        return size_bytes / self.bytes_per_s if self.bytes_per_s else float("inf")

    def _about(self, line: SettingLine, value: Value, formula: LogCapacity, bursts: bool) -> str:
        size_bytes = _bytes(line, value, formula)
        if bursts:
            said = self._said_of_bursts
        else:
            lasts = format_span(self._lasts(line, value, formula))
            rate = format_size(self.bytes_per_s or 0)
            said = f"At {rate}/s, as observed, {format_size(size_bytes)} is written in {lasts}."
        if isinstance(self.replay_bytes_per_s, Unknown):
            return (
                f"{said} Whether the drive has room for {format_size(size_bytes)}, and how long a"
                " recovery then takes, is not known: DIR or --from FILE adds it."
            )
        replayed = format_span(size_bytes / self.replay_bytes_per_s)
        return f"{said} A recovery replays {format_size(size_bytes)} in about {replayed}."


def _formula(line: SettingLine, vendor: VendorName, version: NumericVersion) -> LogCapacity | None:
    formulas = [rule.formula for rule in line.setting.rule if rule.covers(vendor, version)]
    return next((each for each in formulas if isinstance(each, LogCapacity)), None)


def _bytes(line: SettingLine, value: Value | None, formula: LogCapacity) -> int:
    """Of the whole log."""
    assert isinstance(value, int)
    return value * UNIT_BYTES[line.spec.unit] * formula.files
