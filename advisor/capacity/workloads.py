"""Workloads as data: the syncs, the work and the patience of one kind of transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import Field, model_validator

from advisor.capacity.page_load import NO_CHANGES, PageChanges
from advisor.conditions import Strict
from advisor.errors import UsageError

WorkloadKind = Literal["database", "files"]
"""database: a transaction commits once, whatever it writes, and shares syncs with others; files:
every sync goes to a file of its own and is shared with nobody."""

MAX_SYNCS: Final = 500
"""Of one transaction. More are a mistake, and the model takes them one by one."""


class Parameter(Strict):
    """What makes a transaction larger, like the items of an order."""

    meaning: str = Field(min_length=5)
    default: int
    min: int = Field(ge=0)
    max: int
    syncs_each: int = Field(default=0, ge=0)
    statements_each: float = Field(default=0, ge=0, le=1e6)
    random_pages_each: float = Field(default=0, ge=0, le=1e6)

    @model_validator(mode="after")
    def _says_something(self) -> "Parameter":
        if not self.min <= self.default <= self.max:
            raise ValueError("min, default and max must be in that order")
        if not (self.syncs_each or self.statements_each or self.random_pages_each):
            raise ValueError("a parameter needs syncs_each, statements_each or random_pages_each")
        return self


class Workload(Strict):
    """One file of profiles/workloads, or one of the user's own."""

    name: str
    summary: str = Field(min_length=10)
    kind: WorkloadKind
    syncs: int = Field(ge=0)
    """Durable steps counted one sync each, whatever is shared; the parameters add theirs."""
    replaces: int = Field(default=0, ge=0)
    """Of the steps of files: those that put a new file in the place of an old one."""
    statements: float = Field(gt=0, le=1e6)
    """CPU time, in single-row writes; the parameters add theirs."""
    random_pages: float = Field(default=0, ge=0, le=1e6)
    """Pages all over the data that it changes; the parameters add theirs."""
    index_pages: float = Field(default=0, ge=0, le=1e6)
    """Pages of secondary indexes that it changes beside these."""
    index_share: float = Field(default=0, ge=0, lt=1)
    """What part of the data those indexes are."""
    records_per_txn: int | None = Field(default=None, gt=0)
    written_bytes_per_record: float | None = Field(default=None, gt=0)
    """Of a record loaded in bulk: log, table and indexes. With it the drive's bandwidth counts."""
    p99_target_ms: float = Field(gt=0, le=3_600_000)
    immediate_share: float = Field(default=0, ge=0, le=1)
    """Of the transactions: those that must be durable before anybody is told, batched or not."""
    comfortable_utilisation: float = Field(default=0.5, gt=0, lt=1)
    """The share of the time that syncs may take before it is time to batch."""
    parameters: dict[str, Parameter] = Field(default_factory=dict, alias="parameter")
    sources: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _some_syncs(self) -> "Workload":
        parameters = self.parameters.values()
        if not self.syncs + sum(parameter.min * parameter.syncs_each for parameter in parameters):
            raise ValueError("a transaction needs a sync: raise syncs, or a parameter's min")
        most = self.syncs + sum(parameter.max * parameter.syncs_each for parameter in parameters)
        if most > MAX_SYNCS:
            raise ValueError(f"a transaction of more than {MAX_SYNCS} syncs")
        if self.replaces and (self.kind != "files" or self.replaces > self.syncs):
            raise ValueError("replaces are some of the syncs of files")
        if bool(self.index_pages) != bool(self.index_share):
            raise ValueError("index_pages needs index_share, and index_share needs index_pages")
        if self.written_bytes_per_record is not None and self.records_per_txn is None:
            raise ValueError("written_bytes_per_record needs records_per_txn")
        return self


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction of a workload, its parameters filled in."""

    name: str
    kind: WorkloadKind
    syncs: int
    statements: float
    records: int | None
    p99_target_ms: float
    immediate_share: float = 0
    comfortable_utilisation: float = 0.5
    written_bytes: float | None = None
    """None: too little for the drive's bandwidth to count, or not known."""
    changes: PageChanges = NO_CHANGES
    replaces: int = 0
    """Of the syncs: durable replaces of a file, each of which is two syncs in truth."""


def fill_in(
    workloads: Iterable[Workload], parameters: Mapping[str, int]
) -> tuple[Transaction, ...]:
    """The transactions of the workloads, with these parameters and else each file's defaults.

    A parameter goes to every workload that has it. Raises UsageError for one that none has, or a
    value outside its range.
    """
    chosen = tuple(workloads)
    known = {name for workload in chosen for name in workload.parameters}
    if strangers := sorted(parameters.keys() - known):
        raise UsageError(
            f"no chosen workload has a parameter {', '.join(map(repr, strangers))}",
            f"they have: {', '.join(sorted(known)) or 'none'}",
        )
    return tuple(_transaction(workload, parameters) for workload in chosen)


def _transaction(workload: Workload, given: Mapping[str, int]) -> Transaction:
    syncs, statements, pages = workload.syncs, workload.statements, workload.random_pages
    for name, parameter in workload.parameters.items():
        count = given.get(name, parameter.default)
        if not parameter.min <= count <= parameter.max:
            raise UsageError(
                f"{workload.name}: {name} {count} is outside {parameter.min} to {parameter.max}"
            )
        syncs += count * parameter.syncs_each
        statements += count * parameter.statements_each
        pages += count * parameter.random_pages_each
    return Transaction(
        name=workload.name,
        kind=workload.kind,
        syncs=syncs,
        statements=statements,
        records=workload.records_per_txn,
        p99_target_ms=workload.p99_target_ms,
        written_bytes=workload.written_bytes_per_record
        and workload.written_bytes_per_record * (workload.records_per_txn or 0),
        immediate_share=workload.immediate_share,
        comfortable_utilisation=workload.comfortable_utilisation,
        changes=PageChanges(pages, workload.index_pages, workload.index_share),
        replaces=workload.replaces,
    )
