"""Makes a data directory with the server's own programs."""

from collections.abc import Iterable
from pathlib import Path

from advisor.errors import AdvisorError
from advisor.servers.installed import Confinement, Installed, run
from advisor.vendors.base import Initialisation, Place
from advisor.vendors.registry import VENDORS
from advisor.vendors.syntax import Option


def initialise(
    installed: Installed, place: Place, options: Iterable[Option], confinement: Confinement
) -> None:
    """Makes a data directory; `options` are the fragment's, of which some decide how.

    Raises AdvisorError where the server's programs or files do not do their part.
    """
    vendor = VENDORS[installed.vendor]
    how = vendor.initialisation(installed.program, installed.version, place, options)
    run(how.command, _script(how, installed.program), confinement=confinement)


def _script(how: Initialisation, program: Path) -> str:
    """The SQL that makes the system tables, as it comes with the server."""
    base = program.parent.parent
    text = how.sql_before
    for name in how.sql_files:
        # The folder is called mysql until 10.11, then mariadb; other packages add one more.
        found = sorted(base.glob(f"share/**/m*_{name}.sql"))
        if not found:
            raise AdvisorError(
                f"{base}/share has no m*_{name}.sql, from which a data directory is made",
                "install all of the server's package",
            )
        text += found[0].read_text(encoding="utf-8")
    return text + how.sql_after
