"""Reads profiles/. An incomplete or contradictory file is fatal: a KnowledgeError says which."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args

import tomli
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from advisor.analysis.facts import ASSUMED, Assumption
from advisor.analysis.host_findings import HostCheck
from advisor.analysis.recovery import Replay
from advisor.analysis.storage import ReferenceStorage, StorageClass
from advisor.analysis.trust import CHECK_IDS, TrustCheck
from advisor.analysis.verdict import StorageKnowledge
from advisor.conditions import Strict
from advisor.errors import KnowledgeError, UsageError
from advisor.resources import resource_dir
from advisor.rules.catalogue import GROUPS, Setting
from advisor.rules.known_settings import KnownSettings
from advisor.rules.other_options import OtherOptions, parse_definition
from advisor.rules.roles import RoleKnowledge
from advisor.vendors.names import ClusterName, Engine, ServiceName, VendorName
from advisor.vendors.registry import VENDORS
from advisor.vendors.values import PlainSpec
from advisor.versions import NumericVersion, of_series, parse_version

if TYPE_CHECKING:
    from advisor.analysis.counter_checks import CounterCheck
    from advisor.analysis.replica_accuracy import AccuracyByVendor
    from advisor.capacity.workloads import Workload
    from advisor.rules.bulk_load import BulkLoadKnowledge
    from advisor.rules.clusters import Cluster, ClusterSetting
    from advisor.rules.other_engines import OtherEngines
    from advisor.rules.services import Service

WORKLOAD_TEMPLATE: Final = "template"
"""The file in profiles/workloads that is there to be copied, and is no workload."""

HOST_PREFIX: Final = "host."
"""What the ids of findings about a host begin with, where rules have their engine."""

AnyModel = TypeVar("AnyModel", bound=BaseModel)


class _ClassesFile(Strict):
    virtual_models: tuple[str, ...]
    classes: tuple[StorageClass, ...] = Field(alias="class", min_length=1)


class _TrustFile(Strict):
    check: tuple[TrustCheck, ...]


class _ReferencesFile(Strict):
    reference: tuple[ReferenceStorage, ...]


def load_settings(engine: Engine) -> tuple[Setting, ...]:
    """All settings of an engine, by group and name."""
    folder = resource_dir("profiles") / engine
    settings = [_load_setting(path, engine) for path in sorted(folder.glob("*.toml"))]
    if not settings:
        raise KnowledgeError(f"{folder} holds no settings")
    return tuple(sorted(settings, key=lambda setting: (GROUPS.index(setting.group), setting.name)))


@cache
def known_settings(vendor: VendorName, version: NumericVersion | None) -> KnownSettings:
    """What a server of that version takes; None: of any version."""
    found = VENDORS[vendor]
    return KnownSettings(found, version or None, load_settings(found.engine))


def load_option_names(vendor: VendorName) -> dict[str, frozenset[str]]:
    """Release series -> the options that its server takes, from profiles/option_names/."""
    found: dict[str, set[str]] = {}
    for series, line in _by_series("option_names", vendor):
        found.setdefault(series, set()).update(line.split())
    return {each: frozenset(names) for each, names in found.items()}


@cache
def known_options(vendor: VendorName, version: NumericVersion | None) -> KnownSettings:
    """What a server of that version takes, the options beyond our settings included."""
    known = known_settings(vendor, version)
    options = of_series(version, load_option_names(vendor)) if version else None
    return replace(known, others=load_other_options(vendor), options=options or frozenset())


@cache
def load_other_options(vendor: VendorName) -> OtherOptions:
    """What the servers of that vendor take, from profiles/option_values/."""
    found: dict[str, dict[str, PlainSpec]] = {}
    for series, line in _by_series("option_values", vendor):
        name, _, definition = line.partition(" ")
        found.setdefault(series, {})[name] = parse_definition(definition)
    return OtherOptions(dict(sorted(found.items(), key=lambda each: parse_version(each[0]))))


def _by_series(folder: str, vendor: VendorName) -> Iterator[tuple[str, str]]:
    """Each line below a heading, for each release series that the heading names."""
    path = resource_dir("profiles") / folder / f"{vendor}.txt"
    series: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            series = line.strip("[]").split()
        elif line and not line.startswith("#"):
            for each in series:
                yield each, line


def load_tried_names(vendor: VendorName) -> frozenset[str]:
    """profiles/tried_names/: what a private server is given beyond the settings of profiles/."""
    path = resource_dir("profiles") / "tried_names" / f"{vendor}.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    return frozenset(name for line in lines if line[:1] != "#" for name in line.split())


def load_all_settings() -> tuple[Setting, ...]:
    """All settings of all engines."""
    return tuple(setting for engine in get_args(Engine) for setting in load_settings(engine))


def find_setting(name: str) -> tuple[Setting, str | None]:
    """The setting "ENGINE.SETTING" or "ENGINE.SETTING.RULE" names, and the rule's name if any.

    A bare "SETTING" will do. Raises UsageError for one we do not have.
    """
    parts = name.split(".")
    if parts[0] not in get_args(Engine):
        parts = ["", *parts]
    engine, setting_name, rule_name, *rest = (*parts, "", "")
    settings = load_all_settings()
    for setting in settings:
        if setting.name == setting_name and engine in ("", setting.engine):
            if any(rest) or rule_name not in ["", *(rule.name for rule in setting.rule)]:
                break
            return setting, rule_name or None
    near = _nearest_ids(name, settings)
    hint = f"did you mean {' or '.join(near)}?" if near else "see: fsync-advisor rules list"
    raise UsageError(f"there is no rule or setting {name!r}", hint)


def _nearest_ids(name: str, settings: Iterable[Setting]) -> list[str]:
    """Ids that are spelled alike, of settings, or of rules where a rule's was asked for."""
    from difflib import get_close_matches  # else nobody needs it

    ids: dict[str, str] = {}
    for setting in settings:
        for each in (str(setting.rule_id(rule)) for rule in setting.rule):
            ids |= {each: each, each.split(".", 1)[1]: each}
        own = f"{setting.engine}.{setting.name}"
        ids |= {own: own, setting.name: own}
    near = get_close_matches(name.casefold(), ids, n=3, cutoff=0.75)
    return list(dict.fromkeys(ids[each] for each in near))[:2]


