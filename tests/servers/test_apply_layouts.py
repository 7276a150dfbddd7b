"""What apply tells to do where its file would not be read, followed on real servers: they start
before the file is there, with it, and after an undo.

The layouts are those of Debian's postgresql-common and mariadb-common, of initdb, and of
docker-library/mysql. tests/apply/test_apply.py has the words of each hint.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.account import account
from tests.servers.apply_host import Host, host
from tests.servers.harness import ServerDidNotStart, server_named
from tests.servers.test_apply import FRAGMENTS


def hinted(one: Host, fragment: str, to: Path, main: Path) -> str:
    """What a refused apply tells to do."""
    done = one.apply(fragment, to=to, main=main)
    assert done.returncode == 1, done.stderr
    assert "is not included by" in done.stderr
    return done.stderr


def follow(one: Host, to: Path, main: Path, arguments: tuple[str, ...] = ()) -> Path:
    """Does what the hint says until the file is in force; and takes it back."""
    name, value, _, default = FRAGMENTS[one.server.vendor]
    fragment = one.fragment(f"{name} = {value}")
    hint = hinted(one, fragment, to, main)
    if folder := re.search(r"use --to (\S+), which it includes", hint):
        to = Path(folder[1])
    elif folders := re.search(r"what is read last wins: (.*)", hint):
        to = Path(folders[1].split(", ")[-1])
    else:
        line = re.search(r"to the end of (\S+), then run this again: (.*)", hint)
        assert line is not None, hint
        with Path(line[1]).open("a") as config:
            config.write(f"{line[2]}\n")
    in_force(one, name, default, arguments)
    done = one.apply(fragment, to=to, main=main)
    assert done.returncode == 0, done.stderr
    in_force(one, name, value, arguments)
    assert one.apply(None, to=to, main=main).returncode == 0
    in_force(one, name, default, arguments)
    return to


def in_force(one: Host, name: str, value: str, arguments: tuple[str, ...]) -> None:
    with one.server.started(one.place, one.programs, arguments=arguments) as instance:
        assert instance.read(name).shown == value


def give(folder: Path) -> None:
    """A folder and what is in it to the server's account, whose the folder above it is."""
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, account().pw_uid, account().pw_gid)


@contextmanager
def debian_cluster() -> Iterator[tuple[Host, Path, tuple[str, ...]]]:
    """PostgreSQL with its configuration apart from its data, beside files that are no fragments."""
    with host(server_named("postgresql-15")) as one:
        folder = one.place.folder / "etc" / "15" / "main"
        (folder / "conf.d").mkdir(parents=True)
        for name in ("pg_hba.conf", "pg_ident.conf"):
            (one.place.data / name).rename(folder / name)
        (folder / "start.conf").write_text("auto\n")
        (folder / "pg_ctl.conf").write_text("pg_ctl_options = ''\n")
        main = folder / "postgresql.conf"
        (one.place.data / "postgresql.conf").rename(main)
        kept = [line for line in main.read_text().splitlines() if not line.startswith("include_")]
        own = [f"data_directory = '{one.place.data}'", f"hba_file = '{folder}/pg_hba.conf'"]
        own += [f"ident_file = '{folder}/pg_ident.conf'", "include_dir = 'conf.d'"]
        main.write_text("".join(f"{line}\n" for line in (*kept, *own)))
        give(folder.parent.parent)
        yield one, folder, ("-c", f"config_file={main}")


def test_debians_cluster_is_told_its_conf_d() -> None:
    with debian_cluster() as (one, folder, arguments):
        assert follow(one, folder, folder / "postgresql.conf", arguments) == folder / "conf.d"


def test_the_folder_of_a_cluster_is_no_folder_of_fragments() -> None:
    """What is never to be told: PostgreSQL takes start.conf for configuration, and gives up."""
    with debian_cluster() as (one, folder, arguments):
        with (folder / "postgresql.conf").open("a") as config:
            config.write(f"include_dir = '{folder}'\n")
        with (
            pytest.raises(ServerDidNotStart, match="syntax error"),
            one.server.started(one.place, one.programs, arguments=arguments),
        ):
            pass


def test_a_data_directory_that_includes_nothing_is_told_a_line() -> None:
    with host(server_named("postgresql-15")) as one:
        main = one.main
        text = main.read_text().replace(f"include_dir = '{one.place.fragments}'\n", "")
        assert "\ninclude" not in text
        main.write_text(text)
        assert (main.parent / "pg_hba.conf").exists()
        assert follow(one, main.parent, main) == main.parent
        assert (main.parent / "zz-fsync-advisor.conf.undone-1").exists()


@pytest.mark.parametrize("name", ["mariadb-10.11", "mariadb-11.8", "mysql-9.7"])
def test_an_option_file_that_includes_two_folders_is_told_the_last(name: str) -> None:
    with host(server_named(name)) as one:
        main, folder = one.place.config, one.place.folder / "etc"
        (folder / "mariadb.conf.d").mkdir(parents=True)
        (folder / "mariadb.conf.d" / "50-server.cnf").write_text("[mysqld]\n")
        with main.open("a") as config:
            config.write(f"!includedir {folder}/mariadb.conf.d/\n")
        give(folder)
        assert follow(one, folder, main) == folder / "mariadb.conf.d"


@pytest.mark.parametrize("name", ["mariadb-10.11", "mariadb-11.8", "mysql-9.7"])
def test_an_option_file_that_includes_nothing_is_told_a_line(name: str) -> None:
    """It ends in another group, as in MySQL's image; and somebody's old copy, which is not read,
    lies where !includedir would find it."""
    with host(server_named(name)) as one:
        main, folder = one.place.config, one.place.folder / "etc"
        folder.mkdir()
        kept = main.read_text().replace(f"!includedir {one.place.fragments}\n", "")
        main.write_text(f"{kept}[client]\nuser = nobody\n")
        (folder / "old.cnf").write_text("[mysqld]\nno_such_option = 1\n")
        give(folder)
        assert follow(one, folder, main) == folder
