"""kubectl and Kubernetes' schemas, in the cache folder of the tests.

kubectl is Debian sid's, unpacked and started through its own C library; the schemas are those of
PyPI's kubernetes-validate, in an environment of its own.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from tests.servers.debian import private_apt
from tests.servers.fetching import UnavailableError, call
from tests.servers.provision import cache_folder, exclusive
from tests.support.faults import missing

VALIDATOR: Final = "kubernetes-validate>=1.37,<1.38"
VERSIONS: Final = tuple(f"1.{minor}" for minor in range(25, 38))
"""All that kubernetes-validate 1.37 has from 1.25 on."""
VALIDATE: Final = """\
import json, sys
import kubernetes_validate
asked = json.load(sys.stdin)
said = []
for version in asked["versions"]:
    for manifest in asked["manifests"]:
        try:
            kubernetes_validate.validate(manifest, version, strict=True)
        except Exception as error:
            said.append(f"{version}: {manifest.get('kind')}: {getattr(error, 'message', error)}")
json.dump(said, sys.stdout)
"""


def violations(manifests: Sequence[Any], versions: Sequence[str] = VERSIONS) -> list[str]:
    """What the published schemas of these versions say against them; unknown fields, too."""
    done = subprocess.run(
        [_validator(), "-c", VALIDATE],
        input=json.dumps({"manifests": manifests, "versions": versions}),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[str] = json.loads(done.stdout)
    return found


def kustomized(folder: Path) -> list[Any]:
    """What `kubectl kustomize` makes of a folder, one manifest after another."""
    done = subprocess.run(
        [*_kubectl(), "kustomize", str(folder)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return list(yaml.safe_load_all(done.stdout))


def _validator() -> Path:
    """The Python that has kubernetes-validate."""
    place = cache_folder() / "kubernetes-validate"
    python = place / "bin/python"
    with exclusive(cache_folder()):
        if not _is_made(place, recipe := f"{VALIDATOR} {sys.version}"):
            _or_give_up([sys.executable, "-m", "venv", str(place)])
            pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
            _or_give_up([*pip, "install", VALIDATOR])
            (place / "recipe").write_text(recipe)
    return python


def _kubectl() -> list[str]:
    """The command that starts kubectl."""
    place = cache_folder() / "kubectl"
    with exclusive(cache_folder()):
        if not _is_made(place, recipe := "kubectl of sid"):
            work = place / "work"
            work.mkdir(parents=True)
            try:
                apt_get = private_apt(["sid"], work)
                call([*apt_get, "install", "--download-only", "-y", "kubectl"])
            except (UnavailableError, FileNotFoundError) as error:
                missing(f"kubectl needs an archive of Debian sid: {error}")
            for archive in (work / "archives").glob("*.deb"):
                call(["dpkg-deb", "-x", str(archive), str(place)])
            shutil.rmtree(work)
            (place / "recipe").write_text(recipe)
    (libraries,) = (path.parent for path in place.glob("usr/lib/*/libc.so.6"))
    (loader,) = libraries.glob("ld-linux*")
    return [str(loader), "--library-path", str(libraries), str(place / "usr/bin/kubectl")]


def _is_made(place: Path, recipe: str) -> bool:
    """Whether it is there, made like this; else nothing is."""
    stamp = place / "recipe"
    if stamp.exists() and stamp.read_text() == recipe:
        return True
    shutil.rmtree(place, ignore_errors=True)
    return False


def _or_give_up(command: Sequence[str]) -> None:
    try:
        call(command)
    except UnavailableError as error:
        missing(f"Kubernetes' schemas need a package registry: {error}")
