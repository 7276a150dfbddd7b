"""Scylla's iotune and Redpanda's rpk iotune: rates of plain writes, and no sync at all.

The file is YAML, but flat: reading its few "key: number" lines here spares every database host
a YAML library. Source: github.com/scylladb/seastar, doc/io-properties-file.md.
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import Final

from advisor.errors import AdvisorError
from advisor.importers.clean_text import printable, spans
from advisor.importers.figures import SUFFIXES, number
from advisor.importers.reported import (
    NOT_SAID,
    Candidate,
    reported_measurement,
    reported_series,
)
from advisor.measurement import Measurement

TOOL: Final = "iotune"
SIGNATURE: Final = re.compile(
    r"^[ \t]{0,8}disks:[ \t]*$|^[ \t-]{0,20}(?:read|write)_iops:", re.MULTILINE
)

_DISK: Final = re.compile(r"^[ \t]{0,8}-[ \t]{1,8}[a-z_]{1,20}:", re.MULTILINE)
_FIELD: Final = re.compile(
    r"^[ \t]{0,20}(?:-[ \t]{1,8})?([a-z_]{1,20}):[ \t]{1,8}(\S[^\n]{0,300})", re.MULTILINE
)
PAGE_BYTES: Final = 16 * 1024
"""What a database writes at a time; iotune writes the least that the drive takes."""


def find_results(text: str) -> Iterator[Candidate]:
    """A candidate for each disk."""
    any_found = False
    for start, end in spans(_DISK, text):
        fields = dict(_FIELD.findall(text[start:end]))
        if "write_iops" in fields:
            any_found = True
            name = f"{TOOL}, {printable(fields.get('mountpoint', '?'))}"
            yield Candidate(start, name, partial(_measurement, fields))
    if not any_found:
        yield Candidate(0, TOOL, _nothing)


def _nothing() -> Measurement:
    raise AdvisorError("this file of iotune has no write_iops", "keep the whole file")


def _measurement(fields: dict[str, str]) -> Measurement:
    pages_per_s = _figure(fields, "write_iops")
    if "write_bandwidth" in fields:
        pages_per_s = min(pages_per_s, _figure(fields, "write_bandwidth") / PAGE_BYTES)
    series = reported_series("random", "none", pages_per_s, block_bytes=PAGE_BYTES, direct=True)
    notes = {
        "used": "iotune: write_iops is used, as far as write_bandwidth sustains pages of 16 KiB;"
        " it says nothing of syncs",
        "mean": "the mean is the time from one write's end to the next's, of many at a time",
    }
    path = printable(fields.get("mountpoint", "").strip("\"' \t"))
    return reported_measurement(
        TOOL, [series], notes, directory=path if path.startswith("/") else NOT_SAID
    )


def _figure(fields: dict[str, str], name: str) -> float:
    found = re.match(r"([0-9][0-9.,']{0,39})([kKMG]?)\s{0,20}(?:$|#)", fields[name])
    if not found:
        raise AdvisorError(f"{name} is {printable(fields[name])!r}, which is not a number")
    return number(found[1], name) * SUFFIXES[found[2]]
