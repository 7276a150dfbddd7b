"""DSNs, option files and variables, and what the drivers are told of them."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from advisor.errors import AdvisorError, UsageError
from advisor.servers.connection import addresses, client_options
from advisor.servers.connection.addresses import PASSWORD_SHOWN, find_address, shows_password
from advisor.vendors.names import VendorName
from tests.support.command_line import run

ENVIRONMENT = ("MYSQL_PWD", "MYSQL_HOST", "MYSQL_TCP_PORT", "MYSQL_UNIX_PORT")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing of this machine is read: neither its files nor its environment."""
    for name in (*ENVIRONMENT, "MYSQL_HOME", "MARIADB_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(client_options, "SYSTEM_FILES", (tmp_path / "etc.cnf",))
    monkeypatch.setattr(client_options, "login_name", lambda: "me")
    monkeypatch.setattr(addresses, "login_name", lambda: "me")
    (tmp_path / "s").touch()
    monkeypatch.setattr(addresses, "SOCKETS", (tmp_path / "nothing", tmp_path / "s"))
    return tmp_path


def options(dsn: str | None, vendor: VendorName | None = None) -> Mapping[str, Any]:
    return find_address(dsn, vendor).options


def reached(dsn: str | None, vendor: VendorName = "mysql") -> str:
    """How PyMySQL would go there."""
    found = options(dsn, vendor)
    place = found.get("unix_socket") or f"{found['host']}:{found['port']}"
    return f"{found['user']}:{found['password'].decode(errors='surrogateescape')}@{place}"


# Vendors and forms


@pytest.mark.parametrize(
    ("dsn", "vendor", "expected"),
    [
        ("postgresql://", None, "postgresql"),
        ("postgres://me@db/x", None, "postgresql"),
        ("mysql://db", None, "mysql"),
        ("mariadb://db", None, "mariadb"),
        ("mysql://db", "mariadb", "mariadb"),
        ("mariadb://db", "mysql", "mysql"),
        ("host=db dbname=x", "postgresql", "postgresql"),
        ("service=x", "postgresql", "postgresql"),
        (None, "postgresql", "postgresql"),
        (None, "mysql", "mysql"),
    ],
)
def test_the_scheme_says_the_vendor(
    dsn: str | None, vendor: VendorName | None, expected: VendorName
) -> None:
    assert find_address(dsn, vendor).vendor == expected


@pytest.mark.parametrize("dsn", [None, "", "db", "host=geheim", "http://geheim", "geheim@db"])
def test_without_a_vendor_nothing_is_guessed(dsn: str | None) -> None:
    with pytest.raises(UsageError) as refusal:
        find_address(dsn, None)
    which = "Which server? Use --db or --dsn."
    unsaid = "--dsn does not say which server it is"
    assert refusal.value.message == (which if dsn is None else unsaid)
    assert "geheim" not in refusal.value.hint


@pytest.mark.parametrize(
    ("vendor", "dsn"),
    [
        ("mysql", ""),
        ("mysql", "geheim"),
        ("mysql", "http://geheim"),
        ("mysql", "postgresql://me:geheim@db"),
        ("mysql", "host=geheim"),
        ("mysql", "mysql://me:geheim@db:port/"),
        ("mysql", "mysql://me:geheim/more@db"),
        ("mysql", "mysql://me:12/geheim@db"),
        ("mysql", "mysql://me:12?geheim@db"),
        ("mysql", "mysql://me:12#geheim@db"),
        ("mysql", "mysql://me:12#geheim"),
        ("mysql", "mysql://me:ge@heim@db"),
        ("mysql", "mysql://[::1/geheim"),
        ("mysql", "mysql://db:99999/geheim"),
        ("mysql", "mysql://db/?geheim=1"),
        ("mysql", "mysql://db/?geheim"),
        ("mysql", "mysql://db/?sokcet=/run/geheim"),
        ("mysql", "mysql://db/?ssl-mode=geheim"),
        ("mysql", "mysql://me%00:geheim@db/"),
        ("postgresql", "geheim"),
        ("postgresql", "mysql://me:geheim@db"),
        ("postgresql", "password=ge heim"),
        ("postgresql", "geheim=geheim"),
        ("postgresql", "host=db port=geheim"),
        ("postgresql", "postgresql://me:geheim/more@db"),
        ("postgresql", "postgresql://me:12/geheim@db"),
        ("postgresql", "postgresql://me:ge@heim@db"),
        ("postgresql", "postgresql://me:gehe\udcffim@db"),
        ("postgresql", "postgresql://db?geheim=1"),
        ("postgresql", "postgresql://me:%00geheim@db"),
    ],
)
def test_what_is_no_dsn_is_refused_unquoted(vendor: VendorName, dsn: str) -> None:
    with pytest.raises(UsageError) as refusal:
        find_address(dsn, vendor)
    name = {"mysql": "MySQL", "postgresql": "PostgreSQL"}[vendor]
    assert refusal.value.message == f"--dsn is not the address of a {name} server"
    assert "heim" not in refusal.value.hint


@pytest.mark.parametrize(
    ("dsn", "hint"),
    [
        (
            "mysql://db/?unix_socket=/run/geheim",
            "unix_socket is called socket here: mysql://USER@/?socket=...",
        ),
        (
            "mariadb://me:geheim@db/?ssl-ca=/ca&ssl_mode=geheim",
            "ssl_mode is called ssl-mode here: mariadb://USER@/?ssl-mode=...",
        ),
        (
            "postgresql:///?unix_socket=/run/geheim",
            "unix_socket is called host here: postgresql://USER@/?host=...",
        ),
        (
            "mariadb://db/?geheim=1",
            "mariadb://USER@HOST:PORT/; in a password write / : @ ? # as %2F %3A %40 %3F %23",
        ),
    ],
)
def test_a_key_that_others_know_is_named_with_ours(dsn: str, hint: str) -> None:
    with pytest.raises(UsageError) as refusal:
        find_address(dsn, None)
    assert refusal.value.hint == hint


def test_no_hint_names_an_option_that_the_command_lacks() -> None:
    with pytest.raises(UsageError) as refusal:
        find_address("oracle:///x", None)
    servers = "--dsn postgresql://..., mysql://... or mariadb://..."
    assert refusal.value.hint == f"{servers}, or add --db"
    with pytest.raises(UsageError) as refusal:
        find_address("oracle:///x", None, takes_db=False)
    assert refusal.value.hint == servers


def test_an_address_shows_nothing() -> None:
    for dsn in ("postgresql://me:geheim@db", "mysql://me:geheim@db", "mariadb://:geheim@"):
        assert "geheim" not in repr(find_address(dsn, None))
        assert "geheim" not in f"{find_address(dsn, None)}"


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        ("mysql://me@db", False),
        ("mysql://me:geheim@db", True),
        ("postgresql://me@db:5432/a", False),
        ("postgresql://db/?user=me&password=geheim", True),
        ("host=db password = geheim", True),
        ("host=db passfile=/f", False),
    ],
)
def test_a_password_that_others_can_see_is_noticed(dsn: str, expected: bool) -> None:
    assert shows_password(dsn) == expected


