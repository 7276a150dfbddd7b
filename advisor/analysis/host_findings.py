"""What the host does to a sync, beyond what decides whether one means anything (trust). Pure.

profiles/host/ has one finding in each file: when it holds, what was seen, why that matters to a
commit, and the command that changes it, which is never run by us. Unknown never matches.
"""

import shlex
from collections.abc import Callable, Iterator, Mapping
from string import Formatter
from typing import Final, Literal, NamedTuple, get_args

from pydantic import Field, model_validator

from advisor.analysis.drive_host import HOST_FACTS, drive_host, rotates
from advisor.analysis.storage import devices_of, file_systems
from advisor.analysis.trust import CHECK_IDS
from advisor.conditions import Conditions, Fact, Strict, all_hold
from advisor.measurement import Measurement
from advisor.model import Model, Unknown
from advisor.units import format_named
from advisor.vendors.names import VendorName

HostSeverity = Literal["corruption-risk", "data-loss", "performance", "good-news"]
"""The first three as an audit calls them; good news is what could be left out here."""

HOST_SEVERITIES: Final[tuple[HostSeverity, ...]] = get_args(HostSeverity)
Harm = Literal["corruption-risk", "data-loss"]
"""What costs data, not time."""

SubjectKind = Literal["mount", "layer", "device", "host"]

DETAILS: Final = frozenset(
    {
        *("array_state", "bitmap", "cache_mode", "consistency_policy", "data_profile", "degraded"),
        "directory",
        *("direct_io", "hard", "level", "log_device", "logbias", "metadata_profile", "mode"),
        *("no_read_workqueue", "no_write_workqueue", "nodatacow", "protocol", "recordsize"),
        *("state", "sync"),
    }
)
"""What the layers of a measurement tell of themselves."""

FACTS_OF: Final[Mapping[SubjectKind, frozenset[str]]] = {
    "mount": HOST_FACTS | {"mounted", "option"},
    "layer": HOST_FACTS | {"layer", "kind"} | DETAILS,
    "device": HOST_FACTS
    | {"device", "model", "transport", "scheduler", "own_write_cache", "fua", "queue_requests"},
    "host": HOST_FACTS,
}
"""What a finding may ask and show: of its subject, and of the drive and the host around it."""


class HostCheck(Strict):
    """One file of profiles/host/; its name is the id."""

    id: str
    about: SubjectKind
    """What `when` is asked of: each option of the mount, each layer, each device, or all."""
    severity: HostSeverity
    db: tuple[VendorName, ...] = ()
    """The servers to which it matters; (): to all."""
    drive: Literal["any", "log", "data"] = "any"
    """Which of a server's drives, where its log has its own."""
    when: Conditions = Field(min_length=1)
    says: str = Field(min_length=1)
    """What was seen, figures in braces: a clause without its full stop."""
    why: str = Field(min_length=1)
    """Why it matters to a commit, in sentences."""
    change: str = Field(min_length=1)
    """The command that changes it."""
    sources: tuple[str, ...] = Field(min_length=1)
    tried: str
    """The case of tests/machine that it was seen to fire in; "": the text says "not tried"."""
    also_trust: str = ""
    """The check of trust that sees the same, and says so itself."""

    @model_validator(mode="after")
    def _fits(self) -> "HostCheck":
        facts = FACTS_OF[self.about]
        if strangers := self.when.keys() - facts:
            raise ValueError(f"a {self.about} has no {', '.join(sorted(strangers))}")
        if self.about == "layer" and "kind" not in self.when:
            raise ValueError("what is about a layer says of which kind")
        texts = (self.says, self.why, self.change)
        shown = {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}
        if nameless := shown - facts:
            raise ValueError(f"a {self.about} cannot show {', '.join(sorted(nameless))}")
        if self.also_trust and self.also_trust not in CHECK_IDS:
            raise ValueError(f"there is no check {self.also_trust!r} of trust")
        if strange := [source for source in self.sources if not source.startswith("https://")]:
            raise ValueError(f"a source is an https:// address, not {strange[0]!r}")
        if not self.tried and "not tried" not in self.why.lower():
            raise ValueError('what was tried nowhere says "not tried" in its why')
        return self


class HostFinding(Model):
    """What was seen of a host, why it matters to a commit, and what changes it."""

    id: str
    severity: HostSeverity
    subject: str
    """The mount point, the layer, the device, or "host"."""
    text: str
    why: str
    change: str
    sources: tuple[str, ...]
    trust_check: str = ""
    """The check of trust that says the same; whoever shows its evidence leaves out the text."""

    @property
    def harm(self) -> Harm | None:
        """The severity where it costs data."""
        if self.severity == "corruption-risk" or self.severity == "data-loss":
            return self.severity
        return None


