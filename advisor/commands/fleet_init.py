"""fsync-advisor fleet init: files for the engines that run a fleet."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from advisor.commands import options as shared
from advisor.commands.console import notify, write_output
from advisor.commands.parameters import options_class, takes_options
from advisor.errors import UsageError
from advisor.fleet.deployments import DeploymentFile, DeploymentKind, WrittenDeployments
from advisor.fleet.storage_classes import storage_class_jobs
from advisor.output.deployment import deployment_files
from advisor.output.json_text import json_text
from advisor.output_files import check_all_writable, write_files
from advisor.units import counted


class _Deployment(NamedTuple):
    """A folder of templates, where it goes, and what its templates are rendered with."""

    kind: DeploymentKind
    directory: Path
    values: Mapping[str, object] = {}


@options_class
class FleetInitOptions:
    """The options of `fleet init`."""

    ansible: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A role, and playbooks that measure, apply and watch."),
    ] = None
    prometheus: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Rules with their tests, and a dashboard for Grafana."),
    ] = None
    kubernetes: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Jobs that measure each --storage-class, a DaemonSet that watches, the image.",
        ),
    ] = None
    storage_class: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="The StorageClasses that --kubernetes is for."),
    ] = None
    force: shared.Force = False
    format_: shared.TextOrJson = "text"
    quiet: shared.Quiet = False

    def __post_init__(self) -> None:
        if (self.kubernetes is None) != (self.storage_class is None):
            raise UsageError(
                "--kubernetes and --storage-class need each other",
                "--kubernetes DIR --storage-class gp3,io2; kubectl get storageclass lists yours",
            )
        directories = [each.directory for each in self.deployments()]
        if not directories:
            raise UsageError("nothing to write", "--ansible, --kubernetes or --prometheus DIR")
        if len({each.absolute() for each in directories}) < len(directories):
            raise UsageError("one DIR is given twice", "give each its own")

    def deployments(self) -> Iterator[_Deployment]:
        """What was asked for."""
        if self.ansible is not None:
            yield _Deployment("ansible", self.ansible)
        if self.kubernetes is not None and self.storage_class is not None:
            jobs = storage_class_jobs(self.storage_class)
            yield _Deployment("kubernetes", self.kubernetes, {"jobs": jobs})
        if self.prometheus is not None:
            yield _Deployment("prometheus", self.prometheus)


@takes_options
def fleet_init(options: FleetInitOptions) -> None:
    """Write files for the engine that runs a fleet.

    They are yours to change, and belong under version control. Nothing else is touched.
    """
    texts: dict[Path, str] = {}
    files: list[DeploymentFile] = []
    announced = []
    for kind, directory, values in options.deployments():
        found = deployment_files(kind, values)
        announced.append(f"writing {counted(len(found), 'file')} below {directory}")
        texts |= {directory / path: text for path, text in found.items()}
        files += [DeploymentFile(kind=kind, file=str(directory / path)) for path in found]
    check_all_writable(texts, force=options.force)
    for line in announced:
        notify(line, quiet=options.quiet)
    write_files(texts, force=options.force)
    if options.format_ == "json":
        write_output(json_text(WrittenDeployments(files=tuple(files))))
    else:
        write_output("".join(f"{each.file}\n" for each in files))