@pytest.mark.parametrize(("password", "notes"), [("", 0), (":geheim", 1)])
def test_who_writes_a_password_into_the_dsn_is_told(
    password: str, notes: int, capsys: pytest.CaptureFixture[str]
) -> None:
    dsn = f"mysql://me{password}@db/"
    status, _, said = run(capsys, "predict", "--db", "mysql", "--dsn", dsn)
    assert (status, said.count(f"note: {PASSWORD_SHOWN}\n")) == (2, notes)
    assert "geheim" not in said


# PostgreSQL: what libpq is told is what was written


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        ("postgresql://", {}),
        (
            "postgresql://me:p%40s%2Fs@db:5433/x?sslmode=verify-full",
            {
                "user": "me",
                "password": "p@s/s",
                "host": "db",
                "port": "5433",
                "dbname": "x",
                "sslmode": "verify-full",
            },
        ),
        ("postgresql://a:1,b:2/x", {"host": "a,b", "port": "1,2", "dbname": "x"}),
        ("postgresql:///x?host=/run/pg", {"host": "/run/pg", "dbname": "x"}),
        ("host='/run/my pg' user=me", {"host": "/run/my pg", "user": "me"}),
        ("service=prod", {"service": "prod"}),
    ],
)
def test_postgresql_is_taken_apart_by_libpq(dsn: str, expected: dict[str, str]) -> None:
    assert options(dsn, "postgresql") == expected


def test_without_a_dsn_libpq_finds_everything_itself() -> None:
    assert options(None, "postgresql") == {}


