"""How large a log should be at the rate at which a server was seen to write it. Pure."""

from typing import Final, NamedTuple

from advisor.audit.lines import SettingLine
from advisor.audit.values import is_less
from advisor.model import Known, Unknown
from advisor.rules.formulas import LOAD_S, LogCapacity
from advisor.units import UNIT_BYTES, Value, format_size, format_span
from advisor.vendors.names import VendorName
from advisor.versions import NumericVersion

LASTS_S: Final = 600
"""Six turns an hour, as profiles/counters.toml has it."""
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


class LogRate(NamedTuple):
    """How fast the log was written, for how long."""

    bytes_per_s: float
    seconds: float
    words: str
    """"in the 60 s watched"."""

    def written_bytes(self, seconds: float) -> float:
        """In so long; no more than was seen, for nothing says how it went on."""
        return self.bytes_per_s * min(self.seconds, seconds)


class LogLoad(NamedTuple):
    """What decides the size of one server's log."""

    stretches: tuple[LogRate, ...] = ()
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
        if not self.stretches or formula is None:
            return WantedValue(None, "", "How large it should be, a longer --interval tells.")
        limit = line.advised.value if line.advised else None
        seconds = self._least_s * SPARE if limit is None else LOAD_S
        most = max(self.stretches, key=lambda each: each.written_bytes(seconds))
        by_load: Value = line.spec.in_server_unit(formula.for_load(most.written_bytes(seconds)))
        if limit is not None and (self.is_said or not is_less(by_load, limit)):
            assert line.advised is not None
            value, why_not = limit, f"More is not advised: {line.advised.reason}"
        else:
            value, why_not = by_load, self._of_bursts(most)
        about = self._about(
            most, seconds, _bytes(line, line.value, formula), _bytes(line, value, formula)
        )
        return WantedValue(value, about, why_not)

    @property
    def _least_s(self) -> float:
        """How long a log has to last at the least."""
        if not isinstance(self.lasts_s, Unknown):
            return self.lasts_s
        return self.recovery_time_s or LASTS_S

    def _of_bursts(self, most: LogRate) -> str:
        rate = format_size(most.bytes_per_s)
        return (
            f"At {rate}/s {most.words}, the present size would do: the load comes in bursts, of"
            " which an --interval at a busy hour tells more."
        )

    def _about(self, most: LogRate, seconds: float, present_bytes: int, wanted_bytes: int) -> str:
        """How long a log of that size lasts, and its recovery takes."""
        size, rate = format_size(wanted_bytes), format_size(most.bytes_per_s)
        if present_bytes >= most.written_bytes(self._least_s):
            said = self._of_bursts(most)
        elif most.seconds < seconds:
            written = format_size(most.written_bytes(seconds))
            said = (
                f"No more than {written} was written {most.words}: how much it is in"
                f" {format_span(seconds)}, a longer --interval tells."
            )
        else:
            lasts = format_span(wanted_bytes / most.bytes_per_s)
            said = f"At {rate}/s {most.words}, {size} is written in {lasts}."
        if isinstance(self.replay_bytes_per_s, Unknown):
            return (
                f"{said} Whether the drive has room for {size}, and how long a recovery then takes,"
                " is not known: DIR or --from FILE adds it."
            )
        replayed = format_span(wanted_bytes / self.replay_bytes_per_s)
        return f"{said} A recovery replays {size} in about {replayed}."


def _formula(line: SettingLine, vendor: VendorName, version: NumericVersion) -> LogCapacity | None:
    formulas = [rule.formula for rule in line.setting.rule if rule.covers(vendor, version)]
    return next((each for each in formulas if isinstance(each, LogCapacity)), None)


def _bytes(line: SettingLine, value: Value | None, formula: LogCapacity) -> int:
    """Of the whole log."""
    assert isinstance(value, int)
    return value * UNIT_BYTES[line.spec.unit] * formula.files
