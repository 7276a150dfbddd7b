"""`fleet init --kubernetes`: manifests that Kubernetes' schemas accept, and what they promise."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fleet.kubernetes import kustomized, violations
from tests.support.command_line import run
from tests.support.paths import CHECKOUT

CLASSES = "gp3,premium.rwo,on,1e3"
"""A usual name; one with a dot; two that YAML would take for something else."""
NAMES = ["measure-gp3", "measure-premium-rwo-dc21f98c", "measure-on", "measure-1e3"]
"""The digest is the beginning of `printf premium.rwo | sha256sum`."""
SCHEDULES = ["0 2 * * 0", "20 2 * * 0", "40 2 * * 0", "0 3 * * 0"]


def init(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--kubernetes", str(directory), "--storage-class", CLASSES, "--quiet")
    assert run(capsys, "fleet", "init", *asked)[0] == 0


@pytest.fixture
def written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    init(tmp_path, capsys)
    return tmp_path


@pytest.fixture
def manifests(written: Path) -> list[Any]:
    return kustomized(written)


def of_kind(manifests: list[Any], kind: str) -> list[Any]:
    return [manifest for manifest in manifests if manifest["kind"] == kind]


def pod_templates(manifests: list[Any]) -> Iterator[Any]:
    for manifest in manifests:
        spec = manifest.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield spec["template"]


def test_every_published_schema_accepts_them(written: Path, manifests: list[Any]) -> None:
    live = yaml.safe_load((written / "live-volume.yaml").read_text())
    kinds = [manifest["kind"] for manifest in [*manifests, live]]
    assert sorted(set(kinds)) == [
        *("ConfigMap", "CronJob", "DaemonSet", "Job", "Namespace", "NetworkPolicy")
    ]
    assert violations([*manifests, live]) == []


def test_the_schemas_refuse_what_is_wrong(manifests: list[Any]) -> None:
    """What the test above rests on."""
    job = of_kind(manifests, "Job")[0]
    job["spec"]["template"]["spec"]["automountServiceAccountTokens"] = False
    (first, last) = violations([job], ["1.25", "1.37"])
    assert first.startswith("1.25: Job: ")
    assert "automountServiceAccountTokens" in last


def test_each_storage_class_has_a_job_and_a_weekly_one(manifests: list[Any]) -> None:
    for kind in ("Job", "CronJob"):
        assert sorted(m["metadata"]["name"] for m in of_kind(manifests, kind)) == sorted(NAMES)
    schedules = {
        m["metadata"]["name"]: m["spec"]["schedule"] for m in of_kind(manifests, "CronJob")
    }
    assert schedules == dict(zip(NAMES, SCHEDULES, strict=True))
    classes = {}
    for job in of_kind(manifests, "Job"):
        pod = job["spec"]["template"]["spec"]
        (volume,) = pod["volumes"]
        claim = volume["ephemeral"]["volumeClaimTemplate"]["spec"]
        (container,) = pod["containers"]
        assert f"--label={claim['storageClassName']}" in container["args"]
        assert job["spec"]["suspend"] is True
        classes[job["metadata"]["name"]] = claim["storageClassName"]
    assert classes == dict(zip(NAMES, CLASSES.split(","), strict=True))


def test_no_two_run_at_once(manifests: list[Any]) -> None:
    """They start 20 minutes apart, no later than 4 minutes after that, and end after 15."""
    for manifest in of_kind(manifests, "CronJob"):
        assert manifest["spec"]["concurrencyPolicy"] == "Forbid"
        assert manifest["spec"]["startingDeadlineSeconds"] == 240
        job = manifest["spec"]["jobTemplate"]["spec"]
        assert (job["activeDeadlineSeconds"], job["backoffLimit"]) == (900, 0)


def test_the_pods_pass_the_restricted_profile(manifests: list[Any]) -> None:
    """Pod Security Standards, restricted: each field that a Linux pod must have, or may not."""
    (namespace,) = (
        each
        for each in of_kind(manifests, "Namespace")
        if each["metadata"]["name"] == "fsync-advisor"
    )
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    templates = list(
        pod_templates([m for m in manifests if m["metadata"].get("namespace") == "fsync-advisor"])
    )
    assert len(templates) == 8
    for template in templates:
        pod = template["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] != 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod.keys() & {"hostNetwork", "hostPID", "hostIPC", "hostUsers"} == set()
        assert [set(volume) - {"name"} for volume in pod["volumes"]] == [{"ephemeral"}]
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_no_pod_has_a_token_or_a_network(manifests: list[Any]) -> None:
    templates = list(pod_templates(manifests))
    assert len(templates) == 9
    assert {template["spec"]["automountServiceAccountToken"] for template in templates} == {False}
    policies = {m["metadata"]["namespace"]: m["spec"] for m in of_kind(manifests, "NetworkPolicy")}
    nothing = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert policies == {"fsync-advisor": nothing, "fsync-advisor-nodes": nothing}


def test_the_daemon_set_reads_volumes_and_has_no_capability(manifests: list[Any]) -> None:
    (daemon_set,) = of_kind(manifests, "DaemonSet")
    pod = daemon_set["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    writable = [m["name"] for m in container["volumeMounts"] if not m.get("readOnly")]
    assert writable == ["metrics"]
    (script,) = of_kind(manifests, "ConfigMap")
    (watch,) = (volume["configMap"]["name"] for volume in pod["volumes"] if "configMap" in volume)
    assert script["metadata"]["name"] == watch
    assert list(script["data"]) == ["watch.py"]


def test_the_daemon_set_runs_on_tainted_nodes(manifests: list[Any]) -> None:
    """Without a key and an effect `Exists` tolerates every taint."""
    (daemon_set,) = of_kind(manifests, "DaemonSet")
    assert daemon_set["spec"]["template"]["spec"]["tolerations"] == [{"operator": "Exists"}]


WATCHED = """\
#!/bin/sh
for directory; do :; done
echo "seen{directory=\\"$directory\\",label=\\"pvc-1\\"} 1"
(sleep 0.5; kill $PPID) >/dev/null 2>&1 &
"""


def test_a_volume_keeps_its_series_when_its_pod_is_another(tmp_path: Path) -> None:
    """The script of the DaemonSet, with a program that says where it was sent, and ends it then."""
    script = (CHECKOUT / "templates/fleet/kubernetes/nodes/watch.py").read_text()
    program = tmp_path / "program/lib/ld.so"
    program.parent.mkdir(parents=True)
    program.write_text(WATCHED)
    program.chmod(0o755)
    (tmp_path / "metrics").mkdir()
    places = {"/fsync-advisor": f"{tmp_path}/program", "/metrics": f"{tmp_path}/metrics"}
    for place, ours in places.items():
        script = script.replace(f'"{place}"', f'"{ours}"')
    said = []
    for pod in ("a-uid", "b-uid"):
        volume = tmp_path / f"pods/{pod}/pvc-1/mount"
        volume.mkdir(parents=True)
        pattern = f"{tmp_path}/pods/*/*/mount"
        wanted = {"VOLUMES": pattern, "INTERVAL_S": "1", "EVERY_S": "60"}
        subprocess.run([sys.executable, "-c", script], env={**os.environ, **wanted}, timeout=30)
        said.append((tmp_path / "metrics/fsync-advisor-pvc-1.prom").read_text())
        shutil.rmtree(volume.parent.parent)
    assert said == [f'seen{{directory="{pattern}",label="pvc-1"}} 1\n'] * 2


def test_one_place_names_the_image(written: Path) -> None:
    text = (written / "kustomization.yaml").read_text()
    (written / "kustomization.yaml").write_text(text.replace("registry.example", "ours.example"))
    images = {
        template["spec"]["containers"][0]["image"]
        for template in pod_templates(kustomized(written))
    }
    assert images == {"ours.example/fsync-advisor:0.1.0"}


def test_these_files_are_written(written: Path) -> None:
    assert sorted(str(path.relative_to(written)) for path in written.rglob("*.*")) == [
        *("README.md", "kustomization.yaml", "live-volume.yaml", "measure.sh"),
        *("measure/cron-jobs.yaml", "measure/jobs.yaml", "measure/kustomization.yaml"),
        *("measure/namespace.yaml", "measure/network-policy.yaml"),
        *("nodes/daemon-set.yaml", "nodes/kustomization.yaml", "nodes/namespace.yaml"),
        *("nodes/network-policy.yaml", "nodes/watch.py"),
    ]


# measure.sh, with a kubectl that plays the cluster's part

KUBECTL = """\
#!/bin/sh
echo "$@" >>"$CALLS"
case "$*" in
    *"get job --selector"*) printf 'job.batch/measure-%s\\n' gp3 slow tmp io2 ;;
    *"get job.batch/measure-slow"*|*"get job.batch/measure-tmp"*) printf 'FailureTarget Failed' ;;
    *"get job.batch/"*) printf 'SuccessCriteriaMet Complete' ;;
    *logs*measure-slow) echo "no space" ;;
    *logs*measure-tmp) printf '{}\\nnot durable\\n' ;;
    *logs*) echo "{}" ;;
