"""What a managed service lets one change: the shape of profiles/services/<name>.toml, and what is
left of an advice there. Pure."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Final

from pydantic import AfterValidator, Field, model_validator

from advisor.advice import Advice, Recommendation, Skip
from advisor.conditions import Strict
from advisor.durability import Durability
from advisor.errors import UsageError
from advisor.roles import Role
from advisor.rules.catalogue import Source
from advisor.rules.guards import NOT_ABOVE
from advisor.rules.risks import PAIR, RISKS
from advisor.server_state import ServerState
from advisor.units import Value
from advisor.vendors.names import ServiceName, VendorName
from advisor.vendors.registry import VENDORS
from advisor.versions import NumericVersion, VersionText, in_range

UNDOCUMENTED: Final = "may not let one change it: its documentation does not say"
SIZED_BY_INSTANCE: Final = "the service sizes it by the instance; --memory SIZE has it set"


def _check_sentence(text: str) -> str:
    if text.endswith("."):
        raise ValueError(f"{text!r} stands within a sentence, without its end")
    return text


Clause = Annotated[str, AfterValidator(_check_sentence)]


class Sign(Strict):
    """A setting by which a server of the service is told: a name, or how names begin ("rds.*")."""

    db: tuple[VendorName, ...] = Field(min_length=1)
    setting: str
    begins: str = ""
    """What its value begins with; "": anything."""
    source: Source

    def found(self, state: ServerState) -> str:
        """The setting of that server that shows it; "" where none does."""
        if state.vendor not in self.db:
            return ""
        start, star, _ = self.setting.partition("*")
        names = (
            name for name in state.settings if (name.startswith(start) if star else name == start)
        )
        return next(
            (name for name in names if state.settings[name].value.startswith(self.begins)), ""
        )


class DecidedSettings(Strict):
    """Settings that are the service's own affair, and why."""

    settings: tuple[str, ...] = Field(min_length=1)
    why: Clause
    source: Source


class ServiceRisk(Strict):
    """What a setting's values risk where the service has made something else of it."""

    setting: str
    values: dict[str, Durability] = Field(min_length=1)
    """A value -> what it risks; what is missing risks nothing."""
    safe: int
    why: str
    cost: Clause
    """Of the safe value."""
    source: Source

    def of(self, value: Value) -> Durability:
        """What that value risks."""
        return self.values.get(str(value), "durable")


