"""Servers that are not what they say: whatever they answer, a command has a result or one line that
says what is wrong, in bounded time and memory; and no password is told."""

import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

import pytest

from tests.security import mysql_ways, postgresql_ways
from tests.security.ways import Way
from tests.support.paths import MEASUREMENTS
from tests.support.warm_commands import Done, WarmCommands, warm_commands

pytestmark = pytest.mark.quiet

PASSWORD: Final = "geheim-7Qx"
ELAPSED_MAX_S: Final = 30
MEMORY_MAX_BYTES: Final = 200 * 2**20
AT_ONCE: Final = 24
"""So many commands side by side, for most of the slow ones wait."""

WAYS: Final[Mapping[tuple[str, str], Way]] = {
    **{("mysql", name): way for name, way in mysql_ways.ways()},
    **{("postgresql", name): way for name, way in postgresql_ways.ways()},
}
ARGUMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "audit": ("--interval", "0.2", "--format", "json"),
    "predict": (
        *("--yes", "--clients", "1", "--seconds", "1", "--format", "json"),
        *("--from", str(MEASUREMENTS / "nvme-plp.json")),
    ),
}
CASES: Final = tuple(
    (vendor, name, command)
    for (vendor, name), way in WAYS.items()
    for command in ARGUMENTS
    if way.expected(command) is not None
)


def ran(commands: WarmCommands, vendor: str, command: str, port: int) -> Done:
    """A command against what listens there."""
    dsn = f"{vendor}://me@127.0.0.1:{port}/"
    secret = {"PGPASSWORD": PASSWORD, "MYSQL_PWD": PASSWORD, "HOME": str(commands.folder)}
    return commands.run([command, "--db", vendor, "--dsn", dsn, *ARGUMENTS[command]], secret)


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmCommands]:
    with warm_commands(tmp_path_factory.mktemp("commands")) as warm:
        yield warm


@pytest.fixture(scope="module")
def results(commands: WarmCommands) -> Iterator[Mapping[Any, Future[Done]]]:
    """Of all cases, side by side, the slow ones first."""

    def one(vendor: str, name: str, command: str) -> Done:
        with WAYS[vendor, name].server.running() as port:
            return ran(commands, vendor, command, port)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        ordered = sorted(CASES, key=lambda case: not WAYS[case[:2]].slow)
        yield {case: pool.submit(one, *case) for case in ordered}


@pytest.fixture(scope="module")
def nothing(commands: WarmCommands) -> Mapping[tuple[str, str], Done]:
    """The same commands where nobody listens."""
    return {
        (vendor, command): ran(commands, vendor, command, 1)
        for vendor in ("mysql", "postgresql")
        for command in ARGUMENTS
    }


def test_there_are_enough_ways() -> None:
    assert sum(vendor == "mysql" for vendor, _ in WAYS) >= 30
    assert sum(vendor == "postgresql" for vendor, _ in WAYS) >= 30


@pytest.mark.parametrize(("vendor", "name", "command"), CASES)
def test_a_server_that(
    vendor: str,
    name: str,
    command: str,
    results: Mapping[Any, Future[Done]],
    nothing: Mapping[tuple[str, str], Done],
) -> None:
    done = results[vendor, name, command].result()
    expected = WAYS[vendor, name].expected(command) or ""
    assert "Traceback" not in done.err
    assert "fault of fsync-advisor" not in done.err
    assert not re.search(r"[^\n -~\u00a0-\uffff]", done.err)
    if done.status in (0, 3):
        json.loads(done.out)
    else:
        assert (done.status, done.out) == (1, "")
        *_, said = [line for line in done.err.splitlines() if not line.startswith("  hint: ")]
        assert re.search(expected, said), said
        assert expected, f"should have a result: {said}"
        assert len(said) < 700
    assert re.search(expected, done.out + done.err)
    assert done.elapsed_s < ELAPSED_MAX_S
    base = nothing[vendor, command]
    assert done.own_bytes - base.own_bytes < MEMORY_MAX_BYTES
    both = done.own_bytes + done.children_bytes - base.own_bytes - base.children_bytes
    assert both < MEMORY_MAX_BYTES
    server = WAYS[vendor, name].server
    assert PASSWORD.encode() not in server.received
    assert PASSWORD not in done.out + done.err
