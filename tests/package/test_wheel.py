"""The wheel, built from the sdist, does the main job from / in an environment of its own."""

import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.package.apart import or_give_up, run
from tests.support.paths import CHECKOUT, MEASUREMENTS

MEASUREMENT = MEASUREMENTS / "nvme-consumer.json"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `python -m build` does it: an sdist first, the wheel from that."""
    dist = tmp_path_factory.mktemp("dist")
    done = run(sys.executable, "-m", "build", "--outdir", dist, CHECKOUT, cwd=dist)
    or_give_up(done, "building")
    (built,) = dist.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program in an environment that holds the wheel and what it depends on, nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    done = run(python, "-m", "pip", "install", "--quiet", wheel, cwd=folder)
    or_give_up(done, "installing")
    return folder / "bin" / "fsync-advisor"


def test_the_wheel_holds_the_package_and_its_data_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"advisor", "fsync_advisor-0.1.0.dist-info"}
    assert "advisor/_data/profiles/postgresql/fsync.toml" in names
    assert "advisor/_data/templates/innodb.cnf.j2" in names
    assert "fsync_advisor-0.1.0.dist-info/licenses/LICENSE" in names
    checked_in = {path.name for path in (CHECKOUT / "profiles").rglob("*.toml")}
    assert {Path(name).name for name in names if name.endswith(".toml")} == checked_in
    texts = [name for name in names if name.endswith(".md") and "/templates/fleet/" not in name]
    assert texts == []  # their links lead to tests/


@pytest.mark.parametrize(
    ("database", "version", "line"),
    [
        ("mysql", "9.7", "innodb_flush_log_at_trx_commit = 1"),
        ("mariadb", "10.11", "innodb_flush_log_at_trx_commit = 1"),
        ("postgresql", "15", "synchronous_commit = on"),
    ],
)
def test_the_main_job_from_the_root_directory(
    installed: Path, database: str, version: str, line: str
) -> None:
    arguments = ("--db", database, "--db-version", version, "--from", MEASUREMENT)
    done = run(installed, "recommend", *arguments, cwd=Path("/"))
    assert (done.returncode, done.stderr) == (0, "")
    assert line in done.stdout.splitlines()


def test_it_measures_and_recommends_without_its_tests(installed: Path, tmp_path: Path) -> None:
    done = run(installed, "recommend", "--db", "mysql", "--quick", tmp_path, cwd=Path("/"))
    assert done.returncode == 0, done.stderr
    assert "innodb_flush_log_at_trx_commit = 1" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_decoy_in_the_current_directory_is_not_read(installed: Path, tmp_path: Path) -> None:
    for folder in ("profiles/innodb", "profiles/storage", "templates", "advisor"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "profiles/innodb/sync_binlog.toml").write_text("summary = 'a decoy'\n")
    (tmp_path / "templates/innodb.cnf.j2").write_text("decoy\n")
    (tmp_path / "advisor/__init__.py").write_text("raise SystemExit('a decoy')\n")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'fsync-advisor'\n")
    arguments = ("recommend", "--db", "mysql", "--db-version", "9.7", "--from", MEASUREMENT)
    here, elsewhere = (run(installed, *arguments, cwd=cwd) for cwd in (tmp_path, Path("/")))
    assert (here.returncode, here.stderr) == (0, "")
    assert here.stdout == elsewhere.stdout
