"""Where profiles/ and templates/ are looked for, and where never."""

from pathlib import Path

import pytest

from advisor import resources
from advisor.errors import AdvisorError
from advisor.resources import resource_dir


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package folder of its own, with nothing in or beside it."""
    package = tmp_path / "site-packages" / "advisor"
    package.mkdir(parents=True)
    monkeypatch.setattr(resources, "_PACKAGE", package)
    return package


def test_nothing_there_is_an_error(package: Path) -> None:
    with pytest.raises(AdvisorError) as refusal:
        resource_dir("profiles")
    assert refusal.value.message == f"profiles/ is missing from {package}"
    assert refusal.value.hint == "install fsync-advisor again"


def test_the_current_directory_never_counts(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoy = tmp_path / "decoy"
    (decoy / "profiles").mkdir(parents=True)
    (decoy / "pyproject.toml").touch()
    monkeypatch.chdir(decoy)
    with pytest.raises(AdvisorError, match="is missing"):
        resource_dir("profiles")


def test_somebody_elses_folder_beside_an_installed_package_never_counts(package: Path) -> None:
    (package.parent / "profiles").mkdir()
    with pytest.raises(AdvisorError, match="is missing"):
        resource_dir("profiles")


def test_a_checkout_without_the_folder_is_an_error(package: Path) -> None:
    (package.parent / "pyproject.toml").touch()
    with pytest.raises(AdvisorError, match="templates/ is missing"):
        resource_dir("templates")


def test_a_checkout_holds_them_beside_the_package(package: Path) -> None:
    (package.parent / "pyproject.toml").touch()
    (package.parent / "profiles").mkdir()
    assert resource_dir("profiles") == package.parent / "profiles"


def test_a_wheel_holds_them_inside_and_that_comes_first(package: Path) -> None:
    (package.parent / "pyproject.toml").touch()
    (package.parent / "profiles").mkdir()
    (package / "_data" / "profiles").mkdir(parents=True)
    assert resource_dir("profiles") == package / "_data" / "profiles"


@pytest.mark.parametrize(
    ("name", "holds"), [("profiles", "assumptions.toml"), ("templates", "postgresql.conf.j2")]
)
def test_ours_are_found(name: str, holds: str) -> None:
    assert (resource_dir(name) / holds).is_file()
