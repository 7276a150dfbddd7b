"""The probe: the only code that touches a drive, a clock, /proc, /sys or psutil."""

from advisor.probe.measure import measure
from advisor.probe.plan import PLANS, MeasuringPlan, SeriesSpec
from advisor.probe.progress import Progress, ignore

__all__ = ["PLANS", "MeasuringPlan", "Progress", "SeriesSpec", "ignore", "measure"]
