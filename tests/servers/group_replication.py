"""Three members of MySQL's Group Replication on 127.0.0.1, the first of them the primary.

with private_folder(of_account=False) as room, Group(room).running() as members:
    ...
"""

import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from advisor.errors import AdvisorError
from advisor.servers.connection.limits import Patience
from tests.powercut.server import Running
from tests.servers.copies import Case, advised
from tests.servers.harness import server_named
from tests.servers.replication import Member, free_port, members

SERVER: Final = "mysql-9.7"
DURABLE: Final = Case(SERVER, "group-replication")
MEMBERS: Final = 3
JOINED_S: Final = 90
POLL_S: Final = 0.2
GROUP: Final = "8f0c3a52-5b7e-4c55-9d0e-2f3d1c6b7a90"
"""Any UUID."""
ONLINE_SQL: Final = (
    "SELECT count(*) FROM performance_schema.replication_group_members"
    " WHERE member_state = 'ONLINE'"
)
OWN_STATE_SQL: Final = (
    "SELECT coalesce(max(member_state), 'OFFLINE') FROM"
    " performance_schema.replication_group_members WHERE member_id = @@server_uuid"
)
ENDED: Final = ("ERROR", "OFFLINE")
LEFT: Final = "joins, and ends with an error"
PRIMARY_SQL: Final = (
    "SELECT member_port FROM performance_schema.replication_group_members"
    " WHERE member_role = 'PRIMARY' AND member_state = 'ONLINE'"
)
HELD_SQL: Final = (
    "SELECT concat(@@global.gtid_executed, ',', coalesce((SELECT received_transaction_set"
    " FROM performance_schema.replication_connection_status"
    " WHERE channel_name = 'group_replication_applier'), ''))"
)
"""What a member has committed, and what it has received and not applied."""
GROUPS_OWN: Final = re.compile(rf"{GROUP}((?::\d+(?:-\d+)?)+)", re.IGNORECASE)
INTERVAL: Final = re.compile(r":(\d+)(?:-(\d+))?")
ACCOUNT_SQL: Final = (
    "SET SESSION sql_log_bin = OFF",
    "CREATE USER copy@'127.0.0.1'",
    "GRANT REPLICATION SLAVE ON *.* TO copy@'127.0.0.1'",
    "SET SESSION sql_log_bin = ON",
    "CHANGE REPLICATION SOURCE TO SOURCE_USER = 'copy' FOR CHANNEL 'group_replication_recovery'",
)


