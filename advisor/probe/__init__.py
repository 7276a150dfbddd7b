"""The probe: the only code that touches a drive, a clock, /proc, /sys or psutil."""

from advisor.probe.measure import measure
from advisor.probe.plan import PLANS, MeasuringPlan, SeriesSpec, load_plan
from advisor.probe.progress import Progress, ignore
from advisor.probe.under_load import UnderLoad

__all__ = [
    "PLANS",
    "MeasuringPlan",
    "Progress",
    "SeriesSpec",
    "UnderLoad",
    "ignore",
    "load_plan",
    "measure",
]
