"""Which settings have a server take disk space when it starts, and how much. Pure."""

import re
from dataclasses import dataclass
from typing import Final

from advisor.units import parse_size
from advisor.vendors.values import PlainSpec

COUNT: Final = PlainSpec("integer", min=0)

_FILE_SIZE: Final = re.compile(r":\s*(\d{1,18}\s*[KMG]?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DiskClaim:
    """What one setting claims: files of its size, so many files as it says, or those it lists."""

    times: str = ""
    """The setting that says how many files of that size there are."""
    times_default: int = 1
    each_bytes: int | None = None
    """Of each file, where the value is their number."""
    lists_files: bool = False
    """Whether the value is such as ibdata1:12M:autoextend."""


def listed_bytes(text: str) -> int:
    """What the files of innodb_data_file_path take at first: of each the first size counts."""
    sizes = (_FILE_SIZE.search(part) for part in text.split(";"))
    return sum(parse_size(found[1]) for found in sizes if found)
