"""One way in which a server misbehaves, and what comes of it."""

from dataclasses import dataclass
from typing import Final

from tests.support.hostile_server import HostileServer

VALID: Final = ""
"""Instead of words: the command has a result."""

SLOW: Final = "the server does not answer in time"
TOO_MANY_BYTES: Final = "the server answers with more than 4 MiB; no such answer is expected"
IN_CLEAR: Final = "and the connection is not encrypted"
LOST: Final = r"no connection to the \w+ server: "


@dataclass
class Way:
    """A server, and words (a pattern) that stderr has on an error, stdout or stderr on a result."""

    server: HostileServer
    audit: str | None
    """None: that command does not come to it."""
    predict: str | None = "as audit"
    slow: bool = False
    """Whether it waits until time is up."""

    def expected(self, command: str) -> str | None:
        """The words for `audit` or `predict`."""
        if command == "predict" and self.predict != "as audit":
            return self.predict
        return self.audit