def evaluate(
    measurement: Measurement, checks: tuple[HostCheck, ...], vendor: VendorName | None = None
) -> tuple[HostFinding, ...]:
    """What is to be said of the drives of one server and their host, the most severe first.

    Without a vendor only what matters to every server.
    """
    asked = [check for check in checks if not check.db or vendor in check.db]
    found = [
        finding
        for drive, roles in _drives(measurement)
        for check in asked
        if check.drive in ("any", *roles)
        for finding in _findings(check, drive, several=measurement.others != ())
    ]
    return tuple(sorted(found, key=lambda each: HOST_SEVERITIES.index(each.severity)))


def _drives(measurement: Measurement) -> Iterator[tuple[Measurement, tuple[str, ...]]]:
    """Each drive of a server, and what lies on it."""
    yield measurement, ("log",) if measurement.data_files else ("log", "data")
    if measurement.data_files:
        yield measurement.data_files, ("data",)
    if measurement.binary_log:
        yield measurement.binary_log, ("log",)


class _Subject(NamedTuple):
    """What a condition is asked of."""

    name: str
    facts: Mapping[str, Fact]

    def lookup(self, name: str) -> Fact:
        """The fact of that name; of a layer only what its kind has."""
        return self.facts.get(name, Unknown(unknown="not looked at"))


def _findings(check: HostCheck, drive: Measurement, *, several: bool) -> Iterator[HostFinding]:
    """One, whatever number of devices or layers it is about."""
    own = drive_host(drive)
    subjects = [
        each._replace(facts={**own, **each.facts}) for each in _SUBJECTS[check.about](drive)
    ]
    holding = [each for each in subjects if all_hold(check.when, each)]
    if not holding:
        return
    first, *others = holding
    names = list(dict.fromkeys(each.name for each in others if each.name != first.name))
    likewise = f" (likewise {', '.join(names)})" if names else ""
    where = f"{drive.target.directory}: " if several else ""
    yield HostFinding(
        id=check.id,
        severity=check.severity,
        subject=", ".join([first.name, *names]),
        text=f"{where}{_shown(check.says, first)}{likewise}",
        why=_shown(check.why, first),
        change=_change(check, holding),
        sources=check.sources,
        trust_check=check.also_trust,
    )


def _change(check: HostCheck, subjects: list[_Subject]) -> str:
    """The command for each of them; what is said of it, once."""
    command, mark, remark = check.change.partition("  #")
    commands = dict.fromkeys(_shown(command, each, quoted=True) for each in subjects)
    return "; ".join(commands) + mark + _shown(remark, subjects[0], quoted=True)


def _shown(text: str, subject: _Subject, *, quoted: bool = False) -> str:
    """With its figures; a name in a command as a shell takes it."""
    names = [name for _, name, _, _ in Formatter().parse(text) if name]
    return text.format_map({name: _figure(name, subject.lookup(name), quoted) for name in names})


def _figure(name: str, fact: Fact, quoted: bool) -> str:
    if isinstance(fact, Unknown):
        return name.upper()  # as in a synopsis: what the reader has to fill in
    shown = format_named(name, fact)
    return shlex.quote(shown) if quoted else shown


def _mount(drive: Measurement) -> Iterator[_Subject]:
    for each in file_systems(drive):
        facts = {
            "mounted": each.mounted,
            "mount_point": each.point,
            "filesystem": each.filesystem,
        }
        for option in each.options:
            yield _Subject(str(each.point), {**facts, "option": option})


def _layers(drive: Measurement) -> Iterator[_Subject]:
    layers = drive.target.layers
    for layer in () if isinstance(layers, Unknown) else layers:
        details: dict[str, Fact] = {
            name: value for name, value in layer.details.items() if name in DETAILS
        }
        yield _Subject(layer.name, {**details, "layer": layer.name, "kind": layer.kind})


def _devices(drive: Measurement) -> Iterator[_Subject]:
    for device in devices_of(drive):
        asked = ("model", "transport", "scheduler", "write_cache", "own_write_cache", "fua")
        facts: dict[str, Fact] = {name: getattr(device, name) for name in asked}
        facts["queue_requests"] = device.queue_requests
        yield _Subject(device.name, {**facts, "device": device.name, "rotational": rotates(device)})


def _host(_drive: Measurement) -> Iterator[_Subject]:
    yield _Subject("host", {})


_SUBJECTS: Final[Mapping[SubjectKind, Callable[[Measurement], Iterator[_Subject]]]] = {
    "mount": _mount,
    "layer": _layers,
    "device": _devices,
    "host": _host,
}
