"""The image of `fleet init --kubernetes`: built FROM scratch, and run as the manifests say."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.bundle import bundle
from tests.support.command_line import run_process
from tests.support.faults import missing

IMAGE = "fsync-advisor:test"
NOBODY = 65534
HARDENED = (
    *("--read-only", "--read-only-tmpfs=false", "--network", "none", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges"),
)
"""What the manifests ask for."""
THIS_HOST = (
    *("--runtime", "runc", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096"),
    *("--pull", "never"),
)
"""What podman needs where control groups are hybrid, and limits are low."""


@pytest.fixture(scope="module")
def storage() -> Iterator[list[str]]:
    """Where images and containers are kept, as options of both programs."""
    if lacking := [name for name in ("buildah", "podman", "runc") if shutil.which(name) is None]:
        missing(f"{', '.join(lacking)}: not installed")
    if os.geteuid() != 0:
        missing("this test runs containers as root does")
    folder = tempfile.mkdtemp(prefix="images-", dir="/var/tmp")  # podman takes 50 characters
    options = ["--root", f"{folder}/root", "--runroot", f"{folder}/run"]
    options += ["--storage-driver", "overlay"]
    yield options
    subprocess.run(["podman", *options, "rm", "--all", "--force"], capture_output=True, check=False)
    subprocess.run(["podman", *options, "rmi", "--all", "--force"], capture_output=True, check=True)
    subprocess.run(["umount", f"{folder}/root/overlay"], capture_output=True, check=False)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of `fleet init --kubernetes`."""
    folder = tmp_path_factory.mktemp("kubernetes")
    asked = ("--kubernetes", str(folder), "--storage-class", "gp3")
    assert run_process("fleet", "init", *asked).returncode == 0
    return folder


@pytest.fixture(scope="module")
def podman(storage: list[str], written: Path) -> list[str]:
    """The command that runs containers, where the image is."""
    shutil.copy(bundle(), written / f"fsync-advisor-{os.uname().machine}.tar.gz")
    build = ["buildah", *storage, "build", "--isolation", "chroot", "--tag", IMAGE, str(written)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return ["podman", *storage]


def contained(
    podman: Sequence[str], options: Sequence[str], *command: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*podman, "run", "--rm", *THIS_HOST, *HARDENED, *options, *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_measures_a_volume_without_root_network_or_capabilities(
    podman: list[str], tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    data = tmp_path / "data"
    data.mkdir()
    os.chown(data, NOBODY, NOBODY)
    arguments = ("--summary", "--format=json", "--quiet", "--label=gp3", "--quick", "/data")
    done = contained(podman, ["--volume", f"{data}:/data"], IMAGE, "measure", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    measured = json.loads(done.stdout)
    assert (measured["label"], measured["target"]["directory"]) == ("gp3", "/data")
    assert len(measured["series"]) == 3
    assert list(data.iterdir()) == []


def test_nothing_but_the_bundle_is_in_it(podman: list[str], tmp_path: Path) -> None:
    made = subprocess.run(
        [*podman, "create", *THIS_HOST[-2:], IMAGE], capture_output=True, text=True, check=True
    )
    archive = tmp_path / "root.tar"
    export = [*podman, "export", "--output", str(archive), made.stdout.strip()]
    subprocess.run(export, check=True)
    listed = subprocess.run(["tar", "-tf", archive], capture_output=True, text=True, check=True)
    assert {line.split("/")[0] for line in listed.stdout.split()} == {"fsync-advisor"}


def test_what_cannot_be_written_is_said(podman: list[str], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    volume = ["--volume", f"{tmp_path}/data:/data:ro"]
    done = contained(podman, volume, IMAGE, "measure", "--quick", "--quiet", "/data")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("fsync-advisor: ")
    assert "/data" in done.stderr


def test_the_daemon_sets_script_leaves_metrics(
    podman: list[str], written: Path, tmp_path: Path
) -> None:
    """As root without a capability; an old file goes, and a SIGTERM ends it."""
    metrics = tmp_path / "metrics"
    volume = tmp_path / "pods/a-uid/volumes/kubernetes.io~csi/pvc-1/mount"
    metrics.mkdir()
    volume.mkdir(parents=True)
    volume.chmod(0o700)
    os.chown(volume, NOBODY, NOBODY)  # as a database has it, closed to a root without capabilities
    (metrics / "fsync-advisor-pvc-0.prom").write_text("of a volume that has left\n")
    (metrics / "others.prom").write_text("not ours\n")
    program = "/fsync-advisor"
    python = ["--library-path", f"{program}/lib", f"{program}/bin/python3", "-I", "-S"]
    options = [
        *("--user", "0:0", "--entrypoint", f"{program}/lib/ld.so"),
        *("--env", "VOLUMES=/pods/*/volumes/kubernetes.io~csi/*/mount"),
        *("--env", "INTERVAL_S=1", "--env", "EVERY_S=1"),
        *("--volume", f"{written}/nodes:/watch:ro", "--volume", f"{tmp_path}/pods:/pods:ro"),
        *("--volume", f"{metrics}:/metrics"),
    ]
    watch = [*python, "/watch/watch.py"]
    running = subprocess.Popen(
        [*podman, "run", "--rm", *THIS_HOST, *HARDENED, *options, IMAGE, *watch],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    file = metrics / "fsync-advisor-pvc-1.prom"
    until = time.monotonic() + 60
    while not file.exists() and running.poll() is None and time.monotonic() < until:
        with (tmp_path / "written").open("w") as written_to:
            written_to.write("so that there are flushes")
            written_to.flush()
            os.fsync(written_to.fileno())
        time.sleep(0.2)
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate(timeout=60)
    assert file.exists(), said
    assert running.returncode == 0
    text = file.read_text()
    # The same for whichever pod.
    watched = 'directory="/pods/*/volumes/kubernetes.io~csi/*/mount"'
    assert f"fsync_advisor_observed_interval_seconds{{{watched}" in text
    assert "a-uid" not in text
    assert 'label="pvc-1"' in text
    assert sorted(path.name for path in metrics.iterdir()) == [
        *("fsync-advisor-pvc-1.prom", "others.prom")
    ]
