"""The command audit against a running server, for its tests."""

import json
from typing import Any, Final

from advisor.audit.run import run_audit
from advisor.commands.source import knowledge_for
from advisor.durability import Durability
from advisor.request import Request
from advisor.servers.state.read import read_server
from tests.servers.harness import Instance, Server, address_of
from tests.servers.misconfigured import Expected
from tests.support.command_line import advisor
from tests.support.paths import MEASUREMENTS

MEASURED: Final = MEASUREMENTS / "nvme-consumer.json"


def dsn_of(server: Server, instance: Instance, user: str = "", database: str = "postgres") -> str:
    """The server's socket; as its superuser unless told otherwise."""
    if server.vendor == "postgresql":
        return f"postgresql://{user or 'postgres'}@/{database}?host={instance.place.folder}"
    return f"{server.vendor}://{user or 'root'}@localhost/?socket={instance.place.socket}"


def audited(server: Server, instance: Instance, *options: str) -> dict[str, Any]:
    """What the command says as JSON; its exit status fits its findings."""
    dsn = () if "--dsn" in options else ("--dsn", dsn_of(server, instance))
    interval = () if "--interval" in options else ("--interval", "0")
    done = advisor("audit", *dsn, *interval, "--format", "json", "--quiet", *options)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (3 if found["findings"] else 0), done.stderr
    return found


def audited_here(server: Server, instance: Instance, durability: Durability) -> dict[str, Any]:
    """The same within this process, without a drive: for many audits of one server."""
    reading = read_server(address_of(server, instance))
    request = Request(server.vendor, reading.version, "as it says", durability=durability)
    found, _ = run_audit(reading, request, knowledge_for(server.vendor), None)
    return found.model_dump(mode="json")


def shown(found: dict[str, Any]) -> tuple[Expected, ...]:
    """The findings, as tests type them."""
    return tuple(
        (one["severity"], one["setting"], one["current"], one["recommended"])
        for one in found["findings"]
    )
