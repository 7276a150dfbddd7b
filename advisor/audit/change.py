"""How a setting is changed on a server that runs. Pure."""

import re
from typing import Final

from advisor.rules.catalogue import Spec
from advisor.server_state import EffectiveSetting
from advisor.units import Value
from advisor.vendors.base import RESTART, Vendor
from advisor.versions import NumericVersion

NOT_PASTED: Final = re.compile(r"[^\w ./:+@,=~-]")
"""What ends a string or a statement somewhere, in SQL or in a shell."""


def pasteable(place: str) -> str:
    """A file's name, as a server or a folder has it, in a sentence that one may paste, SQL and all,
    into whatever takes SQL."""
    return NOT_PASTED.sub("?", place)


def needs_restart(spec: Spec, current: Value, wanted: Value | None) -> bool:
    """Whether the change waits for a restart."""
    return spec.restart or current in spec.restart_from or wanted in spec.restart_from


def how_to_change(
    vendor: Vendor,
    version: NumericVersion,
    spec: Spec,
    found: EffectiveSetting,
    wanted: Value | None,
    rendered: str,
    *,
    restart: bool,
    main_file: str = "",
) -> str:
    """The change from the value found to `wanted`; None: to what the server derives itself.

    `main_file` where only files were read: then a line of a file is what is changed, but for what
    the server writes itself.
    """
    found = found._replace(place=pasteable(found.place))
    main_file = pasteable(main_file)
    if found.derived_from:
        where = f" at {found.place}" if found.place else ""
        line = f"write {found.name} = {rendered}" if wanted is not None else "write nothing"
        return f"{line} in place of {found.derived_from}{where}, {RESTART}"
    if main_file and found.origin != "persisted":
        new = None if wanted is None else rendered
        return vendor.change_of_file(found, new, restart=restart, main_file=main_file)
    if wanted is None:
        return vendor.removal(found)
    return vendor.change(
        version, found, wanted, rendered, restart=restart, persistable=spec.persistable
    )
