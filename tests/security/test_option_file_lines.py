"""Lines of option files as servers take them apart: after so many bytes, and at white space of
theirs. A comment may hide a line, and a character a setting.
"""

from pathlib import Path
from typing import Any, Final

import pytest

from advisor.errors import AdvisorError
from advisor.output.fragment import render_fragment
from advisor.servers.config import FilesRead, read_settings
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.vendors.syntax import Line
from advisor.versions import NumericVersion
from tests.servers.account import private_folder
from tests.servers.harness import server_named, version_of
from tests.servers.test_config_files import options_of_the_server, options_read, program_of
from tests.support.command_line import run

# 4096 bytes are the buffer of my_default.c, of which fgets is given one less, and keeps one for
# the end of the text: 4094 are left.
AT_ONCE: Final = 4094
HIDDEN: Final = "innodb_doublewrite=OFF"


def hiding(size_bytes: int, line: str = HIDDEN) -> str:
    """A comment of so many bytes, and behind it what is none to a server that begins anew."""
    return f"[mysqld]\n#{'x' * (size_bytes - 1)}{line}\nend=1\n"


SERVERS: Final = ("mysql-5.6", "mysql-9.7", "mariadb-10.5", "mariadb-10.11", "mariadb-11.8")
CUTTING: Final = ("mysql-5.6", "mariadb-10.5", "mariadb-10.11", "mariadb-11.8")

