"""What a server's own counters show of one setting, and the value that they speak for. Pure.

The counters are measured, so that no assumption about the load is needed.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from advisor.analysis.counter_checks import AS_ADVISED, BY_LOG_RATE, CounterCheck
from advisor.analysis.server_counts import CounterWindow, ServerCounters
from advisor.audit.finding_maker import shown
from advisor.audit.findings import Severity
from advisor.audit.lines import SettingLine
from advisor.audit.log_size import LogLoad, WantedValue
from advisor.audit.values import is_less, is_near
from advisor.conditions import all_hold
from advisor.model import Unknown
from advisor.units import Value, format_named, to_server_unit
from advisor.vendors.names import VendorName
from advisor.versions import NumericVersion

IDLE_BYTES_PER_S: Final = 1000
"""Our choice: servers write some bytes of log for themselves."""
IDLE_S: Final = 1
"""A shorter look shows a pause as well."""


class CounterVerdict(NamedTuple):
    """What the counters show of a setting."""

    check: str
    severity: Severity
    wanted: Value
    reason: str
    sources: tuple[str, ...]


class CounterJudge(NamedTuple):
    """What is known of one server's counters; `judge` takes one setting at a time."""

    vendor: VendorName
    version: NumericVersion
    checks: Sequence[CounterCheck]
    counters: ServerCounters | None
    """None: nobody watched."""
    load: LogLoad = LogLoad()

    def judge(self, line: SettingLine, *, is_assumed: bool) -> CounterVerdict | str | None:
        """What is shown of a setting; or a note, where there is no value to recommend; or nothing.

        `is_assumed`: whether the advice for it rests on an assumption.
        """
        check = self._check_of(line)
        if check is None or self.counters is None or isinstance(line.value, str | bool | None):
            return None
        windows = (self.counters.interval, self.counters.since_start)
        showing = [window for window in windows if all_hold(check.when, window)]
        window = next((each for each in showing if all_hold(check.enough, each)), None)
        if window is None:
            # A wait or two say nothing, and are not worth a word.
            said = showing and check.wanted == BY_LOG_RATE
            return self._too_few(check, line, showing[-1]) if said else None
        says = _filled(check.says, window)
        wanted, about, why_not_more = self._wanted(check, line, is_assumed=is_assumed)
        if wanted is None or not is_less(line.value, wanted) or is_near(line.value, wanted):
            return f"{_assignment(line)}: {says} {check.why} {why_not_more}"
        reason = f"{says} {check.why} {about}".strip()
        return CounterVerdict(check.id, check.severity, wanted, reason, check.sources)

    @property
    def idle_note(self) -> str:
        """That the server did nothing meanwhile; "" where it did."""
        if self.counters is None:
            return ""
        rate, watched_s = self.counters.interval.log_bytes_per_s, self.counters.interval.log_s
        if isinstance(rate, Unknown) or rate >= IDLE_BYTES_PER_S:
            return ""
        if isinstance(watched_s, Unknown) or watched_s < IDLE_S:
            return ""
        return (
            "the server was idle while it was watched: its load shows in a longer --interval, or at"
            " another hour"
        )

    def _check_of(self, line: SettingLine) -> CounterCheck | None:
        for check in self.checks:
            is_its = self.vendor in check.db and line.setting.name in check.settings
            if is_its and (line.found.is_given or not check.only_if_set):
                return check
        return None

    def _too_few(self, check: CounterCheck, line: SettingLine, window: CounterWindow) -> str:
        return (
            f"{_assignment(line)}: {_filled(check.says, window)} That is too little to judge by; it"
            " needs a longer --interval, or counters that began earlier"
        )

    def _wanted(self, check: CounterCheck, line: SettingLine, *, is_assumed: bool) -> WantedValue:
        """The value to have, and what to say of it."""
        if check.wanted == BY_LOG_RATE:
            return self.load.size(line, self.vendor, self.version)
        if check.wanted != AS_ADVISED:
            value = to_server_unit(check.wanted, line.spec.unit)
            return WantedValue(value, "", "No larger value is known to help.")
        if line.advised is None or is_assumed:
            return WantedValue(None, "", "Which value would end that, these counters do not tell.")
        return WantedValue(line.advised.value, "", "No larger value is advised.")


def _filled(text: str, window: CounterWindow) -> str:
    figures = {
        name: "?" if isinstance(fact, Unknown) else format_named(name, fact)
        for name in type(window).model_fields
        if not isinstance(fact := window.lookup(name), str)
    }
    words = {"log_since": window.log_since, "checkpoints_since": window.checkpoints_since}
    return text.format_map({**figures, **words})


def _assignment(line: SettingLine) -> str:
    return f"{line.setting.name} = {shown(line)}"
