"""Drivers that are missing, and what is said to do about it."""

import sys
from pathlib import Path

import pytest

from advisor.errors import AdvisorError
from advisor.servers.connection import driver as module
from advisor.servers.connection import require_driver
from advisor.vendors.names import VendorName


@pytest.mark.parametrize(
    ("left", "command"),
    [
        ("bin/pip", "{}/bin/pip install '.[live]'"),
        ("pipx_metadata.json", "pipx install --force '.[live]'"),
        ("uv-receipt.toml", "uv tool install '.[live]'"),
        ("pyvenv.cfg", "/usr/bin/python3 -m pip install '.[live]'"),
    ],
)
@pytest.mark.parametrize(
    ("vendor", "driver"),
    [("mysql", "pymysql"), ("mariadb", "pymysql"), ("postgresql", "psycopg")],
)
def test_the_hint_is_a_command_of_whoever_installed_us(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    vendor: VendorName,
    driver: str,
    left: str,
    command: str,
) -> None:
    (tmp_path / left).parent.mkdir(exist_ok=True)
    (tmp_path / left).touch()
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    with pytest.raises(AdvisorError) as refusal:
        require_driver(vendor)
    assert refusal.value.message == f"{driver} is needed to talk to a server, and is not installed"
    assert refusal.value.hint == f"in a checkout: {command.format(tmp_path)}"


def test_a_driver_without_its_library_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What psycopg 3.3.9 says without libpq."""
    (tmp_path / "psycopg.py").write_text(
        "raise ImportError('''no pq wrapper available.\nAttempts made:\n- couldn't import psycopg"
        " 'c' implementation: No module named 'psycopg_c'\n- couldn't import psycopg 'python'"
        " implementation: libpq library not found''')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == "psycopg"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(AdvisorError) as refusal:
        require_driver("postgresql")
    assert refusal.value.message == (
        "psycopg is needed to talk to a server, and cannot be loaded: couldn't import psycopg"
        " 'python' implementation: libpq library not found"
    )
    assert refusal.value.hint.startswith("install the library")
