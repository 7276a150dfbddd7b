"""The files of templates/fleet/, as `fleet init` writes them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from advisor import __version__
from advisor.fleet.deployments import DeploymentKind
from advisor.resources import resource_dir

RENDERED: Final = ".j2"
COMPILED: Final = "__pycache__"
"""What an installer leaves beside a .py."""
PART: Final = "_"


def deployment_files(kind: DeploymentKind, values: Mapping[str, object]) -> dict[Path, str]:
    """Relative path -> text. A .j2 is rendered with `values` and loses that ending, one that begins
    with _ is a part of others; every other file is as it lies there, for Ansible and Prometheus
    have braces of their own."""
    folder = resource_dir("templates") / "fleet" / kind
    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    files = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        relative = path.relative_to(folder)
        is_part = path.suffix == RENDERED and path.name.startswith(PART)
        if is_part or COMPILED in relative.parts:
            continue
        if path.suffix == RENDERED:
            template = environment.get_template(relative.as_posix())
            files[relative.with_suffix("")] = template.render(version=__version__, **values)
        else:
            files[relative] = path.read_text(encoding="utf-8")
    return files
