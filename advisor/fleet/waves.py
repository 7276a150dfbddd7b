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
    """The hosts of which nobody has said the backend. They may share one, and are taken so."""


def plan_waves(backends: Backends) -> Waves:
    """As few waves as can be: as many as the largest backend has hosts."""
    hosts_of: dict[tuple[str | None, str], list[str]] = {}
    for host, backend in backends.items():
        own = host if backend == LOCAL else ""
        hosts_of.setdefault((backend or None, own), []).append(host)
    columns = zip_longest(*hosts_of.values())
    return Waves(
        waves=tuple(tuple(host for host in column if host is not None) for column in columns),
        unknown=tuple(host for host, backend in backends.items() if not backend),
    )


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