# MySQL and MariaDB: the DSN over files over variables


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        ("mysql://you:p%40ss@db:3307/", "you:p@ss@db:3307"),
        ("mysql://db", "me:@db:3306"),
        ("mysql://you@DB/schema", "you:@db:3306"),
        ("mysql://you@[::1]:3307", "you:@::1:3307"),
        ("mysql://y%2Fou:%C3%A9%ff@127.0.0.1", "y/ou:é\udcff@127.0.0.1:3306"),
        ("mysql://db?socket=/run/x", "me:@/run/x"),
        ("mysql://localhost:3307", "me:@localhost:3307"),
    ],
)
def test_a_dsn_of_mysql_is_taken_apart(dsn: str, expected: str) -> None:
    assert reached(dsn) == expected


@pytest.mark.parametrize("dsn", [None, "mysql://", "mysql:///schema", "mysql://localhost"])
def test_localhost_is_the_socket(dsn: str | None, home: Path) -> None:
    assert reached(dsn) == f"me:@{home / 's'}"


def test_where_no_socket_is_found_the_places_are_named(home: Path) -> None:
    (home / "s").unlink()
    with pytest.raises(AdvisorError) as missing:
        find_address("mariadb://localhost", None)
    said = f"no socket of a MariaDB server is found: {home / 'nothing'}, {home / 's'}"
    assert missing.value.message == said


