"""Reading /sys: the text of one file, and what it means. What says nothing is unknown, with which
file it was."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from advisor.model import Known, Unknown

T = TypeVar("T")

LayerDetails = dict[str, Known[str]]
"""As Layer.details."""


def text_of(path: Path) -> Known[str]:
    """The stripped text of a file in /sys, or which file it was that says nothing."""
    try:
        text = path.read_text("utf-8", "replace").strip()
    except OSError:
        text = ""
    return text or Unknown(unknown=f"/sys has no {path.parent.name}/{path.name} of this device")


def first_text(*paths: Path) -> Known[str]:
    """The text of the first file that says anything, or that the first file says nothing."""
    texts = [text_of(path) for path in paths]
    return next((text for text in texts if isinstance(text, str)), texts[0])


def convert(text: Known[str], meaning: Callable[[str], T]) -> Known[T]:
    """What the text means; unknown where `meaning` raises ValueError."""
    if isinstance(text, Unknown):
        return text
    try:
        return meaning(text)
    except ValueError:
        return Unknown(unknown=f"/sys says {text!r}")


def count(text: str) -> int:
    """A number from 0 to 2^63. Raises ValueError."""
    number = int(text)
    if not 0 <= number <= 2**63:
        raise ValueError
    return number


def chosen(choices: str) -> str:
    """ "none [mq-deadline] kyber" -> "mq-deadline"; without brackets, the text as it is."""
    return choices.partition("[")[2].partition("]")[0] or choices


def yes_no(is_so: bool) -> str:
    """For the details of a layer, which are text."""
    return "yes" if is_so else "no"


def flag(text: str) -> str:
    """ "1" -> "yes", "0" -> "no". Raises ValueError."""
    return yes_no(bool(int(text)))


def number_of(device: int) -> str:
    """A device's number, "8:1"."""
    return f"{os.major(device)}:{os.minor(device)}"


def shown(name: str) -> str:
    """A name that is not UTF-8 could not be saved."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
