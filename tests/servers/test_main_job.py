"""The main job as a user does it: measure this drive, write the fragment, start the server."""

import re
import subprocess
import sys
from pathlib import Path

from advisor.versions import format_version
from tests.servers.harness import Server, complaints, version_of

A_SETTING = re.compile(r"^([a-z_]+) = (\S+)$", re.MULTILINE)


def test_measured_here_written_here_started_here(one_of_each: Server, tmp_path: Path) -> None:
    version = format_version(version_of(one_of_each))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "advisor", "recommend", str(tmp_path), "--quiet"),
            *("--db", one_of_each.vendor, "--db-version", version, "--memory", "2GB"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    settings = dict(A_SETTING.findall(done.stdout))
    assert len(settings) >= 6
    with one_of_each.running(done.stdout) as instance:
        found = instance.read_all(list(settings))
        assert [name for name, setting in found.items() if not setting.from_file] == []
        assert instance.file_errors() == []
        assert complaints(instance.log(), list(settings)) == []
