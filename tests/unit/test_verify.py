"""What becomes of each line, with servers made by hand."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from advisor.errors import AdvisorError, UsageError
from advisor.knowledge import load_tried_names
from advisor.output.renderers.text import render_text
from advisor.output.verification import problem_lines, verification_document
from advisor.server_state import EffectiveSetting
from advisor.servers.config.fragment import Fragment, parse_fragment
from advisor.servers.installed import detect
from advisor.servers.installed.confinement import Confinement
from advisor.servers.installed.detect import Installed, require_server
from advisor.servers.sandbox import verify as module
from advisor.servers.sandbox.sandbox import Start
from advisor.servers.sandbox.tried import lines_tried, tried_settings
from advisor.servers.sandbox.verify import verify_fragment
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.vendors.syntax import Line
from advisor.verification import Verification
from advisor.versions import NumericVersion

PLACE = "/var/tmp/verify-fsync-x/fragment.conf"
MYSQL = Installed("mysql", (9, 7, 4), Path("/opt/mysqld"))


class Server:
    """Does not start with some words, and says nothing of them; names others; clamps."""

    def __init__(self, actual: dict[str, EffectiveSetting], silent: str, named: str) -> None:
        self.actual, self.silent, self.named = actual, silent, named
        self.starts = 0
        self.tried: Sequence[Line] = ()

    def start_with(self, lines: Sequence[Line]) -> Start:
        self.starts += 1
        fragment = "\n".join(["[mysqld]", *(f"{line.name}={line.value}" for line in lines), ""])
        if self.named and self.named in fragment:
            return Start(None, f"[ERROR] unknown variable '{self.named}=1'")
        if self.silent and self.silent in fragment:
            return Start(None, "[ERROR] no memory\n[ERROR] Aborting")
        return Start(self.actual, "[Note] ready")


def found(
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    *,
    silent: str = "",
    named: str = "",
    **actual: str,
) -> Verification:
    server = Server(
        {name: EffectiveSetting(name, value, shown=value) for name, value in actual.items()},
        silent,
        named,
    )

    @contextmanager
    def sandbox(installed: Installed, fragment: Fragment, say: object) -> Iterator[Server]:
        server.tried = lines_tried(fragment, tried_settings(installed, Confinement()))
        yield server

    monkeypatch.setattr(module, "sandbox", sandbox)
    monkeypatch.setattr(module, "require_driver", lambda vendor: None)
    verification = verify_fragment(parse_fragment(text, "my.cnf", "mysql"), MYSQL)
    assert server.starts < 12
    return verification


def problems(verification: Verification) -> list[str]:
    assert verification.ok is not bool(list(problem_lines(verification)))
    return list(problem_lines(verification))


MANY = "[mysqld]\na=1\nb=1\nc=1\nd=1\ne=1\nf=1\n"


@pytest.mark.parametrize("culprit", list("abcdef"))
def test_a_line_that_the_server_does_not_name_is_found(
    monkeypatch: pytest.MonkeyPatch, culprit: str
) -> None:
    letters = dict.fromkeys("abcdef", "1")
    made = found(monkeypatch, MANY, silent=f"{culprit}=1", **letters)
    assert problems(made) == [
        f"my.cnf:{'abcdef'.index(culprit) + 2}: {culprit} refused: "
        "the server starts without this line, not with it: Aborting"
    ]


def test_bad_lines_of_both_kinds_are_all_named(monkeypatch: pytest.MonkeyPatch) -> None:
    letters = dict.fromkeys("abcdf", "1") | {"d": "2"}
    assert problems(found(monkeypatch, MANY, silent="b=1", named="e", **letters)) == [
        "my.cnf:3: b refused: the server starts without this line, not with it: Aborting",
        "my.cnf:5: d differs: reads back as 2, not 1",
        "my.cnf:6: e refused: unknown variable 'e=1'",
    ]


def test_a_server_that_never_starts_is_not_the_fragments_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(AdvisorError, match="does not start even without the fragment: Aborting"):
        found(monkeypatch, MANY, silent="\n")


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "[client]\nport = 1\n", "[mysqld-8.0]\na=1", "a = 1\nb = 2\n"]
)
def test_a_fragment_without_a_line_for_the_server(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    with pytest.raises(AdvisorError, match=r"my.cnf has no line that /opt/mysqld reads"):
        found(monkeypatch, text)


def test_what_a_line_may_become(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "[client]\nport=1\n[mysqld]\ndatadir=/x\nskip-a\nb=1\nb=2\nc=3\nflush\n"
    made = found(monkeypatch, text, port="0", datadir="/y", a="OFF", b="2", c="3")
    assert [(entry.line, entry.verdict, entry.server) for entry in made.lines] == [
        (2, "not read", None),
        (4, "not tried", None),
        (5, "ok", "OFF"),
        (6, "doubled", "2"),
        (7, "ok", "2"),
        (8, "ok", "3"),
        (9, "taken", None),
    ]
    assert problems(made) == ["my.cnf:6: b doubled: line 7 sets it again, and wins"]
    assert render_text(verification_document(made)).splitlines() == [
        "FAIL: MySQL 9.7.4 does not take the fragment as it is written: line 6: b",
        "      doubled.",
        "",
        "line  setting  fragment  server has  verdict",
        "----------------------------------------------",
        "2     port     1         -           not read",
        "4     datadir  /x        -           not tried",
        "5     skip_a             OFF         ok",
        "6     b        1         2           doubled",
        "7     b        2         2           ok",
        "8     c        3         3           ok",
        "9     flush              -           taken",
        "",
        "MySQL 9.7.4: 1 not read, 1 not tried, 3 ok, 1 doubled, 1 taken",
    ]


@pytest.mark.parametrize(
    ("vendor", "text"),
    [
        ("mysql", "datadir=data"),
        ("mysql", "sql_mode=a/b"),
        ("mysql", "innodb_log_group_home_dir=/var/lib/mysql"),
        ("mysql", "log_bin=../binlog"),
        ("mysql", "init_file=x.sql"),
        ("mariadb", "user=mysql"),
        ("mariadb", "plugin-load-add=ha_x"),
        ("mysql", "loose-loose-datadir=data"),
        ("mysql", "enable-daemonize"),
        ("mysql", "skip_daemonize=0"),
        ("mariadb", "tmpdi=data"),
        ("mariadb", "plugin_load_ad=ha_x"),
        ("mariadb", "init_fil=x.sql"),
        ("mariadb", "PLUGIN_LOAD_ADD=ha_x"),
        ("mariadb", "x.init-file=x.sql"),
        ("mariadb", "log_er=x"),
        ("mariadb", "plugin=ha_x"),
        ("mariadb", "Tmpd=x"),
        ("mariadb", "loose-enable-init-fi=x"),
        ("mariadb", "plugin-load-add\xa0=ha_x"),
        ("mariadb", "innodb_d=0"),  # innodb_data_home_dir begins so, too
        ("mysql", "skip-networking"),
        ("mysql", "init_connect='SET @a = 1'"),
        ("mysql", "skip-grant-tables"),
        ("mysql", "general_log_file=x"),
        ("mysql", f"sync_binlog=1{'0' * 4000}"),
        ("postgresql", "data_directory='x'"),
        ("postgresql", "archive_command='rm *'"),
        ("postgresql", "listen_addresses='*'"),
        ("postgresql", "log_directory='/var/log'"),
        ("postgresql", "shared_preload_libraries=x"),
        ("postgresql", "archive_library=x"),
        ("postgresql", "SSL = on"),
        ("postgresql", "temp_tablespaces=x"),
        ("postgresql", "archive_command 'rm *' as it is written by mistake"),
    ],
)
def test_what_reaches_out_of_the_private_place_is_not_tried(vendor: VendorName, text: str) -> None:
    assert not is_tried(vendor, text)


@pytest.mark.parametrize(
    ("vendor", "text"),
    [
        ("mysql", "innodb_io_capacity = 200"),
        ("mysql", "loose-loose-innodb-io-capacity = 200"),
        ("mysql", "skip-log-bin"),
        ("mysql", "maximum-innodb-doublewrite=0"),
        ("mysql", "innodb_bufer_pool_size = 1G"),  # a slip, which the server shall name
        ("mysql", "plugin_load_ad = x"),  # no name is shortened there, so this is none
        ("mysql", "log_bin = binlog"),
        ("mariadb", "innodb_flush_log_at_trx = 2"),
        ("mariadb", "Max_Conn = 20"),
        ("mariadb", "innodb_redo_log_capacity = 1G"),  # MySQL's
        ("postgresql", "SHARED_BUFFERS = 24MB"),
        ("postgresql", "foo_bar = 1"),
        ("postgresql", "my.setting = 1"),
        ("postgresql", "no setting here"),
    ],
)
def test_what_stays_in_the_private_place_is_tried(vendor: VendorName, text: str) -> None:
    assert is_tried(vendor, text)


def is_tried(vendor: VendorName, text: str) -> bool:
    server = VENDORS[vendor]
    group = f"[{server.fragment_group}]\n" if server.has_groups else ""
    installed = Installed(vendor, server.newest_version, Path("/none"))
    fragment = parse_fragment(f"{group}{text}\n", "f", vendor)
    assert len(fragment.lines) == 1
    return lines_tried(fragment, tried_settings(installed, Confinement())) != []


def test_a_long_line_that_servers_read_as_two_is_refused() -> None:
    """Not even as a comment: behind 4094 bytes MariaDB begins another line."""
    hidden = f"{'x' * 4093}plugin-load-add=ha_x"
    for line in (f"sync_binlog=1 #{hidden}", f"# {hidden}", f"[client]{hidden}"):
        with pytest.raises(AdvisorError, match="as a line of its own"):
            parse_fragment(f"[mysqld]\n{line}\nsync_relay_log=1\n", "f", "mysql")


@pytest.mark.parametrize("vendor", ["mysql", "mariadb", "postgresql"])
def test_nothing_is_both_tried_and_not(vendor: VendorName) -> None:
    tried = load_tried_names(vendor)
    assert len(tried) > 200
    assert tried & VENDORS[vendor].not_tried == set()


def test_the_options_of_a_series_that_was_not_asked_are_asked_of_the_program(
    tmp_path: Path,
) -> None:
    program = tmp_path / "mysqld"
    program.write_text("#!/bin/sh\necho '  --of-its-own=name '\necho '  -o, --another-one '\n")
    program.chmod(0o755)
    settings = tried_settings(Installed("mysql", (8, 4, 3), program), Confinement())
    lines = {
        name: settings.why_not(Line(1, name, "1", "mysqld")) == ""
        for name in ("of_its_own", "another_one", "unheard_of", "innodb_io_capacity")
    }
    assert lines == {
        "of_its_own": False,
        "another_one": False,
        "unheard_of": True,
        "innodb_io_capacity": True,
    }
    program.write_text("#!/bin/sh\nexit 1\n")
    settings = tried_settings(Installed("mysql", (8, 4, 3), program), Confinement())
    assert settings.why_not(Line(1, "unheard_of", "1", "mysqld"))


@pytest.mark.parametrize(
    ("vendor", "version", "name", "tried"),
    [
        ("mariadb", (10, 11), "provider_bzip2", False),
        ("mariadb", (10, 11), "server-audit-logging", False),
        ("mysql", (9, 7), "validate_password.policy", False),
        ("mysql", (9, 7), "unheard_of", True),
        ("postgresql", (15,), "pg_stat_statements.max", True),
    ],
)
def test_an_option_of_a_plugin_is_not_tried_where_it_stops_the_server(
    vendor: VendorName, version: NumericVersion, name: str, tried: bool
) -> None:
    settings = tried_settings(Installed(vendor, version, Path("/nowhere")), Confinement())
    group = None if vendor == "postgresql" else "mysqld"
    assert (settings.why_not(Line(1, name, "1", group)) == "") is tried


@pytest.mark.parametrize(
    ("vendor", "package"),
    [
        ("mysql", "mysql-server-core"),
        ("mariadb", "mariadb-server-core"),
        ("postgresql", "postgresql"),
    ],
)
def test_without_a_server_the_package_is_named(
    monkeypatch: pytest.MonkeyPatch, vendor: VendorName, package: str
) -> None:
    monkeypatch.setattr(detect, "find_installed", lambda *_: None)
    with pytest.raises(AdvisorError, match="server is installed here") as refusal:
        require_server(vendor, None)
    assert refusal.value.hint.startswith(f"install Debian's package {package}")
    assert refusal.value.exit_status == 1


def test_a_program_that_is_no_server_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^/bin/true is no MySQL server$"):
        require_server("mysql", Path("/bin/true"))


def test_postgresql_tells_whether_a_value_comes_from_the_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    actual = {
        "fsync": EffectiveSetting("fsync", "on", place=f"{PLACE}:1", shown="on"),
        "wal_compression": EffectiveSetting(
            "wal_compression", "pglz", place=f"{PLACE}:2", shown="pglz"
        ),
        "jit": EffectiveSetting("jit", "off", shown="off"),
    }

    @contextmanager
    def sandbox(installed: Installed, fragment: Fragment, say: object) -> Iterator[Server]:
        server = Server(actual, "", "")
        server.tried = fragment.lines
        yield server

    monkeypatch.setattr(module, "sandbox", sandbox)
    monkeypatch.setattr(module, "require_driver", lambda vendor: None)
    fragment = parse_fragment("fsync=on\nwal_compression=on\njit=off\n", "f", "postgresql")
    made = verify_fragment(fragment, Installed("postgresql", (15, 20), Path("/opt/postgres")))
    assert problems(made) == ["f:3: jit differs: the server has off from elsewhere"]
