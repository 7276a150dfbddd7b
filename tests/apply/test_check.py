"""The copies of a configuration that the server checks say what the originals say."""

import os
from pathlib import Path

import pytest

from advisor.servers.apply import check, find_target, plan_change
from advisor.servers.apply.server_check import ServerCheck, copied_configuration
from advisor.servers.config import FilesRead, read_settings
from advisor.servers.config.fragment import parse_fragment
from advisor.servers.installed.accounts import account_of_our_own
from advisor.servers.installed.detect import Installed
from advisor.servers.sandbox.tried import TriedSettings
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.vendors.syntax import Line
from tests.servers.account import account, private_folder
from tests.servers.config_trees import OPTION_FILES, POSTGRESQL_FILES, write_tree
from tests.servers.harness import give_up


def told(found: FilesRead) -> list[tuple[str, str | None, str | None, int]]:
    """Every line in the server's order: name, value, group, number."""
    pairs = (pair for tree in found.trees for pair in tree.lines())
    return [(line.name, line.value, line.group, line.number) for _, line in pairs]


class Everything(TriedSettings):
    """As if every line were tried."""

    def why_not(self, line: Line) -> str:
        return ""


def everything(vendor: VendorName) -> TriedSettings:
    return Everything(VENDORS[vendor], (), frozenset(), frozenset(), are_all=True)


@pytest.mark.parametrize(
    ("vendor", "files", "main"),
    [
        ("mysql", OPTION_FILES, "main.cnf"),
        ("mysql", OPTION_FILES, "circle.cnf"),
        ("postgresql", POSTGRESQL_FILES, "a.conf"),
    ],
)
def test_copies_say_the_same_in_the_same_order(
    tmp_path: Path, vendor: VendorName, files: dict[str, bytes], main: str
) -> None:
    folder = tmp_path / "it's a folder"
    write_tree(folder, files)
    found = read_settings(vendor, [folder / main])
    with copied_configuration(everything(vendor), found, None) as copies:
        again = read_settings(vendor, [copies.main])
        places = [copies.original(entry.place) for entry in again.settings.values()]
    assert told(again) == told(found)
    assert len(told(found)) > 10
    assert places == [entry.place for entry in found.settings.values()]
    assert not copies.folder.path.exists()


def test_several_main_files_are_copied_in_their_order(tmp_path: Path) -> None:
    mains = [tmp_path / "one.cnf", tmp_path / "two.cnf"]
    for main in mains:
        main.write_text(f"[mysqld]\nsync_binlog = {len(main.stem)}\n[client]\n")
    mains[1].write_text("[mysqld]\nsync_binlog = 2\n")
    found = read_settings("mysql", mains)
    with copied_configuration(everything("mysql"), found, None) as copies:
        again = read_settings("mysql", [copies.main])
    assert told(again) == told(found)
    assert again.settings["sync_binlog"].value == "2"


def test_an_empty_folder_stays_included_and_a_missing_one_missing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    main = tmp_path / "postgresql.conf"
    main.write_text("include_dir 'empty'\ninclude_dir 'missing'\ninclude_if_exists 'none'\n")
    found = read_settings("postgresql", [main])
    with copied_configuration(everything("postgresql"), found, None) as copies:
        again = read_settings("postgresql", [copies.main])
        notes = [copies.original(note) for note in again.notes]
    assert notes == list(found.notes)
    assert any(f"{main}:2: {tmp_path}/missing is not on this host" in note for note in notes)


def test_only_its_owner_can_read_the_copies(tmp_path: Path) -> None:
    """A configuration may hold passwords."""
    main = tmp_path / "my.cnf"
    main.write_text("[mysqld]\n")
    found = read_settings("mysql", [main])
    with copied_configuration(everything("mysql"), found, None) as copies:
        assert copies.folder.path.stat().st_mode & 0o777 == 0o700
        assert copies.main.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("vendor", ["mysql", "postgresql"])
def test_an_account_that_no_package_made_can_read_the_copies(
    tmp_path: Path, vendor: VendorName
) -> None:
    """As where a server came from an archive: there is no user postgres."""
    if os.geteuid() != 0:
        give_up("only root gives files to another account")
    main = tmp_path / "some.conf"
    main.write_text("")
    who = account_of_our_own()
    with copied_configuration(everything(vendor), read_settings(vendor, [main]), who) as copies:
        found = [*copies.data.iterdir(), copies.data, copies.main]
        owners = {(path.stat().st_uid, path.stat().st_gid) for path in found}
    assert owners == {(who.ids.user_id, who.ids.group_id)}


TELLS_WHO = """#!/bin/sh
[ "$1" = --version ] && exec echo "postgres (PostgreSQL) 15.4"
echo "FATAL:  asked as $(id -un)" >&2
exit 1
"""


def checked(folder: Path, mode: int) -> ServerCheck:
    """What becomes of a check whose server tells under which account it is asked."""
    program = folder / "postgres"
    program.write_text(TELLS_WHO)
    program.chmod(0o755)
    (folder / "data").mkdir(mode=0o700)
    os.chown(folder / "data", account().pw_uid, account().pw_gid)
    main = folder / "postgresql.conf"
    main.write_text(f"data_directory = '{folder}/data'\ninclude_dir '.'\n")
    main.chmod(mode)
    target = find_target("postgresql", folder, [main], (15,))
    fragment = parse_fragment("fsync = on\n", "fragment", "postgresql")
    change = plan_change(target, fragment, "durable")
    return check(change, Installed("postgresql", (15, 4), program))


def test_the_server_is_asked_as_who_owns_its_data() -> None:
    """No server starts as root."""
    with private_folder() as folder:
        found = checked(folder, 0o644)
    asked = f"FATAL:  asked as {account().pw_name}"
    assert found.not_checked == f"it refuses the configuration without this file, too: {asked}"


def test_what_that_account_cannot_read_is_not_copied_for_it() -> None:
    if os.geteuid() != 0:
        give_up("only root reads what another account cannot")
    with private_folder() as folder:
        os.chown(folder, 0, 0)
        folder.chmod(0o755)
        found = checked(folder, 0o600)
    why = f"cannot be read by the server's account, {account().pw_name}: Permission denied"
    assert found.not_checked == f"{folder}/postgresql.conf {why}"
