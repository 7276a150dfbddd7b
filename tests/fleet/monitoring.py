"""Prometheus, promtool and node_exporter from Debian, unpacked once into the tests' cache.

    python -m tests.fleet.monitoring

Nothing is installed, so no service is started. Go's programs need of this machine the C library
alone.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from tests.servers.debian import DEBIAN_KEYS, private_apt
from tests.servers.fetching import UnavailableError, call
from tests.servers.provision import cache_folder, exclusive
from tests.support.faults import missing

SUITE: Final = "bookworm"
PACKAGES: Final = ("prometheus", "prometheus-node-exporter")


class Monitoring(NamedTuple):
    """The programs."""

    prometheus: Path
    promtool: Path
    node_exporter: Path


def provision() -> Monitoring:
    """The programs, unpacked if the cache does not hold them. Raises UnavailableError."""
    place = cache_folder() / "monitoring"
    with exclusive(cache_folder()):
        if not place.exists():
            with tempfile.TemporaryDirectory(dir=cache_folder()) as work:
                _unpack(Path(work), Path(work) / "tree")
                (Path(work) / "tree").rename(place)
    return _programs(place)


def monitoring() -> Monitoring:
    """The programs for a test, which is skipped without them; with CI=true it fails."""
    found = _programs(cache_folder() / "monitoring")
    if not found.prometheus.exists():
        missing("Prometheus is not there: python -m tests.fleet.monitoring says why")
    return found


def _programs(place: Path) -> Monitoring:
    folder = place / "usr/bin"
    return Monitoring(
        folder / "prometheus", folder / "promtool", folder / "prometheus-node-exporter"
    )


def _unpack(work: Path, tree: Path) -> None:
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb") and DEBIAN_KEYS.exists()):
        raise UnavailableError("Debian packages need apt-get, dpkg-deb and Debian's archive keys")
    call([*private_apt([SUITE], work), "download", *PACKAGES], cwd=work)
    for archive in work.glob("*.deb"):
        call(["dpkg-deb", "-x", str(archive), str(tree)])
    for program in _programs(tree):
        call([str(program), "--version"])


def main() -> int:
    """Makes them ready; 1 when they are missing and must not be."""
    try:
        provision()
    except UnavailableError as reason:
        print(f"Prometheus: skipped: {reason}")
        return int(os.environ.get("CI") == "true")
    print(f"Prometheus: ready (Debian {SUITE})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
