"""What a file is that somebody gave in the place of another: named, with what takes it."""

from codecs import BOM_UTF8
from pathlib import Path

from advisor.errors import AdvisorError, UsageError
from advisor.files import is_directory, read_head, shown_name
from advisor.vendors.names import VendorName

_MADE_BY_US = b'"schema_version"'
_ADVICE = b'"engine_version"'
"""A key that our advice has near its beginning, and a measurement has not."""


def is_ours(head: bytes) -> bool:
    """Whether a file begins like a JSON of ours."""
    return head.removeprefix(BOM_UTF8).lstrip()[:1] == b"{" and _MADE_BY_US in head


def require_no_json(head: bytes, name: str, vendor: VendorName) -> None:
    """Raises UsageError for what begins like JSON, where a configuration is wanted."""
    if head.lstrip()[:1] != b"{":
        return
    what, remedy = "JSON", "name a file as the server reads it"
    if is_ours(head):
        what, remedy = "a measurement", f"fsync-advisor recommend --db {vendor} --from {name}"
        if _ADVICE in head:
            what, remedy = "advice as JSON", "recommend without --format json prints a fragment"
    raise UsageError(f"{name} is {what}, not a configuration file", remedy)


def require_directory(path: Path) -> None:
    """Raises AdvisorError for a file where a drive's directory is wanted."""
    head = read_head(path)
    if head is None:
        return
    if is_ours(head) and _ADVICE not in head:
        raise AdvisorError(
            f"{path} is a measurement, not a directory",
            f"recommend, capacity, report and audit take it as --from {path}",
        )
    raise AdvisorError(
        f"{path} is a file, not a directory",
        "name the directory of the database; a measurement or a tool's report goes to --from",
    )


def require_file(path: Path) -> None:
    """Raises AdvisorError for a directory where a stored measurement is wanted."""
    if is_directory(path):
        name = shown_name(path)
        raise AdvisorError(
            f"{name} cannot be read: Is a directory",
            f"a measurement of it: fsync-advisor measure {name} --output FILE",
        )
