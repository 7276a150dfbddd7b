"""Which settings have a server take disk space when it starts, and how much. Pure."""

import re
from typing import Final, NamedTuple

from advisor.units import parse_size
from advisor.vendors.values import PlainSpec

COUNT: Final = PlainSpec("integer", min=0)

_FILE_SIZE: Final = r":\s*(\d{1,18}\s*[KMG]?)"


class DiskClaim(NamedTuple):
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
    sizes = (re.search(_FILE_SIZE, part, re.IGNORECASE) for part in text.split(";"))
    return sum(parse_size(found[1]) for found in sizes if found)