def settings_json(settings: Iterable[Setting]) -> str:
    """Settings with their specs and rules, as JSON."""
    dumped = [setting.model_dump(mode="json", by_alias=True) for setting in settings]
    return json.dumps(dumped, indent=2) + "\n"


def _load_setting(path: Path, engine: Engine) -> Setting:
    return _validate(Setting, {**_read(path), "name": path.stem, "engine": engine}, path)


def load_storage_knowledge() -> StorageKnowledge:
    """profiles/storage: the classes, the trust checks, the reference storages."""
    folder = resource_dir("profiles") / "storage"
    classes_path, trust_path = folder / "classes.toml", folder / "trust.toml"
    classes = _validate(_ClassesFile, _read(classes_path), classes_path)
    checks = _validate(_TrustFile, _read(trust_path), trust_path).check
    references_path = folder / "references.toml"
    references = _validate(_ReferencesFile, _read(references_path), references_path).reference
    if classes.classes[-1].when:
        raise KnowledgeError(f"{classes_path}: the last class must fit every drive")
    if sorted(check.id for check in checks) != sorted(CHECK_IDS):
        raise KnowledgeError(f"{trust_path}: each of {', '.join(sorted(CHECK_IDS))} is needed once")
    return StorageKnowledge(classes.classes, checks, references, classes.virtual_models)


def load_host_checks() -> tuple[HostCheck, ...]:
    """profiles/host/: what may be said of a host, by id."""
    folder = resource_dir("profiles") / "host"
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise KnowledgeError(f"{folder} holds no findings")
    return tuple(_validate(HostCheck, {**_read(path), "id": path.stem}, path) for path in paths)


def load_counter_checks() -> "tuple[CounterCheck, ...]":
    """profiles/counters.toml: what a running server's counters may show."""
    # No advice needs these.
    from advisor.analysis.counter_checks import CounterChecks

    path = resource_dir("profiles") / "counters.toml"
    return _validate(CounterChecks, _read(path), path).check


def load_bulk_load(vendor: VendorName) -> "BulkLoadKnowledge":
    """profiles/bulk_load/: what is relaxed for the time of a load, and what never."""
    # Few commands need these.
    from advisor.rules.bulk_load import BulkLoadKnowledge

    path = resource_dir("profiles") / "bulk_load" / f"{vendor}.toml"
    return _validate(BulkLoadKnowledge, _read(path), path)


def load_roles(vendor: VendorName) -> RoleKnowledge:
    """profiles/roles/: what a crash costs a server because of its role."""
    path = resource_dir("profiles") / "roles" / f"{vendor}.toml"
    return _validate(RoleKnowledge, _read(path), path)


def load_other_engines() -> "OtherEngines":
    """profiles/other_engines.toml: settings of other storage engines and of forks."""
    # No advice needs these.
    from advisor.rules.other_engines import OtherEngines

    path = resource_dir("profiles") / "other_engines.toml"
    return _validate(OtherEngines, _read(path), path)


def find_host_check(name: str) -> HostCheck:
    """The one that "host.ID" names. Raises UsageError for one we do not have."""
    from difflib import get_close_matches  # else nobody needs it

    checks = {f"{HOST_PREFIX}{check.id}": check for check in load_host_checks()}
    if name in checks:
        return checks[name]
    near = get_close_matches(name.casefold(), checks, n=2, cutoff=0.75)
    hint = f"did you mean {' or '.join(near)}?" if near else "see: fsync-advisor rules list"
    raise UsageError(f"there is no finding {name!r}", hint)


