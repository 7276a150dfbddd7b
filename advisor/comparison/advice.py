"""What another drive would change about the advice. Pure."""

from collections.abc import Sequence

from advisor.advise import advise
from advisor.comparison.drives import ComparedDrive
from advisor.durability import Durability
from advisor.errors import AdvisorError, GuardError
from advisor.model import Model
from advisor.request import Request
from advisor.rules.knowledge import Knowledge
from advisor.vendors.names import VendorName
from advisor.versions import format_version


class SettingValues(Model):
    """A setting whose value depends on which of the drives it is."""

    setting: str
    group: str
    values: dict[str, str]
    """Drive -> value, in the notation of the server's configuration file."""


class Unadvised(Model):
    """A drive that no advice can be given for, and why."""

    drive: str
    why: str


class AdviceChanges(Model):
    """The settings that differ between the drives, for one server and one request."""

    engine: VendorName
    engine_version: str
    version_source: str
    durability: Durability
    advised: tuple[str, ...]
    """The drives that advice was given for."""
    settings: tuple[SettingValues, ...]
    unadvised: tuple[Unadvised, ...]


def advice_changes(
    drives: Sequence[ComparedDrive], request: Request, knowledge: Knowledge
) -> AdviceChanges:
    """The settings whose rendered value is not the same for all drives that can be advised for.

    Raises GuardError where a rule crosses a red line.
    """
    values: dict[tuple[str, str], dict[str, str]] = {}
    unadvised: dict[str, str] = {}
    for drive in drives:
        if drive.measurement is None:
            unadvised[drive.name] = "too little is known of a reference storage"
            continue
        try:
            advice = advise(drive.measurement, request, knowledge)
        except GuardError:
            raise
        except AdvisorError as error:
            unadvised[drive.name] = error.message
            continue
        for entry in advice.settings:
            values.setdefault((entry.setting, entry.group), {})[drive.name] = entry.rendered
    advised = tuple(drive.name for drive in drives if drive.name not in unadvised)
    return AdviceChanges(
        engine=request.vendor,
        engine_version=format_version(request.version),
        version_source=request.version_source,
        durability=request.durability,
        advised=advised,
        settings=tuple(
            SettingValues(setting=setting, group=group, values=of_drive)
            for (setting, group), of_drive in values.items()
            if len({of_drive.get(name) for name in advised}) > 1
        ),
        unadvised=tuple(Unadvised(drive=name, why=why) for name, why in unadvised.items()),
    )
