"""What a server's log says about lines of a fragment."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from advisor.vendors.syntax import Line

Said = dict[int, str]
"""Line number -> what the server said of it."""

_LEVEL: Final = re.compile(
    r"\[(?:warning|error)\]|\b(?:warning|error|fatal|panic|log|hint|detail):\s", re.IGNORECASE
)
"""PostgreSQL mentions a setting in its log only to find fault with it, at whatever level."""

_FATAL: Final = re.compile(r"\[error\]|\b(?:error|fatal|panic):\s", re.IGNORECASE)
_ERROR: Final = re.compile(rf"{_FATAL.pattern}|\bLOG:\s", re.IGNORECASE)
_DEPRECATED: Final = re.compile("deprecat", re.IGNORECASE)
_ANY_LINE: Final = re.compile(r"the fragment\W+line \d")
_PARAMETER: Final = re.compile(r'parameter "([^"]+)"')
_MORE: Final = re.compile(r"\b(?:HINT|DETAIL|CONTEXT):\s+")


def complaints(log: str, lines: Iterable[Line], untried: Sequence[str] = ()) -> Said:
    """What a server that runs finds fault with, or calls deprecated; `untried`: what it says where
    it lacks a setting that is not tried, which is no fault of these lines."""
    found = [
        text
        for text in _messages(log)
        if (_LEVEL.search(text) or _DEPRECATED.search(text))
        and not any(said in text for said in untried)
    ]
    return _by_line(found, lines)


def refusals(log: str, lines: Iterable[Line]) -> Said:
    """What a server that gave up names as the reason."""
    return _by_line([text for text in _messages(log) if _ERROR.search(text)], lines)


def last_words(log: str) -> str:
    """The last error of a log, else its last message."""
    messages = list(_messages(log))
    errors = [text for text in messages if _FATAL.search(text)]
    return _plain((errors or messages or ["it says nothing"])[-1])


def _by_line(messages: list[str], lines: Iterable[Line]) -> Said:
    said: Said = {}
    for line in lines:
        name = re.escape(line.name.removeprefix("loose_")).replace("_", "[-_]")
        named = re.compile(rf"(?<![\w.])(?<!\w-)(?:loose[-_])?{name}(?![\w-])", re.IGNORECASE)
        numbered = re.compile(rf"the fragment\W+line {line.number}\b")
        for text in messages:
            by_number = _ANY_LINE.search(text) is not None
            if numbered.search(text) if by_number else named.search(_about(text)):
                said.setdefault(line.number, _plain(text))
    return said


def _about(message: str) -> str:
    """Where a message says which parameter it is about, only that: values look like names."""
    found = _PARAMETER.search(message)
    return found[1] if found else message


def _messages(log: str) -> Iterator[str]:
    """The log's messages; PostgreSQL's hints and details with what they belong to."""
    message = ""
    for text in log.splitlines():
        if message and (more := _MORE.search(text)):
            message += f" ({text[more.end() :]})"
            continue
        if message:
            yield message
        message = text
    if message:
        yield message


def _plain(text: str) -> str:
    """A message without its time, process and code."""
    found = _LEVEL.search(text)
    kept = text[found.end() if text[found.start()] == "[" else found.start() :] if found else text
    return re.sub(r"^(\s*\[[\w-]+\])+\s*", "", kept).strip()
