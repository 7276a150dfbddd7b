"""A measurement's file: JSON, and what is wrong with one that is none. Pure."""

import re
from typing import Final

from pydantic import ValidationError

from advisor.errors import AdvisorError
from advisor.measurement import Measurement

MAX_MEASUREMENT_BYTES: Final = 16 * 1024**2
"""Of its file. The longest plan takes 800,000 latencies, which are 8 MB."""
MAX_LATENCIES: Final = 1_000_000
"""Of all series together."""
MAX_OTHER_BYTES: Final = 1024**2
"""Of its file without the latencies: a hundred times what there is to say."""

MAKE_ONE: Final = "make one with: fsync-advisor measure --output FILE"

_LATENCIES: Final = re.compile(rb'"latencies_ns":\s*\[[0-9, \n]*\]')  # \d and \s take twice as long
_CONTROLS: Final = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_LATENCIES_IN_TEXT: Final = re.compile(_LATENCIES.pattern.decode())


def to_json(measurement: Measurement) -> str:
    """The file format: one JSON object on one line."""
    return without_controls(measurement.model_dump_json()) + "\n"


def without_controls(json_text: str) -> str:
    """JSON with those characters escaped, too, that it may hold and that steer a terminal."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", json_text)


def without_latencies(raw: bytes) -> bytes:
    """A measurement's file without its single latencies, which are most of it and slow to read.

    What is no list of whole numbers stays, for from_json to refuse.
    """
    return _LATENCIES.sub(b'"latencies_ns":[]', raw)


def from_json(text: str, name: str) -> Measurement:
    """The Measurement in `text`; `name` is where it came from. Raises AdvisorError."""
    _require_sane_size(text, name)
    try:
        measurement = Measurement.model_validate_json(text.removeprefix("\ufeff"))
    except ValidationError as error:
        raise AdvisorError(
            f"{name} is not a measurement: {first_problem(error)}",
            MAKE_ONE,
        ) from error
    drives = (measurement, *measurement.others)
    taken = (series for drive in drives for series in (*drive.series, *drive.under_load))
    rounds = (round_ for series in taken for round_ in series.rounds)
    count = sum(len(round_.latencies_ns) for round_ in rounds)
    if count > MAX_LATENCIES:
        raise AdvisorError(
            f"{name} has {count} latencies, and no measurement has more than {MAX_LATENCIES}",
            MAKE_ONE,
        )
    return measurement


def _require_sane_size(text: str, name: str) -> None:
    """What is large in a measurement are its latencies. Raises AdvisorError."""
    if len(text) <= MAX_OTHER_BYTES:
        return
    size = len(_LATENCIES_IN_TEXT.sub("", text))
    if size > MAX_OTHER_BYTES:
        raise AdvisorError(
            f"{name} is not a measurement: {size} characters beside its latencies, and no"
            f" measurement has more than {MAX_OTHER_BYTES}",
            MAKE_ONE,
        )


OWN_WORDS: Final = {
    "string_pattern_mismatch": "it is not written as measure writes it",
    "string_too_long": "it has more than {max_length} characters",
    "too_long": "it has more than {max_length} entries",
    "too_short": "it has fewer than {min_length} entries",
}
"""Kind of error, as pydantic calls it -> what is wrong."""
_UNION_MEMBERS: Final = frozenset({"bool", "float", "int", "str", "Unknown"})


def first_problem(error: ValidationError) -> str:
    """Where it is, and what is wrong there."""
    first = error.errors(include_input=False)[0]
    # Between the keys stand the members of unions, as pydantic calls them.
    steps = [str(step) for step in first["loc"] if step not in _UNION_MEMBERS]
    where = ".".join(step for step in steps if step.isidentifier() or step.isdigit())
    own = OWN_WORDS.get(first["type"])
    said = own.format(**first["ctx"]) if own else first["msg"].removeprefix("Value error, ")
    return f"{where}: {said}" if where else said
