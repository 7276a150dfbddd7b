"""A throw-away server: a fresh data directory in a private place, gone afterwards."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.errors import AdvisorError
from advisor.knowledge import known_settings
from advisor.server_state import EffectiveSetting
from advisor.servers.config import Fragment
from advisor.servers.connection import Address
from advisor.servers.installed import (
    Confinement,
    Installed,
    ServerAccount,
    account_of_our_own,
    can_rename_accounts,
    end_all_of,
    named_account,
    run,
    signals_held_back,
    start,
    stop,
)
from advisor.servers.sandbox.data_directory import initialise
from advisor.servers.sandbox.folders import PrivateFolder, private_folder, reporting_write_errors
from advisor.servers.sandbox.log import last_words
from advisor.servers.sandbox.readback import NotReadyError, read_back
from advisor.servers.sandbox.room import allowed_bytes, require_room
from advisor.servers.sandbox.tried import TriedSettings, lines_tried, text_given, tried_settings
from advisor.vendors.base import DATA, FRAGMENT, RUN, Place, Vendor
from advisor.vendors.registry import VENDORS
from advisor.vendors.syntax import Line, Option

START_TIMEOUT_S: Final = 90
POLL_S: Final = 0.05
LOG_BYTES_MAX: Final = 16 * 1024**2
"""More of a log is not read."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Start:
    """One start of the server: what it had, or None where it gave up, and what it said."""

    actual: dict[str, EffectiveSetting] | None
    log: str


class Sandbox:
    """One server's private place, in which it can be started any number of times."""

    def __init__(
        self,
        installed: Installed,
        folder: PrivateFolder,
        tried: Sequence[Line],
        fragment: Fragment | None,
        stack: ExitStack,
    ) -> None:
        """`stack` closes its files."""
        self.tried = tried
        """The lines of the fragment that the server may be given."""
        self._installed = installed
        self._vendor = VENDORS[installed.vendor]
        self._fragment = fragment
        self._folder = folder
        self._who = folder.who
        self._place = Place(folder.path)
        # Made once, while nobody else can: what stands under these names is never looked at again.
        with reporting_write_errors(folder):
            self._configuration = stack.enter_context(folder.open_file(FRAGMENT))
            self._log_file = stack.enter_context(folder.open_unnamed())
        self._may_take_bytes = allowed_bytes(folder.path)

    def start_with(self, lines: Sequence[Line]) -> Start:
        """Starts the server with some lines of the fragment, reads everything, stops it."""
        with self._started(lines, self._vendor.stop_signal) as (actual, why):
            pass
        return Start(actual, self._log() + why)

    @contextmanager
    def running(self, *, killed: bool = False) -> Iterator[Address]:
        """The server with all lines that are tried, for as long as the block takes.

        `killed`: it then ends as in a crash (SIGKILL). Raises AdvisorError where it does not start.
        """
        end = signal.SIGKILL if killed else self._vendor.stop_signal
        with self._started(self.tried, end) as (actual, why):
            if actual is None:
                raise AdvisorError(f"the server does not start: {last_words(self._log() + why)}")
            yield self._address()

    @contextmanager
    def _started(
        self, lines: Sequence[Line], end: signal.Signals
    ) -> Iterator[tuple[dict[str, EffectiveSetting] | None, str]]:
        """What the running server has; or None, and why, where its log does not tell."""
        place, program = self._place, self._installed.program
        self._configure(lines)
        command = self._vendor.start_command(program, self._installed.version, place)
        self._log_file.truncate(0)
        self._log_file.seek(0)
        confinement = Confinement(self._who, file_bytes=self._may_take_bytes)
        with ExitStack() as stack:
            with signals_held_back():
                process = start(command, self._log_file, confinement=confinement)
                stack.callback(self._stop, process, end)
            yield self._wait_and_read(process)

    def given(self, lines: Sequence[Line]) -> str:
        """The configuration with some lines of the fragment; "" without a fragment."""
        if self._fragment is None:
            return ""
        return text_given(self._fragment, {line.number for line in lines}, self._vendor)

    def _configure(self, lines: Sequence[Line]) -> None:
        text = self.given(lines)
        with reporting_write_errors(self._folder):
            self._configuration.truncate(0)
            self._configuration.seek(0)
            self._configuration.write(text.encode("utf-8", "surrogateescape"))

    def _stop(self, process: "subprocess.Popen[bytes]", end: signal.Signals) -> None:
        stop(process, end)
        if self._who is not None:
            end_all_of(self._who)

    def _address(self) -> Address:
        return Address(self._vendor.name, self._vendor.local_login(self._place))

    def _log(self) -> str:
        said = os.pread(self._log_file.fileno(), LOG_BYTES_MAX, 0).decode("utf-8", "replace")
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
            self._require_rest()
            try:
                process.wait(POLL_S)
            except subprocess.TimeoutExpired:
                continue
            return None, ""
        return None, f"\nERROR: not ready after {START_TIMEOUT_S} s: {' '.join(why.split())}\n"

    def _require_rest(self) -> None:
        """Raises AdvisorError where the drive fills up while the server starts."""
        if allowed_bytes(self._place.folder) < self._may_take_bytes / 2:
            raise AdvisorError(
                f"while the server started, the free space of {self._place.folder.parent} fell"
                " below half of what it was",
                "name a larger place in TMPDIR",
            )

    def _read_back(self) -> dict[str, EffectiveSetting]:
        # PyMySQL leaves its own socket open where nobody listens, so it does not try before.
        if not self._vendor.local_socket(self._place).exists():
            raise NotReadyError("it has no socket")
        return read_back(self._address())


