"""Durability by copies: the shape of profiles/clusters/<name>.toml, and an advice for a server that
is a part of a cluster. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal

from pydantic import Field, model_validator

from advisor.advice import Advice, Recommendation, RuleId
from advisor.cluster import ClusterDurability, ClusterStatement
from advisor.conditions import Strict
from advisor.durability import CLASSES, Durability
from advisor.errors import UsageError
from advisor.model import Unknown
from advisor.roles import Replication, Role
from advisor.rules.catalogue import SettingGroup, Source, Spec
from advisor.rules.services import Clause
from advisor.rules.shown import ForServers, SeenAll, WhereShown
from advisor.server_state import EffectiveSetting, ServerState
from advisor.units import Value
from advisor.vendors.forms import FormName
from advisor.vendors.names import ClusterName, VendorName
from advisor.vendors.registry import VENDORS
from advisor.versions import NumericVersion

ASKED: Final = "--cluster"
NOTHING_SHOWN: Final[Mapping[str, str]] = {}


class StatedOfCluster(WhereShown):
    """One statement."""

    about: Clause = ""
    says: Clause = Field(min_length=10)
    """{NAME}: the server's value of that, else its default."""
    durability: tuple[Durability, ...] = ()
    """What the server's own settings may risk, so that it holds; none: anything."""
    waits: bool = False
    """Whether it is about commits that wait for copies: not said where none does."""
    forms: tuple[FormName, ...] = ()
    """The forms of an advice that it is about alone, as an operator decides there; none: all."""
    sources: tuple[Source, ...] = Field(min_length=1)


