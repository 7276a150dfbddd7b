"""What a server was told by SQL and keeps in a file of its own, which wins over all others."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from advisor.errors import AdvisorError, UsageError
from advisor.files import read_text
from advisor.servers.config.tree import Reader, is_file
from advisor.server_state import EffectiveSetting
from advisor.versions import NumericVersion, Vendor, parse_version

PERSISTED: Final[Mapping[Vendor, str]] = {
    "postgresql": "postgresql.auto.conf",
    "mysql": "mysqld-auto.cnf",
}
"""ALTER SYSTEM and SET PERSIST; MariaDB has neither. In the data directory."""


def data_directory(
    vendor: Vendor, main: Sequence[Path], settings: Mapping[str, EffectiveSetting]
) -> Path | None:
    """Where the server keeps its data, as its files tell; None where they do not."""
    named = settings.get("data_directory" if vendor == "postgresql" else "datadir")
    if named is not None:
        return Path(named.value) if named.value.startswith("/") else None
    beside = [file.parent for file in main if is_file(file.parent / "PG_VERSION")]
    return beside[0] if vendor == "postgresql" and beside else None


def server_version(vendor: Vendor, data: Path | None) -> NumericVersion | None:
    """The major version of PostgreSQL that made a data directory."""
    if vendor != "postgresql" or data is None or not is_file(data / "PG_VERSION"):
        return None
    try:
        return parse_version(read_text(data / "PG_VERSION"))
    except UsageError:
        return None


def persisted_in(vendor: Vendor, path: Path, reader: Reader) -> Iterator[EffectiveSetting]:
    """The settings in such a file. Raises AdvisorError for one that cannot be read."""
    if vendor == "postgresql":
        if file := reader.file(path):
            for one, line in file.lines():
                place = f"{one.path}:{line.number}"
                yield EffectiveSetting(line.name, line.value or "", "", "persisted", place)
        return
    text = reader.text(path, named_by_user=True)
    try:
        stored = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise AdvisorError(f"{path} is not JSON: the server does not start with it") from error
    for name, value in _mysql_variables(stored):
        yield EffectiveSetting(name, value, "", "persisted", f"{path}:1")


def _mysql_variables(stored: Any) -> Iterator[tuple[str, str]]:
    """Names and values in the groups of mysqld-auto.cnf; version 1 nests one in another."""
    if not isinstance(stored, dict):
        return
    for name, entry in stored.items():
        if not isinstance(entry, dict):
            continue
        if isinstance(value := entry.get("Value"), str):
            yield name, value
        else:
            yield from _mysql_variables(entry)
