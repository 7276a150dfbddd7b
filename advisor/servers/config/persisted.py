"""What a server was told by SQL and keeps in a file of its own, which wins over all others."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from advisor.errors import AdvisorError, UsageError
from advisor.files import read_text
from advisor.rules.known_settings import KnownSettings
from advisor.server_state import EffectiveSetting, WrittenValue
from advisor.servers.config.tree import Reader, is_file
from advisor.vendors.base import Vendor
from advisor.vendors.syntax import Option
from advisor.versions import NumericVersion, parse_version


def data_directory(
    vendor: Vendor, main: Sequence[Path], settings: Mapping[str, EffectiveSetting]
) -> Path | None:
    """Where the server keeps its data, as its files tell; None where they do not."""
    named = settings.get(vendor.data_directory_setting)
    if named is not None:
        return Path(named.value) if named.value.startswith("/") else None
    if not vendor.data_directory_marker:
        return None
    beside = (file.parent for file in main if is_file(file.parent / vendor.data_directory_marker))
    return next(beside, None)


def server_version(vendor: Vendor, data: Path | None) -> NumericVersion | None:
    """The version of the server that made a data directory, where that says so."""
    marker = vendor.data_directory_marker
    if not marker or data is None or not is_file(data / marker):
        return None
    try:
        return parse_version(read_text(data / marker))
    except UsageError:
        return None


def persisted_in(known: KnownSettings, path: Path, reader: Reader) -> Iterator[EffectiveSetting]:
    """The settings in such a file. Raises AdvisorError for one that cannot be read."""
    if known.vendor.persisted_is_configuration:
        if file := reader.file(path):
            for source, line in file.lines():
                option = known.option(line)
                if isinstance(option, Option):
                    place = f"{source.path}:{line.number}"
                    yield _persisted(option.name, option.shown, place)
        return
    text = reader.text(path, named_by_user=True)
    try:
        for name, value, number in known.vendor.persisted_settings(text or ""):
            yield _persisted(name, value, f"{path}:{number}")
    except ValueError as error:
        raise AdvisorError(f"{path} {error}: the server does not start with it") from error


def _persisted(name: str, value: str, place: str) -> EffectiveSetting:
    written = WrittenValue(value)
    return EffectiveSetting(name, value, origin="persisted", place=place, written=written)