class Group:
    """Its members, none of which runs, in folders of the room or in others."""

    def __init__(
        self,
        room: Path,
        folders: Sequence[Path] = (),
        case: Case = DURABLE,
    ) -> None:
        tree = room / "tree" if os.geteuid() == 0 else server_named(SERVER).installed.tree
        ports = [free_port() for _ in range(MEMBERS)]
        seeds = ",".join(f"127.0.0.1:{port}" for port in ports)
        fragments = [
            f"{advised(case)}\n"
            f"plugin_dir = {tree}/usr/lib/mysql/plugin\nplugin_load_add = group_replication.so\n"
            f"group_replication_group_name = {GROUP}\ngroup_replication_start_on_boot = OFF\n"
            f"group_replication_local_address = 127.0.0.1:{port}\n"
            f"group_replication_group_seeds = {seeds}\n"
            "group_replication_recovery_get_public_key = ON\nreport_host = 127.0.0.1\n"
            f"{case.last_lines}"
            for port in ports
        ]
        places = folders or [room / f"member{index}" for index in range(MEMBERS)]
        self.members: list[Member] = members(SERVER, room, places, fragments)

    @contextmanager
    def running(self) -> Iterator[list[Running]]:
        """All of them for the first time, online."""
        with ExitStack() as stack:
            running: list[Running] = []
            for one in self.members:
                running.append(stack.enter_context(one.machine.running(one.folder)))
                with running[-1].connected(1) as (connection,):
                    for statement in ACCOUNT_SQL:
                        connection.query(statement)
                start(running[-1], is_first=len(running) == 1)
                wait_until_online(running[-1], len(running))
            yield running

    @contextmanager
    def rejoining(self, index: int) -> Iterator[Running]:
        """A member that was killed, and that comes back by itself."""
        one = self.members[index]
        with one.machine.running(one.folder) as running:
            until_s = time.monotonic() + JOINED_S
            while why := refusal(running):  # until the others have given it up
                if time.monotonic() > until_s:
                    raise TimeoutError(why)
                time.sleep(1)
            wait_until_online(running, MEMBERS)
            yield running

    def primary(self, members: Sequence[Running]) -> int:
        """Which one takes writes, by the word of one that is online."""
        until_s = time.monotonic() + JOINED_S
        ports = [str(member.port) for member in self.members]
        while time.monotonic() < until_s:
            for member in members:
                with member.connected(1) as (connection,):
                    if found := connection.query(PRIMARY_SQL):
                        return ports.index(str(found[0][0]))
            time.sleep(POLL_S)
        raise TimeoutError("no primary")

    @contextmanager
    def reunited(self, folders: Sequence[Path]) -> Iterator[tuple[int, list[Running | str]]]:
        """All of them after all have stopped, begun on the one that has the most, as its profile
        says: which one that is, and the members, or why one could not join."""
        with ExitStack() as stack:
            running = [
                stack.enter_context(one.machine.running(folder))
                for one, folder in zip(self.members, folders, strict=True)
            ]
            held = [transactions_held(member) for member in running]
            first = held.index(max(held))
            start(running[first], is_first=True)
            wait_until_online(running[first], 1)
            found: list[Running | str] = list(running)
            for index, member in enumerate(running):
                if index != first and (why := refusal(member) or departure(member)):
                    found[index] = why
            yield first, found


def transactions_held(member: Running) -> int:
    """How many of the group's it has, applied or received."""
    with member.connected(1) as (connection,):
        ((held,),) = connection.query(HELD_SQL)
    numbers: set[int] = set()
    for intervals in GROUPS_OWN.findall(str(held)):
        for low, high in INTERVAL.findall(intervals):
            numbers.update(range(int(low), int(high or low) + 1))
    return len(numbers)


def start(member: Running, *, is_first: bool = False) -> None:
    """Has it join the group, or begin it."""
    with closing(member.address.connect(Patience(JOINED_S))) as connection:
        if is_first:
            connection.query("SET GLOBAL group_replication_bootstrap_group = ON")
        connection.query("START GROUP_REPLICATION")
        if is_first:
            connection.query("SET GLOBAL group_replication_bootstrap_group = OFF")


def refusal(member: Running) -> str:
    """Has it join; why it cannot, "" where it can."""
    try:
        start(member)
    except AdvisorError as error:
        with member.connected(1) as (connection,):
            connection.query("STOP GROUP_REPLICATION")
        return str(error)
    return ""


def departure(member: Running) -> str:
    """How one ended that has begun to join, "" where it is online. Raises TimeoutError."""
    until_s = time.monotonic() + JOINED_S
    with member.connected(1) as (connection,):
        while time.monotonic() < until_s:
            ((state,),) = connection.query(OWN_STATE_SQL)
            if state == "ONLINE":
                return ""
            if state in ENDED:
                return LEFT
            time.sleep(POLL_S)
    raise TimeoutError(member.log())


def wait_until_online(member: Running, count: int) -> None:
    """Returns when the member sees so many. Raises TimeoutError with what it has said."""
    until_s = time.monotonic() + JOINED_S
    with member.connected(1) as (connection,):
        while str(connection.query(ONLINE_SQL)[0][0]) != str(count):
            if time.monotonic() > until_s:
                raise TimeoutError(member.log())
            time.sleep(POLL_S)
