"""What may go wrong in a way a user can cause: one message, one hint, one exit status."""

from enum import IntEnum


class ExitStatus(IntEnum):
    """The exit statuses of every command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_TRUSTED = 3
    """Or slower than it was, or with findings: AdvisorError.meaning."""
    FAULT = 70
    """As sysexits.h has it for an internal software error."""
    INTERRUPTED = 130


class AdvisorError(Exception):
    """An expected failure: `message` says what, where and why; `hint` what to do about it."""

    exit_status = ExitStatus.FAILED
    meaning = ""
    """Which of several meanings its exit status has."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(AdvisorError, ValueError):
    """The command line, or a value in a file, asks for something that makes no sense."""

    exit_status = ExitStatus.USAGE


class NotTrustedError(AdvisorError):
    """The drive was measured, but a sync there does not mean what it should."""

    exit_status = ExitStatus.NOT_TRUSTED
    meaning = "not trusted"


class SlowerError(AdvisorError):
    """The drive is slower than its baseline."""

    exit_status = ExitStatus.NOT_TRUSTED
    meaning = "slower"


class FindingsError(AdvisorError):
    """A server's settings are not what they should be, as severe as the user wants to be told."""

    exit_status = ExitStatus.NOT_TRUSTED
    meaning = "findings"


class Interrupted(BaseException):
    """A signal that ends us arrived; everything has been cleaned up.

    Like KeyboardInterrupt no Exception, so that whoever makes do without something that failed does
    not go on when the user wants an end.
    """

    exit_status = ExitStatus.INTERRUPTED
    hint = ""
    meaning = ""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class KnowledgeError(AdvisorError):
    """A file under profiles/ is incomplete or contradicts itself; no advice may rest on it."""


class GuardError(AdvisorError):
    """A rule asked for something the red lines in rules/guards forbid."""
