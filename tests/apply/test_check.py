"""The copies of a configuration that the server checks say what the originals say."""

from pathlib import Path

import pytest
from config_trees import OPTION_FILES, POSTGRESQL_FILES, write_tree

from advisor.servers.applying.check import mirror
from advisor.servers.config_files import FilesRead, read_settings
from advisor.versions import Vendor


def told(found: FilesRead) -> list[tuple[str, str | None, str | None, int]]:
    """Every line in the server's order: name, value, group, number."""
    pairs = (pair for tree in found.trees for pair in tree.lines())
    return [(line.name, line.value, line.group, line.number) for _, line in pairs]


@pytest.mark.parametrize(
    ("vendor", "files", "main"),
    [
        ("mysql", OPTION_FILES, "main.cnf"),
        ("mysql", OPTION_FILES, "circle.cnf"),
        ("postgresql", POSTGRESQL_FILES, "a.conf"),
    ],
)
def test_copies_say_the_same_in_the_same_order(
    tmp_path: Path, vendor: Vendor, files: dict[str, bytes], main: str
) -> None:
    folder = tmp_path / "it's a folder"
    write_tree(folder, files)
    found = read_settings(vendor, [folder / main])
    with mirror(vendor, found, None) as copies:
        again = read_settings(vendor, [copies.main])
        places = [copies.original(entry.place) for entry in again.settings.values()]
    assert told(again) == told(found)
    assert len(told(found)) > 10
    assert places == [entry.place for entry in found.settings.values()]
    assert not copies.folder.exists()


def test_several_main_files_are_copied_in_their_order(tmp_path: Path) -> None:
    mains = [tmp_path / "one.cnf", tmp_path / "two.cnf"]
    for main in mains:
        main.write_text(f"[mysqld]\nsync_binlog = {len(main.stem)}\n[client]\n")
    mains[1].write_text("[mysqld]\nsync_binlog = 2\n")
    found = read_settings("mysql", mains)
    with mirror("mysql", found, None) as copies:
        again = read_settings("mysql", [copies.main])
    assert told(again) == told(found)
    assert again.settings["sync_binlog"].value == "2"


def test_an_empty_folder_stays_included_and_a_missing_one_missing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    main = tmp_path / "postgresql.conf"
    main.write_text("include_dir 'empty'\ninclude_dir 'missing'\ninclude_if_exists 'none'\n")
    found = read_settings("postgresql", [main])
    with mirror("postgresql", found, None) as copies:
        again = read_settings("postgresql", [copies.main])
        notes = [copies.original(note) for note in again.notes]
    assert notes == list(found.notes)
    assert any(f"{main}:2: {tmp_path}/missing is missing" in note for note in notes)


def test_only_its_owner_can_read_the_copies(tmp_path: Path) -> None:
    """A configuration may hold passwords."""
    main = tmp_path / "my.cnf"
    main.write_text("[mysqld]\n")
    with mirror("mysql", read_settings("mysql", [main]), None) as copies:
        assert copies.folder.stat().st_mode & 0o777 == 0o700
