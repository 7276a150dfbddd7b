"""Checksums of real servers' pages, whole and damaged."""

import shutil
from pathlib import Path

import pytest

from tests.powercut.innodb_pages import PAGE_BYTES, crc32c, damaged_pages
from tests.servers.harness import server_named

FILES = {"mysql-9.7": "sys/*.ibd", "mariadb-10.11": "mysql/transaction_registry.ibd"}


def test_the_checksum_is_castagnolis() -> None:
    # The check value of the CRC catalogue: https://reveng.sourceforge.io/crc-catalogue/all.htm
    assert crc32c(b"123456789") == 0xE3069283


def test_a_folder_without_tables_is_not_sound(tmp_path: Path) -> None:
    (tmp_path / "schema").mkdir()
    assert damaged_pages(tmp_path / "schema", "mysql") == ["schema has no files"]


@pytest.mark.parametrize("name", FILES)
def test_a_changed_byte_is_found(name: str, tmp_path: Path) -> None:
    server = server_named(name)
    (source,) = server.installed.template.glob(FILES[name])
    file = tmp_path / "table.ibd"
    shutil.copy(source, file)
    assert damaged_pages(tmp_path, server.vendor) == []
    content = bytearray(file.read_bytes())
    content[PAGE_BYTES + 5000] ^= 1
    file.write_bytes(content)
    assert damaged_pages(tmp_path, server.vendor) == ["page 1 of table.ibd has a wrong checksum"]


@pytest.mark.parametrize("name", FILES)
def test_half_a_page_is_found_and_one_never_written_is_not(name: str, tmp_path: Path) -> None:
    server = server_named(name)
    (source,) = server.installed.template.glob(FILES[name])
    pages = source.read_bytes()
    torn = pages[: PAGE_BYTES // 2] + bytes(PAGE_BYTES // 2)
    (tmp_path / "table.ibd").write_bytes(torn + bytes(PAGE_BYTES))
    assert damaged_pages(tmp_path, server.vendor) == ["page 0 of table.ibd has a wrong checksum"]
