"""What a case expects against what `measure` found."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.machine.boot import Found
from tests.machine.case import UNKNOWN, Case


def differences(case: Case, found: Found) -> list[str]:
    """All of them, each in a line; none where the case is as expected."""
    if "failed" in found:
        return [found["failed"]]
    return list(_differences(case, found))


def devices_of(found: Found) -> list[dict[str, Any]]:
    """The leaf devices, or none where they are unknown."""
    devices = found["target"]["devices"]
    return devices if isinstance(devices, list) else []


def layers_of(found: Found) -> list[dict[str, Any]]:
    """From the top down, or none where they are unknown."""
    layers = found["target"]["layers"]
    return layers if isinstance(layers, list) else []


def _differences(case: Case, found: Found) -> Iterator[str]:
    target, devices, layers = found["target"], devices_of(found), layers_of(found)
    yield from _differ("file system", case.filesystem, target["filesystem"])
    yield from _differ("leaf devices", case.leaves, len(devices))
    yield from _differ("layers", [e["kind"] for e in case.layers], [e["kind"] for e in layers])
    for expected, layer in zip(case.layers, layers, strict=False):
        details = {"kind": layer["kind"], **layer["details"]}
        yield from _fields(layer["name"], expected, details)
    for device in devices[:1]:
        yield from _fields(device["name"], case.device, device)
    yield from _fields("target", case.target, target)
    yield from _differ("findings", list(case.findings), found["findings"])
    # How fast an emulated drive is, which may look suspicious, is chance.
    if found["trust"] == "plausible" or (found["trust"] == "not-durable") != case.is_not_durable:
        yield f"trust is {found['trust']}"
    if "flush-accounting" in found["evidence"] and not case.is_not_durable:
        yield "fewer flushes were counted than syncs"


def _fields(what: str, expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for name, value in expected.items():
        actual = found.get(name)
        if isinstance(value, dict) and isinstance(actual, dict):
            yield from _fields(f"{what}.{name}", value, actual)
        else:
            yield from _differ(f"{what}.{name}", value, actual)


def _differ(what: str, expected: object, actual: object) -> Iterator[str]:
    is_unknown = isinstance(actual, dict) and "unknown" in actual
    if (expected == UNKNOWN and not is_unknown) or (expected not in (UNKNOWN, actual)):
        yield f"{what} is {actual!r}, not {expected!r}"
