"""What models of measurements are made of: a value or why it is unknown, and bounded numbers."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar, Union

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")


class Model(BaseModel):
    """Frozen. Unknown keys are ignored, so that a file of a later minor version still loads."""

    model_config = ConfigDict(
        frozen=True, arbitrary_types_allowed=True, allow_inf_nan=False, defer_build=True
    )


Text = Annotated[str, Field(max_length=20_000)]
"""A path, a name, a reason: longer than any that a kernel tells."""
Name = Annotated[str, Field(max_length=200)]


class Unknown(Model):
    """A value that could not be found out, and why. Nothing may treat it as safe."""

    unknown: Text

    def __str__(self) -> str:
        return f"unknown ({self.unknown})"


Known = Union[T, Unknown]  # noqa: UP007 -- a generic alias needs Union


def known(value: Known[T]) -> T:
    """A value that has been found to be known. Raises TypeError: else it is a fault of ours."""
    if isinstance(value, Unknown):
        raise TypeError(f"what had to be known is {value}")
    return value


def computed(function: Callable[..., Known[T]], *values: Known[Any]) -> Known[T]:
    """The function of values that are all known; else the first that is not."""
    unknown = next((value for value in values if isinstance(value, Unknown)), None)
    return function(*values) if unknown is None else unknown


SizeBytes = Annotated[int, Field(ge=0, le=2**80)]
"""More than a host, a drive or a file system has."""
LatencyUs = Annotated[float, Field(ge=0, le=1e12)]
"""Up to 11 days for one write."""
NonNegative = Annotated[int, Field(ge=0, le=2**63)]
FlushCount = Annotated[int, Field(ge=0, le=10**18)]
CpuCount = Annotated[int, Field(ge=1, le=10**6)]
ElapsedNs = Annotated[int, Field(gt=0, le=10**18)]
"""Up to 31 years."""
PerSecond = Annotated[float, Field(ge=0, le=1e18)]
Percent = Annotated[float, Field(ge=0, le=1e9)]
