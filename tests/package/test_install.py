"""The ways to install, as they went in fresh roots, and fsync-advisor.pyz, built and started."""

import ast
import json
import os
import re
import sys
import zipfile
from pathlib import Path

import pytest

from tests.package.apart import or_give_up, run
from tests.package.install_roots import ROOTS, TRANSCRIPT, WAYS, Root, Way
from tests.support.paths import CHECKOUT, MEASUREMENTS

PYZ = CHECKOUT / ".ci/pyz"
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
MAIN_JOB = ("recommend", "--db", "mysql", "--db-version", "9.7", "--from")
NOBODY = 65534

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another")


def tries() -> dict[str, list[tuple[str, str, str]]]:
    """Root and way -> each line, its exit status, and what it said."""
    found = {}
    for part in re.split(r"^== ", TRANSCRIPT.read_text(), flags=re.M)[1:]:
        name, _, rest = part.partition("\n")
        found[name] = re.findall(r"^\$ (.*)\n\[exit (\d+), \d+ s\]\n((?:(?!\$ ).*\n)*)", rest, re.M)
    return found


def test_every_way_was_tried_in_every_root() -> None:
    assert [root.name for root in ROOTS] == ["Debian 12", "Debian 13", "Python 3.10"]
    assert [way.name for way in WAYS] == ["venv", "pipx", "uv", "pyz"]
    assert list(tries()) == [f"{root.name}: {way.name}" for root in ROOTS for way in WAYS]


@pytest.mark.parametrize("root", ROOTS, ids=lambda root: root.name)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_each_line_works_as_written(root: Root, way: Way) -> None:
    tried = tries()[f"{root.name}: {way.name}"]
    typed = [line for line, _, _ in tried]
    wrong = {line: (status, said) for line, status, said in tried if status != "0"}
    assert set(wrong) <= {line for line in typed if " audit --dsn mysql://nobody@" in line}
    assert {status for status, _ in wrong.values()} == {"1"}
    reached = "Network is unreachable" if way.without_network else "Connection refused"
    assert reached in list(wrong.values())[-1][1]
    start = typed.index(way.lines[0])
    assert typed[start : start + len(way.lines)] == list(way.lines)
    said = "".join(told for _, _, told in tried[start:])
    assert re.search(r"^# fsync-advisor [0-9.]+: settings for MySQL 9.7 ", said, re.M)
    assert "Traceback" not in said


def test_the_hint_of_each_way_was_followed() -> None:
    typed = {name: [line for line, _, _ in lines] for name, lines in tries().items()}
    for root in ROOTS:
        assert "/opt/fsync-advisor/bin/pip install '.[live]'" in typed[f"{root.name}: venv"]
        assert "pipx install --force '.[live]'" in typed[f"{root.name}: pipx"]
        assert "uv tool install '.[live]'" in typed[f"{root.name}: uv"]