esac
"""


def test_the_script_lets_one_job_run_after_another(written: Path) -> None:
    programs, calls = written / "bin", written / "calls"
    programs.mkdir()
    (programs / "kubectl").write_text(KUBECTL)
    (programs / "kubectl").chmod(0o755)
    done = subprocess.run(
        ["sh", written / "measure.sh"],
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "CALLS": str(calls)},
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert done.returncode == 1  # one class failed; the others were measured
    assert "job.batch/measure-slow failed:\nno space\n" in done.stderr
    assert sorted(path.name for path in (written / "results").iterdir()) == [
        *("measure-gp3.json", "measure-io2.json", "measure-tmp.json")
    ]
    assert (written / "results/measure-tmp.json").read_text() == "{}\n"
    assert "job.batch/measure-tmp: measured, and not to be trusted" in done.stderr
    assert "not durable\n" in done.stderr
    said = re.sub(r"--namespace fsync-advisor ", "", calls.read_text())
    steps = re.findall(r"^(patch|logs) job.batch/measure-(\w+)", said, re.M)
    assert list(dict.fromkeys(steps)) == [
        (step, name) for name in ("gp3", "slow", "tmp", "io2") for step in ("patch", "logs")
    ]


# As a user would break it


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--kubernetes", "DIR"), "--kubernetes and --storage-class need each other"),
        (("--storage-class", "gp3"), "--kubernetes and --storage-class need each other"),
        (("--kubernetes", "DIR", "--storage-class", ""), "--storage-class is empty"),
        (("--kubernetes", "DIR", "--storage-class", "a,,b"), "'' is no name of a StorageClass"),
        (("--kubernetes", "DIR", "--storage-class", "Gold"), "'Gold' is no name of a StorageClass"),
        (("--kubernetes", "DIR", "--storage-class", "a_b"), "'a_b' is no name of a StorageClass"),
        (("--kubernetes", "DIR", "--storage-class", "-a"), "'-a' is no name of a StorageClass"),
        (("--kubernetes", "DIR", "--storage-class", "a..b"), "'a..b' is no name of a Storage"),
        (("--kubernetes", "DIR", "--storage-class", 'a"\n- b'), "is no name of a StorageClass"),
        (("--kubernetes", "DIR", "--storage-class", "a" * 254), "is no name of a StorageClass"),
        (("--kubernetes", "DIR", "--storage-class", "a,b,a"), "StorageClass a is given twice"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    asked: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "new"
    arguments = [str(directory) if each == "DIR" else each for each in asked]
    status, out, err = run(capsys, "fleet", "init", *arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert err.startswith("fsync-advisor: ")
    assert err.count("\n") == 2  # with its hint
    assert not directory.exists()


def test_what_is_there_stays(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = written / "measure/jobs.yaml"
    mine.write_text("mine")
    asked = ("--kubernetes", str(written), "--storage-class", "gp3")
    status, _, err = run(capsys, "fleet", "init", *asked)
    assert status == 2
    assert "exists already" in err
    assert mine.read_text() == "mine"
    assert run(capsys, "fleet", "init", *asked, "--force")[0] == 0


def test_long_names_stay_short_and_unlike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """63 characters for a Job's pods, 52 for a CronJob's name."""
    long = "a" * 60
    asked = ("--kubernetes", str(tmp_path), "--storage-class", f"{long}b,{long}c,a.b,a-b")
    assert run(capsys, "fleet", "init", *asked)[0] == 0
    text = (tmp_path / "measure/cron-jobs.yaml").read_text()
    names = re.findall(r'^  name: "(\S+)"$', text, re.M)
    assert len(set(names)) == 4
    assert max(len(name) for name in names) <= 52
    assert "measure-a-b" in names