class ServiceEngine(Strict):
    """One server as the service runs it."""

    db: VendorName
    since: VersionText | None = None
    until: VersionText | None = None
    terraform: str
    """The resource of Terraform that holds its settings."""
    family: str = ""
    """What AWS calls its parameter groups, before the release series."""
    list: str = ""
    """In the place of the service's, where this server has a command of its own."""
    server_arguments: dict[str, str] = Field(default_factory=dict)
    """Where each setting is a resource of its own: its arguments that name the server, and the
    attributes of the server's resource that they take."""
    settable: tuple[str, ...]
    """What its user may change, by the sources."""
    at_restart: tuple[str, ...]
    """What of that waits for a restart, or for one to be sure."""
    between: dict[str, tuple[float, float]] = Field(default_factory=dict)
    """What the service allows of a number, where that is less than the server does."""
    choices: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """The same of a word."""
    decided: tuple[DecidedSettings, ...] = ()
    others: Clause = ""
    """Why all the others do not matter there. Empty: the sources do not name them."""
    replicas: Clause = ""
    """What else of this server's replicas there."""
    risk: tuple[ServiceRisk, ...] = ()
    """In the place of what the values risk elsewhere."""
    relaxed: Clause = ""
    """What the service says of a lower durability."""
    sources: tuple[Source, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> "ServiceEngine":
        if strangers := {*self.at_restart, *self.between, *self.choices} - set(self.settable):
            raise ValueError(f"not among the settable: {', '.join(sorted(strangers))}")
        if both := {name for each in self.decided for name in each.settings} & set(self.settable):
            raise ValueError(f"settable and decided: {', '.join(sorted(both))}")
        return self

    def own(self, setting: str) -> str:
        """Why a setting is the service's own affair; "" where it is not known to be."""
        for each in self.decided:
            if setting in each.settings:
                return each.why
        return "" if setting in self.settable else self.others

    def refusal(self, setting: str, value: Value) -> str:
        """Why the service does not take that value of a settable setting; "" if it does."""
        if isinstance(value, bool):
            return ""
        if isinstance(value, str):
            allowed = self.choices.get(setting, (value,))
            return "" if value in allowed else f"the service takes {', '.join(allowed)}"
        low, high = self.between.get(setting, (value, value))
        return "" if low <= value <= high else f"the service takes {low:g} to {high:g}"


class ChangedBy(Strict):
    """The call of a service's API that changes settings."""

    call: str
    group: str
    """The member that names what is changed."""
    at_most: int
    """So many settings a call."""
    create: str
    """The command that makes a group, before its name."""
    attach: str
    """The command that has a server use it, before its name."""


class Service(Strict):
    """Who runs a server for others."""

    name: ServiceName
    title: str
    measured: Clause
    """What a measurement has to do with it."""
    replicas: Clause
    """What of the costs of a role holds there."""
    is_drive: bool = True
    """Whether its storage is a drive's, so that what was measured says anything; else its servers
    share it, and the costs of a role are none of theirs."""
    place: str
    """Where its settings are changed."""
    list: str
    """The command that lists what may be changed, and how."""
    booleans: tuple[str, str]
    """How it writes off and on."""
    changed_by: ChangedBy | None = None
    sources: tuple[Source, ...] = Field(min_length=1)
    sign: tuple[Sign, ...] = Field(min_length=1)
    engine: tuple[ServiceEngine, ...] = Field(min_length=1)

    def engine_of(self, vendor: VendorName, version: NumericVersion) -> ServiceEngine:
        """That server as the service runs it. Raises UsageError where that is not known."""
        if (found := self.known_engine(vendor, version)) is not None:
            return found
        known = " and ".join(dict.fromkeys(VENDORS[each.db].title for each in self.engine))
        raise UsageError(
            f"no list of ours says what {self.title} lets one change of {VENDORS[vendor].title}",
            f"there are lists for {known}; what there is, this tells: {self.list}",
        )

    def known_engine(self, vendor: VendorName, version: NumericVersion) -> ServiceEngine | None:
        """The same, or None."""
        for each in self.engine:
            if each.db == vendor and in_range(version, each.since, each.until):
                return each
        return None

    def on_role(
        self, role: Role | None, vendor: VendorName, version: NumericVersion
    ) -> tuple[str, ...]:
        """What is to be said of that server there in that role."""
        if role not in ("primary", "replica"):
            return ()
        engine = self.known_engine(vendor, version)
        own = f"; {engine.replicas}" if engine and engine.replicas else ""
        return (f"{self.title}: {self.replicas}{own}",)

    def text_of(self, value: Value) -> str:
        """A value as the service takes it: numbers plain, in the server's own unit."""
        return self.booleans[value] if isinstance(value, bool) else str(value)


def recognise(services: Iterable[Service], state: ServerState) -> tuple[Service, str] | None:
    """Whose a running server is, and the setting that shows it."""
    for service in services:
        for sign in service.sign:
            if shown := sign.found(state):
                return service, shown
    return None


def advice_for_service(advice: Advice, service: Service, *, knows_memory: bool) -> Advice:
    """The advice with what can be changed there alone; warnings name the rest, and why.

    What can be changed is written even where it is the server's default, for the service has
    defaults of its own. Raises UsageError where it does not run such a server.
    """
    engine = service.engine_of(advice.engine, advice.engine_version)
    why = dict(_left_out(advice.settings, engine, service, knows_memory=knows_memory))
    settings = tuple(
        entry.model_copy(
            update={
                "emitted": entry.setting in engine.settable
                and not entry.leave_default
                and entry.setting not in why,
                "restart": entry.setting in engine.at_restart,
            }
        )
        for entry in advice.settings
    )
    offers = advice.lower_durability if service.is_drive else ()
    return advice.model_copy(
        update={
            "service": service.name,
            "settings": settings,
            "skipped": (*advice.skipped, *_skips(advice.settings, why, service)),
            "lower_durability": tuple(
                offer for offer in offers if set(offer.settings) <= set(engine.settable)
            ),
            "capacity": advice.capacity if service.is_drive else None,
            "role_costs": advice.role_costs if service.is_drive else (),
            "role_notes": advice.role_notes if service.is_drive else (),
            "warnings": (
                f"{service.title}: {service.measured}",
                *service.on_role(advice.role, advice.engine, advice.engine_version),
                *_named(advice, why),
                *_on_relaxed(settings, engine, service),
                *advice.warnings,
            ),
        }
    )


def _on_relaxed(
    entries: Iterable[Recommendation], engine: ServiceEngine, service: Service
) -> Iterator[str]:
    if engine.relaxed and any(each.emitted and each.durability != "durable" for each in entries):
        yield f"{service.title}: {engine.relaxed}"


def _left_out(
    entries: Iterable[Recommendation],
    engine: ServiceEngine,
    service: Service,
    *,
    knows_memory: bool,
) -> Iterator[tuple[str, str]]:
    """Setting -> why it is not set there, of those that would be."""
    wanted = {entry.setting: entry for entry in entries if not entry.leave_default}
    why: dict[str, str] = {}
    for name, entry in wanted.items():
        if name not in engine.settable:
            if entry.emitted:
                command = engine.list or service.list
                why[name] = engine.own(name) or f"{service.title} {UNDOCUMENTED} ({command})"
        elif entry.value is None:
            why[name] = "the server derives it"
        elif entry.group == "memory" and not knows_memory:
            why[name] = SIZED_BY_INSTANCE
        elif refusal := engine.refusal(name, entry.value):
            why[name] = refusal
    for lower, upper in NOT_ABOVE:
        if lower in wanted and lower not in why and (upper in why or upper not in engine.settable):
            why[lower] = f"it must not exceed {upper}, which is not set"
    for name, other in (PAIR, PAIR[::-1]):
        if name in wanted and other in why and name not in why and _is_relaxed(wanted[name]):
            why[name] = f"it is relaxed only together with {other}"
    yield from why.items()


def _is_relaxed(entry: Recommendation) -> bool:
    return entry.value is not None and RISKS[entry.setting].of(entry.value) != "durable"


def _skips(
    entries: Iterable[Recommendation], why: dict[str, str], service: Service
) -> Iterator[Skip]:
    for entry in entries:
        if entry.setting in why:
            yield Skip(rule=entry.rule, why=f"{service.title}: {why[entry.setting]}")


def _named(advice: Advice, why: dict[str, str]) -> Iterator[str]:
    """A line for each reason, with the settings that are left out for it."""
    for reason in dict.fromkeys(why.values()):
        values = ", ".join(
            f"{entry.setting} = {entry.rendered}"
            for entry in advice.settings
            if why.get(entry.setting) == reason
        )
        yield f"not set: {values}; {reason}"
