"""Servers that want a password, reached by the files and variables that their own clients read."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from advisor.errors import AdvisorError
from advisor.servers.connection import client_options
from advisor.servers.connection.addresses import find_address
from advisor.servers.connection.client_options import read_options
from advisor.servers.connection.wire import Connection
from advisor.vendors.names import VendorName
from tests.servers.account import hand_over, private_folder, reachable, run_as_account
from tests.servers.engines import ENGINES
from tests.servers.harness import Instance, Server, server_named
from tests.servers.test_load import schemas
from tests.support.command_line import advisor
from tests.support.option_files import MEANT, TORTURE
from tests.support.paths import MEASUREMENTS

SECRET = 'ge"h #eé'
OPTION_FILE_SECRET = '"ge\\"h #eé"'


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home; and nothing of this machine's own files for clients."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(client_options, "SYSTEM_FILES", ())
    return tmp_path


def who(dsn: str | None, vendor: VendorName | None = None) -> str:
    """Who one is there."""
    with closing(find_address(dsn, vendor).connect()) as connection:
        ((user,),) = connection.query("SELECT current_user")
    return str(user)


def write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


# PostgreSQL: libpq does all of it


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Instance]:
    with server_named("postgresql-15").running("") as instance:
        instance.query(f"CREATE ROLE me LOGIN PASSWORD '{SECRET}'")
        ((stored,),) = instance.query("SELECT rolpassword FROM pg_authid WHERE rolname = 'me'")
        assert stored.startswith("SCRAM-SHA-256$")
        rules = "local all postgres trust\nlocal all all scram-sha-256\n"
        (instance.place.data / "pg_hba.conf").write_text(rules)
        instance.query("SELECT pg_reload_conf()")
        yield instance


def test_postgresql_without_its_password(postgresql: Instance) -> None:
    with pytest.raises(AdvisorError, match=r"no connection to the PostgreSQL server: .*password"):
        who(f"host={postgresql.place.folder} user=me dbname=postgres", "postgresql")


@pytest.mark.parametrize(
    "form", ["postgresql://me@/postgres?host={}", "host={} user=me dbname=postgres"]
)
def test_postgresql_by_its_password_file(postgresql: Instance, form: str, home: Path) -> None:
    write(home / ".pgpass", f"*:*:*:me:{SECRET}\n")
    assert who(form.format(postgresql.place.folder), "postgresql") == "me"


def test_postgresql_by_variables(
    postgresql: Instance, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home / "elsewhere", f"*:*:postgres:me:{SECRET}\n")
    monkeypatch.setenv("PGPASSFILE", str(home / "elsewhere"))
    monkeypatch.setenv("PGHOST", str(postgresql.place.folder))
    monkeypatch.setenv("PGUSER", "me")
    monkeypatch.setenv("PGDATABASE", "postgres")
    assert who(None, "postgresql") == "me"
    assert who("postgresql://", None) == "me"


def test_postgresql_by_a_service(
    postgresql: Instance, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = f"[prod]\nhost={postgresql.place.folder}\nuser=me\ndbname=postgres\n"
    write(home / ".pg_service.conf", service)
    monkeypatch.setenv("PGPASSWORD", SECRET)
    assert who("service=prod", "postgresql") == "me"
    assert who("postgresql://?service=prod", None) == "me"
    monkeypatch.setenv("PGSERVICE", "prod")
    assert who(None, "postgresql") == "me"


# MySQL and MariaDB


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(scope="module", params=["mysql-9.7", "mariadb-10.11", "mariadb-11.8"])
def listening(request: pytest.FixtureRequest) -> Iterator[tuple[Server, Instance, int]]:
    """A server on a socket and on a port of 127.0.0.1, with an account that has a password."""
    server, port = server_named(request.param), free_port()
    network = {"skip_networking": "OFF", "bind_address": "127.0.0.1", "port": str(port)}
    with server.running("", extra_options=network) as instance:
        instance.query("CREATE USER me@'%%' IDENTIFIED BY %s", [SECRET])
        yield server, instance, port


@pytest.fixture
def by_file(listening: tuple[Server, Instance, int], home: Path) -> VendorName:
    """Everything in ~/.my.cnf."""
    server, instance, port = listening
    place = f"socket={instance.place.socket}\nport={port}\n"
    write(home / ".my.cnf", f"[client]\nuser=me\npassword={OPTION_FILE_SECRET}\n{place}")
    return server.vendor


def connected(dsn: str | None, vendor: VendorName) -> Connection:
    return find_address(dsn, vendor).connect()


def is_encrypted(connection: Connection) -> bool:
    """As the server sees it, and as we do."""
    ((_, cipher),) = connection.query("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
    assert connection.encrypted == bool(cipher)
    return bool(cipher)


def test_without_its_password_a_server_refuses(
    listening: tuple[Server, Instance, int], home: Path
) -> None:
    server, instance, port = listening
    for place in (f"localhost/?socket={instance.place.socket}", f"127.0.0.1:{port}/"):
        with pytest.raises(AdvisorError, match="Access denied for user 'me'"):
            who(f"mysql://me@{place}", server.vendor)


def test_by_the_option_file_over_the_socket(by_file: VendorName) -> None:
    """With caching_sha2_password, too, which wants a safe way the first time."""
    for dsn in (None, "mysql://localhost"):
        with closing(connected(dsn, by_file)) as connection:
            ((user, address),) = connection.query(
                "SELECT current_user(), (SELECT host FROM information_schema.processlist"
                " WHERE id = connection_id())"
            )
            assert (user, address) == ("me@%", "localhost")
            assert not is_encrypted(connection)


def test_by_the_option_file_over_tcp(
    by_file: VendorName, listening: tuple[Server, Instance, int]
) -> None:
    """Encrypted where the server can, as MySQL and MariaDB 11.8 can from the start."""
    with closing(connected("mysql://127.0.0.1", by_file)) as connection:
        assert is_encrypted(connection) == (listening[0].name != "mariadb-10.11")


def test_by_variables(
    listening: tuple[Server, Instance, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, instance, port = listening
    monkeypatch.setenv("MYSQL_PWD", SECRET)
    monkeypatch.setenv("MYSQL_UNIX_PORT", str(instance.place.socket))
    monkeypatch.setenv("MYSQL_TCP_PORT", str(port))
    assert who("mysql://me@localhost", server.vendor) == "me@%"
    assert who("mysql://me@127.0.0.1", server.vendor) == "me@%"
    monkeypatch.setenv("MYSQL_HOST", "127.0.0.1")
    monkeypatch.setenv("MYSQL_UNIX_PORT", "/nowhere")
    assert who("mysql://me@", server.vendor) == "me@%"


def test_encryption_that_is_required(
    by_file: VendorName, listening: tuple[Server, Instance, int]
) -> None:
    server, instance, _ = listening
    if server.name == "mariadb-10.11":
        with pytest.raises(AdvisorError, match="doesn't support it"):
            connected("mysql://127.0.0.1/?ssl-mode=REQUIRED", by_file)
        return
    for place in ("127.0.0.1/", f"localhost/?socket={instance.place.socket}"):
        query = "&ssl-mode=REQUIRED" if "?" in place else "?ssl-mode=REQUIRED"
        with closing(connected(f"mysql://{place}{query}", by_file)) as connection:
            assert is_encrypted(connection)
            with pytest.raises(AdvisorError, match=r"^the connection is encrypted, and our load"):
                connection.require_plain()
    with pytest.raises(AdvisorError, match="self-signed certificate"):
        connected("mysql://127.0.0.1/?ssl-mode=VERIFY_CA", by_file)


def test_a_load_over_an_encrypted_connection_is_refused_before_it_begins(
    by_file: VendorName, listening: tuple[Server, Instance, int]
) -> None:
    server, instance, _ = listening
    if server.name == "mariadb-10.11":
        return
    stored = str(MEASUREMENTS / "nvme-plp.json")
    dsn = ("--dsn", "mysql://127.0.0.1", "--yes", "--from", stored)
    done = advisor("predict", "--db", by_file, *dsn, "--quiet")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("fsync-advisor: the connection is encrypted, and our load client")
    assert schemas(instance) == []


def test_who_signed_is_looked_at(
    by_file: VendorName, listening: tuple[Server, Instance, int]
) -> None:
    """MySQL leaves the certificate of its own authority in its data directory."""
    server, instance, _ = listening
    if server.vendor != "mysql":
        return
    authority = f"mysql://127.0.0.1/?ssl-ca={instance.place.data / 'ca.pem'}"
    for mode in ("", "&ssl-mode=VERIFY_CA"):
        with closing(connected(authority + mode, by_file)) as connection:
            assert is_encrypted(connection)
    with pytest.raises(AdvisorError, match="IP address mismatch"):
        connected(f"{authority}&ssl-mode=VERIFY_IDENTITY", by_file)


# Option files, as the servers themselves read them


def printed_defaults(server: Server, config: Path) -> str:
    """What a server makes of an option file, before it would start."""
    program = server.installed.programs[ENGINES[server.vendor].server]
    tree = reachable(server.installed.tree, config.parent)
    said = run_as_account([tree / program, f"--defaults-file={config}", "--print-defaults"])
    return said.partition("following arguments:\n")[2].rstrip("\n")


@pytest.fixture(scope="module", params=["mysql-9.7", "mariadb-10.11", "mariadb-11.8"])
def reader(request: pytest.FixtureRequest) -> Server:
    """Found while HOME is still ours, in which the servers may be."""
    return server_named(request.param)


def test_an_option_file_means_to_a_server_what_it_means_to_us(reader: Server) -> None:
    with private_folder() as folder:
        (folder / "d").mkdir()
        files = {
            "d/b.cnf": "[mysqld]\nu=b\n",
            "d/a.cnf": "[mysqld]\nu=a\nv=a\n",
            "d/z.txt": "[mysqld]\nu=z\n",
            "one": "[mysqld]\nu=one\n",
            "my.cnf": "".join(
                [
                    *(f"{line}\n" for line in TORTURE.splitlines()[1:] if line[:1] != "!"),
                    f"!includedir {folder}/d\nw=1\n!include {folder}/one\nw=2\n",
                ]
            ),
        }
        for path, text in files.items():
            (folder / path).write_text(text)
        hand_over(folder)
        printed = printed_defaults(reader, folder / "my.cnf")
        ours = [one for one in read_options(folder / "my.cnf") if one.group == "mysqld"]
    included = [("u", "a"), ("v", "a"), ("u", "b"), ("w", "1"), ("u", "one"), ("w", "2")]
    meant = [*MEANT, *included]
    spelt = [(name.replace("-", "_"), value) for name, value in meant]
    assert [(one.name, one.value) for one in ours] == spelt
    assert printed == "".join(
        f"--{option} " if value is None else f"--{option}={value} " for option, value in meant
    )


def test_a_role_that_does_not_exist_gets_the_hint_that_helps() -> None:
    """As root on a fresh Debian, where the package makes no role of that name."""
    with server_named("postgresql-15").running("") as instance:
        address = find_address(f"host={instance.place.folder} user=root", "postgresql")
        with pytest.raises(AdvisorError, match=r'role "root" does not exist$') as refusal:
            address.connect()
    assert refusal.value.hint == (
        "run this as the server's own account (sudo -u postgres), or name a role that may log in:"
        " --dsn postgresql://ROLE@HOST/"
    )
