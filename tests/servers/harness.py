"""Real database servers for tests: started with a fragment, read back, stopped, cleared away.

    server = server_named("mysql-9.7")
    with server.running("[mysqld]\\ninnodb_io_capacity = 2000\\n") as instance:
        setting = instance.read("innodb_io_capacity")
        assert (setting.value, setting.from_file) == ("2000", True)
        assert complaints(instance.log(), ["innodb_io_capacity"]) == []

Every start gets a fresh data directory (a copy of a template made once), sockets and log in a
private folder that is gone afterwards, and the fragment the way a user gives it: a file of its own
in a folder that the server's configuration includes.

To add a server, add a row to `provision.SERVERS`.
"""

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen, TimeoutExpired
from typing import NoReturn

import pytest

from advisor.servers.connection.wire import Address
from advisor.vendors.registry import vendor_of_banner
from advisor.versions import NumericVersion
from tests.servers.account import (
    account,
    copy_tree,
    hand_over,
    private_folder,
    reachable,
    start_as_account,
)
from tests.servers.engines import ENGINES, Engine, Place, Programs, Vendor
from tests.servers.provision import (
    OLDER_SERVERS,
    SERVERS,
    Installation,
    Row,
    installation,
    why_missing,
)
from tests.servers.reading import CLIENTS, Client, NotYet, Rows, Setting, by_name

START_SECONDS = 60
STOP_SECONDS = 60
POLL_SECONDS = 0.02


class ServerDidNotStart(Exception):  # noqa: N818 -- says what happened
    """The server gave up, or was not ready in time; the text is its log."""


class UnknownSettingError(LookupError):
    """The server does not have a setting of that name."""


@dataclass(frozen=True)
class Preload:
    """A shared library the server is started with, and the environment that steers it."""

    library: Path
    environment: Mapping[str, str]


class Instance:
    """A running server."""

    def __init__(self, place: Place, fragment: Path, process: Popen[bytes], client: Client) -> None:
        self.place = place
        self.fragment = fragment
        self.process = process
        self.client = client

    def query(self, statement: str, values: Sequence[object] = ()) -> Rows:
        """The rows of one statement."""
        return self.client.query(statement, values)

    def read(self, name: str) -> Setting:
        """One setting as the server has it."""
        return self.read_all([name])[name]

    def read_all(self, names: Sequence[str]) -> dict[str, Setting]:
        """Settings as the server has them, by name."""
        found = by_name(self.client.read(names, self.fragment))
        missing = [name for name in names if name not in found]
        if missing:
            raise UnknownSettingError(", ".join(missing))
        return found

    def file_errors(self) -> list[str]:
        """What the server holds against lines of the fragment (PostgreSQL tells)."""
        return self.client.file_errors(self.fragment)

    def log(self) -> str:
        """Everything the server has said since it was started."""
        return self.place.log.read_text(errors="replace")


@dataclass(frozen=True)
class Server:
    """A provisioned server, ready to be started any number of times."""

    name: str
    vendor: Vendor
    version: str
    """As its own --version prints it."""
    installed: Installation

    @contextmanager
    def running(
        self,
        fragment: str,
        extra_options: Mapping[str, str] | None = None,
        preload: Preload | None = None,
        arguments: Sequence[str] = (),
    ) -> Iterator[Instance]:
        """The server with a fragment; `extra_options` are the base configuration's, so it wins.
        `arguments` come last on its command line."""
        with (
            self.configured(fragment, extra_options) as (place, programs),
            self.started(place, programs, preload, arguments) as instance,
        ):
            yield instance

    @contextmanager
    def started(
        self,
        place: Place,
        programs: Programs,
        preload: Preload | None = None,
        arguments: Sequence[str] = (),
    ) -> Iterator[Instance]:
        """The server in a place that `configured` made; one after another, as often as wanted."""
        engine = ENGINES[self.vendor]
        environment = {}
        if preload is not None:
            library = place.folder / preload.library.name
            copy_tree(preload.library, library)
            os.chown(library, account().pw_uid, account().pw_gid)
            environment = {**preload.environment, "LD_PRELOAD": str(library)}
        command = [*engine.command(programs, place), *arguments]
        with place.log.open("wb") as log:
            process = start_as_account(command, log, environment, engine.stop_signal)
        try:
            client = connect(self.vendor, place, process)
            try:
                if preload is not None:
                    expect_loaded(library, process)
                yield Instance(place, fragment_file(place, engine), process, client)
            finally:
                client.close()
        finally:
            stop(process, engine.stop_signal)

    def parsed(self, fragment: str, names: Sequence[str]) -> dict[str, str]:
        """What the server makes of settings in a fragment when it reads it without starting."""
        engine = ENGINES[self.vendor]
        with self.configured(fragment, None) as (place, programs):
            return engine.parsed(programs, place, names)

    @contextmanager
    def configured(
        self, fragment: str, extra_options: Mapping[str, str] | None = None
    ) -> Iterator[tuple[Place, Programs]]:
        """A private folder with data, configuration and fragment; and the programs for it."""
        engine = ENGINES[self.vendor]
        with private_folder() as folder:
            place = Place(folder)
            copy_tree(self.installed.template, place.data)
            place.fragments.mkdir()
            fragment_file(place, engine).write_text(fragment)
            engine.configure(place, extra_options or {})
            hand_over(folder)
            tree = reachable(self.installed.tree, folder)
            yield (
                place,
                {name: tree / path for name, path in self.installed.programs.items()},
            )


