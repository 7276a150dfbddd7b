"""What is held against a real server: that it starts with a fragment and has what was meant."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from advisor.units import Value
from tests.servers.harness import Instance, Server, ServerDidNotStart, complaints

OPTIONS_ALONE: Final = frozenset({"debug_no_sync"})
"""Options of which no running server says what they are."""

Caught = Literal["start", "value", "log"]


@dataclass(frozen=True)
class Expected:
    """What a running server must say of one setting."""

    setting: str
    value: Value | None
    """In the server's unit; None where only the server can know."""
    unit: str = ""
    from_file: bool = True


@dataclass(frozen=True)
class Fault:
    """One thing that is not as it must be, and how it was noticed."""

    caught: Caught
    text: str


def faults(server: Server, fragment: str, expected: Sequence[Expected]) -> list[Fault]:
    """Start the server with a fragment, read everything back, listen to its log, stop it."""
    ours = [entry.setting for entry in expected if entry.from_file]
    try:
        with server.running(fragment) as instance:
            log = [*instance.file_errors(), *complaints(instance.log(), ours)]
            return [*differences(instance, expected), *(Fault("log", line) for line in log)]
    except ServerDidNotStart as failure:
        # A log that names none of our lines is given whole: somebody must find out.
        return [Fault("start", line) for line in complaints(str(failure), ours) or [str(failure)]]


def differences(instance: Instance, expected: Sequence[Expected]) -> list[Fault]:
    """The settings that the server has otherwise."""
    found = instance.read_all([entry.setting for entry in expected])
    different = []
    for entry in expected:
        actual = found[entry.setting]
        same_unit = actual.unit is None or actual.unit == entry.unit
        same_value = entry.value is None or same(entry.value, actual.value)
        if not same_value or not same_unit or actual.from_file != entry.from_file:
            different.append(Fault("value", f"{entry} reads {actual}"))
    return different


def same(advised: Value, read_back: str) -> bool:
    """Whether the server's text means the advised value."""
    if isinstance(advised, bool):
        return read_back.lower() in (("on", "1") if advised else ("off", "0"))
    if isinstance(advised, float):
        return float(read_back) == advised
    return read_back == str(advised)