class ClusterSetting(Strict):
    """A setting that the copies need, and its value. Behaviour of values as in a Rule."""

    name: str
    value: Value
    group: SettingGroup = "commit"
    plugin: bool = False
    """Whether a plugin brings it, without which the server refuses the name."""
    reason: str = Field(min_length=10)
    """{default} is the server's."""
    sources: tuple[Source, ...] = Field(min_length=1)
    spec: tuple[Spec, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> "ClusterSetting":
        for spec in self.spec:
            if problem := spec.problem_with(self.value):
                raise ValueError(f"{self.name}: {problem}")
        return self

    def spec_for(self, vendor: VendorName, version: NumericVersion) -> Spec | None:
        """What that version takes; None where it has no such setting."""
        return next((spec for spec in self.spec if spec.covers(vendor, version)), None)


class ClusterSign(WhereShown):
    """What shows that a server is a part of such a cluster."""

    when: SeenAll = Field(min_length=1)
    role: Role | None = None
    """What it shows the server to be, where nothing else says that."""

    def seen_in(self, shown: Mapping[str, str]) -> str:
        """The setting that shows it, with its value."""
        first = next(iter(self.when))
        return f"{first} = {shown[first]}"


class ServersDefault(ForServers):
    """What a server has where nothing sets it, of what is asked and is no setting of ours."""

    name: str
    value: str


class ClusterCheck(WhereShown):
    """What may be wrong with a server of it."""

    when: SeenAll = Field(min_length=1)
    severity: Literal["data-loss", "outage", "prevents-start", "note"]
    setting: str
    """Of the settings or of the status; one of `when`."""
    wanted: str
    says: str = Field(min_length=10)
    """{NAME}, here and in what is wanted: what the server shows of that."""
    price: Clause = ""
    change: str
    """{file}: the file, with its line where that is known."""
    durability: Durability = "durable"
    """Of the present value; who accepts that is not told."""
    no_copies: bool = False
    """Whether no commit waits for a copy then, so that nothing is said of what copies survive."""
    of_primary: bool = False
    """Whether it counts for the server that commits: on a replica it is noted for its promotion."""
    sources: tuple[Source, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _about_what_is_seen(self) -> "ClusterCheck":
        if self.setting not in self.when:
            raise ValueError(f"{self.setting} is not among what is asked")
        return self


class Cluster(Strict):
    """One way to keep copies."""

    name: ClusterName
    title: str
    db: tuple[VendorName, ...] = Field(min_length=1)
    acknowledged: tuple[StatedOfCluster, ...] = Field(min_length=1)
    survives: tuple[StatedOfCluster, ...] = Field(min_length=1)
    does_not_survive: tuple[StatedOfCluster, ...] = Field(min_length=1)
    afterwards: tuple[StatedOfCluster, ...] = Field(min_length=1)
    relaxed: tuple[StatedOfCluster, ...] = Field(min_length=1)
    never: tuple[StatedOfCluster, ...] = Field(min_length=1)
    choice: tuple[StatedOfCluster, ...] = ()
    setting: tuple[ClusterSetting, ...] = ()
    sign: tuple[ClusterSign, ...] = Field(min_length=1)
    default: tuple[ServersDefault, ...] = ()
    check: tuple[ClusterCheck, ...] = ()

    def require_runs_on(self, vendor: VendorName, others: Iterable["Cluster"]) -> None:
        """Raises UsageError for a server that has no such cluster; `others`: what it may have."""
        if vendor in self.db:
            return
        titles = " and ".join(VENDORS[each].title for each in self.db)
        has = " or ".join(f"--cluster {each.name}" for each in others if vendor in each.db)
        title = VENDORS[vendor].title
        raise UsageError(
            f"--cluster {self.name} is for {titles}, not for {title}", f"{title} has {has}"
        )

    def defaults(self, vendor: VendorName, version: NumericVersion) -> Iterator[tuple[str, str]]:
        """What that server has where nothing sets it, of what its copies need and what is asked."""
        for each in self.setting:
            spec = each.spec_for(vendor, version)
            if spec is not None and spec.default is not None:
                yield each.name, spec.render(spec.default)
        for entry in self.default:
            if entry.covers(vendor, version):
                yield entry.name, entry.value

    def sign_of(self, state: ServerState) -> ClusterSign | None:
        """What shows that the server is a part of such a cluster."""
        shown = shown_by(state)
        signs = (sign for sign in self.sign if sign.holds(state.vendor, state.version, shown))
        return next(signs, None)

    def role_of(self, state: ServerState) -> Replication | None:
        """The role that the signs show; None: they show none."""
        sign = self.sign_of(state)
        if sign is None or sign.role is None:
            return None
        return Replication(sign.role, f"{sign.seen_in(shown_by(state))} says it")

    def durability_of(
        self,
        vendor: VendorName,
        version: NumericVersion,
        durability: Durability = "durable",
        known_by: str = ASKED,
        shown: Mapping[str, str] = NOTHING_SHOWN,
        no_copies: tuple[str, ...] = (),
    ) -> ClusterDurability:
        """What is said of that server there, whose own settings risk `durability`; with the values
        that it shows, else with its defaults. `no_copies`: what shows that no
        commit waits for one."""
        values = {"role": "", **dict(self.defaults(vendor, version)), **shown}

        def told(stated: Iterable[StatedOfCluster]) -> tuple[ClusterStatement, ...]:
            return tuple(
                ClusterStatement(
                    about=each.about,
                    says=each.says.format_map(values),
                    sources=each.sources,
                    forms=each.forms,
                )
                for each in stated
                if each.holds(vendor, version, values)
                and (not each.durability or durability in each.durability)
                and not (each.waits and no_copies)
            )

        return ClusterDurability(
            name=self.name,
            title=self.title,
            known_by=known_by,
            no_copies=no_copies,
            acknowledged=() if no_copies else told(self.acknowledged),
            survives=() if no_copies else told(self.survives),
            does_not_survive=told(self.does_not_survive),
            afterwards=told(self.afterwards),
            relaxed=() if no_copies else told(self.relaxed),
            never_relaxed=told(self.never),
            left_to_you=told(self.choice),
        )


def logs_what_it_applies(
    vendor: VendorName,
    settings: Mapping[str, EffectiveSetting],
    version: NumericVersion,
    *,
    log_bin: bool,
    all_told: bool,
) -> Mapping[str, str]:
    """The figure of that name: whether a replica has a binary log of what it applies; yes, no, or
    unknown. `all_told`: whether a setting that is missing has its default."""
    logs = (
        VENDORS[vendor]
        .following(settings, version, log_bin=log_bin, all_told=all_told)
        .logs_what_it_applies
    )
    if isinstance(logs, Unknown):
        return {"logs_what_it_applies": "unknown"}
    return {"logs_what_it_applies": "yes" if logs else "no"}


def shown_by(state: ServerState) -> Mapping[str, str]:
    """Name -> what the server, or its files, show: settings, and the status of its copies."""
    return {**{name: found.value for name, found in state.settings.items()}, **state.copies}


def recognise_cluster(
    clusters: Iterable[Cluster], state: ServerState
) -> tuple[Cluster, str] | None:
    """Of which cluster a server is a part, and the setting that shows it, with its value."""
    shown = shown_by(state)
    for cluster in clusters:
        if (sign := cluster.sign_of(state)) is not None:
            return cluster, sign.seen_in(shown)
    return None


def advice_for_cluster(advice: Advice, cluster: Cluster) -> Advice:
    """The advice with what copies make of durability, and with the settings that they need."""
    own = tuple(_settings(cluster, advice))
    names = {entry.setting for entry in own}
    risked: Durability = max(
        (entry.durability for entry in advice.settings), key=CLASSES.index, default="durable"
    )
    logs = logs_what_it_applies(
        advice.engine, {}, advice.engine_version, log_bin=True, all_told=False
    )
    advised = {entry.setting: entry.rendered for entry in advice.settings}
    return advice.model_copy(
        update={
            "cluster": cluster.durability_of(
                advice.engine, advice.engine_version, risked, shown={**advised, **logs}
            ),
            "settings": (
                *(entry for entry in advice.settings if entry.setting not in names),
                *own,
            ),
        }
    )


def _settings(cluster: Cluster, advice: Advice) -> Iterator[Recommendation]:
    server = VENDORS[advice.engine]
    for each in cluster.setting:
        spec = each.spec_for(advice.engine, advice.engine_version)
        if spec is None:
            continue
        yield Recommendation(
            setting=each.name,
            value=each.value,
            unit=spec.unit,
            rendered=spec.render(each.value),
            default=spec.default,
            default_note=spec.default_note,
            rule=RuleId(server.engine, each.name, cluster.name),
            reason=each.reason.format(default=spec.shown_default),
            sources=each.sources,
            durability="durable",
            loss_window_ms=None,
            loss_groups_max=None,
            restart=spec.restart,
            persistable=spec.persistable,
            group=each.group,
            of_plugin=each.plugin,
            leave_default=False,
            emitted=True,
        )