def fragment_file(place: Place, engine: Engine) -> Path:
    """Where the fragment lies, as a user would put it."""
    return place.fragments / engine.fragment_name


def connect(vendor: Vendor, place: Place, process: Popen[bytes]) -> Client:
    """Connect as soon as the server lets us."""
    deadline = time.monotonic() + START_SECONDS
    refusal = ""
    while process.poll() is None and time.monotonic() < deadline:
        try:
            return CLIENTS[vendor](place)
        except NotYet as error:
            refusal = str(error)
            time.sleep(POLL_SECONDS)
    ended = f"not ready: {refusal}" if process.returncode is None else f"exit {process.returncode}"
    raise ServerDidNotStart(f"{ended}; its log:\n{place.log.read_text(errors='replace')}")


def expect_loaded(library: Path, process: Popen[bytes]) -> None:
    """The loader only warns of a library it cannot load, and a test would measure nothing."""
    if str(library) not in Path(f"/proc/{process.pid}/maps").read_text():
        raise ServerDidNotStart(f"{library.name} was not loaded into the server")


def stop(process: Popen[bytes], stop_signal: int) -> None:
    """End a server the orderly way, and one that does not heed that the other way."""
    process.send_signal(stop_signal)
    try:
        process.wait(STOP_SECONDS)
    except TimeoutExpired:
        process.kill()
        process.wait()
        raise


def server_of(row: Row) -> Server | None:
    """The server of a row, if the cache holds it."""
    found = installation(row)
    return None if found is None else Server(row.name, row.vendor, found.version, found)


def available() -> list[Server]:
    """Every server the cache holds."""
    return [server for row in SERVERS if (server := server_of(row))]


def server_named(name: str) -> Server:
    """A server; where there is none, the test is skipped, or fails where none may be missing."""
    (row,) = (row for row in (*SERVERS, *OLDER_SERVERS) if row.name == name)
    return server_of(row) or give_up(f"no {name} here: {why_missing(row)}")


def version_of(server: Server) -> NumericVersion:
    """Its version as the advisor reads it from the server's banner."""
    banner = vendor_of_banner(server.version)
    assert banner is not None
    assert banner[0] == server.vendor
    return banner[1]


def address_of(server: Server, instance: Instance) -> Address:
    """How the advisor reaches a running server."""
    return Address(server.vendor, ENGINES[server.vendor].login(instance.place))


def give_up(reason: str) -> NoReturn:
    """End the test for want of something: a failure with CI=true, else a skip."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


# PostgreSQL mentions a setting in its log only to find fault with it, at whatever level.
COMPLAINT = re.compile(
    r"\[(warning|error)\]|deprecat|\b(warning|error|fatal|panic|log|hint|detail|context):\s",
    re.IGNORECASE,
)


def complaints(log: str, setting_names: Sequence[str]) -> list[str]:
    """The lines of a log that find fault with one of the settings, spelt with - or _."""
    spellings = "|".join(re.escape(name).replace("_", "[-_]") for name in setting_names)
    ours = re.compile(rf"(?<![\w-])(?:--)?(?:loose[-_])?(?:{spellings})(?![\w-])", re.IGNORECASE)
    return [line for line in log.splitlines() if COMPLAINT.search(line) and ours.search(line)]
