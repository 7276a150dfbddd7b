"""How a server is reached: what a DSN says, and what the user's files and environment add to it.

PostgreSQL's own forms go to libpq as they are, which reads the service file, ~/.pgpass and the PG*
variables itself. Of MySQL and MariaDB PyMySQL knows little, so that is done here, as their clients
do it: the DSN wins over option files, and these over MYSQL_* variables.
"""

import re
import ssl
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from socket import gethostname
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from advisor.errors import AdvisorError, UsageError
from advisor.servers.connection.client_options import client_options, login_name
from advisor.servers.connection.driver import require_driver
from advisor.servers.connection.wire import Address
from advisor.vendors.base import Vendor
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS, vendor_of_scheme

SOCKETS: Final = tuple(
    map(Path, ("/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"))
)
"""Where Debian's, Red Hat's and the vendors' own packages put a server's socket."""

IN_THE_DSN: Final = frozenset({"socket", "ssl-mode", "ssl-ca", "ssl-capath", "ssl-cert", "ssl-key"})
"""What may follow the ? of mysql://, named as the clients' options are."""

MEANT: Final[Mapping[str, Mapping[str, str]]] = {
    "pymysql": {
        "unix_socket": "socket",
        "ssl_mode": "ssl-mode",
        "sslmode": "ssl-mode",
        "ssl_ca": "ssl-ca",
        "sslrootcert": "ssl-ca",
        "ssl_cert": "ssl-cert",
        "sslcert": "ssl-cert",
        "ssl_key": "ssl-key",
        "sslkey": "ssl-key",
    },
    "psycopg": {"socket": "host", "unix_socket": "host", "ssl-mode": "sslmode"},
}
"""Driver -> what other programs call a key -> its name. These alone are named in messages: any
other may be half of a password."""

MYSQL_SCHEMES: Final = frozenset(
    scheme
    for vendor in VENDORS.values()
    if vendor.driver == "pymysql"
    for scheme in vendor.dsn_schemes
)
"""Whichever of them is named: the server says whose it is."""

SSL_MODES: Final = ("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")

PASSWORD_SHOWN: Final = (
    "others on this host can see the password of --dsn in the list of processes; leave it to"
    " ~/.pgpass or PGPASSWORD, or to ~/.my.cnf or MYSQL_PWD"
)

_POSTGRESQL_URL: Final = re.compile(r"[^:]*://(?:[^@/]*@)?[^@]*", re.DOTALL)
_MYSQL_URL: Final = re.compile(r"[^:]*://(?:[^@/?#]*@)?[^@#]*", re.DOTALL)
"""An @ elsewhere, and a password was not written as it should be: half of it would be taken, and
named in messages, as a host that is not found."""


def find_address(dsn: str | None, vendor: VendorName | None, *, takes_db: bool = True) -> Address:
    """The address that a DSN names, or without one what the user's files and variables name.

    `dsn`: postgresql://, mysql:// or mariadb://USER:PASSWORD@HOST:PORT/; with `vendor` PostgreSQL's
    "host=... dbname=...", too. `takes_db`: whether the command has --db. No connection is made.

    Raises UsageError, which quotes nothing of the DSN but the names in MEANT, for any part may be a
    password that was written otherwise than it should; AdvisorError where the driver, a socket or a
    file of certificates is missing.
    """
    named = vendor_of_scheme((dsn or "").partition("://")[0].lower())
    asked = vendor or named
    if asked is None:
        raise UsageError(
            "Which server? Use --db or --dsn."
            if dsn is None
            else "--dsn does not say which server it is",
            f"--dsn postgresql://..., mysql://... or mariadb://...{', or add --db' * takes_db}",
        )
    require_driver(asked)
    options = OPTIONS[VENDORS[asked].driver](dsn, asked)
    if options is None:
        raise UsageError(
            f"--dsn is not the address of a {VENDORS[asked].title} server",
            _how_written(dsn or "", VENDORS[asked]),
        )
    return Address(asked, options)


def _how_written(dsn: str, vendor: Vendor) -> str:
    form = vendor.dsn_schemes[0]
    for mistaken, name in MEANT[vendor.driver].items():
        if re.search(rf"[?&]{mistaken}=", dsn):
            return f"{mistaken} is called {name} here: {form}://USER@/?{name}=..."
    return f"{form}://USER@HOST:PORT/; in a password write / : @ ? # as %2F %3A %40 %3F %23"


def shows_password(dsn: str) -> bool:
    """Whether a DSN has a password in it, for everybody who looks at the list of processes."""
    return bool(re.search(r"://[^@/]*:[^@/]+@|password\s*=", dsn, re.IGNORECASE))


def other_host(dsn: str) -> str:
    """The first host that a DSN names and that is not this one by its name or address; "" where all
    are. Nothing is looked up."""
    parts = urlsplit(dsn)
    asked = dict(parse_qsl(parts.query))
    if "socket" in asked:
        return ""
    places = asked.get("hostaddr") or asked.get("host") or parts.netloc.rpartition("@")[2]
    return next(filter(_is_elsewhere, map(_host, places.split(","))), "")


def _host(place: str) -> str:
    """Without its port."""
    bracketed = place.startswith("[")
    return place[1:].partition("]")[0] if bracketed else unquote(place).partition(":")[0]


def _is_elsewhere(host: str) -> bool:
    if not host or host.startswith(("/", "@")):  # a socket
        return False
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return host.casefold() not in ("localhost", gethostname().casefold())


