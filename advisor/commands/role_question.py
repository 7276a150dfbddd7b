"""The question of a guided run about what the server is to others with the same data."""

from typing import Final

from advisor.audit.roles import sign_of_replication
from advisor.commands.asking import answer_to
from advisor.commands.console import notify, write_output
from advisor.output.document import Paragraph
from advisor.output.guided import step_document
from advisor.output.renderers import render
from advisor.roles import ROLES, Role
from advisor.server_state import ServerState

TITLE: Final = "The role of the server"


def asked_role(state: ServerState | None, *, binary_log: bool | None) -> Role:
    """The role that is typed, "standalone" where none is.

    Asked only where the configuration shows that another server may have the same data: a running
    server would tell its role, but only to an account that it knows. Without a binary log it is no
    primary, for replicas read that.
    """
    sign = "" if state is None else sign_of_replication(state)
    if not sign:
        return "standalone"
    about = Paragraph(
        f"{sign} is set, so another server may have the same data. A replica gets settings of its"
        " own, and for a replica and its primary a crash costs something else."
    )
    write_output(f"\n{render(step_document(TITLE, (), about), 'terminal')}")
    names = ["replica"] if binary_log is False else ["replica", "primary"]
    typed = answer_to(f"Role? Enter for neither; else type {' or '.join(names)}:")
    for role in ROLES:
        if role == typed and role in names:
            return role
    notify("going on without a role" + (f"; {typed!r} is none" if typed else ""))
    return "standalone"
