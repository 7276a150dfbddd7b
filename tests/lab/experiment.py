"""An experiment as a file states it before it runs: a question, its rivals, and when it stops."""

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Final, Literal, NamedTuple

import tomli
from pydantic import BaseModel, ConfigDict, Field, model_validator

from advisor.units import parse_size
from tests.support.emulated_drive import Filesystem

FOLDER: Final = Path(__file__).parent / "experiments"

PgbenchLoadName = Literal["tpcb", "simple-update", "bitmap-scan"]
SysbenchLoadName = Literal["write-only", "update", "read-write"]
LoadName = Literal["single-row", PgbenchLoadName, SysbenchLoadName]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Variant(_Part):
    """A configuration that is another one with settings changed."""

    of: str
    settings: Mapping[str, str]


class Load(_Part):
    """What the server is given to do."""

    name: LoadName
    clients: int = Field(ge=1, le=256)
    scale: int = Field(ge=1)
    """pgbench's scale; sysbench's rows in units of 100 000; nothing for single-row."""
    uniform: bool = False
    """Whether sysbench takes all rows alike, as the others do; else three of four times one of a
    hundredth of them."""

    @property
    def is_cold(self) -> bool:
        """Whether it begins with nothing of the data in memory, since it is about reads."""
        return self.name == "bitmap-scan"

    @property
    def key(self) -> str:
        """Like "tpcb-16-100"."""
        uniform = "-uniform" if self.uniform else ""
        return f"{self.name}-{self.clients}-{self.scale}{uniform}"


class Stopping(_Part):
    """When a comparison ends."""

    hurried_s: float = Field(default=0, ge=0)
    """Before the warm-up, on a drive that takes no time: see steady_state.py; 0: nothing of it."""
    warmup_s: float = Field(gt=0)
    """Not counted: until checkpoints and page flushing have begun."""
    measured_s: float = Field(gt=0)
    repetitions_min: int = Field(ge=1)
    repetitions_max: int = Field(ge=1)
    """Up to here, where the best two are within 10 %."""

    @model_validator(mode="after")
    def _in_order(self) -> "Stopping":
        if self.repetitions_max < self.repetitions_min:
            raise ValueError("repetitions_max is below repetitions_min")
        return self


class Experiment(_Part):
    """One file of experiments/; its name is the id that rules cite."""

    id: str
    question: str
    about: Literal["rate", "recovery"] = "rate"
    """What is reported: of a recovery, the rate before it is of no interest."""
    servers: tuple[str, ...] = Field(min_length=1)
    drives: tuple[str, ...] = Field(min_length=1)
    filesystem: Filesystem = "ext4"
    loads: tuple[Load, ...] = Field(min_length=1)
    memory: str
    """What the server may have of the host's memory, as --memory says it."""
    configurations: tuple[str, ...] = Field(min_length=2)
    """"default", "ours", rivals of rivals.py by name, and the variants."""
    variants: Mapping[str, Variant] = {}
    kills: bool = True
    """Whether the first run of each configuration ends with a kill, and its recovery is timed;
    every run of an experiment about recovery."""
    stopping: Stopping
    seed: int

    @property
    def memory_bytes(self) -> int:
        return parse_size(self.memory)

    def blocks(self) -> list["Block"]:
        """What shares a drive and its data: compared with each other, and with nothing else."""
        return [
            Block(self, server, drive, load)
            for server in self.servers
            for drive in self.drives
            for load in self.loads
        ]


class Block(NamedTuple):
    """One server on one drive under one load."""

    experiment: Experiment
    server: str
    drive: str
    load: Load

    @property
    def key(self) -> str:
        """The same in every run: "postgresql-15 cloud-3000 tpcb-16-100"."""
        return f"{self.server} {self.drive} {self.load.key}"

    def order(self, repetition: int) -> list[str]:
        """All configurations once, in an order that the seed draws for each repetition."""
        draw = Random(f"{self.experiment.seed} {self.key} {repetition}")
        names = list(self.experiment.configurations)
        draw.shuffle(names)
        return names


def load_experiment(name: str) -> Experiment:
    """An experiment of experiments/ by its id."""
    raw = tomli.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return Experiment.model_validate({**raw, "id": name})


def experiment_names() -> list[str]:
    """All of them, by name."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))
