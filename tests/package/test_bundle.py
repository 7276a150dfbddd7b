"""A bundle: built as a user would, started in an empty root and on hosts that are in the way."""

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

from tests.package.apart import run
from tests.support.bundle import BUILDER, IN_AN_EMPTY_ROOT, bundle, unpack
from tests.support.paths import MEASUREMENTS

MEASUREMENT = MEASUREMENTS / "nvme-consumer.json"
MAIN_JOB = ("recommend", "--db", "mysql", "--db-version", "9.7", "--from")

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change roots and mount")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the bundle and nothing else."""
    folder = tmp_path_factory.mktemp("an empty root")
    unpack(bundle(), folder)
    return folder


def in_root(root: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*IN_AN_EMPTY_ROOT, *arguments],
        env={},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: os.chroot(root),  # chroot(1) would need its own libraries there
        cwd="/",
    )


@as_root
def test_it_does_the_main_job_in_an_empty_root(root: Path, tmp_path: Path) -> None:
    stored = root / "measurement.json"
    stored.write_bytes(MEASUREMENT.read_bytes())
    done = in_root(root, *MAIN_JOB, "/measurement.json")
    stored.unlink()
    assert (done.returncode, done.stderr) == (0, "")
    assert "innodb_flush_log_at_trx_commit = 1" in done.stdout.splitlines()
    from_here = run(sys.executable, "-m", "advisor", *MAIN_JOB, MEASUREMENT, cwd=tmp_path)
    assert done.stdout == from_here.stdout


@as_root
def test_it_measures_in_an_empty_root(root: Path) -> None:
    (root / "data").mkdir()
    done = in_root(root, "measure", "--quick", "--format", "json", "/data")
    assert done.returncode == 0, done.stderr
    (series,) = (
        one for one in json.loads(done.stdout)["series"] if one["name"] == "overwrite-fdatasync-8k"
    )
    assert series["summary"]["count"] > 100
    assert list((root / "data").iterdir()) == []
    (root / "data").rmdir()
    assert [path.name for path in root.iterdir()] == ["fsync-advisor"]


def test_both_drivers_are_in_it(root: Path, tmp_path: Path) -> None:
    for dsn in ("mysql://nobody@127.0.0.1:1/", "postgresql://nobody@127.0.0.1:1/"):
        done = run(root / "fsync-advisor/fsync-advisor", "audit", "--dsn", dsn, cwd=tmp_path)
        assert done.returncode == 1
        assert "refused" in done.stderr
        assert "needed" not in done.stderr


def test_it_starts_through_a_link_and_heeds_no_python_of_the_host(
    root: Path, tmp_path: Path
) -> None:
    link = tmp_path / "fsync-advisor"
    link.symlink_to(root / "fsync-advisor/fsync-advisor")
    (tmp_path / "advisor").mkdir()
    for decoy in ("advisor/__init__.py", "json.py", "sitecustomize.py"):
        (tmp_path / decoy).write_text("raise SystemExit('a decoy')\n")
    more = {"PYTHONPATH": str(tmp_path), "PYTHONHOME": str(tmp_path), "LD_LIBRARY_PATH": "/"}
    done = run(link, "--version", cwd=tmp_path, more=more)
    assert (done.returncode, done.stdout, done.stderr) == (0, "fsync-advisor 0.1.0\n", "")


def test_a_unit_of_systemd_names_the_bundle(root: Path, tmp_path: Path) -> None:
    """Not the Python in it, which does not start without its loader."""
    program = root / "fsync-advisor/fsync-advisor"
    asked = ("--passive", "--print-unit", "service", "--dsn", "postgresql:///postgres")
    done = run(program, "measure", *asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    started = [line for line in done.stdout.splitlines() if line.startswith("ExecStart=")]
    assert started
    assert [line for line in started if str(program) not in line] == []
    assert "python3" not in done.stdout


def test_another_machine_is_named(root: Path, tmp_path: Path) -> None:
    (tmp_path / "uname").write_text("#!/bin/sh\necho riscv64\n")
    (tmp_path / "uname").chmod(0o755)
    more = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = run(root / "fsync-advisor/fsync-advisor", "--version", cwd=tmp_path, more=more)
    assert (done.returncode, done.stdout) == (1, "")
    machine = os.uname().machine
    assert done.stderr == f"fsync-advisor: this bundle is for {machine}, this host is riscv64\n"


@as_root
def test_noexec_is_said_in_one_line(root: Path, tmp_path: Path) -> None:
    """By the shell that reads the file; the kernel refuses to start it directly."""
    here = tmp_path / "fsync-advisor"
    here.mkdir()
    bind = f"mount --bind {str(root / 'fsync-advisor')!r} {here} &&"
    remount = f" mount -o remount,bind,noexec {here} &&"
    start = f" exec sh {here}/fsync-advisor --version"
    done = run("unshare", "--mount", "sh", "-c", bind + remount + start, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"fsync-advisor: nothing can be run in {here}: it is mounted noexec, or not for this user;"
        " move the folder to where programs can be run\n"
    )


@pytest.mark.parametrize(
    ("arguments", "more", "status", "said"),
    [
        (["b.zip"], {}, 2, "b.zip ends neither in .tar.xz nor in .tar.gz"),
        (["b.tar.gz"], {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}, 1, "bundle.py: pip wheel: "),
        (["/proc/no/b.tar.gz"], {"PIP_NO_INDEX": "1"}, 1, "No such file or directory: '/proc/no'"),
    ],
)
def test_what_cannot_be_built_is_one_line(
    arguments: Sequence[str], more: dict[str, str], status: int, said: str, tmp_path: Path
) -> None:
    done = run(sys.executable, BUILDER, *arguments, cwd=tmp_path, more=more)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """bundle.py, of which each step does nothing, and packing writes an empty file."""
    monkeypatch.syspath_prepend(str(BUILDER.parent))
    module = importlib.import_module("bundle")
    for step in ("our_wheel", "copy_modules", "install", "compile_modules", "add_programs"):
        monkeypatch.setattr(module, step, lambda *_: None)
    monkeypatch.setattr(module, "pack", lambda _, file: file.touch())
    return module


def test_what_is_being_done_and_how_long_it_took_is_said(
    builder: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "b.tar.xz"
    monkeypatch.setattr(sys, "argv", ["bundle.py", str(file)])
    assert builder.main() == 0
    out, err = capsys.readouterr()
    assert [re.sub(r"^ +\d+ s  ", "", line) for line in err.splitlines()] == [
        "building a wheel of the program",
        "copying Python's modules",
        "installing the program, and what it needs",
        "compiling all modules",
        "copying Python, and the libraries that are loaded",
        f"packing {file}",
    ]
    assert re.search(r", in \d+ s\n$", out)
