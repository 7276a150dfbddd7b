"""What an audit would send to a server, and with which privileges, before it connects."""

import json
from collections.abc import Sequence
from textwrap import wrap
from typing import Final

from advisor.vendors.base import Vendor
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS

COMMENT_WIDTH: Final = 77
"""Of 80 columns, beside "-- "."""
INTRODUCTION: Final = (
    "What fsync-advisor audit and measure --passive send to a server, and nothing else. A server"
    " gets the statements that its version knows. Nothing was sent now."
)


def statements_text(db: VendorName | None, dsn: str | None, form: str) -> str:
    """The statements and privileges for one kind of server, else for each that the DSN may mean,
    else for all: a script of SQL with comments, Markdown around the same, or JSON."""
    vendors = _meant(db, dsn)
    if form == "json":
        servers = [
            {
                "db": vendor.name,
                "privileges": vendor.audit_privileges,
                "sent_by_driver": vendor.audit_driver_statement or None,
                "statements": list(vendor.audit_statements),
            }
            for vendor in vendors
        ]
        return json.dumps({"schema_version": 1, "servers": servers}, indent=2) + "\n"
    script = "\n\n".join([_comment(INTRODUCTION), *map(_script, vendors)])
    return f"```sql\n{script}\n```\n" if form == "markdown" else f"{script}\n"


def _meant(db: VendorName | None, dsn: str | None) -> Sequence[Vendor]:
    if db is not None:
        return [VENDORS[db]]
    scheme = (dsn or "").partition("://")[0]
    return [each for each in VENDORS.values() if scheme in each.dsn_schemes] or [*VENDORS.values()]


def _script(vendor: Vendor) -> str:
    lines = [f"-- {vendor.title}", _comment(f"Privileges: {vendor.audit_privileges}")]
    if vendor.audit_driver_statement:
        lines.append(
            _comment(f"When it connects, the driver sends: {vendor.audit_driver_statement}")
        )
    return "\n".join([*lines, *(f"{statement};" for statement in vendor.audit_statements)])


def _comment(text: str) -> str:
    return "\n".join(f"-- {line}" for line in wrap(text, COMMENT_WIDTH))
