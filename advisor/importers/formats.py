"""The table of formats, and the one way from bytes to a Measurement."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from pydantic import ValidationError

from advisor.errors import AdvisorError, UsageError
from advisor.importers import (
    classic,
    dd,
    etcd,
    fio_json,
    fio_text,
    fsdist,
    ioping,
    iotune,
    pg_test_fsync,
    sysbench,
)
from advisor.importers.clean_text import clean, commented_out
from advisor.importers.reported import Candidate
from advisor.importers.unknown import refusal
from advisor.measurement import Measurement
from advisor.measurement_file import first_problem

MAX_RESULTS: Final = 200
"""In one file; more are no paste any more."""


@dataclass(frozen=True, slots=True)
class ReportFormat:
    """How a tool's output is known, and what finds the results in it."""

    sign: re.Pattern[str]
    find_results: Callable[[str], Iterator[Candidate]]


FORMATS: Final = (
    ReportFormat(classic.SIGNATURE, classic.find_results),
    ReportFormat(pg_test_fsync.SIGNATURE, pg_test_fsync.find_results),
    ReportFormat(fio_json.SIGNATURE, fio_json.find_results),
    ReportFormat(fio_text.SIGNATURE, fio_text.find_results),
    ReportFormat(sysbench.SIGNATURE, sysbench.find_results),
    ReportFormat(ioping.SIGNATURE, ioping.find_results),
    ReportFormat(iotune.SIGNATURE, iotune.find_results),
    ReportFormat(dd.SIGNATURE, dd.find_results),
    ReportFormat(etcd.SIGNATURE, etcd.find_results),
    ReportFormat(fsdist.SIGNATURE, fsdist.find_results),
)


@dataclass(frozen=True, slots=True)
class Imported:
    """A Measurement, and which of the results in the file it is."""

    measurement: Measurement
    taken: str
    """One line for the user: what was taken, and of how many."""


def import_report(raw: bytes, name: str, pick: int | None = None) -> Imported:
    """The Measurement that the report in `raw` holds; of several, number `pick`, else the first
    that can be used. `name` is where it came from.

    Raises AdvisorError for anything that is not a complete, successful, understood report, and
    UsageError for a `pick` that is not there.
    """
    try:
        candidates = _candidates(clean(raw))
    except AdvisorError as error:
        raise _of_file(name, error) from error
    if pick is not None and not 1 <= pick <= len(candidates):
        raise UsageError(
            f"{name} has {_results(len(candidates))}, so there is no number {pick}",
            "--pick counts from 1, in the order of the file",
        )
    if pick is not None:
        return _built(candidates, pick, name)
    problem: AdvisorError | None = None
    for number in range(1, len(candidates) + 1):
        try:
            return _built(candidates, number, name)
        except AdvisorError as error:
            problem = problem or error
    assert problem is not None  # there is at least one candidate
    raise problem


def _candidates(text: str) -> list[Candidate]:
    """Every result in the text, in its order. At least one. Raises AdvisorError."""
    if "#" in text:
        bare, uncommented = commented_out(text)
        # A whole report behind "#", as in a configuration file; elsewhere "#" is a prompt.
        if _known(uncommented) and not _known(bare):
            text = uncommented
    found: list[Candidate] = []
    for format_ in FORMATS:
        if format_.sign.search(text):
            found += islice(format_.find_results(text), MAX_RESULTS + 1)
    if not found:
        raise refusal(text)
    if len(found) > MAX_RESULTS:
        raise AdvisorError(f"has more than {MAX_RESULTS} results", "split it")
    return sorted(found, key=lambda candidate: candidate.start)


def _known(text: str) -> bool:
    return any(format_.sign.search(text) for format_ in FORMATS)


def _built(candidates: list[Candidate], number: int, name: str) -> Imported:
    candidate = candidates[number - 1]
    try:
        measurement = candidate.build()
    except ValidationError as error:
        raise _of_file(name, AdvisorError(f"has {first_problem(error)}")) from error
    except AdvisorError as error:
        raise _of_file(name, error) from error
    taken = candidate.name
    if len(candidates) > 1:
        taken = f"{candidate.name}, number {number} of {_results(len(candidates))}"
        taken += "; import --pick N takes another"
    return Imported(measurement, f"{name} is read as {taken}")


def _results(count: int) -> str:
    return "1 result" if count == 1 else f"{count} results"


def _of_file(name: str, error: AdvisorError) -> AdvisorError:
    """The complaint, with the file it is about."""
    joint = " " if error.message.startswith(("is ", "has ", "looks ")) else ": "
    hint = error.hint or "the tool's whole and unchanged output is needed"
    return AdvisorError(f"{name}{joint}{error.message}", hint)
