"""What ZFS's own programs tell of a data set and its pool: /sys knows neither."""

import re
from collections.abc import Iterator
from typing import Final

from advisor.model import Known, Unknown
from advisor.probe.programs import AskProgram
from advisor.probe.sysfs import LayerDetails, yes_no

PROPERTIES: Final = ("sync", "logbias", "recordsize")
READ_CACHE: Final = "cache"
"""The heading of zpool status over devices that no write waits for."""
IN_USE: Final = ("ONLINE", "DEGRADED")
"""Neither one that is gone nor a replacement that waits (AVAIL)."""


def properties(ask: AskProgram, dataset: str) -> LayerDetails:
    """Each of PROPERTIES, and whether the pool has a separate log device (SLOG)."""
    return {**_properties(ask, dataset), "log_device": _log_device(ask, dataset)}


def pool_devices(ask: AskProgram, dataset: str) -> Known[tuple[str, ...]]:
    """Where the pool's data and logs lie: "/dev/sda1", or a file."""
    status = _status(ask, dataset)
    if isinstance(status, Unknown):
        return status
    return tuple(_devices(status)) or Unknown(unknown="zpool status shows no devices in use")


def _properties(ask: AskProgram, dataset: str) -> LayerDetails:
    command = ("zfs", "get", "-H", "-o", "property,value", ",".join(PROPERTIES), dataset)
    answer = ask(command)
    if isinstance(answer, Unknown):
        return dict.fromkeys(PROPERTIES, answer)
    told = dict(line.split("\t", 1) for line in answer.split("\n") if "\t" in line)
    return {
        name: told.get(name) or Unknown(unknown=f"zfs get does not tell {name}")
        for name in PROPERTIES
    }


def _log_device(ask: AskProgram, dataset: str) -> Known[str]:
    status = _status(ask, dataset)
    if isinstance(status, Unknown):
        return status
    return yes_no(any(heading == "logs" for heading in map(_heading, status)))


def _status(ask: AskProgram, dataset: str) -> Known[list[str]]:
    """The lines that show the pool's devices, with their whole paths."""
    answer = ask(("zpool", "status", "-P", "-L", dataset.partition("/")[0]))
    if isinstance(answer, Unknown):
        return answer
    _, found, devices = answer.partition("config:\n")
    if not found:
        return Unknown(unknown="zpool status shows no devices")
    return devices.partition("\nerrors:")[0].split("\n")


def _devices(status: list[str]) -> Iterator[str]:
    """Of rows like "\t  /dev/sda1  ONLINE  0  0  0", those under headings that count."""
    heading = ""
    for line in status:
        row = re.match(r"\t +(/\S+) +(\S+)", line)
        if re.match(r"\t\S", line):
            heading = _heading(line)
        elif row and row[2] in IN_USE and heading != READ_CACHE:
            yield row[1]


def _heading(line: str) -> str:
    """ "\tlogs\t" -> "logs"; the pool's own row has more words, and is none."""
    found = re.fullmatch(r"\t(\S+)\s*", line)
    return found[1] if found else ""