def load_assumptions() -> dict[str, Assumption]:
    """profiles/assumptions.toml: what a rule needs and nobody has said."""
    path = resource_dir("profiles") / "assumptions.toml"
    try:
        assumptions = TypeAdapter(dict[str, Assumption]).validate_python(_read(path))
    except ValidationError as error:
        raise _incomplete(path, error) from error
    if sorted(assumptions) != sorted(ASSUMED):
        raise KnowledgeError(f"{path}: it must hold just {', '.join(sorted(ASSUMED))}")
    return assumptions


def load_replay() -> dict[VendorName, Replay]:
    """profiles/replay.toml: how fast each server's crash recovery was measured to be."""
    path = resource_dir("profiles") / "replay.toml"
    try:
        replay = TypeAdapter(dict[VendorName, Replay]).validate_python(_read(path))
    except ValidationError as error:
        raise _incomplete(path, error) from error
    if replay.keys() != VENDORS.keys():
        raise KnowledgeError(f"{path}: it must hold just {', '.join(VENDORS)}")
    return replay


def load_replica_accuracy() -> "AccuracyByVendor":
    """profiles/replica_accuracy.toml: how near the model of a replica came to real pairs."""
    # No advice for a server of its own needs these.
    from advisor.analysis.replica_accuracy import AccuracyByVendor

    path = resource_dir("profiles") / "replica_accuracy.toml"
    try:
        accuracy = TypeAdapter(AccuracyByVendor).validate_python(_read(path))
    except ValidationError as error:
        raise _incomplete(path, error) from error
    if accuracy.keys() != VENDORS.keys():
        raise KnowledgeError(f"{path}: it must hold just {', '.join(VENDORS)}")
    return accuracy


def load_service(name: ServiceName) -> "Service":
    """profiles/services/: what a managed service lets one change."""
    # No advice for a server of one's own needs these.
    from advisor.rules.services import Service

    path = resource_dir("profiles") / "services" / f"{name}.toml"
    service = _validate(Service, {**_read(path), "name": name}, path)
    for engine in service.engine:
        # By their files alone: an audit loads all services, and a setting takes long to check.
        folder = resource_dir("profiles") / VENDORS[engine.db].engine
        known = {setting.stem for setting in folder.glob("*.toml")}
        named = {*engine.settable, *(each for own in engine.decided for each in own.settings)}
        named |= {risk.setting for risk in engine.risk}
        if strangers := named - known:
            raise KnowledgeError(f"{path}: no such setting: {', '.join(sorted(strangers))}")
    return service


def load_services() -> "tuple[Service, ...]":
    """All of them, in the order in which a server is told to be one: Aurora shows what RDS does."""
    names = sorted(get_args(ServiceName), key=lambda name: name != "aurora")
    return tuple(map(load_service, names))


def load_cluster(name: ClusterName) -> "Cluster":
    """profiles/clusters/: what copies make of durability, and what they need."""
    # No advice for a server that stands alone needs these.
    from advisor.rules.clusters import Cluster

    path = resource_dir("profiles") / "clusters" / f"{name}.toml"
    return _validate(Cluster, {**_read(path), "name": name}, path)


def find_cluster_setting(rule_id: str) -> "ClusterSetting | None":
    """What "ENGINE.SETTING.CLUSTER" names, as a fragment has it: why a cluster needs that value."""
    engine, _, rest = rule_id.partition(".")
    setting, _, name = rest.rpartition(".")
    for cluster in load_clusters():
        for each in cluster.setting:
            engines = {VENDORS[spec.vendor].engine for spec in each.spec}
            if (each.name, cluster.name) == (setting, name) and engine in engines:
                return each
    return None


def load_clusters() -> "tuple[Cluster, ...]":
    """All of them."""
    return tuple(map(load_cluster, get_args(ClusterName)))


def load_workloads() -> "dict[str, Workload]":
    """profiles/workloads: name -> workload, by name."""
    folder = resource_dir("profiles") / "workloads"
    paths = [path for path in sorted(folder.glob("*.toml")) if path.stem != WORKLOAD_TEMPLATE]
    if not paths:
        raise KnowledgeError(f"{folder} holds no workloads")
    return {path.stem: load_workload(path) for path in paths}


def load_workload(path: Path) -> "Workload":
    """One workload's file; the name of the file is its name."""
    # Two milliseconds that no advice needs.
    from advisor.capacity.workloads import Workload

    return _validate(Workload, {**_read(path), "name": path.stem}, path)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomli.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise KnowledgeError(f"{path} cannot be read: {error.strerror}") from error
    except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"{path}: {error}") from error


def _validate(model: type[AnyModel], raw: dict[str, Any], path: Path) -> AnyModel:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise _incomplete(path, error) from error


def _incomplete(path: Path, error: ValidationError) -> KnowledgeError:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    said = first["msg"].removeprefix("Value error, ")
    return KnowledgeError(f"{path}: {where}: {said}" if where else f"{path}: {said}")