FILES: Final[dict[str, str]] = {
    "one byte less": hiding(AT_ONCE - 1),
    "exactly": hiding(AT_ONCE),
    "one byte more": hiding(AT_ONCE + 1),
    "twice": hiding(2 * AT_ONCE),
    "characters of two bytes": hiding(AT_ONCE // 2).replace("x", "é"),
    "a value that goes on": f"[mysqld]\na={'y' * (AT_ONCE - 2)}b=2\nend=1\n",
    "a group": hiding(AT_ONCE, "[client]"),
    "an end of the line behind it": f"[mysqld]\na={'y' * (AT_ONCE - 2)}\nb=2\n",
    "white space before a value": f"[mysqld]\na={' ' * AT_ONCE}c\nb=2\n",
}


@pytest.mark.parametrize("name", SERVERS)
def test_long_lines_are_read_as_the_server_reads_them(name: str) -> None:
    server = server_named(name)
    with private_folder() as folder:
        program, file = program_of(server, folder), folder / "main.cnf"
        for what, text in FILES.items():
            file.write_text(text)
            found = read_settings(server.vendor, [file], version_of(server))
            assert options_read(found, server) == options_of_the_server(program, file), what
            hidden = [value for key, value in options_read(found, server) if key.endswith("write")]
            assert hidden == (["OFF"] if what == "exactly" and name in CUTTING else hidden), what


# Latin-1's no-break space, by itself and as the second byte of a character of UTF-8.
BLANK: Final[dict[str, bytes]] = {
    "before": b"\xa0innodb_doublewrite=OFF",
    "around": b"innodb_doublewrite\xa0=\xa0OFF\xa0",
    "before a group": b"\xa0[client]\nx=1",
    "behind a group": b"[mysqld\xa0]\nx=1",
    "before a comment": b"\xa0#x=1\n\xa0;y=1",
    "before a directive": b"\xa0! include\xa0/nowhere\nx=1",
    "in quotes": b"x='\xa0y\xa0'",
    "at a comment": b"x=1\xa0# y\nz\xa0",
    "the end of a character": "x=voilà\ny=à\nà\nz=à b".encode(),
    "a character": "\u00a0x=\u00a01\u00a0".encode(),
    "no white space": b"x\x85=\x851\n\x1cy=1\n\x1fz=2",
}


@pytest.mark.parametrize("name", ["mysql-5.6", "mysql-9.7", "mariadb-10.5", "mariadb-11.8"])
def test_white_space_is_what_it_is_to_the_server(name: str) -> None:
    server = server_named(name)
    with private_folder() as folder:
        program, file = program_of(server, folder), folder / "main.cnf"
        for what, line in BLANK.items():
            file.write_bytes(b"[mysqld]\n" + line + b"\nend=1\n")
            found = read_settings(server.vendor, [file], version_of(server))
            assert options_read(found, server) == options_of_the_server(program, file), what


def test_a_byte_of_white_space_hides_no_setting(tmp_path: Path) -> None:
    found = read_bytes_of(tmp_path, b"[mysqld]\n\xa0innodb_doublewrite\xa0= OFF\n", "mysql", (8, 4))
    assert found.settings["innodb_doublewrite"].value == "OFF"


def read_bytes_of(
    folder: Path, raw: bytes, vendor: VendorName, version: NumericVersion | None
) -> FilesRead:
    file = folder / "my.cnf"
    file.write_bytes(raw)
    return read_settings(vendor, [file], version)


def test_of_mysql_8_nobody_knows_and_that_is_said(tmp_path: Path) -> None:
    for version in ((8, 0, 36), (8, 4), None):
        with pytest.raises(AdvisorError) as refused:
            read_bytes_of(tmp_path, hiding(AT_ONCE).encode(), "mysql", version)
        assert refused.value.message == (
            f"{tmp_path}/my.cnf:2: the line has 4116 bytes, and some releases of MySQL read what"
            " follows 4094 of them as a line of its own"
        )
    exact = hiding(AT_ONCE - len(HIDDEN)).encode()
    assert "innodb_doublewrite" not in read_bytes_of(tmp_path, exact, "mysql", None).settings


def test_an_included_file_may_not_be_hidden_either(tmp_path: Path) -> None:
    (tmp_path / "a.cnf").write_text("[mysqld]\nzz_a=1\n")
    (tmp_path / "b.cnf").write_text("[mysqld]\nzz_b=1\n")
    first = f"!include {tmp_path}/a.cnf"
    line = f"{first}{' ' * (AT_ONCE - len(first))}!include {tmp_path}/b.cnf\n"
    found = read_bytes_of(tmp_path, line.encode(), "mariadb", (11, 8))
    assert {"zz_a", "zz_b"} <= found.settings.keys()


@pytest.mark.parametrize(
    "line",
    [HIDDEN, "skip-grant-tables", "plugin-load-add=evil", "innodb_flush_log_at_trx_commit=0"],
)
@pytest.mark.parametrize("command", ["verify", "apply"])
def test_apply_and_verify_refuse_a_line_that_servers_take_for_two(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str, line: str
) -> None:
    (tmp_path / "f.cnf").write_text(hiding(AT_ONCE, line))
    (tmp_path / "d").mkdir()
    to = ["--dry-run", "--to", tmp_path / "d" / "zz.cnf"] if command == "apply" else []
    for vendor in ("mysql", "mariadb"):
        status, out, err = run(capsys, command, "--db", vendor, tmp_path / "f.cnf", *to)
        assert (status, out) == (1, "")
        assert f"f.cnf:2: the line has {AT_ONCE + len(line)} bytes" in err
        assert len(err.splitlines()) == 2
    assert list((tmp_path / "d").iterdir()) == []


def test_audit_finds_what_a_comment_hides(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "my.cnf").write_text(hiding(AT_ONCE))
    status, out, _ = run(
        capsys, "audit", "--db", "mariadb", "--db-version", "11.8", "--config", tmp_path / "my.cnf"
    )
    assert status == 3
    assert "CORRUPTION RISK" in out.upper().replace("-", " ")
    assert "innodb_doublewrite" in out


LONG: Final = ("x" * 4093 + HIDDEN, "é" * 3000, "\U0001f4be" * 2000, "a b " * 5000)


@pytest.mark.parametrize("text", LONG, ids=["hiding", "two bytes", "four bytes", "words"])
@pytest.mark.parametrize("vendor", ["mysql", "mariadb", "postgresql"])
def test_no_line_of_ours_is_long_whatever_a_measurement_says(
    golden_advice: Any, vendor: VendorName, text: str
) -> None:
    advice = golden_advice(vendor, text)
    for form in ("conf", "sql"):
        written = render_fragment(advice, explain=True, form=form)
        assert max(len(line.encode()) for line in written.split("\n")) <= 1000
        assert "innodb_doublewrite=OFF" not in written
    said = VENDORS[vendor].statements(render_fragment(advice))
    names = [one.name for one in said if isinstance(one, Line)]
    assert set(names) == {one.setting for one in advice.settings if one.emitted}


@pytest.fixture
def golden_advice() -> Any:
    """Advice for a measurement in which every text is as long as it may be."""
    from advisor.advise import advise
    from advisor.commands.source import knowledge_for
    from advisor.request import Request
    from tests.support.golden import stored

    def made(vendor: VendorName, text: str) -> Any:
        plain = stored("nvme-consumer")
        device = plain.target.devices[0].model_copy(update={"model": text})  # type: ignore[index]
        changes = {"directory": text, "filesystem": text, "devices": (device,)}
        target = plain.target.model_copy(update=changes)
        measured = plain.model_copy(update={"target": target, "label": text[:200], "source": text})
        version = VENDORS[vendor].newest_version
        return advise(measured, Request(vendor, version, "as given"), knowledge_for(vendor))

    return made