def write(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8", "surrogateescape"))


def test_variables_are_weaker_than_files_and_these_than_the_dsn(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in zip(ENVIRONMENT, ("env", "envhost", "1111", "/env"), strict=True):
        monkeypatch.setenv(name, value)
    assert reached(None) == "me:env@envhost:1111"
    assert reached("mysql://localhost") == "me:env@/env"
    write(home / "etc.cnf", "[client]\npassword=etc\nuser=etc\nport=2222\nhost=etchost\n")
    assert reached(None) == "etc:etc@etchost:2222"
    write(home / ".my.cnf", "[client]\npassword=home\nport=3333\nsocket=/home\n")
    assert reached(None) == "etc:home@etchost:3333"
    assert reached("mysql://you:dsn@db:4444") == "you:dsn@db:4444"
    assert reached("mysql://you@db") == "you:home@db:3333"
    assert reached("mysql://you:@db") == "you:@db:3333"
    assert reached("mysql://localhost") == "etc:home@/home"
    assert reached("mysql://localhost:4444") == "etc:home@localhost:4444"
    write(home / ".my.cnf", "[client]\nprotocol=tcp\n")
    assert reached("mysql://localhost") == "etc:etc@localhost:2222"


def test_each_vendor_has_its_groups(home: Path) -> None:
    groups = ("client", "client-server", "client-mariadb", "mysql", "mysqld")
    for group in groups:
        write(home / ".my.cnf", f"[{group}]\nuser={group}\n")
        assert reached("mysql://db") == f"{'client' if group == 'client' else 'me'}:@db:3306"
        found = reached("mariadb://db", "mariadb")
        assert found == f"{group if group.startswith('client') else 'me'}:@db:3306"


def test_the_homes_of_the_vendors_have_files(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MYSQL_HOME", "MARIADB_HOME"):
        (home / name).mkdir()
        write(home / name / "my.cnf", f"[client]\nuser={name}\n")
        monkeypatch.setenv(name, str(home / name))
    assert reached("mysql://db") == "MYSQL_HOME:@db:3306"
    assert reached("mariadb://db", "mariadb") == "MARIADB_HOME:@db:3306"
    write(home / ".my.cnf", "[client]\nuser=home\n")
    assert reached("mysql://db") == "home:@db:3306"


def test_included_files_are_read_where_they_stand(home: Path) -> None:
    (home / "d").mkdir()
    for name in "badfec":  # no directory has them sorted by itself
        write(home / "d" / f"{name}.cnf", f"[client]\nuser={name}\nport=1\n")
    write(home / "d" / "z.txt", "[client]\nuser=z\n")
    write(home / "one", "[client]\nhost=one\n")
    included = [f"dir {home / 'd'}", f" {home / 'one'}", " /nowhere", "dir /nowhere"]
    lines = "".join(f"!include{one}\n" for one in included)
    write(home / ".my.cnf", f"[client]\nhost=db\nuser=u\n{lines}")
    assert reached(None) == "f:@one:1"


def test_files_that_include_each_other_come_to_an_end(home: Path) -> None:
    write(home / ".my.cnf", f"[client]\nhost=db\nuser=u\n!include {home / '.my.cnf'}\n")
    assert reached(None) == "u:@db:3306"


def test_a_password_is_every_byte_of_what_is_written(home: Path) -> None:
    write(home / ".my.cnf", '[client]\nhost=db\npassword="a#\\"\\sé\udcff" # said\n')
    assert reached(None) == 'me:a#" é\udcff@db:3306'
    assert options(None, "mysql")["password"] == b'a#" \xc3\xa9\xff'


@pytest.mark.parametrize("how", ["writable for all", "a folder", "missing"])
def test_a_file_that_clients_leave_out_is_left_out(home: Path, how: str) -> None:
    path = home / ".my.cnf"
    if how == "a folder":
        path.mkdir()
    elif how == "writable for all":
        write(path, "[client]\nuser=evil\n")
        path.chmod(0o666)
    assert reached("mysql://db") == "me:@db:3306"


@pytest.mark.parametrize("port", ["x", "-1", "65536", "²", "3 3"])
def test_a_port_that_is_none_is_refused_unquoted(home: Path, port: str) -> None:
    write(home / ".my.cnf", f"[client]\nport={port}\n")
    with pytest.raises(AdvisorError, match=r"^the port for clients is not a port number$"):
        find_address("mysql://db", None)
    assert reached("mysql://db:1") == "me:@db:1"


# Encryption


def encryption(dsn: str, vendor: VendorName = "mysql") -> str:
    found = options(dsn, vendor)
    context = found.get("ssl")
    if context is None:
        return "never" if found["ssl_disabled"] else "if the server can"
    assert isinstance(context, ssl.SSLContext)
    assert "ssl_disabled" not in found
    checks = {
        (ssl.CERT_NONE, False): "always",
        (ssl.CERT_REQUIRED, False): "who signed",
        (ssl.CERT_REQUIRED, True): "who signed whom",
    }
    return checks[context.verify_mode, context.check_hostname]


@pytest.mark.parametrize(
    ("file", "query", "expected"),
    [
        ("", "", "if the server can"),
        ("", "ssl-mode=preferred", "if the server can"),
        ("", "ssl-mode=DISABLED", "never"),
        ("", "ssl-mode=disabled", "never"),
        ("", "ssl-mode=REQUIRED", "always"),
        ("", "ssl-mode=VERIFY_CA", "who signed"),
        ("", "ssl-mode=VERIFY_IDENTITY", "who signed whom"),
        ("", "socket=/s", "never"),
        ("", "socket=/s&ssl-mode=REQUIRED", "always"),
        ("ssl-mode=REQUIRED", "", "always"),
        ("ssl_mode=verify_identity", "", "who signed whom"),
        ("ssl-mode=REQUIRED", "ssl-mode=DISABLED", "never"),
        ("ssl-capath=/", "", "who signed"),
        ("ssl-capath=/", "ssl-mode=REQUIRED", "always"),
        ("ssl", "", "always"),
        ("ssl=1", "", "always"),
        ("ssl=0", "", "never"),
        ("skip-ssl", "", "never"),
        ("disable_ssl", "", "never"),
        ("loose-skip-ssl", "", "never"),
        ("enable-ssl", "", "always"),
        ("ssl-verify-server-cert", "", "who signed whom"),
        ("ssl-verify-server-cert=on", "", "who signed whom"),
        ("ssl-verify-server-cert=off", "", "if the server can"),
        ("skip-ssl-verify-server-cert", "", "if the server can"),
    ],
)
def test_modes_of_encryption(home: Path, file: str, query: str, expected: str) -> None:
    write(home / ".my.cnf", f"[client]\n{file}\n")
    assert encryption(f"mysql://db/?{query}") == expected
    assert encryption(f"mariadb://db/?{query}", "mariadb") == expected


def test_a_mode_that_is_none_is_refused(home: Path) -> None:
    write(home / ".my.cnf", "[client]\nssl-mode=on\n")
    with pytest.raises(UsageError, match=r"^ssl-mode is not one of DISABLED, PREFERRED, REQUIRED"):
        find_address("mysql://db", None)


@pytest.mark.parametrize("option", ["ssl-ca", "ssl-cert"])
@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_cannot_be_read_are_refused(
    home: Path, option: str, content: str | None
) -> None:
    path = home / "geheim.pem"
    if content:
        write(path, content)
    with pytest.raises(UsageError, match="cannot be used: ") as refusal:
        find_address(f"mysql://db/?{option}={path}&ssl-mode=REQUIRED", None)
    assert "geheim" not in refusal.value.message
    assert "None" not in refusal.value.message