@pytest.fixture(scope="module")
def pyz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For this Python and machine alone, whose wheels tests/run has fetched already."""
    file = tmp_path_factory.mktemp("pyz") / "fsync-advisor.pyz"
    for_this = ("--python", HERE, "--machine", os.uname().machine)
    or_give_up(run(sys.executable, PYZ, file, *for_this, cwd=file.parent), "building")
    return file


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    return folder


def start(pyz: Path, cache: Path, *arguments: str | Path) -> tuple[int, str, str]:
    where = {"XDG_CACHE_HOME": str(cache)}
    done = run(sys.executable, pyz, *arguments, cwd=Path("/"), more=where)
    return done.returncode, done.stdout, done.stderr


def test_the_pyz_unpacks_once_and_does_the_main_job(pyz: Path, cache: Path) -> None:
    arguments = (*MAIN_JOB, MEASUREMENTS / "nvme-consumer.json")
    status, printed, said = start(pyz, cache, *arguments)
    (folder,) = (cache / "fsync-advisor").iterdir()
    assert said == f"fsync-advisor: unpacking into {folder}, once\n"
    assert status == 0
    assert "innodb_flush_log_at_trx_commit = 1" in printed.splitlines()
    assert [path.stat().st_mode & 0o777 for path in (folder, folder.parent)] == [0o700, 0o700]
    assert start(pyz, cache, *arguments) == (0, printed, "")


def test_what_it_writes_has_the_usual_rights(pyz: Path, cache: Path, tmp_path: Path) -> None:
    written = tmp_path / "zz-fsync.cnf"
    stored = MEASUREMENTS / "nvme-consumer.json"
    status, _, _ = start(pyz, cache, *MAIN_JOB, stored, "--output", written)
    mask = os.umask(0o022)
    os.umask(mask)
    assert (status, written.stat().st_mode & 0o777) == (0, 0o666 & ~mask)


def test_the_pyz_has_the_drivers(pyz: Path, cache: Path) -> None:
    status, _, said = start(pyz, cache, "audit", "--dsn", "mysql://nobody@127.0.0.1:1/")
    assert status == 1
    assert "refused" in said
    assert "is needed" not in said


def test_a_quiet_start_says_nothing(pyz: Path, cache: Path) -> None:
    stored = MEASUREMENTS / "nvme-consumer.json"
    assert start(pyz, cache, *MAIN_JOB, stored, "--quiet")[2] == ""


@as_root
def test_root_does_not_unpack_where_another_user_may_exchange_it(pyz: Path, cache: Path) -> None:
    os.chown(cache, NOBODY, NOBODY)
    status, _, said = start(pyz, cache, "--version")
    assert (status, said.count("\n")) == (1, 1)
    assert said.startswith(f"fsync-advisor: cannot unpack into {cache}: ")
    assert said.endswith("set XDG_CACHE_HOME to a folder of your own\n")


@as_root
def test_what_another_user_has_put_there_is_not_run(pyz: Path, cache: Path) -> None:
    start(pyz, cache, "--version")
    ours = cache / "fsync-advisor"
    os.chown(ours, NOBODY, NOBODY)
    status, printed, said = start(pyz, cache, "--version")
    assert (status, printed) == (1, "")
    assert f"{ours} is not yours alone; remove {ours}, or set" in said


def test_what_all_may_write_is_not_run(pyz: Path, cache: Path) -> None:
    start(pyz, cache, "--version")
    (cache / "fsync-advisor").chmod(0o777)
    status, printed, _ = start(pyz, cache, "--version")
    assert (status, printed) == (1, "")


@as_root
def test_a_cache_mounted_noexec_is_said_in_one_line(pyz: Path, cache: Path) -> None:
    """The modules that are compiled could not be loaded from there."""
    mounted = f"mount -t tmpfs -o noexec,mode=700 tmpfs {cache} && exec "
    start = f"XDG_CACHE_HOME={cache} {sys.executable} {pyz} --version"
    done = run("unshare", "--mount", "sh", "-c", mounted + f"env {start}", cwd=cache.parent)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"fsync-advisor: cannot unpack into {cache}: {cache}/fsync-advisor is mounted noexec, and"
        " the kernel maps no compiled module from there; mount it with exec, or set XDG_CACHE_HOME"
        " to a folder of your own\n"
    )


def test_another_python_is_told_which_one_is_needed(tmp_path: Path) -> None:
    """A file for Pythons that nobody has: to them this one is the wrong one."""
    file = tmp_path / "fsync-advisor.pyz"
    with zipfile.ZipFile(file, "w") as archive:
        archive.write(PYZ / "start.py", "__main__.py")
        wheels: dict[str, list[str]] = {"3.98 x86_64": [], "3.99 x86_64": [], "3.98 aarch64": []}
        archive.writestr("content.json", json.dumps({"key": "0", "wheels": wheels}))
    done = run(sys.executable, file, "--version", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "fsync-advisor.pyz needs CPython 3.98 to 3.99 on Linux with glibc, x86_64 or aarch64;"
        f" this is cpython {HERE}, {os.uname().machine}.\n"
    )


def test_old_pythons_can_read_what_tells_them() -> None:
    """2.7, 3.6 and 3.9 did, by hand; what they could not read begins with these."""
    tree = ast.parse((PYZ / "start.py").read_text(), feature_version=(3, 4))
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Nonlocal, ast.Starred)
    assert [node for node in ast.walk(tree) if isinstance(node, newer)] == []
    assert [node for node in ast.walk(tree) if getattr(node, "returns", None)] == []
