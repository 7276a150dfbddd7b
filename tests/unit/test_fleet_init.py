"""fsync-advisor fleet init: which files it writes, and what it leaves alone."""

import json
from pathlib import Path

import pytest

from advisor.output.deployment import deployment_files
from tests.support.command_line import run
from tests.support.paths import CHECKOUT

TEMPLATES = CHECKOUT / "templates/fleet"


@pytest.mark.parametrize("kind", sorted(each.name for each in TEMPLATES.iterdir()))
def test_every_folder_of_templates_has_an_option(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"--{kind} DIR" in run(capsys, "fleet", "init", "--help")[1]


def test_the_files_are_written_and_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "new/fleet"
    status, out, err = run(capsys, "fleet", "init", "--ansible", str(directory), "--format", "json")
    assert status == 0
    assert f" below {directory}\n" in err
    found = json.loads(out)
    assert found["schema_version"] == 1
    listed = [(each["kind"], each["file"]) for each in found["files"]]
    written = sorted(path for path in directory.rglob("*") if path.is_file())
    assert sorted(listed) == [("ansible", str(path)) for path in written]
    source = TEMPLATES / "ansible"
    assert len(written) == sum(path.is_file() for path in source.rglob("*"))
    for path in written:
        assert path.read_bytes() == (source / path.relative_to(directory)).read_bytes()


def test_as_text_the_files_are_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "fleet", "init", "--ansible", str(tmp_path), "--quiet")
    assert (status, err) == (0, "")
    assert f"{tmp_path}/README.md" in out.splitlines()


def test_a_file_that_is_there_stops_all_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "README.md"
    mine.write_text("mine")
    status, out, err = run(capsys, "fleet", "init", "--ansible", str(tmp_path))
    assert (status, out) == (2, "")
    assert f"{mine} exists already" in err
    assert "writing" not in err
    assert list(tmp_path.iterdir()) == [mine]
    assert run(capsys, "fleet", "init", "--ansible", str(tmp_path), "--force")[0] == 0
    assert mine.read_bytes() == (TEMPLATES / "ansible/README.md").read_bytes()


def test_what_an_installer_compiled_is_no_file_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip compiles every .py of a wheel, those of templates/ included."""
    compiled = tmp_path / "fleet/kubernetes/nodes/__pycache__/watch.cpython-311.pyc"
    compiled.parent.mkdir(parents=True)
    compiled.write_bytes(b"\xa7\r\r\n")
    (compiled.parent.parent / "watch.py").write_text("print()\n")
    monkeypatch.setattr("advisor.output.deployment.resource_dir", lambda name: tmp_path)
    found = deployment_files("kubernetes", {})
    assert found == {Path("nodes/watch.py"): "print()\n"}


def test_nothing_to_write_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "fleet", "init")
    assert status == 2
    assert "nothing to write" in err


def test_a_file_in_the_place_of_the_directory_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    status, _, err = run(capsys, "fleet", "init", "--ansible", str(file / "x"))
    assert status == 1
    assert f"{file}/x cannot be made: Not a directory" in err
