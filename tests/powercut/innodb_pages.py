"""Whether every page of InnoDB's files has its checksum, as innochecksum asks.

MySQL stores the CRC-32C of a page without its checksum, flush and space fields and without its
trailer; MariaDB (full_crc32) that of all but the last four bytes, where it stands. A page that was
never written is zeros.
"""

from pathlib import Path
from typing import Final

from advisor.vendors.names import VendorName

PAGE_BYTES: Final = 16_384
POLYNOMIAL: Final = 0x82F63B78
"""Of CRC-32C, its bits reversed."""


def _entry(crc: int) -> int:
    for _ in range(8):
        crc = crc >> 1 ^ (POLYNOMIAL if crc & 1 else 0)
    return crc


TABLE: Final = tuple(_entry(byte) for byte in range(256))


def crc32c(data: bytes) -> int:
    """The CRC-32C (Castagnoli), which Python's zlib does not have."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def damaged_pages(folder: Path, vendor: VendorName) -> list[str]:
    """The pages of a schema's files whose checksum is wrong; the server must not be writing."""
    damaged = []
    files = sorted(folder.glob("*.ibd"))
    if not files:
        return [f"{folder.name} has no files"]
    for file in files:
        content = file.read_bytes()
        for start in range(0, len(content), PAGE_BYTES):
            page = content[start : start + PAGE_BYTES]
            if any(page) and not _is_right(page, vendor):
                damaged.append(f"page {start // PAGE_BYTES} of {file.name} has a wrong checksum")
    return damaged


def _is_right(page: bytes, vendor: VendorName) -> bool:
    if vendor == "mariadb":
        return crc32c(page[:-4]) == int.from_bytes(page[-4:], "big")
    return crc32c(page[4:26]) ^ crc32c(page[38:-8]) == int.from_bytes(page[:4], "big")
