"""Where profiles/ and templates/ live: in a wheel inside the package, in a checkout beside it."""

from pathlib import Path

from advisor.errors import AdvisorError

_PACKAGE = Path(__file__).resolve().parent


def resource_dir(name: str) -> Path:
    """The folder `name` ("profiles" or "templates"). Never the current directory.

    A checkout counts only if it holds our pyproject.toml beside the package: the guard keeps an
    installed package from reading somebody else's site-packages/profiles.
    """
    installed = _PACKAGE / "_data" / name
    if installed.is_dir():
        return installed
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / name).is_dir():
        return checkout / name
    raise AdvisorError(f"{name}/ is missing from {_PACKAGE}", "install fsync-advisor again")
