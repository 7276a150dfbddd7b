"""A measurement together with what is to be said of its host."""

from advisor.analysis.host_findings import HostFinding
from advisor.measurement import Measurement


class JudgedMeasurement(Measurement):
    """A measurement with what is to be said of its host: what `measure --format json` prints."""

    host_findings: tuple[HostFinding, ...] = ()


def with_findings(measurement: Measurement, findings: tuple[HostFinding, ...]) -> JudgedMeasurement:
    """The same with its findings."""
    return JudgedMeasurement.model_construct(**dict(measurement), host_findings=findings)