@contextmanager
def sandbox(
    installed: Installed, fragment: Fragment | None, say: Tell, within: Path | None = None
) -> Iterator[Sandbox]:
    """A private place with a fresh data directory, removed whatever happens; within that folder,
    or in TMPDIR.

    Of the fragment it takes the lines that the server reads and that stay within the place. `say`
    is told what is started, and under which account. Raises AdvisorError where the server's
    programs do not do their part.
    """
    vendor = VENDORS[installed.vendor]
    who = _account(vendor)
    with ExitStack() as stack:
        folder = stack.enter_context(private_folder("verify-fsync-", who, within))
        if who is not None:
            stack.callback(end_all_of, who)
        of_whom = f", as {who.name}" if who is not None else ""
        say(f"starting {installed.program} on a throw-away data directory{of_whom}")
        confinement = Confinement(who, allowed_bytes(folder.path))
        # Said by the right program: a folder closed to the account is found out here.
        run([installed.program, "--version"], confinement=confinement)
        tried = _tried(fragment, tried_settings(installed, confinement))
        known = known_settings(installed.vendor, installed.version)
        require_room(folder.path, tried, known)
        place = Place(folder.path)
        options = [option for line in tried if isinstance(option := known.option(line), Option)]
        with reporting_write_errors(folder):
            for name in (DATA, RUN):
                folder.make_folder(name, theirs=True).close()
            as_who = _for_initialisation(vendor, folder, confinement)
        initialise(installed, place, options, as_who)
        yield Sandbox(installed, folder, tried, fragment, stack)


def _tried(fragment: Fragment | None, settings: TriedSettings) -> list[Line]:
    return lines_tried(fragment, settings) if fragment is not None else []


def _account(vendor: Vendor) -> ServerAccount | None:
    """The account of a throw-away server; None: our own, where that is not root.

    One of our own; where its programs must find their own name among the accounts, and no other
    list of these can be shown to them, the one that packages make for the server.
    """
    if os.geteuid() != 0:
        return None
    if not vendor.initialisation_looks_itself_up or can_rename_accounts():
        return account_of_our_own()
    if who := named_account(vendor.account):
        return who
    raise AdvisorError(
        f"no server starts as root, there is no account {vendor.account}, and nothing may be"
        " mounted here to name another",
        "run as another user",
    )


def _for_initialisation(
    vendor: Vendor, folder: PrivateFolder, confinement: Confinement
) -> Confinement:
    who = confinement.who
    if not vendor.initialisation_looks_itself_up or who is None or not who.is_ours:
        return confinement
    with folder.open_file("passwd") as accounts:
        numbers = f"{who.ids.user_id}:{who.ids.group_id}"
        accounts.write(f"fsync-advisor:x:{numbers}::/nonexistent:/bin/false\n".encode())
    return Confinement(who, confinement.file_bytes, folder.path / "passwd")
