"""A throw-away server: a fresh data directory in a private place, gone afterwards."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.errors import AdvisorError
from advisor.knowledge import known_settings
from advisor.rules.known_settings import KnownSettings
from advisor.server_state import EffectiveSetting
from advisor.servers.connection import Address
from advisor.servers.installed import Installed, account, run, signals_held_back, start, stop
from advisor.servers.sandbox.data_directory import initialise
from advisor.servers.sandbox.log import last_words
from advisor.servers.sandbox.readback import NotReadyError, read_back
from advisor.units import format_size
from advisor.vendors.base import Place
from advisor.vendors.registry import VENDORS
from advisor.vendors.syntax import Line, Option
from advisor.vendors.values import Rejected

PARENT: Final = "/var/tmp"
"""On a drive, unless TMPDIR says otherwise: /tmp is often memory, which takes no O_DIRECT."""

PREALLOCATED: Final = {"innodb_redo_log_capacity": 1, "innodb_log_file_size": 2}
"""Settings, in bytes, of what the server takes on disk at its start -> how many files at most."""

START_TIMEOUT_S: Final = 90
POLL_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Start:
    """One start of the server: what it had, or None where it gave up, and what it said."""

    actual: dict[str, EffectiveSetting] | None
    log: str


class Sandbox:
    """One server's private place, in which it can be started any number of times."""

    def __init__(self, installed: Installed, place: Place) -> None:
        self._installed = installed
        self._place = place

    def start_with(self, fragment: str) -> Start:
        """Starts the server with a fragment, reads everything, stops it."""
        with self._started(fragment) as (actual, why):
            pass
        return Start(actual, self._log() + why)

    @contextmanager
    def running(self, fragment: str) -> Iterator[Address]:
        """The server with a fragment, for as long as the block takes.

        Raises AdvisorError where it does not start.
        """
        with self._started(fragment) as (actual, why):
            if actual is None:
                raise AdvisorError(f"the server does not start: {last_words(self._log() + why)}")
            yield self._address()

    @contextmanager
    def _started(self, fragment: str) -> Iterator[tuple[dict[str, EffectiveSetting] | None, str]]:
        """What the running server has; or None, and why, where its log does not tell."""
        vendor, place = VENDORS[self._installed.vendor], self._place
        place.fragment.write_text(fragment, encoding="utf-8")
        command = vendor.start_command(self._installed.program, self._installed.version, place)
        with ExitStack() as stack:
            log = stack.enter_context(place.log.open("wb"))
            with signals_held_back():
                process = start(command, log)
                stack.callback(stop, process, vendor.stop_signal)
            yield self._wait_and_read(process)

    def _address(self) -> Address:
        vendor = VENDORS[self._installed.vendor]
        return Address(vendor.name, vendor.local_login(self._place))

    def _log(self) -> str:
        said = self._place.log.read_text(encoding="utf-8", errors="replace")
        said = said.replace(f"{self._installed.program}: ", "")
        return said.replace(str(self._place.fragment), "the fragment")

    def _wait_and_read(
        self, process: "subprocess.Popen[bytes]"
    ) -> tuple[dict[str, EffectiveSetting] | None, str]:
        why = ""
        for _ in range(int(START_TIMEOUT_S / POLL_S)):
            try:
                return self._read_back(), ""
            except NotReadyError as error:
                why = str(error)
            try:
                process.wait(POLL_S)
            except subprocess.TimeoutExpired:
                continue
            return None, ""
        return None, f"\nERROR: not ready after {START_TIMEOUT_S} s: {' '.join(why.split())}\n"

    def _read_back(self) -> dict[str, EffectiveSetting]:
        # PyMySQL leaves its own socket open where nobody listens, so it does not try before.
        if not VENDORS[self._installed.vendor].local_socket(self._place).exists():
            raise NotReadyError("it has no socket")
        return read_back(self._address())


@contextmanager
def sandbox(installed: Installed, lines: Sequence[Line]) -> Iterator[Sandbox]:
    """A private place with a fresh data directory, removed whatever happens.

    `lines` are the fragment's, of which some decide how a data directory is made. Raises
    AdvisorError where the server's programs do not do their part.
    """
    with ExitStack() as stack:
        with signals_held_back():
            folder = _make_folder()
            stack.callback(_remove, folder)
        known = known_settings(installed.vendor, installed.version)
        _require_room(folder, lines, known)
        place = Place(folder)
        place.data.mkdir(mode=0o700)
        place.fragment.touch()
        if who := account():
            for path in (folder, place.data, place.fragment):
                os.chown(path, who.pw_uid, who.pw_gid)
        # Said by the right program: a folder closed to the account is found out here.
        run([installed.program, "--version"])
        options = [option for line in lines if isinstance(option := known.option(line), Option)]
        initialise(installed, place, options)
        yield Sandbox(installed, place)


def parent_folder() -> Path:
    """Where private places are made: on the drive that throw-away servers use."""
    return Path(os.environ.get("TMPDIR") or PARENT)


def _make_folder() -> Path:
    parent = parent_folder()
    try:
        return Path(tempfile.mkdtemp(prefix="verify-fsync-", dir=parent))
    except OSError as error:
        raise AdvisorError(f"{parent} takes no temporary folder: {error.strerror}") from error


def _require_room(folder: Path, lines: Iterable[Line], known: KnownSettings) -> None:
    """Raises AdvisorError for a log that would take more than half of the free space here."""
    free_bytes = shutil.disk_usage(folder).free
    for line in lines:
        for name, result in known.meanings(line):
            if name not in PREALLOCATED or isinstance(result, Rejected):
                continue  # what is no size, the server will refuse
            size_bytes = float(result.value) * PREALLOCATED[name]
            if size_bytes > free_bytes / 2:
                raise AdvisorError(
                    f"line {line.number}: {line.name} = {line.value} would take"
                    f" {format_size(size_bytes)} of disk at the start;"
                    f" {folder.parent} has {format_size(free_bytes)}",
                    "name a larger place in TMPDIR",
                )


def _remove(folder: Path) -> None:
    """Removes the place; a program that was just ended may still have been writing there."""
    with signals_held_back():
        for _ in range(3):
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                return
        shutil.rmtree(folder)
