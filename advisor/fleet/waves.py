"""Which hosts may be measured at once: no two whose drives are one storage backend.

Probes that share a disk slow each other down: with 1, 2, 4 and 8 of them a sync took 195, 244, 307
and 571 us on one SSD.
"""

from collections.abc import Mapping
from itertools import zip_longest
from typing import Final, Literal

from pydantic import TypeAdapter, ValidationError

from advisor.errors import UsageError
from advisor.model import Model
from advisor.unique_keys import parse_json

LOCAL: Final = "local"
"""The backend of a host whose drive is its own."""

FORM: Final = 'an object is needed: {"db1": "san-a", "db2": "local", "db3": null}'

Backends = Mapping[str, str | None]
"""Host -> its storage backend; None or "": nobody has said."""


class Waves(Model):
    """Hosts to be measured together, wave after wave."""

    schema_version: Literal[1] = 1
    waves: tuple[tuple[str, ...], ...]
    unknown: tuple[str, ...]
    """The hosts of which nobody has said the backend. It may be anybody's."""


def plan_waves(backends: Backends) -> Waves:
    """As few waves as can be: as many as the largest backend has hosts, and one for each host whose
    backend nobody has said. It may be any of those that are known, so beside it there are only
    hosts with a drive of their own."""
    unknown = tuple(host for host, backend in backends.items() if not backend)
    hosts_of: dict[str, list[str]] = {}
    for host, backend in backends.items():
        if backend and backend != LOCAL:
            hosts_of.setdefault(backend, []).append(host)
    shared = [set(column) for column in zip_longest(*hosts_of.values())]
    first, *others = [*shared, *({host} for host in unknown)] or [set()]
    first |= {host for host, backend in backends.items() if backend == LOCAL}
    place = {host: number for number, host in enumerate(backends)}
    waves = (sorted(filter(None, wave), key=place.__getitem__) for wave in (first, *others))
    return Waves(waves=tuple(tuple(wave) for wave in waves if wave), unknown=unknown)


def parse_backends(text: str, name: str) -> Backends:
    """What a file of JSON says: {"db1": "san-a", "db2": "local", "db3": null}.

    `name`: what to call the file. Raises UsageError.
    """
    parse_json(text, name, FORM)
    try:
        backends = TypeAdapter(dict[str, str | None]).validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join(f" of {part!r}" for part in first["loc"][:1])
        raise UsageError(f"{name} does not say the backend{where}: {first['msg']}", FORM) from error
    for host in backends:
        if host.split() != [host]:
            raise UsageError(f"{name}: {host[:60]!r} is no name of a host", FORM)
    return backends
