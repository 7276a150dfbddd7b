"""Experiment's names -> what a server is started with."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.versions import Feature
from tests.lab.experiment import Experiment
from tests.lab.rivals import RIVALS

DEFAULT: Final = "default"
OURS: Final = "ours"
BUILT_WITH: Final[Mapping[Feature, bool]] = {"lz4": True, "zstd": True}
"""The lab's PostgreSQL, as Debian builds it, and as rivals take it to be."""


class Configurations:
    """The configurations of an experiment for one server on one drive, as fragments."""

    def __init__(
        self, experiment: Experiment, vendor: VendorName, version: str, measurement: Path
    ) -> None:
        self._experiment = experiment
        self._vendor = vendor
        self._version = version
        self._measurement = measurement

    def fragment(self, name: str) -> str:
        """The text that the server includes. Raises KeyError for an unknown name."""
        if name == DEFAULT:
            return self._head()
        if name == OURS:
            return self._ours()
        if variant := self._experiment.variants.get(name):
            return self.fragment(variant.of) + _lines(variant.settings)
        formula = RIVALS[self._vendor][name]
        settings = formula(self._experiment.memory_bytes, os.cpu_count() or 1)
        return self._head() + _lines(settings)

    def _head(self) -> str:
        vendor = VENDORS[self._vendor]
        return f"[{vendor.fragment_group}]\n" if vendor.has_groups else ""

    def _ours(self) -> str:
        """As a user gets it, from a measurement of this drive."""
        command = [sys.executable, "-m", "advisor", "recommend", "--db", self._vendor, "--quiet"]
        command += ["--db-version", self._version, "--memory", self._experiment.memory]
        command += ["--from", str(self._measurement)]
        if self._vendor == "postgresql":
            command += ["--build", ",".join(BUILT_WITH)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def measure(place: Path, measurement: Path, *options: str) -> None:
    """Measures the drive as a user would."""
    command = [sys.executable, "-m", "advisor", "measure", "--quiet", *options]
    command += ["--output", str(measurement), str(place)]
    subprocess.run(command, capture_output=True, text=True, check=True)


def _lines(settings: Mapping[str, str]) -> str:
    return "".join(f"{name} = {value}\n" for name, value in settings.items())