def _postgresql_options(given: str | None, vendor: VendorName) -> dict[str, Any] | None:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    dsn = given or ""
    if "://" in dsn and not _POSTGRESQL_URL.fullmatch(dsn):
        return None
    try:
        options: dict[str, Any] = dict(conninfo_to_dict(dsn))
    except (psycopg.ProgrammingError, UnicodeError):
        return None
    ports = str(options.get("port", "5432")).split(",")
    return options if all(port.isdigit() for port in ports) else None


def _mysql_options(dsn: str | None, vendor: VendorName) -> dict[str, Any] | None:
    asked = {} if dsn is None else _asked(dsn)
    if asked is None:
        return None
    found = client_options(VENDORS[vendor]) | asked
    options: dict[str, Any] = {
        "host": found.get("host") or "localhost",
        "port": _port(found),
        "user": found.get("user") or login_name(),
        # As bytes, for PyMySQL makes Latin-1 of a text; the vendors' clients send what is typed.
        "password": found.get("password", "").encode("utf-8", "surrogateescape"),
    }
    if socket := _socket(asked, found, vendor):
        options["unix_socket"] = str(socket)
    return options | _encryption(found, by_socket=socket is not None)


def _asked(dsn: str) -> dict[str, str] | None:
    """What a DSN says, named as in option files; None where it is none."""
    try:
        parts = urlsplit(dsn)
        port = parts.port
    except ValueError:
        return None
    if not _MYSQL_URL.fullmatch(dsn) or parts.scheme not in MYSQL_SCHEMES:
        return None
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    if not asked.keys() <= IN_THE_DSN or asked.get("ssl-mode", "").upper() not in ("", *SSL_MODES):
        return None
    said = {
        "host": parts.hostname,
        "port": None if port is None else str(port),
        "user": parts.username,
        "password": parts.password,
    }
    asked |= {
        name: unquote(text, errors="surrogateescape")
        for name, text in said.items()
        if text is not None
    }
    return None if any("\0" in text for text in asked.values()) else asked


OPTIONS: Final[Mapping[str, Callable[[str | None, VendorName], dict[str, Any] | None]]] = {
    "psycopg": _postgresql_options,
    "pymysql": _mysql_options,
}
"""Driver -> what it is to be told; None where the DSN is none."""


def _port(found: Mapping[str, str]) -> int:
    text = found.get("port") or "3306"
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise AdvisorError(
            "the port for clients is not a port number",
            "look at MYSQL_TCP_PORT, and at [client] in ~/.my.cnf and /etc/my.cnf",
        )
    return int(text) or 3306


def _socket(asked: Mapping[str, str], found: Mapping[str, str], vendor: VendorName) -> Path | None:
    """The server's socket, where it is not to be reached by TCP.

    localhost means the socket, as it does for the vendors' clients; but not with a port in the DSN,
    for which they would not even say that they take no notice of it.
    """
    if "socket" in asked:
        return Path(asked["socket"])
    local = found.get("host", "localhost") in ("", "localhost") and "port" not in asked
    if not local or found.get("protocol", "").upper() == "TCP":
        return None
    if "socket" in found:
        return Path(found["socket"])
    for path in SOCKETS:
        if path.exists():
            return path
    form = VENDORS[vendor].dsn_schemes[0]
    raise AdvisorError(
        f"no socket of a {VENDORS[vendor].title} server is found: {', '.join(map(str, SOCKETS))}",
        f"--dsn '{form}://USER@localhost/?socket=PATH', or --dsn {form}://USER@127.0.0.1/ for TCP",
    )


def _encryption(found: Mapping[str, str], *, by_socket: bool) -> dict[str, Any]:
    """What PyMySQL is to be told of TLS. Raises UsageError."""
    mode = _ssl_mode(found)
    if mode == "DISABLED" or (mode == "PREFERRED" and by_socket):
        return {"ssl_disabled": True}
    if mode == "PREFERRED":
        return {"ssl_disabled": False}
    # PyMySQL's own contexts compare no name where there is no ssl-ca.
    try:
        context = ssl.create_default_context(
            cafile=found.get("ssl-ca"), capath=found.get("ssl-capath")
        )
        if certificate := found.get("ssl-cert"):
            context.load_cert_chain(certificate, found.get("ssl-key"), password="")
    except OSError as error:
        raise UsageError(
            f"what ssl-ca, ssl-capath, ssl-cert or ssl-key names cannot be used: {error.strerror}"
        ) from error
    # The certificates that MySQL makes for itself are not as strict as Python 3.13 wants them.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = mode == "VERIFY_IDENTITY"
    if mode == "REQUIRED":
        context.verify_mode = ssl.CERT_NONE
    return {"ssl": context}


def _ssl_mode(found: Mapping[str, str]) -> str:
    """MySQL's name for what MySQL's and MariaDB's options ask for, as their clients take them."""
    if mode := found.get("ssl-mode"):
        if mode.upper() not in SSL_MODES:
            raise UsageError("ssl-mode is not one of " + ", ".join(SSL_MODES))
        return mode.upper()
    if _is_on(found.get("ssl-verify-server-cert", "0")):
        return "VERIFY_IDENTITY"
    if not _is_on(found.get("ssl", "1")):
        return "DISABLED"
    if found.keys() & {"ssl-ca", "ssl-capath"}:
        return "VERIFY_CA"
    return "REQUIRED" if "ssl" in found else "PREFERRED"


def _is_on(value: str) -> bool:
    return value.upper() not in ("0", "OFF", "FALSE", "")
