"""Three members of MySQL's Group Replication on 127.0.0.1, the first of them the primary."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tests.powercut.server import Running
from tests.servers.copies import Case, advised
from tests.servers.harness import server_named
from tests.servers.replication import free_port, members

SERVER: Final = "mysql-9.7"
MEMBERS: Final = 3
JOINED_S: Final = 90
GROUP: Final = "8f0c3a52-5b7e-4c55-9d0e-2f3d1c6b7a90"
"""Any UUID."""
ONLINE_SQL: Final = (
    "SELECT count(*) FROM performance_schema.replication_group_members"
    " WHERE member_state = 'ONLINE'"
)
ACCOUNT_SQL: Final = (
    "SET SESSION sql_log_bin = OFF",
    "CREATE USER copy@'127.0.0.1'",
    "GRANT REPLICATION SLAVE ON *.* TO copy@'127.0.0.1'",
    "SET SESSION sql_log_bin = ON",
    "CHANGE REPLICATION SOURCE TO SOURCE_USER = 'copy' FOR CHANNEL 'group_replication_recovery'",
)


@contextmanager
def group(room: Path) -> Iterator[list[Running]]:
    """All three, online."""
    tree = room / "tree" if os.geteuid() == 0 else server_named(SERVER).installed.tree
    ports = [free_port() for _ in range(MEMBERS)]
    seeds = ",".join(f"127.0.0.1:{port}" for port in ports)
    fragments = [
        f"{advised(Case(SERVER, 'group-replication'))}\n"
        f"plugin_dir = {tree}/usr/lib/mysql/plugin\nplugin_load_add = group_replication.so\n"
        f"group_replication_group_name = {GROUP}\ngroup_replication_start_on_boot = OFF\n"
        f"group_replication_local_address = 127.0.0.1:{port}\n"
        f"group_replication_group_seeds = {seeds}\n"
        "group_replication_recovery_get_public_key = ON\nreport_host = 127.0.0.1\n"
        for port in ports
    ]
    folders = [room / f"member{index}" for index in range(MEMBERS)]
    made = members(SERVER, room, folders, fragments)
    with ExitStack() as stack:
        running: list[Running] = []
        for one in made:
            running.append(stack.enter_context(one.machine.running(one.folder)))
            _join(running[-1], is_first=len(running) == 1)
            wait_until_online(running[-1], len(running))
        yield running


def _join(member: Running, *, is_first: bool) -> None:
    with member.connected(1) as (connection,):
        for statement in ACCOUNT_SQL:
            connection.query(statement)
        if is_first:
            connection.query("SET GLOBAL group_replication_bootstrap_group = ON")
        connection.query("START GROUP_REPLICATION")
        if is_first:
            connection.query("SET GLOBAL group_replication_bootstrap_group = OFF")


def wait_until_online(member: Running, count: int) -> None:
    """Returns when the member sees so many. Raises TimeoutError with what it has said."""
    until_s = time.monotonic() + JOINED_S
    with member.connected(1) as (connection,):
        while str(connection.query(ONLINE_SQL)[0][0]) != str(count):
            if time.monotonic() > until_s:
                raise TimeoutError(member.log())
            time.sleep(0.2)
