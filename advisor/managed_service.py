"""Strings the pure steps together: Measurement + request + a managed service -> Advice."""

from collections.abc import Collection
from dataclasses import replace

from advisor.advice import Advice
from advisor.advise import advise, only_groups
from advisor.measurement import Measurement
from advisor.request import Request
from advisor.rules.catalogue import SettingGroup
from advisor.rules.knowledge import Knowledge
from advisor.rules.services import Service, advice_for_service


def advise_for_service(
    measurement: Measurement,
    request: Request,
    knowledge: Knowledge,
    service: Service,
    groups: Collection[SettingGroup],
    *,
    knows_memory: bool,
) -> Advice:
    """The advice of these groups with what can be changed there alone.

    Where nothing of what would be relaxed can be, all of it is as for a durable server: what a
    commit waits for, and what it may lose. Raises as `advise` does, and UsageError where no list
    says what the service lets one change of that server.
    """
    engine = service.engine_of(request.vendor, request.version)
    if knowledge.roles is not None:
        knowledge = knowledge._replace(roles=knowledge.roles.where_changed(engine.settable))

    def advised(asked: Request) -> Advice:
        advice = only_groups(advise(measurement, asked, knowledge), groups)
        return advice_for_service(advice, service, knows_memory=knows_memory)

    found = advised(request)
    relaxed = [entry for entry in found.settings if entry.durability != "durable"]
    if not relaxed or any(entry.emitted for entry in relaxed):
        return found
    durable = advised(replace(request, durability="durable"))
    kept = {name: getattr(found, name) for name in ("durability", "skipped", "warnings")}
    return durable.model_copy(update={**kept, "lower_durability": ()})
