"""What drives say of their wear and their warmth, by smartctl, where it is installed.

Its JSON has the same endurance and temperature for every kind of drive (since smartmontools 7.0 and
7.5), and the log page of NVMe drives. Attributes of SATA drives that each maker counts in its own
way are left alone.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from advisor.measurement import Device
from advisor.model import Known, Unknown
from advisor.probe.programs import AskProgram
from advisor.soak import HealthReading

PERCENT_USED: Final = (
    ("endurance_used", "current_percent"),
    ("nvme_smart_health_information_log", "percentage_used"),
    ("scsi_percentage_used_endurance_indicator",),
)
TEMPERATURE_C: Final = (("temperature", "current"),)
HOT_MINUTES: Final = (("nvme_smart_health_information_log", "warning_temp_time"),)

MOST: Final = 2**62
"""No figure of a drive is larger."""


def read_health(
    devices: Known[tuple[Device, ...]], at_s: float, ask: AskProgram
) -> Known[HealthReading]:
    """The worst of the drives, or why nothing is known of any of them."""
    if isinstance(devices, Unknown):
        return devices
    answers = [ask(("smartctl", "--json", "--all", f"/dev/{each.name}")) for each in devices]
    told = [_parsed(answer) for answer in answers if not isinstance(answer, Unknown)]
    reading = HealthReading(
        at_s=at_s,
        percent_used=_worst(told, PERCENT_USED, 1000),
        temperature_c=_worst(told, TEMPERATURE_C, 1000),
        hot_minutes=_worst(told, HOT_MINUTES, MOST),
    )
    if (reading.percent_used, reading.temperature_c) == (None, None):
        whys = [answer.unknown for answer in answers if isinstance(answer, Unknown)]
        return Unknown(unknown=next(iter(whys), "smartctl tells neither wear nor temperature"))
    return reading


def _parsed(answer: str) -> Any:
    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        return None


def _worst(told: Sequence[Any], places: Sequence[Sequence[str]], most: int) -> int | None:
    values = [_first(each, places, most) for each in told]
    return max((value for value in values if value is not None), default=None)


def _first(answer: Any, places: Sequence[Sequence[str]], most: int) -> int | None:
    for keys in places:
        value = answer
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most:
            return value
    return None
