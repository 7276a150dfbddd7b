"""What `fleet init` writes for the engines that run a fleet."""

from typing import Literal

from advisor.model import Model, Text

DeploymentKind = Literal["ansible", "kubernetes", "prometheus"]
"""A folder of templates/fleet/."""


class DeploymentFile(Model):
    """One file, and what it is for."""

    kind: DeploymentKind
    file: Text


class WrittenDeployments(Model):
    """All files of one run, in the order in which they were written."""

    schema_version: Literal[1] = 1
    files: tuple[DeploymentFile, ...]
